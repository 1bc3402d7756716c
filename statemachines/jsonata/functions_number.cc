// Functions of numbers.

#include <algorithm>
#include <cmath>
#include <limits>

#include "statemachines/base/random.h"
#include "statemachines/jsonata/format_integer.h"
#include "statemachines/jsonata/format_number.h"
#include "statemachines/jsonata/functions.h"
#include "statemachines/jsonata/numbers.h"

namespace towline::jsonata {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  const std::size_t start = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(start, text.find_last_not_of(kBlanks) + 1 - start);
}

Value ToNumber(const Call& call) {
  const Value value = call[0];
  if (value.is_undefined() || value.is_number()) return value;
  if (value.is_bool()) return Value::Number(value.boolean() ? 1 : 0);
  std::optional<double> number;
  if (value.is_string()) {
    const std::string_view text = value.text();
    number = ParseNumber(text);
    if (!number && HoldsBits(text)) number = ParseNumber(Trimmed(text)).value_or(kNan);
  }
  return number ? Value::Number(*number) : call.evaluator.Fail("D3030", value);
}

template <double (*Function)(double)>
Value Mapped(const Call& call) {
  return call[0].is_undefined() ? Value() : Value::Number(Function(call[0].number()));
}

double Floor(double number) { return std::floor(number); }
double Ceil(double number) { return std::ceil(number); }
double Abs(double number) { return std::fabs(number); }

Value RoundNumber(const Call& call) {
  if (call[0].is_undefined()) return {};
  const double precision = call[1].is_number() ? call[1].number() : 0;
  if (precision != std::trunc(precision)) return Value::Number(kNan);
  return Value::Number(Round(call[0].number(), static_cast<int>(std::clamp(precision, -1e6, 1e6))));
}

Value Sqrt(const Call& call) {
  return call[0].is_undefined() ? Value() : Number(call, SquareRoot(call[0].number()));
}

Value PowerOf(const Call& call) {
  if (call[0].is_undefined()) return {};
  return Number(call, Power(call[0].number(), call[1].is_number() ? call[1].number() : kNan));
}

Value Base(const Call& call) {
  if (call[0].is_undefined()) return {};
  return Text(call, FormatBase(call[0].number(), call[1].is_number() ? call[1].number() : 10));
}

Value FormattedNumber(const Call& call) {
  if (call[0].is_undefined()) return {};
  if (!call[1].is_string()) return FailArgument(call, 2);
  DecimalFormat format;
  if (call[2].is_object()) {
    const Members options(call.evaluator.arena(), call[2]);
    for (std::uint32_t i = 0; i < options.size(); i++) {
      const Value option = options.value(i);
      if (option.is_string()) format.Set(options.key(i), option.text());
    }
  }
  return Text(call, FormatNumber(call[0].number(), call[1].text(), format));
}

Value FormattedInteger(const Call& call) {
  if (call[0].is_undefined()) return {};
  if (!call[1].is_string()) return FailArgument(call, 2);
  return Text(call, FormatInteger(call[0].number(), call[1].text()));
}

Value ParsedInteger(const Call& call) {
  if (call[0].is_undefined()) return {};
  if (!call[1].is_string()) return FailArgument(call, 2);
  return Number(call, ParseInteger(call[0].text(), call[1].text()));
}

Value Random(const Call& call) { return Value::Number(NextFraction(call.evaluator.seed())); }

Value Sum(const Call& call) {
  if (call[0].is_undefined()) return {};
  const Elements numbers(call[0]);
  if (!call.evaluator.Step(numbers.size())) return Value::Failed();
  double sum = 0;
  for (std::uint32_t i = 0; i < numbers.size(); i++) sum += numbers[i].number();
  return Value::Number(sum);
}

Value Average(const Call& call) {
  const Value sum = Sum(call);
  if (!sum.is_number()) return sum;
  const Elements numbers(call[0]);
  return numbers.size() == 0 ? Value() : Value::Number(sum.number() / numbers.size());
}

// The number that `is_better` than all others; NaN if there is one.
template <class IsBetter>
Value Best(const Call& call, IsBetter is_better) {
  if (call[0].is_undefined()) return {};
  const Elements numbers(call[0]);
  if (numbers.size() == 0) return {};
  if (!call.evaluator.Step(numbers.size())) return Value::Failed();
  double best = numbers[0].number();
  for (std::uint32_t i = 1; i < numbers.size(); i++) {
    const double number = numbers[i].number();
    if (std::isnan(number) || is_better(number, best)) best = number;
    if (std::isnan(best)) break;
  }
  return Value::Number(best);
}

Value Max(const Call& call) {
  return Best(call, [](double a, double b) { return a > b; });
}

Value Min(const Call& call) {
  return Best(call, [](double a, double b) { return a < b; });
}

}  // namespace

std::vector<NativeEntry> NumberFunctions() {
  return {
      {"number", "<(nsb)-:n>", 1, ToNumber},
      {"floor", "<n-:n>", 1, Mapped<Floor>},
      {"ceil", "<n-:n>", 1, Mapped<Ceil>},
      {"abs", "<n-:n>", 1, Mapped<Abs>},
      {"round", "<n-n?:n>", 2, RoundNumber},
      {"sqrt", "<n-:n>", 1, Sqrt},
      {"power", "<n-n:n>", 2, PowerOf},
      {"random", "<:n>", 0, Random, Availability::kStandard},
      {"formatNumber", "<n-so?:s>", 3, FormattedNumber},
      {"formatInteger", "<n-s:s>", 2, FormattedInteger},
      {"parseInteger", "<s-s:n>", 2, ParsedInteger},
      {"formatBase", "<n-n?:s>", 2, Base},
      {"sum", "<a<n>:n>", 1, Sum},
      {"average", "<a<n>:n>", 1, Average},
      {"max", "<a<n>:n>", 1, Max},
      {"min", "<a<n>:n>", 1, Min},
  };
}

}  // namespace towline::jsonata
