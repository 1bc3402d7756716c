#include "statemachines/interpreter/conditions.h"
#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

// The first rule that holds decides; without one, Default. A Choice has neither Retry nor Catch,
// so whatever goes wrong here fails the machine it stands in.
void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Choice& choice) {
  Failure failure;
  Json input;
  if (!EffectiveInput(frame, state, input, failure)) return Fail(frame.id, std::move(failure));

  const FrameContext context = ContextOf(frame);
  const jsonpath::Scope scope = ScopeOf(input, context);
  std::optional<asl::StateIndex> next;
  for (const asl::ChoiceRule& rule : choice.rules) {
    bool holds = false;
    std::string problem;
    if (!Decide(rule.condition, scope, holds, problem)) {
      return Fail(frame.id, FailureIn(state, frame, kRuntimeError, problem));
    }
    if (!holds) continue;
    next = rule.next;
    break;
  }
  if (!next.has_value()) next = choice.otherwise;
  if (!next.has_value()) {
    return Fail(frame.id, FailureIn(state, frame, kRuntimeError,
                                    "Failed to transition out of the state. The state does not "
                                    "point to a next state."));
  }
  Json output;
  if (!ApplyOutputPath(frame, state, input, output, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  Exit(frame, std::move(output), next);
}

}  // namespace towline::interpreter
