#include "statemachines/base/json.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <cstring>
#include <limits>

namespace towline {
namespace {

std::string Reprinted(std::string_view text) {
  const auto parsed = ParseJson(text);
  return parsed ? PrintJson(**parsed) : parsed.error().message;
}

std::string Number(double number) {
  std::string out;
  AppendNumber(out, number);
  return out;
}

TEST(ParseJsonTest, KeepsTheOrderOfMembersAndEveryKindOfValue) {
  EXPECT_EQ(Reprinted(R"( {"b": [1, -2, 2.5, true, false, null, "x"], "a": {}, "c": []} )"),
            R"({"b":[1,-2,2.5,true,false,null,"x"],"a":{},"c":[]})");
  EXPECT_EQ(Reprinted("null"), "null");
  EXPECT_EQ(Reprinted("\"\""), "\"\"");
}

TEST(ParseJsonTest, OfARepeatedKeyTheLastWins) {
  EXPECT_EQ(Reprinted(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
}

TEST(ParseJsonTest, IntegersAreExactAndHugeOnesBecomeDoubles) {
  EXPECT_EQ(Reprinted("[9223372036854775807,-9223372036854775808]"),
            "[9223372036854775807,-9223372036854775808]");
  EXPECT_EQ(Reprinted("18446744073709551615"), "18446744073709551615");
  EXPECT_TRUE((*ParseJson("18446744073709551615"))->is_uint64());
  EXPECT_EQ(Reprinted("18446744073709551616"), "18446744073709552000");
  EXPECT_TRUE((*ParseJson("18446744073709551616"))->is_double());
  EXPECT_EQ(Reprinted("-9223372036854775809"), "-9223372036854776000");
  EXPECT_EQ(Reprinted("123456789012345678901234567890"), "1.2345678901234568e+29");
}

TEST(ParseJsonTest, DoublesAreReadToTheLastBit) {
  // Boost's own parser is one unit off on several of these.
  for (const char* text : {"0.1", "5.7206845e-320", "2.2250738585072014e-308",
                           "1.7976931348623157e308", "9007199254740993.5", "0.30000000000000004",
                           "6.02214076e23", "123456.789e-12", "1e23", "8.41e21", "4.9e-324"}) {
    const auto parsed = ParseJson(text);
    ASSERT_TRUE(parsed) << text;
    const double expected = std::strtod(text, nullptr);
    const double got = (*parsed)->get_double();
    EXPECT_EQ(std::memcmp(&expected, &got, sizeof got), 0) << text << " became " << got;
  }
  EXPECT_EQ(Reprinted("1e-400"), "0");
  EXPECT_EQ(Reprinted("-0"), "0");
  EXPECT_EQ(Reprinted("-0.0"), "0");
}

TEST(ParseJsonTest, ErrorsSayWhatAndWhere) {
  EXPECT_EQ(Reprinted(""), "invalid JSON: the text ends too early at line 1, column 1");
  EXPECT_EQ(Reprinted("{\"a\": 1"), "invalid JSON: the text ends too early at line 1, column 8");
  EXPECT_EQ(Reprinted("{\n  \"a\": 1,\n}"), "invalid JSON: unexpected '}' at line 3, column 1");
  EXPECT_EQ(Reprinted("{\n  \"a\": x}"), "invalid JSON: unexpected 'x' at line 2, column 8");
  EXPECT_EQ(Reprinted("[1] 2"),
            "invalid JSON: unexpected text after the end of the document at line 1, column 5");
  EXPECT_EQ(Reprinted("['a']"),
            "invalid JSON: unexpected '; strings take double quotes at line 1, column 2");
  EXPECT_EQ(Reprinted("1e400"), "invalid JSON: number out of range at line 1, column 6");
  EXPECT_EQ(
      Reprinted("\"a\nb\""),
      "invalid JSON: unexpected control character; write it as an escape at line 1, column 3");
  EXPECT_EQ(Reprinted("\"\\udc00\""), "invalid JSON: invalid \\u escape at line 1, column 8");
  // Columns count characters: two of them before the error, in five bytes.
  EXPECT_EQ(Reprinted("\"\u20ac\" x"),
            "invalid JSON: unexpected text after the end of the document at line 1, column 5");
}

TEST(ParseJsonTest, RefusesWhatIsNotJson) {
  for (const char* text :
       {"01", "1.", ".5", "+1", "1e", "NaN", "Infinity", "// x\n1", "[1,]", "{\"a\":1,}", "{a:1}",
        "tru", "\"\\x\"", "\"\\udc00\"", "\xEF\xBB\xBF{}"}) {
    EXPECT_FALSE(ParseJson(text)) << text;
  }
}

TEST(ParseJsonTest, RefusesInvalidUtf8) {
  for (const char* text : {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
                           "\"\xe2\x82\"", "\"\x80\""}) {
    const auto parsed = ParseJson(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find("UTF-8"), std::string::npos) << parsed.error().message;
  }
}

TEST(ParseJsonTest, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ParseJson(nested(kJsonDepthMax)));
  const auto deeper = ParseJson(nested(kJsonDepthMax + 1));
  ASSERT_FALSE(deeper);
  EXPECT_NE(deeper.error().message.find("nested deeper than"), std::string::npos);
  EXPECT_FALSE(ParseJson(nested(1'000'000)));
}

TEST(ParseJsonTest, LargeDocumentsOutgrowTheFirstBlock) {
  std::string text = "[";
  for (int i = 0; i < 10'000; i++) text += "{\"key\":\"a string that is not short\"},";
  text += "0]";
  EXPECT_EQ(Reprinted(text), text);
}

TEST(PrintJsonTest, EscapesOnlyWhatMustBe) {
  EXPECT_EQ(PrintJson(json::value("a\"b\\c/d")), R"("a\"b\\c/d")");
  EXPECT_EQ(PrintJson(json::value("\b\f\n\r\t\x01\x1f\x7f")),
            "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
  EXPECT_EQ(PrintJson(json::value("caf\u00e9 \u20ac \U0001F600")),
            "\"caf\u00e9 \u20ac \U0001F600\"");
  EXPECT_EQ(PrintJson(json::object{{"k\n", 1}}), "{\"k\\n\":1}");
}

TEST(PrintJsonTest, FindsTheEscapeWhereverItStands) {
  // Goal: the search by words of eight bytes misses nothing. Method: every length, every place.
  for (std::size_t size = 1; size < 40; size++) {
    for (std::size_t at = 0; at < size; at++) {
      for (const char special : {'"', '\\', '\n', '\0', '\x1f'}) {
        std::string text(size, '\xc3');
        text[at] = special;
        std::string_view escape = special == '"'    ? "\\\""
                                  : special == '\\' ? "\\\\"
                                  : special == '\n' ? "\\n"
                                  : special == '\0' ? "\\u0000"
                                                    : "\\u001f";
        std::string expected = "\"" + std::string(at, '\xc3');
        expected += escape;
        expected += std::string(size - at - 1, '\xc3') + "\"";
        ASSERT_EQ(PrintJson(json::value(text)), expected) << size << ' ' << at;
        ASSERT_EQ(JsonSize(json::value(text)), expected.size()) << size << ' ' << at;
      }
    }
  }
}

TEST(PrintJsonTest, NumbersLookAsInJavaScript) {
  EXPECT_EQ(Number(1), "1");
  EXPECT_EQ(Number(-1.5), "-1.5");
  EXPECT_EQ(Number(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(Number(100), "100");
  EXPECT_EQ(Number(1e20), "100000000000000000000");
  EXPECT_EQ(Number(123456789012345680000.0), "123456789012345680000");
  EXPECT_EQ(Number(1e21), "1e+21");
  EXPECT_EQ(Number(1.5e300), "1.5e+300");
  EXPECT_EQ(Number(0.000001), "0.000001");
  EXPECT_EQ(Number(0.00000123), "0.00000123");
  EXPECT_EQ(Number(1e-7), "1e-7");
  EXPECT_EQ(Number(-1.25e-7), "-1.25e-7");
  EXPECT_EQ(Number(-0.0), "0");
  EXPECT_EQ(Number(5e-324), "5e-324");
  EXPECT_EQ(Number(9007199254740991.0), "9007199254740991");
  EXPECT_EQ(Number(9007199254740992.0), "9007199254740992");
  EXPECT_EQ(Number(-9007199254740994.0), "-9007199254740994");
  EXPECT_EQ(Number(12345.678), "12345.678");
  EXPECT_EQ(Number(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(Number(std::nan("")), "null");
}

TEST(PrintJsonTest, PrettyHasTwoSpacesALevel) {
  EXPECT_EQ(PrintJsonPretty(**ParseJson(R"({"a":[1,{"b":[]}],"c":{}})")),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}");
  EXPECT_EQ(PrintJsonPretty(json::value(1)), "1");
}

TEST(JsonSizeTest, IsTheLengthOfThePrintedText) {
  for (const char* text :
       {"null", "true", "false", "0", "-12", "18446744073709551615", "1.5e-9", "[]", "{}", "[1]",
        "[1,2,[3]]", R"({"a":1,"b\n":"\u0001\"x"})", R"([{"a":[{}]},"",1e+21])"}) {
    const auto value = ParseJson(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(JsonSize(**value), PrintJson(**value).size()) << text;
  }
}

TEST(JsonSizeTest, GivesUpBeyondTheLimit) {
  const json::value many = json::array(1000, json::value("abc"));
  EXPECT_EQ(JsonSize(many), 6001U);
  EXPECT_EQ(JsonSize(many, 6001), 6001U);
  EXPECT_GT(JsonSize(many, 6000), 6000U);
  EXPECT_LT(JsonSize(json::array(1000, many), 10'000), 20'000U);
}

TEST(JsonTest, CopiesAndPartsShareTheWhole) {
  Json part;
  const json::value* address = nullptr;
  {
    const Json whole = *ParseJson(R"({"a":{"b":"a string long enough to be allocated"}})");
    const Json copy = whole;
    EXPECT_TRUE(copy.SameAs(whole));
    part = Json::Part(copy, whole->at("a"));
    address = &whole->at("a");
  }
  EXPECT_EQ(&*part, address);
  EXPECT_EQ(PrintJson(*part), R"({"b":"a string long enough to be allocated"})");
  EXPECT_FALSE(part.SameAs(Json()));
}

TEST(JsonTest, EqualityComparesValues) {
  EXPECT_EQ(*ParseJson(R"({"a":1,"b":2})"), *ParseJson(R"({"b":2,"a":1})"));
  EXPECT_FALSE(*ParseJson("[1,2]") == *ParseJson("[2,1]"));
  EXPECT_TRUE(Json()->is_null());
  EXPECT_TRUE(Json::EmptyObject()->get_object().empty());
  EXPECT_TRUE(Json::EmptyObject().SameAs(Json::EmptyObject()));
}

std::string At(std::string_view text, std::string_view pointer) {
  const TextPosition position = Locate(text, pointer);
  return std::to_string(position.line) + ":" + std::to_string(position.column);
}

TEST(LocateTest, FindsMembersAndElements) {
  constexpr std::string_view kText =
      "\n{\n  \"a\": [10, {\"b\": [],\n    \"c\": \"x,]\\\"}\"}, true],\n  \"d\" : "
      "{\"e\":null}\n}\n";
  EXPECT_EQ(At(kText, ""), "2:1");
  EXPECT_EQ(At(kText, "/a"), "3:8");
  EXPECT_EQ(At(kText, "/a/0"), "3:9");
  EXPECT_EQ(At(kText, "/a/1"), "3:13");
  EXPECT_EQ(At(kText, "/a/1/b"), "3:19");
  EXPECT_EQ(At(kText, "/a/1/c"), "4:10");
  EXPECT_EQ(At(kText, "/a/2"), "4:21");
  EXPECT_EQ(At(kText, "/d"), "5:9");
  EXPECT_EQ(At(kText, "/d/e"), "5:14");
}

TEST(LocateTest, StopsAtTheNearestParent) {
  constexpr std::string_view kText = R"({"a": [10, {"b": 1}]})";
  EXPECT_EQ(At(kText, "/x"), "1:1");
  EXPECT_EQ(At(kText, "/a/2"), "1:7");
  EXPECT_EQ(At(kText, "/a/x"), "1:7");
  EXPECT_EQ(At(kText, "/a/-"), "1:7");
  EXPECT_EQ(At(kText, "/a/99999999999999999999"), "1:7");
  EXPECT_EQ(At(kText, "/a/0/b"), "1:8");
  EXPECT_EQ(At(kText, "/a/1/z/b"), "1:12");
}

TEST(LocateTest, UnderstandsEscapesInPointerAndText) {
  constexpr std::string_view kText = R"({"a/b": 1, "m~n": 2, "q\"r": 3, "\u00e9": 4, "": 5})";
  EXPECT_EQ(At(kText, "/a~1b"), "1:9");
  EXPECT_EQ(At(kText, "/m~0n"), "1:19");
  EXPECT_EQ(At(kText, "/q\"r"), "1:30");
  EXPECT_EQ(At(kText, "/\u00e9"), "1:43");
  EXPECT_EQ(At(kText, "/"), "1:50");
}

TEST(LocateTest, OfARepeatedKeyTheLastCountsAndColumnsCountCharacters) {
  EXPECT_EQ(At(R"({"a": 1, "a": 2})", "/a"), "1:15");
  EXPECT_EQ(At("{\"\u20ac\": \"\u20ac\", \"b\": 2}", "/b"), "1:17");
}

}  // namespace
}  // namespace towline
