// Succeed and Fail: the states that a frame cannot leave.

#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Succeed&) {
  Failure failure;
  Json input;
  Exited exited;
  if (!EffectiveInput(frame, state, input, failure) ||
      !PassOn(frame, {state.output, state.assign}, input, exited, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  Exit(frame, std::move(exited));
}

void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Fail& fail) {
  const bool path = state.query_language == asl::QueryLanguage::kJsonPath;
  if (path) Note(&Probe::after_input_path, frame.input);
  const FrameContext context = ContextOf(frame);
  View view{
      .context = context, .field = path ? "ErrorPath" : "Error", .subject = frame.input};
  std::optional<std::string> error;
  std::optional<std::string> cause;
  Failure failure;
  bool settled = Settled(frame, fail.error, view, error, failure);
  view.field = path ? "CausePath" : "Cause";
  settled = settled && Settled(frame, fail.cause, view, cause, failure);
  if (settled) {
    failure.error = std::move(error);
    failure.cause = std::move(cause);
  }
  Fail(frame.id, std::move(failure));
}

}  // namespace towline::interpreter
