#pragma once

// Integers in English words, Roman numerals and letters. Private to this room.

#include <string>
#include <string_view>

namespace towline::jsonata {

// "One Thousand, Two Hundred and Thirty-Four", or as an ordinal "... Thirty-Fourth". `number` is an
// integer, finite and not negative.
std::string NumberWords(double number, bool ordinal);
// The value of lower-case words, NaN if one is unknown. Words multiply and add up as they come.
double WordsToNumber(std::string_view words);
// A regular expression's alternatives for one word or what may stand between two.
std::string WordAlternatives();

// Lower-case Roman numerals; empty for 0 and NaN. `number` is an integer below kRomanEnd, not
// negative.
inline constexpr double kRomanEnd = 10'000'000;
std::string RomanNumerals(double number);
// The value of upper-case numerals in whatever order; NaN if one is unknown.
double RomanToNumber(std::string_view numerals);

// As spreadsheets number their columns: a, b, ... z, aa; empty for 0. `first` is 'a' or 'A'.
std::string NumberLetters(double number, char first);
double LettersToNumber(std::string_view letters, char first);

}  // namespace towline::jsonata
