#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "statemachines/jsonata/calendar.h"
#include "statemachines/jsonata/date_picture.h"
#include "statemachines/jsonata/date_time.h"
#include "statemachines/jsonata/number_words.h"
#include "statemachines/jsonata/regex.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

using Case = IntegerPicture::Case;
using Style = IntegerPicture::Style;

// What a text said about each component; nothing: a name that is unknown.
using Components = std::map<char, std::optional<double>>;

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view(".*+?^${}()|[]\\").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

OrProblem<std::string> IntegerPattern(const DateMarker& marker) {
  const IntegerPicture& integer = *marker.integer;
  switch (integer.style) {
    case Style::kLetters:
      return std::string("[a-z]+");
    case Style::kRoman:
      return std::string("[mdclxvi]+");
    case Style::kWords:
      return "(?:" + WordAlternatives() + ")+";
    case Style::kDecimal: {
      std::string pattern = "[0-9]";
      const int digits = marker.digits.value_or(0);
      const int least = std::max(0, digits - static_cast<int>(integer.digits_optional));
      pattern +=
          digits == 0 ? "+" : "{" + std::to_string(least) + "," + std::to_string(digits) + "}";
      return integer.ordinal ? pattern + "(?:th|st|nd|rd)" : pattern;
    }
    case Style::kSequence:
      break;
  }
  return ParseInteger("", integer).problem();
}

// The character between hours and minutes of a time zone, if its picture has one.
std::string ZoneSeparator(const DateMarker& marker) {
  std::string separator;
  if (marker.integer->regular_grouping > 0) {
    AppendCodePoint(separator, marker.integer->separators[0].character);
  }
  return separator;
}

OrProblem<std::string> MarkerPattern(const DateMarker& marker) {
  if (marker.component == 'Z' || marker.component == 'z') {
    const std::string separator = ZoneSeparator(marker);
    return std::string(marker.component == 'z' ? "GMT" : "") + "[-+][0-9]+" +
           (separator.empty() ? "" : Escaped(separator) + "[0-9]+");
  }
  if (marker.integer) return IntegerPattern(marker);
  if (std::string_view("MxFP").find(marker.component) == std::string_view::npos) {
    return NoNames(marker.component);
  }
  return std::string("[a-zA-Z]+");
}

// In minutes. As when it formats, the reference takes the sign for that of the hours alone.
double ParseZone(std::string_view text, const DateMarker& marker) {
  if (marker.component == 'z') text.remove_prefix(3);  // GMT
  const std::string separator = ZoneSeparator(marker);
  std::size_t hours_end = text.size() <= 3 ? text.size() : 3;
  std::size_t minutes = hours_end;
  if (!separator.empty()) {
    hours_end = text.find(separator);
    minutes = hours_end + separator.size();
  }
  const double hours = ParseLeadingInteger(text.substr(0, hours_end));
  if (minutes >= text.size()) return hours * 60;
  return hours * 60 + ParseLeadingInteger(text.substr(minutes));
}

template <class Names>
std::optional<double> IndexOf(std::string_view text, const Names& names, std::optional<int> width) {
  for (std::size_t i = 0; i < names.size(); i++) {
    const std::size_t size = width.value_or(0) > 0 ? static_cast<std::size_t>(*width) : 99;
    // Of names that a width makes equal, the last one counts.
    const std::size_t from_end = names.size() - 1 - i;
    if (names[from_end].substr(0, size) == text) return static_cast<double>(from_end + 1);
  }
  return std::nullopt;
}

std::optional<double> ParseMarker(std::string_view text, const DateMarker& marker) {
  switch (marker.component) {
    case 'Z':
    case 'z':
      return ParseZone(text, marker);
    case 'P':
      if (text == "am" || text == "AM") return 0;
      if (text == "pm" || text == "PM") return 1;
      return std::nullopt;
    default:
      break;
  }
  if (marker.integer) {
    const OrProblem<double> number = ParseInteger(text, *marker.integer);
    return number ? std::optional(*number) : std::nullopt;
  }
  return marker.component == 'F' ? IndexOf(text, kDayNames, marker.width_max)
                                 : IndexOf(text, kMonthNames, marker.width_max);
}

// Nothing if the text does not fit.
OrProblem<std::optional<Components>> Match(std::string_view text,
                                           const std::vector<DatePart>& parts) {
  std::string pattern = "^";
  for (const DatePart& part : parts) {
    const auto* literal = std::get_if<std::string>(&part);
    const OrProblem<std::string> piece =
        literal != nullptr ? Escaped(*literal) : MarkerPattern(std::get<DateMarker>(part));
    if (!piece) return piece.problem();
    pattern += "(" + *piece + ")";
  }
  const OrProblem<Regex> regex = Regex::Compile(pattern + "$", {.ignore_case = true});
  if (!regex) return regex.problem();
  Matcher matcher(*regex, text);
  const OrProblem<std::optional<RegexMatch>> match = matcher.Next();
  if (!match) return match.problem();
  if (!*match) return std::optional<Components>();
  Components components;
  for (std::size_t i = 0; i < parts.size(); i++) {
    const auto* marker = std::get_if<DateMarker>(&parts[i]);
    if (marker == nullptr) continue;
    components[marker->component] = ParseMarker((*match)->groups[i].value_or(""), *marker);
  }
  return std::optional(std::move(components));
}

// Whether the text gave the component, other than as zero: the reference takes that for nothing.
bool Gave(const Components& components, char component) {
  const auto found = components.find(component);
  return found != components.end() && found->second && *found->second != 0 &&
         !std::isnan(*found->second);
}

// Whether, of the components in `all`, some were given and no others.
bool IsOfKind(const Components& components, std::string_view all, std::string_view kind) {
  bool some = false;
  for (const char component : all) {
    if (!Gave(components, component)) continue;
    if (kind.find(component) == std::string_view::npos) return false;
    some = true;
  }
  return some;
}

Problem Incomplete() {
  return {.code = "D3136",
          .message = "The picture of a date leaves out components that the date needs"};
}

struct Kind {
  bool day_of_year = false;
  bool weeks = false;  // not supported
  bool half_days = false;
  std::string_view components{};  // from large to small
};

Kind KindOf(const Components& components) {
  constexpr std::string_view kDate = "YXMxWwdD";
  constexpr std::string_view kTime = "PHhmsf";
  Kind kind;
  const bool plain = IsOfKind(components, kDate, "YMD");
  kind.day_of_year = !plain && IsOfKind(components, kDate, "Yd");
  const bool month_week = IsOfKind(components, kDate, "Xxw");
  const bool year_week = !month_week && IsOfKind(components, kDate, "XW");
  kind.weeks = month_week || year_week;
  kind.half_days = !IsOfKind(components, kTime, "Hmsf") && IsOfKind(components, kTime, "Phmsf");
  if (kind.day_of_year) {
    kind.components = kind.half_days ? "YDPhmsf" : "YDHmsf";
  } else if (month_week) {
    kind.components = kind.half_days ? "XxwFPhmsf" : "XxwFHmsf";
  } else if (year_week) {
    kind.components = kind.half_days ? "XWFPhmsf" : "XWFHmsf";
  } else {
    kind.components = kind.half_days ? "YMDPhmsf" : "YMDHmsf";
  }
  return kind;
}

// Fills in what stands before the first component given, from `now`, and after the last, the least.
// False if something is missing in between.
bool Complete(Components& components, const Kind& kind, const DateTime& now) {
  bool started = false;
  bool ended = false;
  for (const char component : kind.components) {
    std::optional<double>& value = components[component];
    if (value) {
      if (ended) return false;
      started = true;
    } else if (started) {
      value = component == 'M' || component == 'D' ? 1 : 0;
      ended = true;
    } else if (component == 'P') {
      value = 0;  // the reference takes the half of the day from now, but does not heed it
    } else {
      value = ComponentOf(now, component);
    }
  }
  return true;
}

double Join(Components& components, const Kind& kind) {
  const auto value = [&components](char component) { return components[component].value_or(0); };
  UtcParts parts{.year = UtcYear(std::trunc(value('Y'))),
                 .month = value('M') > 0 ? value('M') - 1 : 0,
                 .day = value('D'),
                 .hour = value('H'),
                 .minute = value('m'),
                 .second = value('s'),
                 .millisecond = value('f')};
  if (kind.day_of_year) {
    const double day = JoinMillis({.year = parts.year, .day = value('d')});
    if (std::isnan(day)) return day;
    const DateTime date = SplitMillis(static_cast<std::int64_t>(day));
    parts.month = date.month - 1;
    parts.day = date.day;
  }
  if (kind.half_days) {
    parts.hour = (value('h') == 12 ? 0 : value('h')) + (value('P') == 1 ? 12 : 0);
  }
  const double zone = value('Z') != 0 ? value('Z') : value('z');
  return JoinMillis(parts) - zone * 60'000;
}

}  // namespace

OrProblem<std::optional<double>> ParseDateTime(std::string_view text, std::string_view picture,
                                               std::int64_t now_ms) {
  const OrProblem<std::vector<DatePart>> parts = AnalyseDatePicture(picture);
  if (!parts) return parts.problem();
  OrProblem<std::optional<Components>> matched = Match(text, *parts);
  if (!matched) return matched.problem();
  if (!*matched || (*matched)->empty()) return std::optional<double>();
  Components& components = **matched;
  const Kind kind = KindOf(components);
  if (!Complete(components, kind, SplitMillis(now_ms)) || kind.weeks) return Incomplete();
  return std::optional(Join(components, kind));
}

}  // namespace towline::jsonata
