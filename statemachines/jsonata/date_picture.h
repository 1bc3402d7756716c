#pragma once

// Date pictures such as "[Y0001]-[M01]-[D01]", analysed. Private to this room.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "statemachines/jsonata/format_integer.h"
#include "statemachines/jsonata/problem.h"

namespace towline::jsonata {

// A component of a date and how it is written, "[MNn,3-3]".
struct DateMarker {
  char component = 0;  // one of Y M D d F W w X x H h P m s f Z z C E
  char modifier = 0;   // a, t, c or o after the presentation
  // Written as a name in this case, or as an integer; C and E may have neither.
  std::optional<IntegerPicture::Case> names{};
  std::optional<IntegerPicture> integer{};
  std::optional<int> width_max{};
  std::optional<int> digits{};  // of Y, M and D: exactly so many
};

using DatePart = std::variant<std::string, DateMarker>;  // text as it is, or a component

// D3131, D3132 (unknown component), D3135 (no closing bracket); D1001 for a width above 1000.
OrProblem<std::vector<DatePart>> AnalyseDatePicture(std::string_view picture);

// D3133: `component` has no names.
Problem NoNames(char component);

inline constexpr std::array<std::string_view, 12> kMonthNames = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
inline constexpr std::array<std::string_view, 7> kDayNames = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

}  // namespace towline::jsonata
