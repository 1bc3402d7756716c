#include "statemachines/jsonata/date_picture.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "statemachines/base/json.h"
#include "statemachines/jsonata/unicode.h"
#include "statemachines/jsonata/unit_set.h"

namespace towline::jsonata {
namespace {

using Case = IntegerPicture::Case;

constexpr int kWidthMax = 1000;

// The presentation of a component whose marker names none; nothing for an unknown component.
std::optional<std::string_view> DefaultPresentation(char component) {
  constexpr std::pair<std::string_view, std::string_view> kDefaults[] = {
      {"YMDdWwXxHhf", "1"}, {"FPCE", "n"}, {"ms", "01"}, {"Zz", "01:01"}};
  for (const auto& [components, presentation] : kDefaults) {
    if (components.find(component) != std::string_view::npos) return presentation;
  }
  return std::nullopt;
}

std::string WithoutSpaces(std::string_view marker) {
  static const UnitSet kSpaces = UnitSet::Spaces();
  std::string kept;
  for (std::size_t at = 0; at < marker.size();) {
    const char32_t code = TakeCodePoint(marker, at);
    if (code > 0xFFFF || !kSpaces.Has(static_cast<char16_t>(code))) AppendCodePoint(kept, code);
  }
  return kept;
}

Problem UnknownComponent(std::string_view marker) {
  std::string component;
  std::size_t at = 0;
  if (!marker.empty()) AppendCodePoint(component, TakeCodePoint(marker, at));
  return {.code = "D3132",
          .message = "Unknown component " + PrintJson(json::value(component)) +
                     " in the picture of a date"};
}

struct Width {
  std::optional<int> min{};
  std::optional<int> max{};
};

// "*" or text that is no number gives nothing.
std::optional<int> Bound(std::string_view text) {
  const double number = ParseLeadingInteger(text);
  if (std::isnan(number)) return std::nullopt;
  return static_cast<int>(std::clamp<double>(number, 0, kWidthMax + 1));
}

Width ParseWidth(std::string_view text) {
  const std::size_t dash = text.find('-');
  Width width{.min = Bound(text.substr(0, dash))};
  if (dash != std::string_view::npos) width.max = Bound(text.substr(dash + 1));
  return width;
}

// Sets what a width asks of an integer.
void ApplyWidth(const Width& width, DateMarker& marker) {
  IntegerPicture& integer = *marker.integer;
  if (width.min && static_cast<int>(integer.digits_min) < *width.min) {
    integer.digits_min = static_cast<std::size_t>(*width.min);
  }
  if (std::string_view("YMD").find(marker.component) == std::string_view::npos) return;
  if (width.max) {
    marker.digits = width.max;
    integer.digits_min = static_cast<std::size_t>(*width.max);
  } else if (integer.style == IntegerPicture::Style::kDecimal) {
    const std::size_t digits = integer.digits_min + integer.digits_optional;
    if (digits >= 2) marker.digits = static_cast<int>(digits);
  }
}

// `text` is what stands between the brackets, without spaces.
OrProblem<DateMarker> AnalyseMarker(std::string_view text) {
  const auto fallback = text.empty() ? std::nullopt : DefaultPresentation(text[0]);
  if (!fallback) return UnknownComponent(text);
  DateMarker marker{.component = text[0]};
  Width width;
  const std::size_t comma = text.rfind(',');
  if (comma != std::string_view::npos) {
    width = ParseWidth(text.substr(comma + 1));
    text = text.substr(0, comma);
  }
  if (width.min.value_or(0) > kWidthMax || width.max.value_or(0) > kWidthMax) {
    return Problem{.code = "D1001", .message = "A width in the picture of a date is above 1000"};
  }
  marker.width_max = width.max;
  std::string presentation(text.substr(std::min<std::size_t>(1, text.size())));
  if (presentation.empty()) {
    presentation = *fallback;
  } else if (CodePointCount(presentation) > 1 &&
             std::string_view("atco").find(presentation.back()) != std::string_view::npos) {
    marker.modifier = presentation.back();
    presentation.pop_back();
  }
  if (presentation[0] == 'n') {
    marker.names = Case::kLower;
  } else if (presentation[0] == 'N') {
    marker.names = presentation.substr(1, 1) == "n" ? Case::kTitle : Case::kUpper;
  }
  const bool zone = marker.component == 'Z' || marker.component == 'z';
  const bool other = std::string_view("PCE").find(marker.component) != std::string_view::npos;
  if (!zone && (marker.names || other)) return marker;
  if (marker.modifier != 0 && !zone) presentation += std::string(";") + marker.modifier;
  OrProblem<IntegerPicture> integer = AnalyseIntegerPicture(presentation);
  if (!integer) return integer.problem();
  marker.integer = *std::move(integer);
  if (!zone) ApplyWidth(width, marker);
  return marker;
}

// Appends literal text, in which "]]" stands for "]".
void AppendText(std::vector<DatePart>& parts, std::string_view text) {
  if (text.empty()) return;
  std::string literal;
  for (std::size_t at = 0; at < text.size(); at++) {
    literal += text[at];
    if (text.substr(at, 2) == "]]") at++;
  }
  parts.emplace_back(std::move(literal));
}

}  // namespace

OrProblem<std::vector<DatePart>> AnalyseDatePicture(std::string_view picture) {
  std::vector<DatePart> parts;
  for (;;) {
    const std::size_t open = picture.find('[');
    AppendText(parts, picture.substr(0, open));
    if (open == std::string_view::npos) return parts;
    picture.remove_prefix(open);
    if (picture.substr(0, 2) == "[[") {
      parts.emplace_back("[");
      picture.remove_prefix(2);
      continue;
    }
    const std::size_t close = picture.find(']');
    if (close == std::string_view::npos) {
      return Problem{.code = "D3135", .message = "A \"[\" in the picture of a date is not closed"};
    }
    OrProblem<DateMarker> marker = AnalyseMarker(WithoutSpaces(picture.substr(1, close - 1)));
    if (!marker) return marker.problem();
    parts.emplace_back(*std::move(marker));
    picture.remove_prefix(close + 1);
  }
}

Problem NoNames(char component) {
  return {.code = "D3133",
          .message = std::string("In the picture of a date only months and days have names, not ") +
                     component};
}

}  // namespace towline::jsonata
