#include "statemachines/jsonata/format_integer.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "statemachines/jsonata/numbers.h"

namespace towline::jsonata {
namespace {

std::string Formatted(double number, std::string_view picture) {
  const auto text = FormatInteger(number, picture);
  return text ? *text : text.problem().code;
}

std::string Parsed(std::string_view text, std::string_view picture) {
  const auto number = ParseInteger(text, picture);
  return number ? NumberText(*number) : number.problem().code;
}

struct FormatCase {
  double number;
  const char* picture;
  const char* expected;
};

struct ParseCase {
  const char* text;
  const char* picture;
  const char* expected;
};

TEST(FormatIntegerTest, FollowsThePicture) {
  const std::vector<FormatCase> cases = {
      {0, "0", "0"},
      {1234567, "#,##0", "1,234,567"},
      {1234567, "#,##,##0", "12,34,567"},
      {12, "#,###:000", ",:012"},
      {12345, "#,###:000", ":5"},
      {12, "0000", "0012"},
      {-12, "000", "-012"},
      {12.9, "0", "12"},
      {-12.1, "0", "-13"},
      {1e+21, "0", "1e+21"},
      {5, "٠", "٥"},
      {1234, "٠٠٠,٠", "١,٢,٣,٤"},
      {1, "1;o", "1st"},
      {2, "0;o", "2nd"},
      {3, "1;o", "3rd"},
      {11, "1;o", "11th"},
      {12, "1;o", "12th"},
      {13, "1;o", "13th"},
      {21, "1;o", "21st"},
      {101, "1;o", "101st"},
      {112, "1;o", "112th"},
      {1, "0;c", "1"},
      {27, "a", "aa"},
      {26, "A", "Z"},
      {0, "a", ""},
      {703, "A", "AAA"},
      {-5, "a", "-e"},
      {1999, "I", "MCMXCIX"},
      {4, "i", "iv"},
      {0, "I", ""},
      {-9, "i", "-ix"},
      {0, "w", "zero"},
      {19, "w", "nineteen"},
      {20, "w", "twenty"},
      {21, "W", "TWENTY-ONE"},
      {100, "Ww", "One Hundred"},
      {101, "w", "one hundred and one"},
      {111, "w", "one hundred and eleven"},
      {1000, "w", "one thousand"},
      {1234, "Ww", "One Thousand, Two Hundred and Thirty-Four"},
      {1000001, "w", "one million and one"},
      {1000000000000000, "w", "one thousand trillion"},
      {1234567890123, "w",
       "one trillion, two hundred and thirty-four billion, five hundred and sixty-seven million, "
       "eight hundred and ninety thousand, one hundred and twenty-three"},
      {0, "w;o", "zeroth"},
      {1, "w;o", "first"},
      {20, "w;o", "twentieth"},
      {21, "Ww;o", "Twenty-First"},
      {100, "w;o", "one hundredth"},
      {1000, "w;o", "one thousandth"},
      {3004005, "w;o", "three million, four thousand and fifth"},
      {-7, "w", "-seven"},
  };
  for (const FormatCase& c : cases) {
    EXPECT_EQ(Formatted(c.number, c.picture), c.expected) << c.number << " " << c.picture;
  }
}

TEST(FormatIntegerTest, RefusesSequencesAndMixedDigits) {
  const std::vector<FormatCase> cases = {
      {1, "x", "D3130"},
      {1, "#", "D3130"},
      {1, "", "D3130"},
      {1, "0٠", "D3131"},
  };
  for (const FormatCase& c : cases) {
    EXPECT_EQ(Formatted(c.number, c.picture), c.expected) << c.number << " " << c.picture;
  }
  EXPECT_EQ(FormatInteger(1, "#x").problem().message,
            "Integers cannot be written or read as a sequence that starts with \"#x\"");
}

TEST(FormatIntegerTest, NumbersWithoutEndAreOutOfRange) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const char* picture : {"w", "a", "I"}) EXPECT_EQ(Formatted(kInfinity, picture), "D1001");
  EXPECT_EQ(Formatted(1e7, "I"), "D1001");
  EXPECT_EQ(Formatted(9999999, "i").size(), 10'005U);
  EXPECT_FALSE(Formatted(std::numeric_limits<double>::max(), "w").empty());
  EXPECT_EQ(Formatted(std::numeric_limits<double>::max(), "a").size(), 218U);
}

TEST(ParseIntegerTest, ReadsWhatThePictureDescribes) {
  const std::vector<ParseCase> cases = {
      {"123", "0", "123"},
      {"1,234,567", "#,##0", "1234567"},
      {"1.234.567", "#.##0", "1"},
      {"1:23", "0:00", "1"},
      {"23rd", "1;o", "23"},
      {"٣٤", "٠", "34"},
      {"-5", "0", "-5"},
      {"12abc", "0", "12"},
      {"abc", "0", "NaN"},
      {"0x1F", "0", "31"},
      {"", "0", "NaN"},
      {"ab", "a", "28"},
      {"AB", "A", "28"},
      {"MCMXCIX", "I", "1999"},
      {"mcmxcix", "i", "1999"},
      {"IIX", "I", "8"},
      {"MZ", "I", "NaN"},
      {"one thousand, two hundred and thirty-four", "w", "1234"},
      {"Twenty-First", "W", "21"},
      {"five million", "Ww", "5000000"},
      {"two hundred thousand", "w", "200000"},
      {"ninetieth", "w", "90"},
      {"twelve foo", "w", "NaN"},
  };
  for (const ParseCase& c : cases) {
    EXPECT_EQ(Parsed(c.text, c.picture), c.expected) << c.text << " as " << c.picture;
  }
  EXPECT_EQ(Parsed("1", "#"), "D3130");
  EXPECT_EQ(Parsed("1", "0\u0660"), "D3131");
}

}  // namespace
}  // namespace towline::jsonata
