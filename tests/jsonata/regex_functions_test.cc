#include "statemachines/jsonata/regex_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace towline::jsonata {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kPlenty = 1'000'000;

Regex Compiled(std::string_view pattern) { return *Regex::Compile(pattern, {}); }

std::string Replaced(std::string_view text, std::string_view pattern, std::string_view replacement,
                     std::optional<double> limit = {}) {
  Matcher matcher(Compiled(pattern), text);
  const auto result = Replace(matcher, replacement, limit, kPlenty);
  return result ? *result : result.problem().code;
}

std::vector<std::string> Parts(std::string_view text, std::string_view pattern,
                               std::optional<double> limit = {}) {
  Matcher matcher(Compiled(pattern), text);
  const auto result = Split(matcher, limit);
  if (!result) return {result.problem().code};
  return *result;
}

std::size_t CountMatches(std::string_view text, std::string_view pattern,
                         std::optional<double> limit) {
  Matcher matcher(Compiled(pattern), text);
  return FindAll(matcher, limit)->size();
}

TEST(RegexFunctionsTest, ContainsLooksForOneMatch) {
  Matcher found(Compiled("b+"), "abba");
  EXPECT_TRUE(*Contains(found));
  Matcher not_found(Compiled("c"), "abba");
  EXPECT_FALSE(*Contains(not_found));
  Matcher empty(Compiled("c*"), "abba");
  EXPECT_TRUE(*Contains(empty));
}

TEST(RegexFunctionsTest, ALimitCountsMatches) {
  EXPECT_EQ(CountMatches("ababbabbcc", "a(b+)", {}), 3U);
  EXPECT_EQ(CountMatches("ababbabbcc", "a(b+)", 1), 1U);
  EXPECT_EQ(CountMatches("ababbabbcc", "a(b+)", 1.5), 2U);
  EXPECT_EQ(CountMatches("ababbabbcc", "a(b+)", 0), 0U);
}

TEST(RegexFunctionsTest, AnEmptyMatchIsSeenBeforeTheLimit) {
  EXPECT_EQ(Replaced("abc", "b*?", "-", 1), "D1004");
  EXPECT_THAT(Parts("abc", "x*"), ElementsAre("D1004"));
}

TEST(RegexFunctionsTest, SplitsAtMatches) {
  EXPECT_THAT(Parts("so many  words", "\\s+"), ElementsAre("so", "many", "words"));
  EXPECT_THAT(Parts("a1b2c3", "\\d"), ElementsAre("a", "b", "c", ""));
  EXPECT_THAT(Parts("a1b2c3", "\\d", 2), ElementsAre("a", "b"));
  EXPECT_THAT(Parts("a1b2c3", "\\d", 0), IsEmpty());
  EXPECT_THAT(Parts("abc", "\\d"), ElementsAre("abc"));
  EXPECT_THAT(Parts("", "\\d"), ElementsAre(""));
}

TEST(RegexFunctionsTest, SplitsAtText) {
  EXPECT_THAT(SplitText("so many words", " ", {}), ElementsAre("so", "many", "words"));
  EXPECT_THAT(SplitText("so many words", " ", 2.9), ElementsAre("so", "many"));
  EXPECT_THAT(SplitText(",a,,b,", ",", {}), ElementsAre("", "a", "", "b", ""));
  EXPECT_THAT(SplitText("abc", "", {}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(SplitText("abc", "", 2), ElementsAre("a", "b"));
  EXPECT_THAT(SplitText("", "", {}), IsEmpty());
  EXPECT_THAT(SplitText("", ",", {}), ElementsAre(""));
  EXPECT_THAT(SplitText("a,b", ",", 0), IsEmpty());
  EXPECT_THAT(SplitText("a,b", ",", 4294967297.0), ElementsAre("a"));
}

TEST(RegexFunctionsTest, ReplacesMatches) {
  EXPECT_EQ(Replaced("265USD", "([0-9]+)USD", "$$$1"), "$265");
  EXPECT_EQ(Replaced("John Smith", "(\\w+)\\s(\\w+)", "$2, $1 <$0>"), "Smith, John <John Smith>");
  EXPECT_EQ(Replaced("abab", "a", "x", 1), "xbab");
  EXPECT_EQ(Replaced("abab", "a", "x", 0), "abab");
  EXPECT_EQ(Replaced("abab", "c", "x"), "abab");
  EXPECT_EQ(Replaced("a\xF0\x9F\x98\x80z", "\xF0\x9F\x98\x80", "-"), "a-z");
}

TEST(RegexFunctionsTest, ADollarTakesTheDigitsThatNameAGroup) {
  EXPECT_EQ(Replaced("ab", "a", "$1"), "b");
  EXPECT_EQ(Replaced("ab", "a", "$12"), "2b");
  EXPECT_EQ(Replaced("ab", "(a)", "$12"), "a2b");
  EXPECT_EQ(Replaced("ab", "(a)", "$2"), "b");
  EXPECT_EQ(Replaced("ab", "(a)", "$a$"), "$a$b");
  EXPECT_EQ(Replaced("ab", "(x)?a", "<$1>"), "<>b");
  const std::string eleven = "(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)";
  EXPECT_EQ(Replaced("abcdefghijk", eleven, "$11-$1-$12-$111"), "k-a-a2-k1");
}

TEST(RegexFunctionsTest, ReplacesText) {
  EXPECT_EQ(*ReplaceText("John Smith and John Jones", "John", "Mr", {}, kPlenty),
            "Mr Smith and Mr Jones");
  EXPECT_EQ(*ReplaceText("John John", "John", "$0", 1, kPlenty), "$0 John");
  EXPECT_EQ(*ReplaceText("aaa", "aa", "b", {}, kPlenty), "ba");
  EXPECT_EQ(*ReplaceText("a", "b", "c", {}, kPlenty), "a");
}

TEST(RegexFunctionsTest, AResultThatIsTooLongIsAProblem) {
  const std::string text(1000, 'a');
  EXPECT_EQ(ReplaceText(text, "a", text, {}, kPlenty - 1).problem().code, "U1001");
  EXPECT_TRUE(ReplaceText(text, "a", text, {}, kPlenty));
  Matcher matcher(Compiled("a"), text);
  EXPECT_EQ(Replace(matcher, text, {}, kPlenty - 1).problem().code, "U1001");
}

}  // namespace
}  // namespace towline::jsonata
