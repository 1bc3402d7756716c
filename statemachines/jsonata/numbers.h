#pragma once

// Numbers as JavaScript reads, writes and rounds them.

#include <optional>
#include <string>
#include <string_view>

#include "statemachines/jsonata/problem.h"

namespace towline::jsonata {

// As JavaScript's String(): 1e+21, 1e-7, 0.1, and Infinity, -Infinity, NaN.
std::string NumberText(double number);

// The nearest number of at most 15 significant digits, ties away from zero: $string and & write
// 0.1 + 0.2 as 0.3. Infinities and NaN come back as they are.
double RoundTo15Digits(double number);

// What $number makes of a string: a decimal number without leading + or point, or digits after 0x,
// 0o or 0b; nothing for other text, and nothing beyond the range of doubles.
std::optional<double> ParseNumber(std::string_view text);

// Whether JSONata's own pattern takes the text for digits of another base: "0x1" at its start,
// "0o7" anywhere, "0b1" at its end. What is no number all the same is NaN then, and not an error.
bool HoldsBits(std::string_view text);

// Rounds half to even after `precision` decimal places (negative: before the point). It is the
// decimal digits that are shifted: 4.525 gives 4.52, 2.675 gives 2.68. Infinities stay as they are
// without a precision and give NaN with one.
double Round(double number, int precision = 0);

// `number` rounded to an integer, in base `radix`, which is rounded too; D3100 unless 2 <= radix
// <= 36.
OrProblem<std::string> FormatBase(double number, double radix);

// D3060 for a negative number.
OrProblem<double> SquareRoot(double number);
// D3061 if the result is not finite.
OrProblem<double> Power(double base, double exponent);

}  // namespace towline::jsonata
