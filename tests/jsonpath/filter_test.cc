// Filters, as Jayway 2.9.0 evaluates them; the shared suite covers more.

#include <gtest/gtest.h>

#include "statemachines/jsonpath/pattern.h"
#include "tests/jsonpath/scope.h"

namespace towline::jsonpath {
namespace {

std::string Kept(std::string_view filter, std::string_view input) {
  World world(input);
  const auto path = Path::Parse("$[?(" + std::string(filter) + ")]");
  return path ? Shown(path->Evaluate(world.scope())) : "refused: " + path.error().message;
}

TEST(FilterTest, TheLeftSideDecidesHowToCompare) {
  constexpr std::string_view kNumbers = R"([1,"1",1.0,"1.0",true,null,[1]])";
  EXPECT_EQ(Kept("@ == 1", kNumbers), R"([1,"1",1])");
  EXPECT_EQ(Kept("@ == '1'", kNumbers), R"([1,"1",1])");
  EXPECT_EQ(Kept("@ == 1.0", kNumbers), R"([1,1,"1.0"])");
  EXPECT_EQ(Kept("@ === 1", kNumbers), "[1,1]");
  EXPECT_EQ(Kept("@ !== 1", "[1,\"1\"]"), R"(["1"])");
  EXPECT_EQ(Kept("@ == true", kNumbers), "[true]");
  EXPECT_EQ(Kept("@ == null", kNumbers), "[null]");
  EXPECT_EQ(Kept("@ == [1]", kNumbers), "[[1]]");
  EXPECT_EQ(Kept("[1] == @", kNumbers), "[]");
}

TEST(FilterTest, NumbersAreReadAsBigDecimals) {
  EXPECT_EQ(Kept("@ == 1e2", R"([100,"100","1E+2"])"), R"([100,"1E+2"])");
  EXPECT_EQ(Kept("@ == 1e-2", R"([0.01,"0.01"])"), R"([0.01,"0.01"])");
  EXPECT_EQ(Kept("@ == -0", R"([0,"0","-0"])"), R"([0,"0"])");
  EXPECT_EQ(Kept("@ == 0.0000001", R"(["1E-7","0.0000001"])"), R"(["1E-7"])");
  EXPECT_EQ(Kept("@ == 9007199254740993", "[9007199254740992,9007199254740993]"),
            "[9007199254740992,9007199254740993]");
  EXPECT_EQ(Kept("@.a == @.b", R"([{"a":9007199254740992,"b":9007199254740993}])"), "[]");
  EXPECT_EQ(Kept("@.a == '+1.50'", R"([{"a":1.5}])"), R"([{"a":1.5}])");
  EXPECT_EQ(Kept("@.a == 'x'", R"([{"a":1.5}])"), "[]");
}

TEST(FilterTest, OrderingNeedsTwoOfAKind) {
  EXPECT_EQ(Kept("@ < 2", R"([1,2,3,"1",null])"), "[1]");
  EXPECT_EQ(Kept("@ <= 2", "[1,2,3]"), "[1,2]");
  EXPECT_EQ(Kept("@ > 'a'", R"(["a","b",5])"), R"(["b"])");
  EXPECT_EQ(Kept("@ >= 'b'", R"(["a","b"])"), R"(["b"])");
}

TEST(FilterTest, AMissingFieldIsUnequalToEverything) {
  EXPECT_EQ(Kept("@.a != 1", R"([{},{"a":1},{"a":2}])"), R"([{},{"a":2}])");
  EXPECT_EQ(Kept("@.a == null", R"([{},{"a":null}])"), R"([{"a":null}])");
}

TEST(FilterTest, ExistenceAndLogic) {
  EXPECT_EQ(Kept("@.a", R"([{"a":null},{}])"), R"([{"a":null}])");
  EXPECT_EQ(Kept("!@.a", R"([{"a":null},{}])"), "[{}]");
  EXPECT_EQ(Kept("@.a && @.b", R"([{"a":1},{"a":1,"b":2}])"), R"([{"a":1,"b":2}])");
  EXPECT_EQ(Kept("@.a || @.b", R"([{"a":1},{"b":1},{}])"), R"([{"a":1},{"b":1}])");
  EXPECT_EQ(Kept("!(@.a == 1) && (@.b || @.c)", R"([{"a":1,"b":1},{"a":2,"c":1}])"),
            R"([{"a":2,"c":1}])");
}

TEST(FilterTest, AScanExistsWhetherItFindsSomethingOrNot) {
  EXPECT_EQ(Kept("@..a", R"([{},{"a":1},{"x":{}},5])"), R"([{},{"a":1},{"x":{}},5])");
  EXPECT_EQ(Kept("@..a.b", R"([{"x":{"a":{}}},{"x":{"a":{"b":1}}}])"), R"([{"x":{"a":{"b":1}}}])");
}

TEST(FilterTest, Lists) {
  EXPECT_EQ(Kept("@ in ['a', 1]", R"(["a","b",1,"1"])"), R"(["a",1,"1"])");
  EXPECT_EQ(Kept("@ nin ['a', 1]", R"(["a","b",2])"), R"(["b",2])");
  EXPECT_EQ(Kept("@ IN $[0]", R"([["x"],"x","y"])"), R"(["x"])");
  EXPECT_EQ(Kept("@ contains 'b'", R"(["abc","x",["b"],["abc"]])"), R"(["abc",["b"]])");
  EXPECT_EQ(Kept("@ all [1,2]", "[[1,2,3],[1]]"), "[]");
  EXPECT_EQ(Kept("@ subsetof [1,2]", "[[1],[1,3],[]]"), "[[1],[]]");
  EXPECT_EQ(Kept("@ anyof [1,2]", "[[2,5],[3]]"), "[[2,5]]");
  EXPECT_EQ(Kept("@ noneof [1,2]", "[[2,5],[3]]"), "[[3]]");
  EXPECT_EQ(Kept("@ size 2", R"([[1,2],"ab","abc",{"a":1}])"), R"([[1,2],"ab"])");
  EXPECT_EQ(Kept("@ size 2", "[\"\U0001F600\"]"), "[\"\U0001F600\"]");
  EXPECT_EQ(Kept("@ size -1", R"([[1],{"a":1}])"), R"([{"a":1}])");
  EXPECT_EQ(Kept("@ empty true", R"(["",[],"x",0])"), R"(["",[]])");
  EXPECT_EQ(Kept("@ empty false", R"(["","x"])"), R"(["x"])");
}

TEST(FilterTest, ATestThatDoesNotApplyIsFalseWhateverSurroundsIt) {
  EXPECT_EQ(Kept("!(@ empty 'x')", R"([""])"), "[]");
  EXPECT_EQ(Kept("@ in 'abc'", R"(["a"])"), "[]");
  EXPECT_EQ(Kept("!(@ exists 1)", "[true]"), "[]");
  EXPECT_EQ(Kept("!(@ anyof [1])", R"([{},"a"])"), "[{}]");
  EXPECT_EQ(Kept("!(@ all [1])", "[[2]]"), "[]");
}

TEST(FilterTest, AnOperatorOrFunctionThatGivesUpFailsTheWholePath) {
  EXPECT_EQ(Kept("@ exists 1 || true == true", "[1]"),
            "failed: 'exists' compares with true or false only");
  constexpr std::string_view kPlain =
      "failed: an operator needs lists of plain values, not of arrays or objects";
  EXPECT_EQ(Kept("1 in @", "[[1],[[1]]]"), kPlain);
  EXPECT_EQ(Kept("@ contains 1", "[[1],[{}]]"), kPlain);
  EXPECT_EQ(Kept("@ noneof [[1]]", "[[1]]"), kPlain);
  EXPECT_EQ(Kept("@ =~ /a/", R"([["a",[]]])"), kPlain);
  EXPECT_EQ(Kept("@ empty true", "[{}]"),
            "failed: 'empty' knows arrays and strings, no objects");
  EXPECT_EQ(Kept("@.sum() > 1", "[[1,2],[]]"),
            "failed: The function sum() failed: it needs an array with at least one number");
  EXPECT_EQ(Kept("@.nope() || true == true", "[[1,2]]"), "[]");
}

TEST(FilterTest, APathEndsAtABlankInItsSecondBracket) {
  EXPECT_EQ(Kept("@['a']['b'] == 1", R"([{"a":{"b":1}}])"), R"([{"a":{"b":1}}])");
  EXPECT_EQ(Kept("@.a['b c'] == 1", R"([{"a":{"b c":1}}])"), R"([{"a":{"b c":1}}])");
  EXPECT_EQ(Kept("@['a']['b c'] == 1", "[]").substr(0, 8), "refused:");
}

TEST(FilterTest, OnAnObjectTheFilterTestsTheObject) {
  EXPECT_EQ(Kept("@.a == 1", R"({"a":1,"b":{"a":1}})"), R"([{"a":1,"b":{"a":1}}])");
}

TEST(FilterTest, TheDocumentIsReachable) {
  World world(R"({"limit":2,"list":[1,2,3]})");
  EXPECT_EQ(Shown(Path::Parse("$.list[?(@ > $.limit)]")->Evaluate(world.scope())), "[3]");
}

TEST(FilterTest, Patterns) {
  EXPECT_EQ(Kept("@ =~ /b.*/", R"(["bcd","abc","b",5])"), R"(["bcd","b"])");
  EXPECT_EQ(Kept("@ =~ /B.*/i", R"(["bcd"])"), R"(["bcd"])");
  EXPECT_EQ(Kept("@ =~ /[0-9]+/", R"([12,"x",["7","y"]])"), R"([12,["7","y"]])");
  EXPECT_EQ(Kept("@ =~ /t.*/", "[true,false]"), "[true]");
  EXPECT_EQ(Kept("@.a =~ /a\\/b/", R"([{"a":"a/b"}])"), R"([{"a":"a/b"}])");
}

TEST(FilterTest, RefusalsPointAtTheMistake) {
  EXPECT_EQ(Kept("@.a == ", "[]"),
            "refused: Invalid path '$[?(@.a == )]': the filter (@.a == ) is invalid: expected a "
            "value at position 9 of it");
  for (const char* filter : {"", "true", "@.a === ", "@.a foo 1", "@.a == 'x", "@.a == [1", "@.a 1",
                             "@.a == 1 &&", "(@.a", "@.a == x", "@ =~ /(/", "@ == +1", "1e == @"}) {
    EXPECT_EQ(Kept(filter, "[]").substr(0, 8), "refused:") << filter;
  }
}

bool Matches(std::string_view pattern, std::string_view text, bool ignore_case = false) {
  const auto compiled = Pattern::Compile(pattern, ignore_case ? "i" : "");
  EXPECT_TRUE(compiled) << pattern << ": " << compiled.error().message;
  return compiled && compiled->Matches(text);
}

TEST(PatternTest, TheWholeTextMustMatch) {
  EXPECT_TRUE(Matches("abc", "abc"));
  EXPECT_FALSE(Matches("abc", "abcd"));
  EXPECT_FALSE(Matches("abc", "ab"));
  EXPECT_TRUE(Matches("", ""));
  EXPECT_FALSE(Matches("", "a"));
  EXPECT_TRUE(Matches("^abc$", "abc"));
  EXPECT_FALSE(Matches("a^bc", "abc"));
}

TEST(PatternTest, RepetitionAndChoice) {
  EXPECT_TRUE(Matches("a*b+c?", "aabb"));
  EXPECT_FALSE(Matches("a*b+c?", "aac"));
  EXPECT_TRUE(Matches("(ab|cd)*", "abcdab"));
  EXPECT_TRUE(Matches("(ab|cd|)x", "x"));
  EXPECT_TRUE(Matches("a{2,3}", "aaa"));
  EXPECT_FALSE(Matches("a{2,3}", "aaaa"));
  EXPECT_TRUE(Matches("a{2}", "aa"));
  EXPECT_TRUE(Matches("a{2,}", "aaaaa"));
  EXPECT_FALSE(Matches("a{2,}", "a"));
  EXPECT_TRUE(Matches("(a*)*", "aaa"));
  EXPECT_TRUE(Matches("(?:a|b)+?", "abab"));
  EXPECT_TRUE(Matches("(?<year>[0-9]{4})", "2026"));
}

TEST(PatternTest, ClassesAndEscapes) {
  EXPECT_TRUE(Matches("[a-c_]+", "ab_c"));
  EXPECT_FALSE(Matches("[^a-c]", "b"));
  EXPECT_TRUE(Matches("[^a-c]", "\u20ac"));
  EXPECT_TRUE(Matches("[\\d.-]+", "1.5-2"));
  EXPECT_TRUE(Matches("\\d\\D\\w\\W\\s\\S", "1a_- x"));
  EXPECT_TRUE(Matches("a\\.b\\\\", "a.b\\"));
  EXPECT_TRUE(Matches("\\u20ac\\x41\\t", "\u20acA\t"));
  EXPECT_FALSE(Matches(".", "\n"));
  EXPECT_TRUE(Matches(".", "\U0001F600"));
  EXPECT_TRUE(Matches("\\bword\\b", "word"));
  EXPECT_FALSE(Matches("wo\\brd", "word"));
  EXPECT_TRUE(Matches("wo\\Brd", "word"));
}

TEST(PatternTest, CaseMayBeIgnoredForAsciiLetters) {
  EXPECT_TRUE(Matches("AbC", "aBc", true));
  EXPECT_TRUE(Matches("(?i)AbC", "aBc"));
  EXPECT_TRUE(Matches("[a-z]+", "ABC", true));
  EXPECT_FALSE(Matches("\u00e4", "\u00c4", true));
}

TEST(PatternTest, FlagsStandBehindThePattern) {
  EXPECT_EQ(Kept("@ =~ /a.c/", R"(["a\nc"])"), "[]");
  EXPECT_EQ(Kept("@ =~ /A.C/is", R"(["a\nc"])"), R"(["a\nc"])");
  EXPECT_EQ(Kept("@ =~ /a.c/d", R"(["a\rc","a\nc"])"), R"(["a\rc"])");
  EXPECT_EQ(Kept("@ =~ /a$[^b]^c/m", R"(["a\nc"])"), R"(["a\nc"])");
  EXPECT_EQ(Kept("@ =~ /a$[^b]^c/", R"(["a\nc"])"), "[]");
  EXPECT_EQ(Kept("@ =~ /a/x", "[]"),
            "refused: Invalid path '$[?(@ =~ /a/x)]': the filter (@ =~ /a/x) is invalid: the flag "
            "'x' of the pattern /a/ is none of i, s, m, d at position 11 of it");
}

TEST(PatternTest, TimeIsBoundedWhateverThePattern) {
  // Backtracking would take longer than the universe has.
  EXPECT_FALSE(Matches("(a+)+b", std::string(20'000, 'a')));
  EXPECT_TRUE(Matches("(a|aa)*(a|aa)*", std::string(20'000, 'a')));
}

TEST(PatternTest, RefusesWhatIsMalformedOrNotRegular) {
  for (const char* pattern :
       {"(",      ")",      "a)",      "[",     "[a",     "[z-a]",   "*a",    "a**",   "{2}",
        "a{3,2}", "a{x}",   "a{1001}", "\\",    "\\1",    "(a)\\1",  "(?=a)", "(?!a)", "(?<=a)",
        "a++",    "\\p{L}", "\\u12",   "[[a]]", "[a&&b]", "(?<name", "\\Q"}) {
    EXPECT_FALSE(Pattern::Compile(pattern, "")) << pattern;
  }
  EXPECT_FALSE(Pattern::Compile("((a{100}){100}){100}", ""));
  EXPECT_FALSE(Pattern::Compile(std::string(100'000, '('), ""));
}

}  // namespace
}  // namespace towline::jsonpath
