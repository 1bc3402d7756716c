#include "statemachines/jsonata/format_number.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>
#include <vector>

namespace towline::jsonata {
namespace {

std::string Formatted(double number, std::string_view picture, const DecimalFormat& format = {}) {
  const auto text = FormatNumber(number, picture, format);
  return text ? *text : text.problem().code;
}

struct PictureCase {
  double number;
  const char* picture;
  const char* expected;
};

TEST(FormatNumberTest, FollowsThePicture) {
  const std::vector<PictureCase> cases = {
      {12345.6, "#,###.00", "12,345.60"},
      {12345678.9, "9,999.99", "12,345,678.90"},
      {123.9, "9999", "0124"},
      {-6, "000", "-006"},
      {2.5, "0", "2"},
      {3.5, "0", "4"},
      {0.5, "#.#", ".5"},
      {0, "#.#", ".0"},
      {0, "#", "0"},
      {0, "0.00", "0.00"},
      {1234567.891, "#,##0.0#", "1,234,567.89"},
      {1234.1, "0.0##", "1234.1"},
      {99.996, "00.00", "100.00"},
      {1e20, "#,##0", "100,000,000,000,000,000,000"},
      {1.5, "<0.0>", "<1.5>"},
      {5, "$0.00 each", "$5.00 each"},
      {0.14, "01%", "14%"},
      {0.5, "#%", "50%"},
      {0.05, "0.0\u2030", "50.0\u2030"},
      {34.555, "#0.00;(#0.00)", "34.56"},
      {-34.555, "#0.00;(#0.00)", "(34.56)"},
      {-34.5, "#0.00", "-34.50"},
  };
  for (const PictureCase& c : cases) {
    EXPECT_EQ(Formatted(c.number, c.picture), c.expected) << c.number << " " << c.picture;
  }
}

TEST(FormatNumberTest, SeparatorsAtIrregularPlacesStayWhereTheyAre) {
  const std::vector<PictureCase> cases = {
      {1234567.891, "#,##,##0.00", "12,34,567.89"},
      {12, "#,##,##0.00", ",12,.00"},
      {0.123456, "0.00,00,0", "0.12,346"},
  };
  for (const PictureCase& c : cases) {
    EXPECT_EQ(Formatted(c.number, c.picture), c.expected) << c.number << " " << c.picture;
  }
}

TEST(FormatNumberTest, WritesExponents) {
  const std::vector<PictureCase> cases = {
      {1234.5678, "00.000e0", "12.346e2"},
      {1234.5678, "00.000e000", "12.346e002"},
      {0.234, "0.0e0", "2.3e-1"},
      {0.234, ".0e0", ".2e0"},
      {0.234, "#.00e0", "0.23e0"},
      {123456, "#0.0e00", "1.2e05"},
      {1e-10, "0.00e0", "1.00e-10"},
      {1e300, "0e0", "1e300"},
      // Here the reference does not come back.
      {0, "0e0", "0e0"},
      {-42, "0e0", "-4e1"},
      {-1234.5, "0.0e00", "-1.2e03"},
      {0, "#.00e0", "0.00e0"},
  };
  for (const PictureCase& c : cases) {
    EXPECT_EQ(Formatted(c.number, c.picture), c.expected) << c.number << " " << c.picture;
  }
}

TEST(FormatNumberTest, LargeNumbersShowTheirExactDigits) {
  EXPECT_EQ(Formatted(-1592765962705016.2, "0.0"), "-1592765962705016.3");
  EXPECT_EQ(Formatted(284591908799484.4, "00.00"), "284591908799484.38");
  EXPECT_EQ(Formatted(1e23, "#,##0"), "99,999,999,999,999,991,611,392");
  EXPECT_EQ(Formatted(std::numeric_limits<double>::infinity(), "0.0"), "Infinity");
  EXPECT_EQ(Formatted(-std::numeric_limits<double>::infinity(), "0e0"), "-Infinity");
}

TEST(FormatNumberTest, NamesTheRuleThatThePictureBreaks) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"0;0;0", "D3080"},    {"0.0.0", "D3081"},   {"0%%", "D3082"},  {"0\u2030\u2030", "D3083"},
      {"0%\u2030", "D3084"}, {".", "D3085"},       {"", "D3085"},     {"abc", "D3085"},
      {"0;", "D3085"},       {",x0", "D3086"},     {"0,.0", "D3087"}, {"0.,0", "D3087"},
      {"0,", "D3088"},       {"0,,0", "D3089"},    {"0#", "D3090"},   {"0.#0", "D3091"},
      {"0e0%", "D3092"},     {"0e", "D3093"},      {"0e#", "D3093"},  {"0ex0", "D3093"},
      {"#0.0e0,0", "D3093"}, {"0e0;0e#", "D3093"},
  };
  for (const auto& [picture, code] : cases) EXPECT_EQ(Formatted(1, picture), code) << picture;
  EXPECT_EQ(FormatNumber(1, "0%%", {}).problem().message,
            "The picture of $formatNumber has more than one percent sign in a half");
}

TEST(FormatNumberTest, OptionsReplaceTheSymbols) {
  DecimalFormat german;
  german.Set("decimal-separator", ",");
  german.Set("grouping-separator", ".");
  EXPECT_EQ(Formatted(1234.5, "#.###,00", german), "1.234,50");

  DecimalFormat arabic;
  arabic.Set("decimal-separator", "\u066B");
  arabic.Set("zero-digit", "\u0660");
  EXPECT_EQ(Formatted(1234.5, "#\u066B\u0660\u0660", arabic),
            "\u0661\u0662\u0663\u0664\u066B\u0665\u0660");

  DecimalFormat circled;
  circled.Set("zero-digit", "\u24EA");
  circled.Set("exponent-separator", "E");
  EXPECT_EQ(Formatted(1234.5678,
                      "\u24EA\u24EA.\u24EA\u24EA\u24EA"
                      "E\u24EA",
                      circled),
            "\u24EB\u24EC.\u24ED\u24EE\u24F0"
            "E\u24EC");

  DecimalFormat words;
  words.Set("per-mille", "pm");
  words.Set("minus-sign", "minus ");
  words.Set("digit", "@");
  words.Set("pattern-separator", "|");
  EXPECT_EQ(Formatted(-0.14, "@@0pm", words), "minus 140pm");
  EXPECT_EQ(Formatted(-5, "0|<0>", words), "<5>");
}

TEST(FormatNumberTest, AnEmptySymbolIsNotTaken) {
  DecimalFormat format;
  for (const char* name : {"decimal-separator", "grouping-separator", "exponent-separator",
                           "percent", "per-mille", "zero-digit", "digit", "pattern-separator"}) {
    format.Set(name, "");
  }
  format.Set("minus-sign", "");
  format.Set("no-such-symbol", "x");
  EXPECT_EQ(Formatted(-1234.5, "#,##0.00", format), "1,234.50");
}

TEST(FormatNumberTest, SymbolsThatClashEndInSomeTextOrProblem) {
  for (const char* name : {"decimal-separator", "grouping-separator", "exponent-separator",
                           "percent", "zero-digit", "digit", "pattern-separator"}) {
    for (const char* symbol : {"0", ".", ",", "e", "#", ";", "%", "ab"}) {
      for (const char* picture : {"#,##0.00", "0e0", "0;-0", "#", ".0", "0%"}) {
        DecimalFormat format;
        format.Set(name, symbol);
        EXPECT_NE(Formatted(-1234.5, picture, format), "x") << name << symbol << picture;
      }
    }
  }
}

}  // namespace
}  // namespace towline::jsonata
