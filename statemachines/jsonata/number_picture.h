#pragma once

// The picture of $formatNumber, analysed. Private to this room.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/jsonata/format_number.h"
#include "statemachines/jsonata/problem.h"

namespace towline::jsonata {

// What one half of a picture (for positive or negative numbers) asks for.
struct NumberPicture {
  std::u16string text{};  // the half itself
  std::u16string prefix{};
  std::u16string suffix{};
  std::size_t integer_digits_min = 0;
  std::size_t fraction_digits_min = 0;
  std::size_t fraction_digits_max = 0;
  std::size_t exponent_digits_min = 0;         // 0: no exponent
  int scaling = 0;                             // digits before the point where there is an exponent
  std::size_t regular_grouping = 0;            // a separator after this many digits; 0: as listed
  std::vector<std::size_t> integer_groups{};   // digits to the right of each separator
  std::vector<std::size_t> fraction_groups{};  // digits to the left of each separator
};

// One or two halves.
OrProblem<std::vector<NumberPicture>> AnalyseNumberPicture(std::u16string_view picture,
                                                           const DecimalFormat& format);

}  // namespace towline::jsonata
