// Inline Map. Only as many iterations have frames as may run at once; the rest is an index.

#include <algorithm>
#include <boost/json/array.hpp>
#include <limits>

#include "statemachines/interpreter/numbers.h"
#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Map& map) {
  Failure failure;
  Json input;
  if (!EffectiveInput(frame, state, input, failure)) return Fail(frame.id, std::move(failure));
  const auto fail = [&](std::string_view what) {
    Fail(frame.id, FailureIn(state, frame, kRuntimeError, what));
  };
  const FrameContext context = ContextOf(frame);
  const jsonpath::Scope scope = ScopeOf(input, context);
  Json items = input;
  if (map.items_path.has_value()) {
    const auto found = map.items_path->Evaluate(scope);
    if (!found) return fail(InvalidPath(map.items_path->text(), found.error()));
    items = *found;
  }
  if (!items->is_array()) {
    const std::string path = map.items_path.has_value() ? map.items_path->text() : "$";
    return fail("Reference path \"" + path + "\" must point to array.");
  }
  std::int64_t concurrency = 0;
  std::string problem = Count(map.max_concurrency, "MaxConcurrency", scope, concurrency);
  if (!problem.empty()) return fail(problem);
  if (concurrency == 0) concurrency = limits_.inline_map_concurrency_max;
  concurrency = std::min<std::int64_t>(concurrency, std::numeric_limits<std::uint32_t>::max());
  if (!Emit(frame.last_id,
            MapStarted{frame.id, std::move(items), static_cast<std::uint32_t>(concurrency)})) {
    return;
  }
  // An inline Map tolerates no failure; the service still looks at the numbers, and after the
  // event above.
  std::int64_t tolerated = 0;
  problem = Count(map.tolerated_failure_count, "ToleratedFailureCount", scope, tolerated);
  if (!problem.empty()) return fail(problem);
  problem =
      PercentageProblem(map.tolerated_failure_percentage, "ToleratedFailurePercentage", scope);
  if (!problem.empty()) return fail(problem);
}

// The first iterations, as many as may run at once, before any of them moves. A bound may cut
// this short: then those of the earlier steps have not moved either.
void Stepper::StartIterations(const Frame& frame) {
  while (HasRoom(std::get<AwaitingChildren>(frame.activity)) && !AtBound()) {
    transitions_++;
    if (!StartIteration(frame, frame.last_id)) return;
  }
  for (auto at = state_.frames.rbegin(); at->first > frame.id; ++at) {
    if (at->second.parent == frame.id) stack_.push_back(at->first);
  }
}

bool Stepper::StartIteration(const Frame& frame, HistoryId previous) {
  const asl::State& state = StateOf(frame);
  const auto& map = std::get<asl::Map>(state.kind);
  const auto& children = std::get<AwaitingChildren>(frame.activity);
  const std::uint32_t index = children.next_index;
  Json item = Json::Part(*children.items, (**children.items).get_array()[index]);
  if (map.item_selector.has_value()) {
    Failure failure;
    Json input;
    FrameContext context = ContextOf(frame);
    context.SetItem(index, item);
    bool made = EffectiveInput(frame, state, input, failure) &&
                Evaluate(frame, *map.item_selector, ScopeOf(input, context), item, failure);
    if (made && !Fits(item, limits_.value_bytes_max)) {
      failure = ParametersTooLarge(state.name);
      made = false;
    }
    if (!made) {
      Fail(frame.id, std::move(failure));
      return false;
    }
  }
  return Emit(previous, IterationStarted{frame.id, state_.next_frame, index, std::move(item)});
}

// The next iteration follows from the last event of the one whose place it takes.
void Stepper::ChildEnded(const Frame& child) {
  const HistoryId last = child.last_id;
  const Frame& parent = At(child.parent);
  if (!Emit(last, IterationSucceeded{child.id})) return;
  if (!HasRoom(std::get<AwaitingChildren>(parent.activity))) return;
  const FrameId next = state_.next_frame;
  if (StartIteration(parent, last)) stack_.push_back(next);
}

}  // namespace towline::interpreter
