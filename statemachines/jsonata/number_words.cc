#include "statemachines/jsonata/number_words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

constexpr std::array<std::string_view, 20> kCardinals = {
    "Zero",     "One",     "Two",     "Three",     "Four",     "Five",    "Six",
    "Seven",    "Eight",   "Nine",    "Ten",       "Eleven",   "Twelve",  "Thirteen",
    "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"};
constexpr std::array<std::string_view, 20> kOrdinals = {
    "Zeroth",     "First",     "Second",    "Third",       "Fourth",     "Fifth",     "Sixth",
    "Seventh",    "Eighth",    "Ninth",     "Tenth",       "Eleventh",   "Twelfth",   "Thirteenth",
    "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth", "Nineteenth"};
constexpr std::array<std::string_view, 8> kTens = {"Twenty", "Thirty",  "Forty",  "Fifty",
                                                   "Sixty",  "Seventy", "Eighty", "Ninety"};
constexpr std::array<std::string_view, 4> kMagnitudes = {"Thousand", "Million", "Billion",
                                                         "Trillion"};

std::string Ieth(std::string_view ten) {
  return std::string(ten.substr(0, ten.size() - 1)) + "ieth";
}

// Appends `number`; `joins` says that something precedes it in the same phrase.
void AppendWords(std::string& words, double number, bool joins, bool ordinal) {
  if (number < 100) {
    if (joins) words += " and ";
    const auto small = static_cast<std::size_t>(number);
    if (small < 20) {
      words += ordinal ? kOrdinals[small] : kCardinals[small];
      return;
    }
    const std::string_view ten = kTens[small / 10 - 2];
    if (small % 10 == 0) {
      words += ordinal ? Ieth(ten) : std::string(ten);
      return;
    }
    words += ten;
    words += '-';
    AppendWords(words, static_cast<double>(small % 10), false, ordinal);
    return;
  }
  if (joins) words += ", ";
  double unit = 100;
  std::string_view name = "Hundred";
  if (number >= 1000) {
    const double thousands = std::floor(std::log10(number) / 3);
    const auto magnitude = static_cast<std::size_t>(std::min(thousands, 4.0));
    unit = std::pow(1000, magnitude);
    name = kMagnitudes[magnitude - 1];
  }
  const double count = std::floor(number / unit);
  const double rest = number - count * unit;
  AppendWords(words, count, false, false);
  words += ' ';
  words += name;
  if (rest > 0) {
    AppendWords(words, rest, true, ordinal);
  } else if (ordinal) {
    words += "th";
  }
}

using WordValues = std::vector<std::pair<std::string, double>>;

WordValues MakeWordValues() {
  WordValues values;
  const auto add = [&](std::string_view word, double value) {
    values.emplace_back(ToLower(word), value);
  };
  for (std::size_t i = 0; i < kCardinals.size(); i++) add(kCardinals[i], static_cast<double>(i));
  for (std::size_t i = 0; i < kOrdinals.size(); i++) add(kOrdinals[i], static_cast<double>(i));
  for (std::size_t i = 0; i < kTens.size(); i++) {
    add(kTens[i], static_cast<double>(10 * (i + 2)));
    add(Ieth(kTens[i]), static_cast<double>(10 * (i + 2)));
  }
  add("Hundred", 100);
  add("Hundredth", 100);
  for (std::size_t i = 0; i < kMagnitudes.size(); i++) {
    const double value = std::pow(1000, i + 1);
    add(kMagnitudes[i], value);
    add(std::string(kMagnitudes[i]) + "th", value);
  }
  return values;
}

const WordValues& Words() {
  static const WordValues kValues = MakeWordValues();
  return kValues;
}

double ValueOf(std::string_view word) {
  for (const auto& [known, value] : Words()) {
    if (known == word) return value;
  }
  return kNoNumber;
}

// Length of what separates two words at the front of `text`: ", ", " and ", a space, a backslash or
// a hyphen; 0 if nothing does.
std::size_t SeparatorLength(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  if (text.size() >= 2 && text[0] == ',' && is_space(text[1])) return 2;
  if (text.size() >= 5 && is_space(text[0]) && text.substr(1, 3) == "and" && is_space(text[4])) {
    return 5;
  }
  return !text.empty() && (is_space(text[0]) || text[0] == '\\' || text[0] == '-') ? 1 : 0;
}

constexpr std::array<std::pair<int, std::string_view>, 13> kRomans = {{{1000, "m"},
                                                                       {900, "cm"},
                                                                       {500, "d"},
                                                                       {400, "cd"},
                                                                       {100, "c"},
                                                                       {90, "xc"},
                                                                       {50, "l"},
                                                                       {40, "xl"},
                                                                       {10, "x"},
                                                                       {9, "ix"},
                                                                       {5, "v"},
                                                                       {4, "iv"},
                                                                       {1, "i"}}};

double RomanValue(char numeral) {
  for (const auto& [value, name] : kRomans) {
    if (name.size() == 1 && name[0] - 'a' + 'A' == numeral) return value;
  }
  return kNoNumber;
}

}  // namespace

std::string NumberWords(double number, bool ordinal) {
  std::string words;
  AppendWords(words, number, false, ordinal);
  return words;
}

double WordsToNumber(std::string_view words) {
  // Thousands and more stay apart once they are complete; what follows them is added at the end.
  std::vector<double> parts = {0};
  const auto take = [&parts](double value) {
    if (!(value < 100)) {
      parts.back() *= value;
    } else if (parts.back() >= 1000) {
      parts.push_back(value);
    } else {
      parts.back() += value;
    }
  };
  std::size_t start = 0;
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t separator = SeparatorLength(words.substr(at));
    if (separator == 0) {
      at++;
      continue;
    }
    take(ValueOf(words.substr(start, at - start)));
    at += separator;
    start = at;
  }
  take(ValueOf(words.substr(start)));
  double sum = 0;
  for (const double part : parts) sum += part;
  return sum;
}

std::string WordAlternatives() {
  std::string alternatives;
  for (const auto& [word, value] : Words()) alternatives += word + "|";
  return alternatives + "and|[\\-, ]";
}

std::string RomanNumerals(double number) {
  std::string numerals;
  int rest = std::isnan(number) ? 0 : static_cast<int>(number);
  for (const auto& [value, name] : kRomans) {
    for (; rest >= value; rest -= value) numerals += name;
  }
  return numerals;
}

double RomanToNumber(std::string_view numerals) {
  double number = 0;
  double largest = 1;
  for (auto numeral = numerals.rbegin(); numeral != numerals.rend(); ++numeral) {
    const double value = RomanValue(*numeral);
    if (value < largest) {
      number -= value;
    } else {
      largest = value;
      number += value;
    }
  }
  return number;
}

std::string NumberLetters(double number, char first) {
  std::string letters;
  while (number > 0) {
    letters += static_cast<char>(first + static_cast<int>(std::fmod(number - 1, 26)));
    number = std::floor((number - 1) / 26);
  }
  std::reverse(letters.begin(), letters.end());
  return letters;
}

double LettersToNumber(std::string_view letters, char first) {
  const std::u16string units = ToUtf16(letters);
  double number = 0;
  for (std::size_t i = 0; i < units.size(); i++) {
    number += (units[units.size() - i - 1] - first + 1) * std::pow(26, i);
  }
  return number;
}

}  // namespace towline::jsonata
