// Succeed and Fail: the states that a frame cannot leave.

#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Succeed&) {
  Failure failure;
  Json input;
  Json output;
  if (!EffectiveInput(frame, state, input, failure) ||
      !ApplyOutputPath(frame, state, input, output, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  Exit(frame, std::move(output), std::nullopt);
}

namespace {

struct Look {
  const asl::Text& text;
  std::string_view field;
};

// An absent text stays absent. False: `problem` says what is wrong with the expression.
bool Resolve(const Look& look, const jsonpath::Scope& scope, std::optional<std::string>& out,
             ExpressionProblem& problem) {
  out = look.text.literal;
  if (!look.text.expression.has_value()) return true;
  const jsonpath::Expression& expression = *look.text.expression;
  const auto found = expression.Evaluate(scope);
  if (!found) {
    problem = Describe({std::string(look.field), expression.text(), found.error()}, scope);
    return false;
  }
  if (!(**found).is_string()) {
    problem = {kRuntimeError, "The '" + std::string(look.field) +
                                  "' field must give a string, but '" + expression.text() +
                                  "' gives: " + PrintJson(**found)};
    return false;
  }
  out = std::string((**found).get_string());
  return true;
}

}  // namespace

void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Fail& fail) {
  const FrameContext context = ContextOf(frame);
  const jsonpath::Scope scope = ScopeOf(frame.input, context);
  Failure failure;
  ExpressionProblem problem;
  if (!Resolve({fail.error, "ErrorPath"}, scope, failure.error, problem) ||
      !Resolve({fail.cause, "CausePath"}, scope, failure.cause, problem)) {
    failure = FailureIn(state, frame, problem.error, problem.what);
  }
  Fail(frame.id, std::move(failure));
}

}  // namespace towline::interpreter
