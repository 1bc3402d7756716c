#include "proto/jobs/json_text.h"

#include <gtest/gtest.h>

#include "statemachines/base/json.h"

namespace towline::jobs {
namespace {

std::string RawOf(std::string_view text) {
  JsonReader in(text);
  std::string raw;
  return in.Raw(raw) && in.End() ? raw : "error: " + in.error().message;
}

bool Reads(std::string_view text) {
  JsonReader in(text);
  return in.Skip() && in.End();
}

// clang-format off
const char* const kTexts[] = {
    "null", "true", "false", "0", "-0", "12", "-12.5", "1e3", "1E-3", "1e400", "-1e400", "1e-400",
    "123456789012345678901234567890", "01", "-", "1.", ".5", "+1", "1e", "0x1", "NaN", "nul",
    "truefalse", "\"\"", "\"a\\n\\u0041\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\ude00\"",
    "\"\\ud83dx\"", "\"\\x\"", "\"\\u12g4\"", "\"\\u12", "\"a\nb\"", "\"a", "'a'", "\"\xc3\xa9\"",
    "\"\xc3\"", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
    "\"\xf0\x9f\x98\x80\"", "[]", "[1,2]", "[1,]", "[,1]", "[1 2]", "[", "]", "{}", "{\"a\":1}",
    "{\"a\":1,}", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1 \"b\":2}", "{\"a\":[{\"b\":{}}]}",
    " [ 1 , 2 ] ", "[1]x", "", " ", "/*c*/1", "[1]\n",};
// clang-format on

// Compares the verdict on every text with that of the tree parser: what is handed on as raw text
// must parse on the other side.
TEST(JsonTextTest, AcceptsExactlyWhatTheTreeParserAccepts) {
  std::vector<std::string> texts(std::begin(kTexts), std::end(kTexts));
  for (const std::size_t depth : {90, 99, 100, 101, 102, 200}) {
    texts.push_back(std::string(depth, '[') + std::string(depth, ']'));
    texts.push_back(std::string(depth, '[') + "1" + std::string(depth, ']'));
  }
  for (const std::string& text : texts) {
    EXPECT_EQ(Reads(text), ParseJson(text).has_value()) << text;
  }
}

TEST(JsonTextTest, RawTextIsTheValueWithoutTheSpaceAround) {
  EXPECT_EQ(RawOf("  {\"a\": [1, 2]} \n"), "{\"a\": [1, 2]}");
  EXPECT_EQ(RawOf("[1"), "error: expected ',' or ']' at byte 2");
}

TEST(JsonTextTest, IntegersAreStrictAndBounded) {
  const auto read = [](std::string_view text, auto value) {
    JsonReader in(text);
    return in.Integer(value) && in.End();
  };
  EXPECT_TRUE(read("4294967295", std::uint32_t{}));
  EXPECT_FALSE(read("4294967296", std::uint32_t{}));
  EXPECT_FALSE(read("-1", std::uint32_t{}));
  EXPECT_TRUE(read("-2147483648", int{}));
  EXPECT_FALSE(read("2147483648", int{}));
  EXPECT_FALSE(read("1.0", int{}));
  EXPECT_FALSE(read("1e2", int{}));
  EXPECT_FALSE(read("\"1\"", int{}));
  EXPECT_TRUE(read("18446744073709551615", std::uint64_t{}));
  EXPECT_FALSE(read("18446744073709551616", std::uint64_t{}));
}

TEST(JsonTextTest, WrittenStringsReadBackAndTheirSizeIsExact) {
  std::string text;
  for (int c = 0; c < 128; c++) text += static_cast<char>(c);
  text += "\xc3\xa9\xf0\x9f\x98\x80";
  JsonWriter out;
  out.String(text);
  const std::string written = out.Take();
  EXPECT_EQ(written.size(), JsonStringSize(text));
  JsonReader in(written);
  std::string back;
  ASSERT_TRUE(in.String(back)) << in.error().message;
  EXPECT_EQ(back, text);
  EXPECT_EQ(JsonStringSize(""), 2U);
}

TEST(JsonTextTest, TheWriterPlacesCommas) {
  JsonWriter out;
  out.BeginObject();
  out.Key("a");
  out.BeginArray();
  out.Integer(-1);
  out.Bool(true);
  out.BeginArray();
  out.EndArray();
  out.EndArray();
  out.Name("b\"");
  out.Number(1.5);
  out.Key("c");
  out.Raw("{\"x\":null}");
  out.EndObject();
  EXPECT_EQ(out.Take(), R"({"a":[-1,true,[]],"b\"":1.5,"c":{"x":null}})");
}

TEST(JsonTextTest, TheFirstMistakeSticks) {
  JsonReader in("[1,x]");
  int item = 0;
  EXPECT_FALSE(in.Array([&] { return in.Integer(item); }));
  EXPECT_FALSE(in.Skip());
  EXPECT_FALSE(in.End());
  EXPECT_EQ(in.error().message, "expected a number at byte 3");
}

}  // namespace
}  // namespace towline::jobs
