#pragma once

// What goes wrong in a workflow, as data, and which Retriers and Catchers it concerns.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/state.h"
#include "statemachines/jsonpath/template.h"

namespace towline::interpreter {

inline constexpr std::string_view kRuntimeError = "States.Runtime";
inline constexpr std::string_view kTimeoutError = "States.Timeout";
inline constexpr std::string_view kDataLimitError = "States.DataLimitExceeded";
inline constexpr std::string_view kIntrinsicError = "States.IntrinsicFailure";
inline constexpr std::string_view kQueryError = "States.QueryEvaluationError";
inline constexpr std::string_view kResultPathError = "States.ResultPathMatchFailure";

struct Failure {
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
  bool heartbeat = false;  // a missed heartbeat, which surfaces as States.Timeout
  bool branch = false;     // came up from a branch of the Parallel that looks at it now
  // An expression failed there ("Output/a"), and the history does not say so yet.
  std::string location{};
  bool value = false;      // rather, what it gave is of no use there

  bool catchable() const { return error != kRuntimeError; }
};

// Whether an ErrorEquals list covers `failure`, which must be catchable. Exact and
// case-sensitive, plus the wildcards.
bool Matches(const std::vector<std::string>& error_equals, const Failure& failure);

// "An error occurred while executing the state 'S' (entered at the event id #7). <what>"
std::string CauseIn(const asl::State& state, const Frame& frame, std::string_view what);
Failure FailureIn(const asl::State& state, const Frame& frame, std::string_view error,
                  std::string_view what);

// A value above a limit. `name` is the state's or the resource's; `verb` says what it did.
Failure ResultTooLarge(std::string_view name);
Failure ParametersTooLarge(std::string_view name);
Failure VariablesTooLarge(std::string_view name);

// The sentence about a path in InputPath, OutputPath and the like that leads nowhere.
std::string InvalidPath(std::string_view path, const jsonpath::EvalError& error);
// The error name and the sentence about an expression of a template, or of ErrorPath and
// CausePath. `input` is what the expression was applied to.
struct ExpressionProblem {
  std::string_view error;
  std::string what;
};
ExpressionProblem Describe(const jsonpath::TemplateError& error, const jsonpath::Scope& scope);

}  // namespace towline::interpreter
