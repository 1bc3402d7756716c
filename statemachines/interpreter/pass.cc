#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

// Result stands in for the work and is taken as it is; without it, what Parameters make of the
// input is the result.
void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Pass& pass) {
  Failure failure;
  Json result;
  const bool made = pass.result.has_value() ? EffectiveInput(frame, state, result, failure)
                                            : Parameters(frame, state, result, failure);
  if (!made) return Fail(frame.id, std::move(failure));
  if (pass.result.has_value()) {
    result = *pass.result;
    Note(&Probe::result, result);
  }
  FinishWith(frame, std::move(result));
}

}  // namespace towline::interpreter
