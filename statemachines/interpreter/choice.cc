#include "statemachines/interpreter/conditions.h"
#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

bool Stepper::Holds(const Frame& frame, const asl::Condition& condition, const View& view,
                    bool& holds, Failure& failure) {
  using Op = asl::Condition::Op;
  if (condition.op == Op::kConstant) {
    holds = condition.literal->get_bool();
    return true;
  }
  if (condition.op == Op::kQuery) {
    Json value;
    if (!QueryOf(frame, *condition.query, view, "boolean", value, failure)) return false;
    holds = value->get_bool();
    return true;
  }
  std::string problem;
  if (Decide(condition, ScopeOf(view.subject, view.context), holds, problem)) return true;
  failure = FailureIn(StateOf(frame), frame, kRuntimeError, problem);
  return false;
}

// The first rule that holds decides; without one, Default. A Choice has neither Retry nor Catch,
// so whatever goes wrong here fails the machine it stands in.
void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Choice& choice) {
  Failure failure;
  Json input;
  if (!EffectiveInput(frame, state, input, failure)) return Fail(frame.id, std::move(failure));

  const FrameContext context = ContextOf(frame);
  View view{.context = context, .field = "Condition", .subject = input, .list = "Choices"};
  const asl::ChoiceRule* chosen = nullptr;
  for (const asl::ChoiceRule& rule : choice.rules) {
    bool holds = false;
    if (!Holds(frame, rule.condition, view, holds, failure)) {
      return Fail(frame.id, std::move(failure));
    }
    if (holds) {
      chosen = &rule;
      break;
    }
    view.index++;
  }
  Exited exited{.next = chosen != nullptr ? chosen->next : choice.otherwise};
  if (!exited.next.has_value()) {
    return Fail(frame.id, FailureIn(state, frame, kRuntimeError,
                                    "Failed to transition out of the state. The state does not "
                                    "point to a next state."));
  }
  const Leaving leaving = chosen != nullptr
                              ? Leaving{chosen->output, chosen->assign, "Choices", view.index}
                              : Leaving{state.output, state.assign};
  if (!PassOn(frame, leaving, input, exited, failure)) return Fail(frame.id, std::move(failure));
  Exit(frame, std::move(exited));
}

}  // namespace towline::interpreter
