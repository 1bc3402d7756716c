#include "statemachines/jsonata/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace towline::jsonata {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string StringOf(double number) { return NumberText(RoundTo15Digits(number)); }

TEST(NumbersTest, LaysNumbersOutAsJavaScript) {
  EXPECT_EQ(NumberText(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(NumberText(1e21), "1e+21");
  EXPECT_EQ(NumberText(123456789012345680000.0), "123456789012345680000");
  EXPECT_EQ(NumberText(1e-7), "1e-7");
  EXPECT_EQ(NumberText(0.000001), "0.000001");
  EXPECT_EQ(NumberText(-0.0), "0");
  EXPECT_EQ(NumberText(5e-324), "5e-324");
  EXPECT_EQ(NumberText(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(NumberText(kInfinity), "Infinity");
  EXPECT_EQ(NumberText(-kInfinity), "-Infinity");
  EXPECT_EQ(NumberText(std::nan("")), "NaN");
}

TEST(NumbersTest, StringHasFifteenDigits) {
  EXPECT_EQ(StringOf(0.1 + 0.2), "0.3");
  EXPECT_EQ(StringOf(1.0 / 3), "0.333333333333333");
  EXPECT_EQ(StringOf(2.0 / 3), "0.666666666666667");
  EXPECT_EQ(StringOf(22.0 / 7 * 1e20), "314285714285714000000");
  EXPECT_EQ(StringOf(100), "100");
  EXPECT_EQ(StringOf(-1e-9 / 3), "-3.33333333333333e-10");
  EXPECT_EQ(StringOf(123456789012345678.0), "123456789012346000");
  EXPECT_EQ(StringOf(9007199254740991), "9007199254740990");
  EXPECT_EQ(StringOf(9.9999999999999999e20), "1e+21");
}

TEST(NumbersTest, ATieAtTheSixteenthDigitGoesAwayFromZero) {
  EXPECT_EQ(StringOf(1000000000000005), "1000000000000010");
  EXPECT_EQ(StringOf(-1000000000000005), "-1000000000000010");
  EXPECT_EQ(StringOf(1000000000000015), "1000000000000020");
  EXPECT_EQ(StringOf(2000000000000004), "2000000000000000");
  EXPECT_EQ(StringOf(100000000000000.5), "100000000000001");
  EXPECT_EQ(StringOf(100000000000001.5), "100000000000002");
  EXPECT_EQ(StringOf(8999999999999995), "9000000000000000");
}

TEST(NumbersTest, NumberReadsDecimalsAndThreePrefixes) {
  const std::vector<std::pair<const char*, double>> cases = {
      {"0", 0},
      {"-5", -5},
      {"007", 7},
      {"12.50", 12.5},
      {"1e3", 1000},
      {"1E-2", 0.01},
      {"-1.5e+2", -150},
      {"1e-400", 0},
      {"0x1F", 31},
      {"0XaB", 171},
      {"0o17", 15},
      {"0O7", 7},
      {"0b101", 5},
      {"0B1", 1},
      {"0x20000000000001", 9007199254740992},
      {"0x20000000000003", 9007199254740996},
      {"0x200000000000010000001", 0x20000000000002p28},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(ParseNumber(text), expected) << text;
}

TEST(NumbersTest, NumberRefusesEverythingElse) {
  for (const char* text :
       {"",   " ",     "-",      "+1",       ".5",  "1.",    "1e",   "1e+", "1.2.3",
        " 1", "1 ",    "1\n",    "0x",       "0xG", "0x1G",  "-0x1", "0o8", "0b2",
        "0b", "1e999", "-1e999", "Infinity", "NaN", "1,000", "a"}) {
    EXPECT_FALSE(ParseNumber(text)) << text;
  }
}

struct RoundCase {
  double number;
  int precision;
  double expected;
};

TEST(NumbersTest, RoundsTheDecimalDigitsHalfToEven) {
  const std::vector<RoundCase> cases = {
      {4.525, 2, 4.52},
      {2.675, 2, 2.68},
      {4.515, 2, 4.52},
      {11.5, 0, 12},
      {12.5, 0, 12},
      {-0.5, 0, 0},
      {-1.5, 0, -2},
      {-2.5, 0, -2},
      {125, -1, 120},
      {135, -1, 140},
      {50, -2, 0},
      {150, -2, 200},
      {1.005, 2, 1},
      {0.1 + 0.2, 5, 0.3},
      {123.456, 1, 123.5},
      {-123.456, -1, -120},
      {0.49999999999999994, 0, 0},
      {9007199254740991, 0, 9007199254740991},
      {5e-324, 3, 0},
      {1e300, 20, 1e300},
      {1e21, -20, 1e21},
      {1.5e21, -21, 2e21},
  };
  for (const RoundCase& c : cases) {
    EXPECT_EQ(Round(c.number, c.precision), c.expected) << c.number << " " << c.precision;
    EXPECT_FALSE(c.expected == 0 && std::signbit(Round(c.number, c.precision))) << c.number;
  }
  EXPECT_EQ(Round(-kInfinity), -kInfinity);
  EXPECT_TRUE(std::isnan(Round(kInfinity, 2)));
}

std::string BaseOf(double number, double radix) {
  const auto text = FormatBase(number, radix);
  return text ? *text : text.problem().code;
}

TEST(NumbersTest, FormatBase) {
  EXPECT_EQ(BaseOf(100, 2), "1100100");
  EXPECT_EQ(BaseOf(2555, 16), "9fb");
  EXPECT_EQ(BaseOf(-255, 16), "-ff");
  EXPECT_EQ(BaseOf(35, 36), "z");
  EXPECT_EQ(BaseOf(0, 7), "0");
  EXPECT_EQ(BaseOf(99.5, 2.5), "1100100");
  EXPECT_EQ(BaseOf(98.5, 2), "1100010");
  EXPECT_EQ(BaseOf(1e21, 10), "1e+21");
  EXPECT_EQ(BaseOf(1e21, 16), "3635c9adc5dea00000");
  EXPECT_EQ(BaseOf(86984409336000670.0, 14), "7b83d1c37c93bd6");
  EXPECT_EQ(BaseOf(1, 1), "D3100");
  EXPECT_EQ(BaseOf(1, 37), "D3100");
  EXPECT_EQ(BaseOf(1, 36.4), "1");
}

TEST(NumbersTest, PowersAndRootsThatAreNoNumbersAreProblems) {
  EXPECT_EQ(*Power(2, 8), 256);
  EXPECT_EQ(*Power(2, -2), 0.25);
  EXPECT_EQ(*Power(0, 0), 1);
  EXPECT_EQ(Power(10, 400).problem().code, "D3061");
  EXPECT_EQ(Power(-8, 0.5).problem().code, "D3061");
  EXPECT_EQ(Power(0, -1).problem().code, "D3061");
  EXPECT_EQ(Power(-1, kInfinity).problem().code, "D3061");
  EXPECT_EQ(Power(1, std::nan("")).problem().code, "D3061");
  EXPECT_EQ(Power(10, 400).problem().message, "$power(10, 400) is no number that JSON can hold");
  EXPECT_EQ(*SquareRoot(2.25), 1.5);
  EXPECT_EQ(SquareRoot(-2).problem().code, "D3060");
  EXPECT_EQ(SquareRoot(-2).problem().message, "$sqrt cannot take the negative number -2");
}

}  // namespace
}  // namespace towline::jsonata
