#include "statemachines/jsonata/number_picture.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace towline::jsonata {
namespace {

constexpr std::size_t kNowhere = std::u16string_view::npos;

// A half of the picture, cut into its parts.
struct Parts {
  std::u16string_view whole{};
  std::u16string_view prefix{};
  std::u16string_view suffix{};
  std::u16string_view active{};  // between the two
  std::u16string_view mantissa{};
  std::u16string_view integer{};
  std::u16string_view fraction{};
  std::optional<std::u16string_view> exponent{};
};

class Analyser {
 public:
  explicit Analyser(const DecimalFormat& format) : format_(format) {}

  OrProblem<NumberPicture> Analyse(std::u16string_view half) const {
    const std::optional<Parts> parts = Cut(half);
    if (!parts) return ProblemOf("D3085");
    if (const char* code = Invalid(*parts)) return ProblemOf(code);
    return Measure(*parts);
  }

  static Problem ProblemOf(std::string_view code);

 private:
  bool Is(char16_t unit, std::u16string_view symbol) const {
    return symbol.size() == 1 && symbol[0] == unit;
  }
  bool IsDigit(char16_t unit) const { return format_.ValueOf(unit).has_value(); }
  bool IsOptional(char16_t unit) const { return Is(unit, format_.digit); }
  // Means something in the picture; the exponent separator only between others that do.
  bool IsActive(char16_t unit) const {
    return IsDigit(unit) || IsOptional(unit) || Is(unit, format_.decimal_separator) ||
           Is(unit, format_.grouping_separator) || Is(unit, format_.pattern_separator);
  }

  std::size_t CountDigits(std::u16string_view text) const {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [this](char16_t unit) { return IsDigit(unit); }));
  }
  std::size_t CountPlaces(std::u16string_view text) const {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [this](char16_t unit) {
      return IsDigit(unit) || IsOptional(unit);
    }));
  }

  // Nothing if no character of the half means anything.
  std::optional<Parts> Cut(std::u16string_view half) const {
    const auto active = [this](char16_t unit) { return IsActive(unit); };
    const auto first = std::find_if(half.begin(), half.end(), active);
    if (first == half.end()) return std::nullopt;
    const auto last = std::find_if(half.rbegin(), half.rend(), active).base();
    Parts parts{.whole = half};
    const auto start = static_cast<std::size_t>(first - half.begin());
    const auto end = static_cast<std::size_t>(last - half.begin());
    parts.prefix = half.substr(0, start);
    parts.suffix = half.substr(end);
    parts.active = half.substr(start, end - start);
    parts.mantissa = parts.active;
    const std::size_t exponent = half.find(format_.exponent_separator, start);
    if (exponent != kNowhere && exponent <= end) {
      // The reference counts from the start of the half here, prefix and all.
      parts.mantissa = parts.active.substr(0, exponent);
      parts.exponent = parts.active.substr(std::min(exponent + 1, parts.active.size()));
    }
    const std::size_t point = parts.mantissa.find(format_.decimal_separator);
    parts.integer = parts.mantissa.substr(0, point);
    parts.fraction = point == kNowhere
                         ? parts.suffix
                         : parts.mantissa.substr(std::min(point + 1, parts.mantissa.size()));
    return parts;
  }

  static bool Repeats(std::u16string_view text, std::u16string_view symbol) {
    return text.find(symbol) != text.rfind(symbol);
  }
  static bool Holds(std::u16string_view text, std::u16string_view symbol) {
    return text.find(symbol) != kNowhere;
  }

  // The code of the last rule that the picture breaks; null if it breaks none.
  const char* Invalid(const Parts& parts) const {
    const char* code = nullptr;
    const std::u16string_view whole = parts.whole;
    const bool percent = Holds(whole, format_.percent);
    const bool per_mille = Holds(whole, format_.per_mille);
    if (Repeats(whole, format_.decimal_separator)) code = "D3081";
    if (Repeats(whole, format_.percent)) code = "D3082";
    if (Repeats(whole, format_.per_mille)) code = "D3083";
    if (percent && per_mille) code = "D3084";
    if (CountPlaces(parts.mantissa) == 0) code = "D3085";
    if (HasPassive(parts.active)) code = "D3086";
    if (const char* grouping = InvalidGrouping(parts)) code = grouping;
    if (DigitBeforeOptional(parts.integer)) code = "D3090";
    if (OptionalBeforeDigit(parts.fraction)) code = "D3091";
    if (!parts.exponent) return code;
    if (!parts.exponent->empty() && (percent || per_mille)) code = "D3092";
    if (parts.exponent->empty() || CountDigits(*parts.exponent) != parts.exponent->size()) {
      code = "D3093";
    }
    return code;
  }

  const char* InvalidGrouping(const Parts& parts) const {
    const char* code = nullptr;
    const auto separates = [this, &parts](std::size_t at) {
      return at < parts.whole.size() && Is(parts.whole[at], format_.grouping_separator);
    };
    const std::size_t point = parts.whole.find(format_.decimal_separator);
    if (point != kNowhere) {
      if (separates(point + 1) || (point > 0 && separates(point - 1))) code = "D3087";
    } else if (!parts.integer.empty() && Is(parts.integer.back(), format_.grouping_separator)) {
      code = "D3088";
    }
    if (Holds(parts.whole, format_.grouping_separator + format_.grouping_separator)) {
      code = "D3089";
    }
    return code;
  }

  bool HasPassive(std::u16string_view active) const {
    return std::any_of(active.begin(), active.end(), [this](char16_t unit) {
      return !IsActive(unit) && !Is(unit, format_.exponent_separator);
    });
  }
  bool DigitBeforeOptional(std::u16string_view integer) const {
    const std::size_t optional = integer.find(format_.digit);
    return optional != kNowhere && CountDigits(integer.substr(0, optional)) > 0;
  }
  bool OptionalBeforeDigit(std::u16string_view fraction) const {
    const std::size_t optional = fraction.rfind(format_.digit);
    return optional != kNowhere && CountDigits(fraction.substr(optional)) > 0;
  }

  NumberPicture Measure(const Parts& parts) const {
    NumberPicture picture{.text = std::u16string(parts.whole),
                          .prefix = std::u16string(parts.prefix),
                          .suffix = std::u16string(parts.suffix)};
    picture.integer_groups = Groups(parts.integer, parts, false);
    picture.fraction_groups = Groups(parts.fraction, parts, true);
    picture.regular_grouping = RegularGrouping(picture.integer_groups);
    picture.integer_digits_min = CountDigits(parts.integer);
    picture.scaling = static_cast<int>(picture.integer_digits_min);
    picture.fraction_digits_min = CountDigits(parts.fraction);
    picture.fraction_digits_max = CountPlaces(parts.fraction);
    if (picture.integer_digits_min == 0 && picture.fraction_digits_max == 0) {
      if (parts.exponent) {
        picture.fraction_digits_min = 1;
        picture.fraction_digits_max = 1;
      } else {
        picture.integer_digits_min = 1;
      }
    }
    if (parts.exponent && picture.integer_digits_min == 0 && Holds(parts.integer, format_.digit)) {
      picture.integer_digits_min = 1;
    }
    if (picture.integer_digits_min == 0 && picture.fraction_digits_min == 0) {
      picture.fraction_digits_min = 1;
    }
    if (parts.exponent) picture.exponent_digits_min = CountDigits(*parts.exponent);
    return picture;
  }

  // For each separator the digits to its right, or to its left. The reference looks for all but the
  // first in the integer part, whichever part it is about.
  std::vector<std::size_t> Groups(std::u16string_view part, const Parts& parts,
                                  bool to_left) const {
    std::vector<std::size_t> groups;
    for (std::size_t at = part.find(format_.grouping_separator); at != kNowhere;
         at = parts.integer.find(format_.grouping_separator, at + 1)) {
      const std::size_t cut = std::min(at, part.size());
      groups.push_back(CountPlaces(to_left ? part.substr(0, cut) : part.substr(cut)));
    }
    return groups;
  }

  // The common distance, if there is a separator at each of its multiples.
  static std::size_t RegularGrouping(const std::vector<std::size_t>& groups) {
    std::size_t factor = 0;
    for (const std::size_t group : groups) factor = std::gcd(factor, group);
    for (std::size_t i = 1; i <= groups.size(); i++) {
      if (std::find(groups.begin(), groups.end(), i * factor) == groups.end()) return 0;
    }
    return factor;
  }

  const DecimalFormat& format_;
};

Problem Analyser::ProblemOf(std::string_view code) {
  constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {"D3080", "has more than two halves"},
      {"D3081", "has more than one decimal separator in a half"},
      {"D3082", "has more than one percent sign in a half"},
      {"D3083", "has more than one per-mille sign in a half"},
      {"D3084", "has both a percent and a per-mille sign in a half"},
      {"D3085", "has no place for a digit in a half"},
      {"D3086", "has other characters among those for digits"},
      {"D3087", "has a grouping separator next to a decimal separator"},
      {"D3088", "has a grouping separator at the end of the integer part"},
      {"D3089", "has two grouping separators in a row"},
      {"D3090", "has an optional digit after a mandatory one in an integer part"},
      {"D3091", "has a mandatory digit after an optional one in a fraction"},
      {"D3092", "has both an exponent and a percent or per-mille sign"},
      {"D3093", "has an exponent with other characters than mandatory digits, or none"},
  };
  for (const auto& [known, rule] : kRules) {
    if (known != code) continue;
    return {.code = std::string(code),
            .message = "The picture of $formatNumber " + std::string(rule),
            .token = "formatNumber"};
  }
  return {.code = std::string(code), .message = "The picture of $formatNumber is not valid"};
}

}  // namespace

OrProblem<std::vector<NumberPicture>> AnalyseNumberPicture(std::u16string_view picture,
                                                           const DecimalFormat& format) {
  const Analyser analyser(format);
  const std::size_t separator = picture.find(format.pattern_separator);
  std::vector<std::u16string_view> halves = {picture.substr(0, separator)};
  if (separator != kNowhere) {
    halves.push_back(picture.substr(separator + format.pattern_separator.size()));
    if (halves[1].find(format.pattern_separator) != kNowhere) return Analyser::ProblemOf("D3080");
  }
  std::vector<NumberPicture> pictures;
  for (const std::u16string_view half : halves) {
    OrProblem<NumberPicture> analysed = analyser.Analyse(half);
    if (!analysed) return analysed.problem();
    pictures.push_back(*std::move(analysed));
  }
  return pictures;
}

}  // namespace towline::jsonata
