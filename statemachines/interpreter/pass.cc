#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

// Result stands in for the work and is taken as it is; without it, what Parameters make of the
// input is the result.
void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Pass& pass) {
  Failure failure;
  Json input;
  if (!EffectiveInput(frame, state, input, failure)) return Fail(frame.id, std::move(failure));
  Json result = input;
  if (pass.result.has_value()) {
    result = *pass.result;
  } else if (pass.parameters.has_value()) {
    const FrameContext context = ContextOf(frame);
    if (!Evaluate(frame, *pass.parameters, ScopeOf(input, context), result, failure)) {
      return Fail(frame.id, std::move(failure));
    }
  }
  FinishWith(frame, result);
}

}  // namespace towline::interpreter
