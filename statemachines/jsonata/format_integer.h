#pragma once

// $formatInteger and $parseInteger, and the pictures that they share with dates: XPath 3.1's
// format-integer with English words.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/jsonata/problem.h"

namespace towline::jsonata {

// A picture such as "#,##0", "Ww;o", "I" or "a", analysed.
struct IntegerPicture {
  enum class Style { kDecimal, kLetters, kRoman, kWords, kSequence };
  enum class Case { kLower, kUpper, kTitle };
  struct Separator {
    std::size_t position = 0;  // digits to its right
    char32_t character = 0;
  };

  Style style = Style::kDecimal;
  Case letter_case = Case::kLower;
  bool ordinal = false;
  // Of decimal digits:
  char32_t zero = U'0';                 // the first of the family's ten digits
  std::size_t digits_min = 0;           // mandatory ones
  std::size_t digits_optional = 0;      // "#"
  std::vector<Separator> separators{};  // from right to left
  std::size_t regular_grouping = 0;     // one separator after this many digits; 0: as listed
  // Of a numbering sequence, which is not supported:
  std::string sequence{};
};

// D3131: digits of different families.
OrProblem<IntegerPicture> AnalyseIntegerPicture(std::string_view picture);

// D3130: a numbering sequence; D1001: a number that is too large for its style, or infinite.
OrProblem<std::string> FormatInteger(double number, const IntegerPicture& picture);
// Rounds down first.
OrProblem<std::string> FormatInteger(double number, std::string_view picture);

// NaN if `text` is no number in the picture's style; D3130 as above.
OrProblem<double> ParseInteger(std::string_view text, const IntegerPicture& picture);
OrProblem<double> ParseInteger(std::string_view text, std::string_view picture);

// JavaScript's parseInt(): the integer that `text` begins with, decimal or after 0x; NaN if there
// is none.
double ParseLeadingInteger(std::string_view text);

}  // namespace towline::jsonata
