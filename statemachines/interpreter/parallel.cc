#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Parallel&) {
  Failure failure;
  Json shared;
  if (!Parameters(frame, state, shared, failure)) return Fail(frame.id, std::move(failure));
  if (state.parameters.has_value() && !Fits(shared, limits_.value_bytes_max)) {
    return Fail(frame.id, ParametersTooLarge(state.name));
  }
  const FrameId first = state_.next_frame;
  if (!Emit(frame.last_id, ParallelStarted{frame.id, first, std::move(shared)})) return;
  for (FrameId child = state_.next_frame; child-- > first;) stack_.push_back(child);
}

// All children of a Parallel or Map have succeeded.
void Stepper::Complete(const Frame& frame) {
  const asl::State& state = StateOf(frame);
  Json result = Gather(std::get<AwaitingChildren>(frame.activity));
  const bool map = std::holds_alternative<asl::Map>(state.kind);
  const bool emitted = map ? Emit(frame.last_id, MapSucceeded{frame.id})
                           : Emit(frame.last_id, ParallelSucceeded{frame.id});
  if (!emitted) return;
  if (!Fits(result, limits_.value_bytes_max)) return Fail(frame.id, ResultTooLarge(state.name));
  FinishWith(frame, std::move(result));
}

}  // namespace towline::interpreter
