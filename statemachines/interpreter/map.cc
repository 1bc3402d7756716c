// Inline Map. Only as many iterations have frames as may run at once; the rest is an index.

#include <algorithm>
#include <boost/json/array.hpp>
#include <limits>

#include "statemachines/interpreter/numbers.h"
#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

bool Stepper::OpenItems(const Frame& frame, Json& items, Failure& failure) const {
  const auto reference = references_ == nullptr ? std::nullopt : ReferenceOf(*items);
  if (!reference) return true;
  auto loaded = references_->Load(*reference);
  if (!loaded) {
    failure = FailureIn(StateOf(frame), frame, kRuntimeError,
                        "The items cannot be read: " + loaded.error().message);
    return false;
  }
  items = *std::move(loaded);
  return true;
}

bool Stepper::MapItems(const Frame& frame, const asl::Map& map, const Json& input, Json& items,
                       Failure& failure) {
  const auto fail = [&](const std::string& what) {
    failure = FailureIn(StateOf(frame), frame, kRuntimeError, what);
    return false;
  };
  const FrameContext context = ContextOf(frame);
  items = input;
  if (map.items.has_value()) {
    const View view{.context = context, .field = "Items", .subject = input};
    const auto* query = std::get_if<asl::QueryTemplate>(&*map.items);
    if (query != nullptr && query->expression() != nullptr) {
      if (!Query(frame, *query->expression(), view, {}, items, failure)) return false;
      if (!OpenItems(frame, items, failure)) return false;
      return IsKind(frame, *query->expression(), view, "array", items, failure);
    }
    if (!Evaluate(frame, *map.items, view, items, failure)) return false;
  } else if (map.items_path.has_value()) {
    const auto found = map.items_path->Evaluate(ScopeOf(input, context));
    if (!found) return fail(InvalidPath(map.items_path->text(), found.error()));
    items = *found;
  }
  if (!OpenItems(frame, items, failure)) return false;
  if (StateOf(frame).query_language == asl::QueryLanguage::kJsonPath) {
    Note(&Probe::after_items_path, items);
  }
  if (items->is_array()) return true;
  // The service takes an object's members too, where it runs them as executions.
  if (map.distributed && items->is_object()) return true;
  if (StateOf(frame).query_language == asl::QueryLanguage::kJsonata) {
    failure = QueryFailure(
        frame, "Map state input must be an array but was: " + PrintJson(*items), "Items");
    return false;
  }
  const std::string path = map.items_path.has_value() ? map.items_path->text() : "$";
  return fail("Reference path \"" + path + "\" must point to array.");
}

bool Stepper::MapConcurrency(const Frame& frame, const asl::Map& map, const Json& input,
                             std::int64_t& concurrency, Failure& failure) {
  if (map.max_concurrency.present()) {
    const FrameContext context = ContextOf(frame);
    const View view{.context = context, .field = "MaxConcurrency", .subject = input};
    asl::Number storage;
    const asl::Number* settled = Settled(frame, map.max_concurrency, view, storage, failure);
    if (settled == nullptr) return false;
    const std::string problem =
        Count(*settled, view.field, ScopeOf(input, context), concurrency);
    if (!problem.empty()) {
      failure = FailureIn(StateOf(frame), frame, kRuntimeError, problem);
      return false;
    }
  }
  Note(&Probe::max_concurrency, concurrency);
  if (concurrency == 0 && !map.distributed) concurrency = limits_.inline_map_concurrency_max;
  concurrency = std::min<std::int64_t>(concurrency, std::numeric_limits<std::uint32_t>::max());
  return true;
}

// An inline Map tolerates no failure; the service looks at the numbers all the same.
bool Stepper::MapTolerance(const Frame& frame, const asl::Map& map, const Json& input,
                           Tolerance& tolerance, Failure& failure) {
  if (!map.tolerated_failure_count.present() && !map.tolerated_failure_percentage.present()) {
    return true;
  }
  const FrameContext context = ContextOf(frame);
  const jsonpath::Scope scope = ScopeOf(input, context);
  View view{.context = context, .field = "ToleratedFailureCount", .subject = input};
  asl::Number storage;
  const asl::Number* settled =
      Settled(frame, map.tolerated_failure_count, view, storage, failure);
  if (settled == nullptr) return false;
  std::int64_t tolerated = 0;
  std::string problem = Count(*settled, view.field, scope, tolerated);
  if (map.tolerated_failure_count.present()) {
    tolerance.count = static_cast<std::uint64_t>(tolerated);
    Note(&Probe::tolerated_failure_count, *tolerance.count);
  }
  if (problem.empty()) {
    view.field = "ToleratedFailurePercentage";
    asl::Percentage percentage = map.tolerated_failure_percentage;
    if (percentage.query.has_value()) {
      Json value;
      if (!QueryOf(frame, *percentage.query, view, "number", value, failure)) return false;
      percentage.literal = value->to_number<double>();
    }
    problem = PercentageOf(percentage, view.field, scope, tolerance.percentage);
    if (tolerance.percentage.has_value()) {
      Note(&Probe::tolerated_failure_percentage, *tolerance.percentage);
    }
  }
  if (problem.empty()) return true;
  failure = FailureIn(StateOf(frame), frame, kRuntimeError, problem);
  return false;
}

void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Map& map) {
  if (map.distributed) return BeginMapRun(frame, state, map);
  Failure failure;
  Json input;
  Json items;
  std::int64_t concurrency = 0;
  if (!EffectiveInput(frame, state, input, failure) ||
      !MapItems(frame, map, input, items, failure) ||
      !MapConcurrency(frame, map, input, concurrency, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  if (!Emit(frame.last_id,
            MapStarted{frame.id, std::move(items), static_cast<std::uint32_t>(concurrency)})) {
    return;
  }
  // After the event above, as on the service.
  Tolerance tolerance;
  if (!MapTolerance(frame, map, input, tolerance, failure)) Fail(frame.id, std::move(failure));
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

// What ItemSelector makes of an item, or the item itself.
bool Stepper::SelectItem(const Frame& frame, const MapItem& item, Json& out, Failure& failure) {
  const asl::State& state = StateOf(frame);
  const auto& map = std::get<asl::Map>(state.kind);
  out = item.value;
  if (!map.item_selector.has_value()) return true;
  Json input;
  FrameContext context = ContextOf(frame);
  context.SetItem(item);
  if (!EffectiveInput(frame, state, input, failure)) return false;
  const View view{.context = context, .field = "ItemSelector", .subject = input};
  if (!Evaluate(frame, *map.item_selector, view, out, failure)) return false;
  if (Fits(out, limits_.value_bytes_max)) return true;
  failure = ParametersTooLarge(state.name);
  return false;
}

bool Stepper::StartIteration(const Frame& frame, HistoryId previous) {
  const auto& children = std::get<AwaitingChildren>(frame.activity);
  const std::uint32_t index = children.next_index;
  Json input;
  Failure failure;
  const Json value = Json::Part(*children.items, (**children.items).get_array()[index]);
  if (!SelectItem(frame, {.index = index, .value = value}, input, failure)) {
    Fail(frame.id, std::move(failure));
    return false;
  }
  return Emit(previous, IterationStarted{frame.id, state_.next_frame, index, std::move(input)});
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
