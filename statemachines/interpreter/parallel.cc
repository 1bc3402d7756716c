#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Parallel& parallel) {
  Failure failure;
  Json input;
  if (!EffectiveInput(frame, state, input, failure)) return Fail(frame.id, std::move(failure));
  Json shared = input;
  if (parallel.parameters.has_value()) {
    const FrameContext context = ContextOf(frame);
    if (!Evaluate(frame, *parallel.parameters, ScopeOf(input, context), shared, failure)) {
      return Fail(frame.id, std::move(failure));
    }
    if (!Fits(shared, limits_.value_bytes_max)) {
      return Fail(frame.id, ParametersTooLarge(state.name));
    }
  }
  const FrameId first = state_.next_frame;
  if (!Emit(frame.last_id, ParallelStarted{frame.id, first, std::move(shared)})) return;
  for (FrameId child = state_.next_frame; child-- > first;) stack_.push_back(child);
}

// All children of a Parallel or Map have succeeded.
void Stepper::Complete(const Frame& frame) {
  const asl::State& state = StateOf(frame);
  Json result = Gather(std::get<AwaitingChildren>(frame.activity));
  const auto* map = std::get_if<asl::Map>(&state.kind);
  const bool emitted = map != nullptr ? Emit(frame.last_id, MapSucceeded{frame.id})
                                      : Emit(frame.last_id, ParallelSucceeded{frame.id});
  if (!emitted) return;
  if (!Fits(result, limits_.value_bytes_max)) return Fail(frame.id, ResultTooLarge(state.name));
  Failure failure;
  const auto& selector = map != nullptr ? map->result_selector
                                        : std::get<asl::Parallel>(state.kind).result_selector;
  if (!SelectResult(frame, selector, result, failure)) return Fail(frame.id, std::move(failure));
  FinishWith(frame, result);
}

}  // namespace towline::interpreter
