#include "statemachines/interpreter/numbers.h"

#include <cmath>
#include <limits>

#include "statemachines/interpreter/errors.h"

namespace towline::interpreter {
namespace {

std::string Shown(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : PrintJson(value);
}

std::string NotA(std::string_view kind, std::string_view field, const json::value& value,
                 const std::string& path) {
  return "The " + std::string(field) + "Path field refers to value \"" + Shown(value) +
         "\" which is not a valid " + std::string(kind) + ": " + path;
}

// The number itself, without judging its sign.
std::string Look(const asl::Number& number, std::string_view field, const jsonpath::Scope& scope,
                 std::optional<std::int64_t>& out) {
  out = number.literal;
  if (!number.path.has_value()) return {};
  const auto found = number.path->Evaluate(scope);
  if (!found) return InvalidPath(number.path->text(), found.error());
  out = AsInteger(**found);
  return out.has_value() ? std::string() : NotA("integer", field, **found, number.path->text());
}

}  // namespace

std::optional<std::int64_t> AsInteger(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  constexpr double kExact = 9007199254740992.0;  // every whole number up to here is itself
  if (value.is_double() && std::trunc(value.get_double()) == value.get_double() &&
      std::fabs(value.get_double()) <= kExact) {
    return static_cast<std::int64_t>(value.get_double());
  }
  return std::nullopt;
}

std::string WaitSeconds(const asl::Number& number, const jsonpath::Scope& scope,
                        std::int64_t& seconds) {
  if (!number.path.has_value()) {
    seconds = number.literal.value_or(0);
    return {};
  }
  const std::string& path = number.path->text();
  const auto found = number.path->Evaluate(scope);
  if (!found) return "The SecondsPath parameter does not reference an input value: " + path;
  const auto whole = AsInteger(**found);
  if (!whole.has_value()) {
    return "The SecondsPath parameter cannot be parsed as a long value: " + path +
           " == " + Shown(**found);
  }
  if (*whole < 0) {
    return "The SecondsPath parameter references a negative value: " + path +
           " == " + Shown(**found);
  }
  seconds = *whole;
  return {};
}

std::string PositiveSeconds(const asl::Number& number, std::string_view field,
                            const jsonpath::Scope& scope, std::optional<std::int64_t>& seconds) {
  std::string problem = Look(number, field, scope, seconds);
  if (problem.empty() && seconds.has_value() && *seconds < 1) {
    problem = std::string(field) + " must be a positive integer, but is " +
              std::to_string(*seconds) + ".";
  }
  return problem;
}

std::string Count(const asl::Number& number, std::string_view field, const jsonpath::Scope& scope,
                  std::int64_t& count) {
  std::optional<std::int64_t> found;
  std::string problem = Look(number, field, scope, found);
  if (problem.empty() && found.value_or(0) < 0) {
    problem = std::string(field) + " cannot be negative.";
  }
  count = found.value_or(0);
  return problem;
}

std::string PercentageOf(const asl::Percentage& percentage, std::string_view field,
                         const jsonpath::Scope& scope, std::optional<double>& out) {
  const auto judge = [&](double number) {
    out = number;
    if (number >= 0 && number <= 100) return std::string();
    return std::string(field) + " must be between 0 and 100.";
  };
  if (!percentage.path.has_value()) {
    return percentage.literal ? judge(*percentage.literal) : std::string();
  }
  const auto found = percentage.path->Evaluate(scope);
  if (!found) return InvalidPath(percentage.path->text(), found.error());
  const json::value& value = **found;
  if (!value.is_number()) return NotA("number", field, value, percentage.path->text());
  return judge(value.to_number<double>());
}

}  // namespace towline::interpreter
