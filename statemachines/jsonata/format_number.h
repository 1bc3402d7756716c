#pragma once

// $formatNumber: numbers in the manner of a picture such as "#,##0.00", as XPath 3.1's
// format-number has it.

#include <optional>
#include <string>
#include <string_view>

#include "statemachines/jsonata/problem.h"

namespace towline::jsonata {

// The characters that mean something in a picture, or stand in the result. UTF-16, in which the
// pictures are analysed: a character beyond U+FFFF never matches.
struct DecimalFormat {
  std::u16string decimal_separator = u".";
  std::u16string grouping_separator = u",";
  std::u16string exponent_separator = u"e";
  std::u16string minus_sign = u"-";
  std::u16string percent = u"%";
  std::u16string per_mille = u"\u2030";
  std::u16string zero_digit = u"0";  // the first of ten consecutive digits
  std::u16string digit = u"#";
  std::u16string pattern_separator = u";";
  std::u16string infinity = u"Infinity";

  // Sets what XPath calls `name`, e.g. "decimal-separator". Other names mean nothing, and only the
  // minus sign may be empty.
  void Set(std::string_view name, std::string_view text);
  std::optional<unsigned> ValueOf(char16_t unit) const;  // 0 to 9, if it is a digit
};

// D3080 to D3093 if the picture is not valid.
OrProblem<std::string> FormatNumber(double number, std::string_view picture,
                                    const DecimalFormat& format);

}  // namespace towline::jsonata
