#include "statemachines/jsonata/regex.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace towline::jsonata {
namespace {

RegexFlags FlagsOf(std::string_view letters) {
  return {.ignore_case = letters.find('i') != std::string_view::npos,
          .multiline = letters.find('m') != std::string_view::npos};
}

// "start-end:text" of the first match and its groups ("~" took no part), "none", or the code.
std::string First(std::string_view pattern, std::string_view flags, std::string_view text) {
  const auto regex = Regex::Compile(pattern, FlagsOf(flags));
  if (!regex) return regex.problem().code;
  Matcher matcher(*regex, text);
  const auto match = matcher.Next();
  if (!match) return match.problem().code;
  if (!*match) return "none";
  std::string found =
      std::to_string((*match)->start) + "-" + std::to_string((*match)->end) + ":" + (*match)->text;
  for (const auto& group : (*match)->groups) found += "," + group.value_or("~");
  return found;
}

struct MatchCase {
  const char* pattern;
  const char* flags;
  const char* text;
  const char* expected;
};

void Check(const std::vector<MatchCase>& cases) {
  for (const MatchCase& c : cases) {
    EXPECT_EQ(First(c.pattern, c.flags, c.text), c.expected)
        << "/" << c.pattern << "/" << c.flags << " on " << c.text;
  }
}

TEST(RegexTest, PositionsAndTheDotCountUtf16Units) {
  Check({
      {"b", "", "\u00E9\u20ACb", "2-3:b"},
      {"b", "",
       "\xF0\x9F\x98\x80"
       "b",
       "2-3:b"},
      {"^.$", "", "\xF0\x9F\x98\x80", "none"},
      {"^..$", "", "\xF0\x9F\x98\x80", "0-2:\xF0\x9F\x98\x80"},
      {"^\xF0\x9F\x98\x80+$", "", "\xF0\x9F\x98\x80", "0-2:\xF0\x9F\x98\x80"},
      {"^(.)", "", "\xF0\x9F\x98\x80", "0-1:\xED\xA0\xBD,\xED\xA0\xBD"},
      {"^[^a]$", "", "\u20AC", "0-1:\u20AC"},
  });
}

TEST(RegexTest, LineBreaksAreFour) {
  Check({
      {"a.b", "", "a\nb", "none"},
      {"a.b", "", "a\rb", "none"},
      {"a.b", "",
       "a\u2028"
       "b",
       "none"},
      {"a.b", "",
       "a\x0B"
       "b",
       "0-3:a\x0B"
       "b"},
      {"a.b", "",
       "a\u0085"
       "b",
       "0-3:a\u0085"
       "b"},
      {"b$", "", "ab\n", "none"},
      {"b$", "m", "ab\nc", "1-2:b"},
      {"^c", "", "ab\nc", "none"},
      {"^c", "m", "ab\rc", "3-4:c"},
      {"^c", "m",
       "ab\x0C"
       "c",
       "none"},
  });
}

TEST(RegexTest, ClassesAreThoseOfJavaScript) {
  Check({
      {"\\d+", "",
       "\u0663"
       "12",
       "1-3:12"},
      {"\\w+", "",
       "\u00E9"
       "a_1\u00E9",
       "1-4:a_1"},
      {"\\bb", "",
       "\u00E9"
       "b",
       "1-2:b"},
      {"\\Bb", "",
       "\u00E9"
       "b",
       "none"},
      {"\\s+", "", "x \u00A0\uFEFF\u3000\x0Bx", "1-6: \u00A0\uFEFF\u3000\x0B"},
      {"\\S", "", "\u2003y", "1-2:y"},
      {"[]", "", "a", "none"},
      {"[^]", "", "\n", "0-1:\n"},
      {"[\\w-.]+", "", "a-b.c!", "0-5:a-b.c"},
      {"[^\\W\\d]", "", "1a", "1-2:a"},
      {"[\\b]", "", "a\b", "1-2:\b"},
      {"[a-c\\]]+", "", "xb]a", "1-4:b]a"},
      {"[.*[:alpha:]+", "", "xla:[", "1-5:la:["},
  });
}

TEST(RegexTest, EscapesOfOtherDialectsStandForTheirLetter) {
  Check({
      {"\\Aa", "", "xAa", "1-3:Aa"},
      {"a\\z", "", "az", "0-2:az"},
      {"\\Qa.\\E", "", "QabE", "0-4:QabE"},
      {"\\h\\R\\K\\G\\p", "", "hRKGp", "0-5:hRKGp"},
      {"\\x41\\u0042\\t", "", "AB\t", "0-3:AB\t"},
      {"\\x4\\u12", "", "x4u12", "0-5:x4u12"},
      {"\\101\\8", "", "A8", "0-2:A8"},
      {"\\c1", "", "\\c1", "0-3:\\c1"},
      {"a{,2}", "", "a{,2}", "0-5:a{,2}"},
      {"x{", "", "x{", "0-2:x{"},
      {"]}", "", "]}", "0-2:]}"},
      {"\\k<a>", "", "k<a>", "0-4:k<a>"},
      {"a#b c", "", "a#b c", "0-5:a#b c"},
  });
}

TEST(RegexTest, GroupsAndBackReferences) {
  Check({
      {"(a)|(b)", "", "b", "0-1:b,~,b"},
      {"(?:a)(b)?", "", "a", "0-1:a,~"},
      {"(?<year>\\d{4})-\\k<year>", "", "2018-2018", "0-9:2018-2018,2018"},
      {"(a)\\1", "", "aa", "0-2:aa,a"},
      {"\\1(a)", "", "a", "0-1:a,a"},
      {"(a)?\\1b", "", "b", "0-1:b,~"},
      {"(a)\\2", "", "a\x02", "0-2:a\x02,a"},
      {"(?=a)*b", "", "b", "0-1:b"},
      {"(?<=\\$)\\d+", "", "$42", "1-3:42"},
      {"(?<!\\$)\\b\\d+", "", "$42 7", "4-5:7"},
      {"a(?!b)", "", "abac", "2-3:a"},
      {"(a|ab)(c|bcd)(d*)", "", "abcd", "0-4:abcd,a,bcd,"},
      {"a{2,3}?", "", "aaaa", "0-2:aa"},
  });
}

TEST(RegexTest, IgnoringCaseKeepsAsciiApart) {
  Check({
      {"straSSe", "i", "STRASSE", "0-7:STRASSE"},
      {"\u00E9", "i", "\u00C9", "0-1:\u00C9"},
      {"[\u0430-\u044F]+", "i", "\u0414\u0430", "0-2:\u0414\u0430"},
      {"\u03C3", "i", "\u03C2", "0-1:\u03C2"},
      {"\u00DF", "i", "SS", "none"},
      {"k", "i", "\u212A", "none"},
      {"s", "i", "\u017F", "none"},
      {"[^k]", "i", "K\u212A", "1-2:\u212A"},
      {"(b)\\1", "i", "bB", "0-2:bB,b"},
      {"\\W", "i", "s\u017F", "1-2:\u017F"},
  });
}

TEST(RegexTest, RefusesWhatIsNoPattern) {
  for (const char* pattern : {"(",
                              ")",
                              "a)",
                              "[a",
                              "*a",
                              "a**",
                              "a{2}{3}",
                              "+",
                              "{2}",
                              "a{2,1}",
                              "[b-a]",
                              "\\",
                              "[\\",
                              "(?>a)",
                              "(?i)a",
                              "(?#c)",
                              "(*ACCEPT)",
                              "a++",
                              "^*",
                              "\\b+",
                              "(?<=a)*",
                              "(?<a",
                              "(?<1>a)",
                              "(?<a>b)(?<a>c)",
                              "(?<a>b)\\k<c>",
                              "(?<a>b)\\k"}) {
    EXPECT_EQ(First(pattern, "", "a"), "S0303") << pattern;
  }
  EXPECT_EQ(Regex::Compile("a**", {}).problem().message,
            "The regular expression /a**/ is not valid: there is nothing to repeat before a "
            "quantifier");
}

TEST(RegexTest, AnEmptyMatchIsAProblemOnlyIfItIsNotTheFirst) {
  const auto regex = Regex::Compile("x*", {});
  Matcher matcher(*regex, "ab");
  const auto first = matcher.Next();
  ASSERT_TRUE(first && first->has_value());
  EXPECT_EQ((*first)->text, "");
  EXPECT_EQ(matcher.Next().problem().code, "D1004");

  Matcher at_end(*regex, "");
  EXPECT_TRUE(at_end.Next()->has_value());
  EXPECT_FALSE(at_end.Next()->has_value());
}

TEST(RegexTest, BacktrackingWithoutEndIsAProblem) {
  const auto regex = Regex::Compile("^(a+)+$", {});
  const std::string text = std::string(40, 'a') + "!";
  Matcher matcher(*regex, text);
  EXPECT_EQ(matcher.Next().problem().code, "U1001");

  const auto nested = Regex::Compile("^(?:a|b)*c", {});
  const std::string deep(3'000'000, 'a');
  Matcher deep_matcher(*nested, deep);
  EXPECT_EQ(deep_matcher.Next().problem().code, "U1001");
}

TEST(RegexTest, ALongSearchAsksForTheTime) {
  const std::string text(20'000, '7');
  int asked = 0;
  Matcher matcher(*Regex::Compile("[0-9][0-9]y|z", {}), text, [&] { return ++asked == 3; });
  EXPECT_EQ(matcher.Next().problem().code, "U1001");
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace towline::jsonata
