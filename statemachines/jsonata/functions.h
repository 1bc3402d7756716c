#pragma once

// The language's own functions, a table for each field. Private to this room.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/function.h"

namespace towline::jsonata {

enum class Availability : std::uint8_t { kEverywhere, kStandard, kStepFunctions };

struct NativeEntry {
  std::string_view name;
  std::string_view signature;
  int arity;  // how many arguments a higher-order function passes
  NativeBody body;
  Availability availability = Availability::kEverywhere;
};

std::vector<NativeEntry> TextFunctions();
std::vector<NativeEntry> MatchFunctions();
std::vector<NativeEntry> NumberFunctions();
std::vector<NativeEntry> ValueFunctions();
std::vector<NativeEntry> ArrayFunctions();
std::vector<NativeEntry> HigherOrderFunctions();
std::vector<NativeEntry> DateTimeFunctions();
std::vector<NativeEntry> StepFunctionsFunctions();

// What most functions do with what they depend on.
inline Value Text(const Call& call, std::string_view text) { return call.evaluator.String(text); }
inline Value Text(const Call& call, const std::string& text) { return call.evaluator.String(text); }
inline Value Text(const Call& call, const OrProblem<std::string>& text) {
  return text ? call.evaluator.String(*text) : call.evaluator.Fail(text.problem());
}
inline Value Number(const Call& call, const OrProblem<double>& number) {
  return number ? Value::Number(*number) : call.evaluator.Fail(number.problem());
}
inline std::optional<double> OptionalNumber(Value value) {
  return value.is_number() ? std::optional(value.number()) : std::nullopt;
}
// An argument that the signature lets be undefined, although the function needs it.
inline Value FailArgument(const Call& call, std::size_t index) {
  return call.evaluator.Fail("T0410", Value::Integer(index));
}

}  // namespace towline::jsonata
