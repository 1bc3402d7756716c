#include "statemachines/jsonata/numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "statemachines/base/check.h"
#include "statemachines/base/json.h"

namespace towline::jsonata {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "d.ddde-xx"; `places` digits after the point, or as few as tell the number from its neighbours.
std::string Scientific(double number, std::optional<int> places = {}) {
  char text[96];
  const auto end =
      places
          ? std::to_chars(text, text + sizeof text, number, std::chars_format::scientific, *places)
          : std::to_chars(text, text + sizeof text, number, std::chars_format::scientific);
  CHECK(end.ec == std::errc());
  return {text, end.ptr};
}

// `text` is a decimal number; beyond the range it is an infinity or zero.
double FromDecimal(std::string_view text) {
  double number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end.ec != std::errc::result_out_of_range) return number;
  const std::size_t mark = text.find('e');
  const bool small = mark != std::string_view::npos && text[mark + 1] == '-';
  const double limit = small ? 0.0 : std::numeric_limits<double>::infinity();
  return text[0] == '-' ? -limit : limit;
}

// number * 10^places by moving the exponent of its shortest digits, which is exact.
double ShiftDecimal(double number, int places) {
  const std::string text = Scientific(number);
  const std::size_t mark = text.find('e');
  int exponent = 0;
  const char* const digits = text.data() + mark + (text[mark + 1] == '+' ? 2 : 1);
  std::from_chars(digits, text.data() + text.size(), exponent);
  const std::int64_t shifted = std::int64_t{exponent} + places;
  return FromDecimal(text.substr(0, mark + 1) + std::to_string(shifted));
}

std::size_t CountDigits(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && IsDigit(text[end])) end++;
  return end - at;
}

// -?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?
bool IsDecimal(std::string_view text) {
  std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  std::size_t count = CountDigits(text, at);
  if (count == 0) return false;
  at += count;
  if (at < text.size() && text[at] == '.') {
    count = CountDigits(text, at + 1);
    if (count == 0) return false;
    at += 1 + count;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) at++;
    count = CountDigits(text, at);
    if (count == 0) return false;
    at += count;
  }
  return at == text.size();
}

// Digits of a base that is a power of two, rounded once, half to even.
std::optional<double> ParseBits(std::string_view digits, unsigned bits_per_digit) {
  std::uint64_t mantissa = 0;
  int exponent = 0;
  bool inexact = false;
  for (const char c : digits) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const std::size_t digit = kDigits.find(lower);
    if (digit == std::string_view::npos || digit >> bits_per_digit != 0) return std::nullopt;
    if (mantissa >> (64 - bits_per_digit) == 0) {
      mantissa = mantissa << bits_per_digit | digit;
    } else {
      // What does not fit matters only as being there: the conversion below then rounds right.
      exponent += static_cast<int>(bits_per_digit);
      inexact = inexact || digit != 0;
    }
  }
  if (digits.empty()) return std::nullopt;
  const double number = std::ldexp(static_cast<double>(mantissa | (inexact ? 1U : 0U)), exponent);
  if (std::isinf(number)) return std::nullopt;
  return number;
}

Problem OutOfRange(double base, double exponent) {
  return {.code = "D3061",
          .message = "$power(" + NumberText(base) + ", " + NumberText(exponent) +
                     ") is no number that JSON can hold"};
}

}  // namespace

std::string NumberText(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  std::string text;
  AppendNumber(text, number);
  return text;
}

double RoundTo15Digits(double number) {
  if (!std::isfinite(number)) return number;
  if (std::abs(number) < 1e15 && number == std::trunc(number)) return number;
  const double magnitude = std::abs(number);
  constexpr std::size_t kSizeOf15 = 16;  // with the point
  if (Scientific(magnitude).find('e') <= kSizeOf15) return number;
  std::string text = Scientific(magnitude, 14);
  // to_chars takes a tie to the even digit. Sixty digits tell a tie from what is merely near one;
  // the double above a tie rounds up.
  const std::string longer = Scientific(magnitude, 60);
  const std::string_view dropped = std::string_view(longer).substr(kSizeOf15, 46);
  if (dropped[0] == '5' && dropped.find_first_not_of('0', 1) == std::string_view::npos) {
    text = Scientific(std::nextafter(magnitude, std::numeric_limits<double>::infinity()), 14);
  }
  return std::copysign(FromDecimal(text), number);
}

std::optional<double> ParseNumber(std::string_view text) {
  if (IsDecimal(text)) {
    const double number = FromDecimal(text);
    if (std::isinf(number)) return std::nullopt;
    return number;
  }
  if (text.size() < 3 || text[0] != '0') return std::nullopt;
  const std::string_view digits = text.substr(2);
  switch (text[1]) {
    case 'x':
    case 'X':
      return ParseBits(digits, 4);
    case 'o':
    case 'O':
      return ParseBits(digits, 3);
    case 'b':
    case 'B':
      return ParseBits(digits, 1);
    default:
      return std::nullopt;
  }
}

bool HoldsBits(std::string_view text) {
  const auto has = [&](std::size_t at, std::string_view letters, std::string_view digits) {
    return at + 2 < text.size() && text[at] == '0' &&
           letters.find(text[at + 1]) != std::string_view::npos &&
           digits.find(text[at + 2]) != std::string_view::npos;
  };
  if (has(0, "xX", "0123456789abcdefABCDEF")) return true;
  for (std::size_t at = 0; at < text.size(); at++) {
    if (has(at, "oO", "01234567")) return true;
  }
  const std::size_t last = text.find_last_not_of("01");
  return last != std::string_view::npos && last > 0 && has(last - 1, "bB", "01");
}

double Round(double number, int precision) {
  // An infinity has no digits to shift.
  if (std::isinf(number) && precision != 0) return std::numeric_limits<double>::quiet_NaN();
  if (!std::isfinite(number)) return number;
  const double shifted = precision == 0 ? number : ShiftDecimal(number, precision);
  if (std::isinf(shifted)) return number;  // it has no digits that far behind the point
  double rounded = std::floor(shifted);
  const double rest = shifted - rounded;
  if (rest > 0.5 || (rest == 0.5 && std::fmod(rounded, 2) != 0)) rounded += 1;
  if (rounded == 0) return 0;  // never -0
  return precision == 0 ? rounded : ShiftDecimal(rounded, -precision);
}

OrProblem<std::string> FormatBase(double number, double radix) {
  radix = Round(radix);
  if (!(radix >= 2 && radix <= 36)) {
    return Problem{
        .code = "D3100",
        .message = "The radix of $formatBase must be from 2 to 36, not " + NumberText(radix)};
  }
  number = Round(number);
  if (radix == 10 || !std::isfinite(number)) return NumberText(number);
  std::string digits;
  double rest = std::abs(number);
  // Digits that a double does not know are zeros.
  for (; rest / radix >= kExactIntegers; rest /= radix) digits += '0';
  do {
    const double digit = std::fmod(rest, radix);
    digits += kDigits[static_cast<std::size_t>(digit)];
    rest = (rest - digit) / radix;
  } while (rest > 0);
  if (number < 0) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

OrProblem<double> SquareRoot(double number) {
  if (number < 0) {
    return Problem{.code = "D3060",
                   .message = "$sqrt cannot take the negative number " + NumberText(number)};
  }
  return std::sqrt(number);
}

OrProblem<double> Power(double base, double exponent) {
  const double power = std::pow(base, exponent);
  if (!std::isfinite(power)) return OutOfRange(base, exponent);
  // To C these are 1.
  if (std::abs(base) == 1 && !std::isfinite(exponent)) return OutOfRange(base, exponent);
  return power;
}

}  // namespace towline::jsonata
