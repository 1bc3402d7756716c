#include "statemachines/jsonata/format_integer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "statemachines/base/json.h"
#include "statemachines/jsonata/number_words.h"
#include "statemachines/jsonata/numbers.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

using Style = IntegerPicture::Style;
using Case = IntegerPicture::Case;

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

// The zeros of the families of decimal digits that pictures may use.
constexpr char32_t kZeros[] = {0x30,   0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6,
                               0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0,
                               0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
                               0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900,
                               0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

// The zero of the family that `code` belongs to, or 0.
char32_t ZeroOf(char32_t code) {
  for (const char32_t zero : kZeros) {
    if (code >= zero && code <= zero + 9) return zero;
  }
  return 0;
}

std::u32string CodePoints(std::string_view text) {
  std::u32string points;
  for (std::size_t at = 0; at < text.size();) points += TakeCodePoint(text, at);
  return points;
}

Problem NotSupported(const std::string& sequence) {
  return {.code = "D3130",
          .message = "Integers cannot be written or read as a sequence that starts with " +
                     PrintJson(json::value(sequence))};
}

Problem OutOfRange(double number) {
  return {.code = "D1001",
          .message = "The number " + NumberText(number) + " is out of the range of its picture"};
}

// The distance of separators of one kind that stand at all its multiples; else 0.
std::size_t RegularGrouping(const std::vector<IntegerPicture::Separator>& separators) {
  std::size_t factor = 0;
  for (const auto& separator : separators) {
    if (separator.character != separators[0].character) return 0;
    factor = std::gcd(factor, separator.position);
  }
  for (std::size_t i = 1; i <= separators.size(); i++) {
    const auto at = [&](const auto& separator) { return separator.position == i * factor; };
    if (std::none_of(separators.begin(), separators.end(), at)) return 0;
  }
  return factor;
}

OrProblem<IntegerPicture> AnalyseDigits(std::string_view primary, IntegerPicture picture) {
  const std::u32string points = CodePoints(primary);
  char32_t zero = 0;
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    const std::size_t digits = picture.digits_min + picture.digits_optional;
    if (const char32_t family = ZeroOf(*point); family != 0) {
      if (zero != 0 && family != zero) {
        return Problem{.code = "D3131",
                       .message = "All digits of an integer's picture must be of one family"};
      }
      zero = family;
      picture.digits_min++;
    } else if (*point == U'#') {
      picture.digits_optional++;
    } else {
      picture.separators.push_back({.position = digits, .character = *point});
    }
  }
  if (zero == 0) {
    picture.style = Style::kSequence;
    picture.sequence = std::string(primary);
    return picture;
  }
  picture.zero = zero;
  picture.regular_grouping = RegularGrouping(picture.separators);
  return picture;
}

// Inserts before the character `position` from the end. If there are fewer, the reference counts
// from the front of what remains.
void InsertSeparator(std::u32string& text, std::size_t position, char32_t separator) {
  std::size_t at = text.size() - position;
  if (position > text.size()) {
    at = text.size() - std::min(position - text.size(), text.size());
    text.erase(0, at);
    at = 0;
  }
  text.insert(at, 1, separator);
}

std::string DecimalDigits(double number, const IntegerPicture& picture) {
  std::u32string digits = CodePoints(NumberText(number));
  if (digits.size() < picture.digits_min)
    digits.insert(0, picture.digits_min - digits.size(), U'0');
  for (char32_t& digit : digits) digit = digit - U'0' + picture.zero;
  if (picture.regular_grouping > 0) {
    const std::size_t distance = picture.regular_grouping;
    for (std::size_t group = (digits.size() - 1) / distance; group > 0; group--) {
      InsertSeparator(digits, group * distance, picture.separators[0].character);
    }
  } else {
    for (auto separator = picture.separators.rbegin(); separator != picture.separators.rend();
         ++separator) {
      InsertSeparator(digits, separator->position, separator->character);
    }
  }
  std::string text;
  for (const char32_t digit : digits) AppendCodePoint(text, digit);
  if (!picture.ordinal) return text;
  const bool teen = digits.size() > 1 && digits[digits.size() - 2] == U'1';
  const char32_t last = teen || digits.empty() ? U'0' : digits.back();
  return text + (last == U'1' ? "st" : last == U'2' ? "nd" : last == U'3' ? "rd" : "th");
}

// Of a number that is not negative.
OrProblem<std::string> Magnitude(double number, const IntegerPicture& picture) {
  const bool upper = picture.letter_case == Case::kUpper;
  switch (picture.style) {
    case Style::kDecimal:
      return DecimalDigits(number, picture);
    case Style::kLetters:
      if (std::isinf(number)) return OutOfRange(number);
      return NumberLetters(number, upper ? 'A' : 'a');
    case Style::kRoman: {
      if (number >= kRomanEnd) return OutOfRange(number);
      std::string numerals = RomanNumerals(number);
      return upper ? ToUpper(numerals) : numerals;
    }
    case Style::kWords: {
      if (!std::isfinite(number)) return OutOfRange(number);
      std::string words = NumberWords(number, picture.ordinal);
      if (upper) return ToUpper(words);
      return picture.letter_case == Case::kLower ? ToLower(words) : words;
    }
    case Style::kSequence:
      break;
  }
  return NotSupported(picture.sequence);
}

double ParseDigits(std::string_view text, const IntegerPicture& picture) {
  std::u32string points = CodePoints(text);
  if (picture.ordinal) points.resize(points.size() - std::min<std::size_t>(2, points.size()));
  std::string digits;
  for (const char32_t point : points) {
    const auto separates = [&](const auto& separator) { return separator.character == point; };
    // Of regular separators the reference knows only the comma.
    const bool skipped =
        picture.regular_grouping > 0
            ? point == U','
            : std::any_of(picture.separators.begin(), picture.separators.end(), separates);
    if (skipped) continue;
    if (point + U'0' < picture.zero) return kNoNumber;
    AppendCodePoint(digits, point + U'0' - picture.zero);
  }
  return ParseLeadingInteger(digits);
}

}  // namespace

OrProblem<IntegerPicture> AnalyseIntegerPicture(std::string_view picture) {
  IntegerPicture analysed;
  const std::size_t semicolon = picture.rfind(';');
  if (semicolon != std::string_view::npos) {
    analysed.ordinal = picture.substr(semicolon + 1, 1) == "o";
    picture = picture.substr(0, semicolon);
  }
  struct Named {
    std::string_view name;
    Style style;
    Case letter_case;
  };
  constexpr Named kNamed[] = {
      {"A", Style::kLetters, Case::kUpper}, {"a", Style::kLetters, Case::kLower},
      {"I", Style::kRoman, Case::kUpper},   {"i", Style::kRoman, Case::kLower},
      {"W", Style::kWords, Case::kUpper},   {"w", Style::kWords, Case::kLower},
      {"Ww", Style::kWords, Case::kTitle},
  };
  for (const Named& named : kNamed) {
    if (named.name != picture) continue;
    analysed.style = named.style;
    analysed.letter_case = named.letter_case;
    return analysed;
  }
  return AnalyseDigits(picture, std::move(analysed));
}

OrProblem<std::string> FormatInteger(double number, const IntegerPicture& picture) {
  OrProblem<std::string> text = Magnitude(std::abs(number), picture);
  if (text && number < 0) text->insert(0, 1, '-');
  return text;
}

OrProblem<std::string> FormatInteger(double number, std::string_view picture) {
  const OrProblem<IntegerPicture> analysed = AnalyseIntegerPicture(picture);
  if (!analysed) return analysed.problem();
  return FormatInteger(std::floor(number), *analysed);
}

OrProblem<double> ParseInteger(std::string_view text, const IntegerPicture& picture) {
  const bool upper = picture.letter_case == Case::kUpper;
  switch (picture.style) {
    case Style::kDecimal:
      return ParseDigits(text, picture);
    case Style::kLetters:
      return LettersToNumber(text, upper ? 'A' : 'a');
    case Style::kRoman:
      return RomanToNumber(upper ? std::string(text) : ToUpper(text));
    case Style::kWords:
      return WordsToNumber(ToLower(text));
    case Style::kSequence:
      break;
  }
  return NotSupported(picture.sequence);
}

OrProblem<double> ParseInteger(std::string_view text, std::string_view picture) {
  const OrProblem<IntegerPicture> analysed = AnalyseIntegerPicture(picture);
  if (!analysed) return analysed.problem();
  return ParseInteger(text, *analysed);
}

double ParseLeadingInteger(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  bool negative = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const bool hex = text.size() >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  const std::string_view digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
  const std::size_t size = text.find_first_not_of(digits, hex ? 2 : 0);
  const std::optional<double> number = ParseNumber(text.substr(0, size));
  if (!number) return kNoNumber;
  return negative ? -*number : *number;
}

}  // namespace towline::jsonata
