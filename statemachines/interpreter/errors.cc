#include "statemachines/interpreter/errors.h"

namespace towline::interpreter {
namespace {

bool Covers(std::string_view name, const Failure& failure) {
  const bool timeout = failure.error == kTimeoutError;
  if (name == "States.ALL") return true;
  if (name == "States.TaskFailed") return !timeout;
  if (name == "States.HeartbeatTimeout" && failure.heartbeat) return true;
  if (name == "States.BranchFailed" && failure.branch) return true;
  return failure.error == name;
}

bool IsCall(std::string_view expression) { return expression.substr(0, 7) == "States."; }
bool IsContextPath(std::string_view expression) { return expression.substr(0, 2) == "$$"; }
bool IsInputPath(std::string_view expression) {
  return expression == "$" || expression.substr(0, 2) == "$." || expression.substr(0, 2) == "$[";
}

}  // namespace

bool Matches(const std::vector<std::string>& error_equals, const Failure& failure) {
  CHECK(failure.catchable());
  for (const std::string& name : error_equals) {
    if (Covers(name, failure)) return true;
  }
  return false;
}

std::string CauseIn(const asl::State& state, const Frame& frame, std::string_view what) {
  std::string cause = "An error occurred while executing the state '";
  cause += state.name;
  cause += "' (entered at the event id #";
  cause += std::to_string(frame.entered_id);
  cause += "). ";
  cause += what;
  return cause;
}

Failure FailureIn(const asl::State& state, const Frame& frame, std::string_view error,
                  std::string_view what) {
  Failure failure;
  failure.error = std::string(error);
  failure.cause = CauseIn(state, frame, what);
  return failure;
}

namespace {

Failure TooLarge(std::string_view name, std::string_view did) {
  std::string cause = "The state/task '";
  cause += name;
  cause += "' ";
  cause += did;
  cause += " with a size exceeding the maximum number of bytes service limit.";
  Failure failure;
  failure.error = std::string(kDataLimitError);
  failure.cause = std::move(cause);
  return failure;
}

}  // namespace

Failure ResultTooLarge(std::string_view name) { return TooLarge(name, "returned a result"); }
Failure ParametersTooLarge(std::string_view name) { return TooLarge(name, "provided parameters"); }
Failure VariablesTooLarge(std::string_view name) { return TooLarge(name, "assigned variables"); }

std::string InvalidPath(std::string_view path, const jsonpath::EvalError& error) {
  std::string text = "Invalid path '";
  text += path;
  text += "' : ";
  text += error.detail;
  return text;
}

ExpressionProblem Describe(const jsonpath::TemplateError& error, const jsonpath::Scope& scope) {
  using Kind = jsonpath::EvalError::Kind;
  const Kind kind = error.error.kind;
  if (IsCall(error.expression)) {
    // Seen on the service: an argument that leads nowhere is States.Runtime. The detail names
    // the call that failed, which may be an inner one.
    const bool failed = kind == Kind::kIntrinsic || kind == Kind::kTooLarge;
    return {failed ? kIntrinsicError : kRuntimeError, error.error.detail};
  }
  const bool context = IsContextPath(error.expression);
  if (kind == Kind::kNoResults && (context || IsInputPath(error.expression))) {
    const Json& searched = context ? scope.context.Context() : scope.input;
    return {kRuntimeError, "The JSONPath '" + error.expression + "' specified for the field '" +
                               error.field + "' could not be found in the input '" +
                               PrintJson(*searched) + "'"};
  }
  return {kRuntimeError, "The JSONPath '" + error.expression + "' specified for the field '" +
                             error.field + "' could not be evaluated: " + error.error.detail};
}

}  // namespace towline::interpreter
