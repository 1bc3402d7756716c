#include "statemachines/jsonata/unicode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace towline::jsonata {
namespace {

using ::testing::ElementsAre;

// U+1F600 and its two UTF-16 units, as this room keeps them.
constexpr const char* kSmile = "\xF0\x9F\x98\x80";
constexpr const char* kHigh = "\xED\xA0\xBD";
constexpr const char* kLow = "\xED\xB8\x80";

TEST(UnicodeTest, CountsCodePointsAndUnits) {
  const std::string text = std::string("a\u00DF") + kSmile;
  EXPECT_EQ(CodePointCount(text), 3U);
  EXPECT_EQ(Utf16Length(text), 4U);
  EXPECT_EQ(CodePointCount("0123456789"), 10U);
  EXPECT_EQ(Utf16Length(""), 0U);
  EXPECT_TRUE(IsAscii("0123456789abcdef\x7F"));
  EXPECT_FALSE(IsAscii("0123456789abcd\u00E9"));
  EXPECT_FALSE(IsAscii("\u00E9"));
}

TEST(UnicodeTest, BytesThatAreNoUtf8CountOneEach) {
  for (const char* bytes : {"\x80", "\xC0\x80", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xFF"}) {
    const std::string text = bytes;
    EXPECT_EQ(CodePointCount(text), text.size()) << bytes;
    std::size_t at = 0;
    EXPECT_EQ(TakeCodePoint(text, at), 0xFFFDU);
    EXPECT_EQ(at, 1U);
  }
}

TEST(UnicodeTest, ConvertsToUtf16AndBack) {
  const std::string text = std::string("a\u00DF\u20AC") + kSmile + kLow;
  EXPECT_EQ(ToUtf16(text), (std::u16string{u'a', 0xDF, 0x20AC, 0xD83D, 0xDE00, 0xDE00}));
  EXPECT_EQ(ToUtf8(ToUtf16(text)), text);
}

TEST(UnicodeTest, APairThatWasSplitHealsWhenItMeetsAgain) {
  const std::vector<std::string> units = SplitIntoUnits(std::string("x") + kSmile);
  EXPECT_THAT(units, ElementsAre("x", kHigh, kLow));
  std::string joined;
  for (const std::string& unit : units) Append(joined, unit);
  EXPECT_EQ(joined, std::string("x") + kSmile);
  std::string reversed = kLow;
  Append(reversed, kHigh);
  EXPECT_EQ(reversed, std::string(kLow) + kHigh);
}

TEST(UnicodeTest, ComparesByUtf16Units) {
  EXPECT_LT(CompareUtf16("a", "b"), 0);
  EXPECT_LT(CompareUtf16("a", "ab"), 0);
  EXPECT_GT(CompareUtf16("ab", "a"), 0);
  EXPECT_EQ(CompareUtf16("", ""), 0);
  EXPECT_LT(CompareUtf16("Z", "a"), 0);
  EXPECT_LT(CompareUtf16("z", "\u00E9"), 0);
  // By code points the two would stand the other way round.
  EXPECT_GT(CompareUtf16("\uFB01", kSmile), 0);
  EXPECT_LT(CompareUtf16(kSmile, "\uE000"), 0);
  EXPECT_LT(CompareUtf16("\uD7FB", kSmile), 0);
  EXPECT_LT(CompareUtf16(kSmile, "\xF0\x9F\x98\x81"), 0);
}

TEST(UnicodeTest, MapsCaseAsJavaScriptDoes) {
  EXPECT_EQ(ToUpper("Hello, World 1"), "HELLO, WORLD 1");
  EXPECT_EQ(ToLower("Hello, World 1"), "hello, world 1");
  EXPECT_EQ(ToUpper("stra\u00DFe"), "STRASSE");
  EXPECT_EQ(ToUpper("\uFB03"), "FFI");
  EXPECT_EQ(ToUpper("\u0390"), "\u0399\u0308\u0301");
  EXPECT_EQ(ToLower("\u039F\u0394\u039F\u03A3"), "\u03BF\u03B4\u03BF\u03C2");
  EXPECT_EQ(ToLower("\u03A3A"), "\u03C3a");
  EXPECT_EQ(ToLower("\u0130"), "i\u0307");
  EXPECT_EQ(ToUpper("i\u0131"), "II");
  EXPECT_EQ(ToUpper(std::string("\u00E9") + kHigh), std::string("\u00C9") + kHigh);
}

struct SubstringCase {
  double start;
  std::optional<double> length;
  const char* expected;
};

TEST(UnicodeTest, SubstringCountsCodePointsFromEitherEnd) {
  const std::string text = std::string("h\u00E9") + kSmile + "lo";
  const std::vector<SubstringCase> cases = {
      {0, {}, "h\u00E9\xF0\x9F\x98\x80lo"},
      {1, 1, "\u00E9"},
      {2, 2, "\xF0\x9F\x98\x80l"},
      {-2, {}, "lo"},
      {-2, 1, "l"},
      {-9, 2, "h\u00E9"},
      {9, {}, ""},
      {1, 0, ""},
      {1, -3, ""},
      {3, 99, "lo"},
      {3.9, {}, "lo"},
      {-1.5, {}, "o"},
      {0.5, 1, "h"},
      {1.5, 1.5, "\u00E9\xF0\x9F\x98\x80"},
  };
  for (const SubstringCase& c : cases) {
    EXPECT_EQ(Substring(text, c.start, c.length), c.expected)
        << c.start << " " << c.length.value_or(-1);
  }
  EXPECT_EQ(Substring("hello", 1, 3), "ell");
  EXPECT_EQ(Substring("hello", -3, {}), "llo");
}

TEST(UnicodeTest, PadFillsToAWidthInCodePoints) {
  EXPECT_EQ(Pad("foo", 5, ""), "foo  ");
  EXPECT_EQ(Pad("foo", -5, ""), "  foo");
  EXPECT_EQ(Pad("foo", -5, "#"), "##foo");
  EXPECT_EQ(Pad("foo", 8, "-+"), "foo-+-+-");
  EXPECT_EQ(Pad("foo", 3, "x"), "foo");
  EXPECT_EQ(Pad("foo", 0, "x"), "foo");
  EXPECT_EQ(Pad(kSmile, -3, "\u00E9"), std::string("\u00E9\u00E9") + kSmile);
  EXPECT_EQ(Pad("a", 4, std::string("b") + kSmile), std::string("ab") + kSmile + "b");
}

TEST(UnicodeTest, TrimLeavesOneSpaceOfEachRun) {
  EXPECT_EQ(Trim("  Hello \n\t\r World  "), "Hello World");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim(" \n "), "");
  EXPECT_EQ(Trim("\u00A0a\u00A0"), "\u00A0a\u00A0");
}

}  // namespace
}  // namespace towline::jsonata
