#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "statemachines/base/check.h"
#include "statemachines/base/json.h"
#include "statemachines/jsonata/calendar.h"
#include "statemachines/jsonata/date_picture.h"
#include "statemachines/jsonata/date_time.h"
#include "statemachines/jsonata/numbers.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

using Case = IntegerPicture::Case;

constexpr std::string_view kIsoPicture = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

// The reference splits "-0530" into -6 hours and -30 minutes, and adds up both.
struct ZoneOffset {
  double hours = 0;
  double minutes = 0;

  double Digits() const { return hours * 100 + minutes; }
  double Millis() const { return (hours * 60 + minutes) * 60'000; }
};

OrProblem<ZoneOffset> ParseZone(std::string_view timezone) {
  const double digits = ParseLeadingInteger(timezone);
  if (!std::isfinite(digits)) {
    return Problem{.code = "D1001",
                   .message = "The time zone " + PrintJson(json::value(timezone)) +
                              " is not of the form +hhmm"};
  }
  return ZoneOffset{.hours = std::floor(digits / 100), .minutes = std::fmod(digits, 100)};
}

OrProblem<std::string> Name(const DateMarker& marker, int value) {
  const char component = marker.component;
  if (component != 'M' && component != 'x' && component != 'F') return NoNames(component);
  const auto index = static_cast<std::size_t>(value - 1);
  std::string name(component == 'F' ? kDayNames[index] : kMonthNames[index]);
  if (*marker.names == Case::kUpper) name = ToUpper(name);
  if (*marker.names == Case::kLower) name = ToLower(name);
  if (marker.width_max) {
    name.resize(std::min(name.size(), static_cast<std::size_t>(*marker.width_max)));
  }
  return name;
}

OrProblem<std::string> Zone(const DateMarker& marker, const ZoneOffset& offset) {
  if (offset.Digits() == 0 && marker.modifier == 't') return std::string("Z");
  const IntegerPicture& integer = *marker.integer;
  const std::size_t digits =
      integer.style == IntegerPicture::Style::kDecimal ? integer.digits_min : 0;
  if (integer.regular_grouping == 0 && (digits == 0 || digits > 4)) {
    return Problem{.code = "D3134",
                   .message = "A time zone in the picture of a date must have one to four digits"};
  }
  const bool hours_apart = integer.regular_grouping == 0 && digits <= 2;
  OrProblem<std::string> zone =
      FormatInteger(hours_apart ? offset.hours : offset.Digits(), integer);
  if (!zone) return zone;
  if (hours_apart && offset.minutes != 0) *zone += ":" + *FormatInteger(offset.minutes, "00");
  if (offset.Digits() >= 0) zone->insert(0, "+");
  if (marker.component == 'z') zone->insert(0, "GMT");
  return zone;
}

OrProblem<std::string> Component(const DateMarker& marker, const DateTime& date,
                                 const ZoneOffset& offset) {
  switch (marker.component) {
    case 'P':
      if (marker.names == Case::kUpper) return std::string(date.hour >= 12 ? "PM" : "AM");
      return std::string(date.hour >= 12 ? "pm" : "am");
    case 'C':
    case 'E':
      return std::string("ISO");
    case 'Z':
    case 'z':
      return Zone(marker, offset);
    default:
      break;
  }
  const int value = ComponentOf(date, marker.component);
  if (marker.names) return Name(marker, value);
  if (marker.component != 'Y' || !marker.digits) return FormatInteger(value, *marker.integer);
  return FormatInteger(std::fmod(value, std::pow(10, *marker.digits)), *marker.integer);
}

OrProblem<std::string> Format(const std::vector<DatePart>& parts, const DateTime& date,
                              const ZoneOffset& offset) {
  std::string text;
  for (const DatePart& part : parts) {
    if (const auto* literal = std::get_if<std::string>(&part)) {
      text += *literal;
      continue;
    }
    OrProblem<std::string> component = Component(std::get<DateMarker>(part), date, offset);
    if (!component) return component;
    text += *component;
  }
  return text;
}

}  // namespace

OrProblem<std::string> FormatDateTime(double millis, std::optional<std::string_view> picture,
                                      std::optional<std::string_view> timezone) {
  static const std::vector<DatePart> kIso = *AnalyseDatePicture(kIsoPicture);
  const OrProblem<std::vector<DatePart>> parts = picture ? AnalyseDatePicture(*picture) : kIso;
  if (!parts) return parts.problem();
  const auto is_marker = [](const DatePart& part) {
    return std::holds_alternative<DateMarker>(part);
  };
  // Text alone needs no date, not even a valid one.
  if (std::none_of(parts->begin(), parts->end(), is_marker)) return Format(*parts, {}, {});
  const OrProblem<ZoneOffset> offset = timezone ? ParseZone(*timezone) : ZoneOffset{};
  if (!offset) return offset.problem();
  const double local = std::trunc(millis + offset->Millis());
  if (!(std::abs(local) <= kMillisMax)) {
    return Problem{.code = "D1001",
                   .message = "The number " + NumberText(millis) + " is out of range for a date"};
  }
  return Format(*parts, SplitMillis(static_cast<std::int64_t>(local)), *offset);
}

}  // namespace towline::jsonata
