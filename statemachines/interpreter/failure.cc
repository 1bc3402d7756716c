// A state has failed: try it again, catch it, or let the failure rise to the state around it.

#include <algorithm>
#include <boost/json/object.hpp>
#include <cmath>
#include <utility>

#include "statemachines/interpreter/stepper.h"
#include "statemachines/interpreter/task_spec.h"

namespace towline::interpreter {
namespace {

// No backoff is longer than what the language lets a definition say in seconds.
constexpr double kDelaySecondsMax = 99'999'999;

json::value TextOrNull(const std::optional<std::string>& text) {
  return text.has_value() ? json::value(*text) : json::value(nullptr);
}

Json ErrorOutput(const Failure& failure) {
  json::object output;
  output["Error"] = TextOrNull(failure.error);
  // A timeout has no cause in the history, and an empty one here.
  const bool silent = failure.error == kTimeoutError && !failure.cause.has_value();
  output["Cause"] = silent ? json::value("") : TextOrNull(failure.cause);
  return Json(json::value(std::move(output)));
}

double DelaySeconds(const asl::Retrier& retrier, std::uint32_t retries_before) {
  double delay = static_cast<double>(retrier.interval_seconds) *
                 std::pow(retrier.backoff_rate, static_cast<double>(retries_before));
  if (retrier.max_delay_seconds.has_value()) {
    delay = std::fmin(delay, static_cast<double>(*retrier.max_delay_seconds));
  }
  return std::fmin(delay, kDelaySecondsMax);
}

bool CanBeAborted(const asl::State& state) {
  return std::holds_alternative<asl::Task>(state.kind) ||
         std::holds_alternative<asl::Wait>(state.kind) ||
         std::holds_alternative<asl::Parallel>(state.kind) ||
         std::holds_alternative<asl::Map>(state.kind);
}

}  // namespace

void Stepper::Fail(FrameId id, Failure failure) {
  const EventSeq rose_after = state_.last_seq;
  Note(&Probe::failure, failure);
  std::optional<FrameId> failed;  // the child that the failure rises from
  for (;;) {
    const Frame& frame = At(id);
    const asl::State& state = StateOf(frame);
    if (!AbortChildren(frame, failed) || !EmitEvaluationFailed(frame, failure)) return;
    if (failure.catchable()) {
      if (TryRetry(frame, state, failure)) return;
      if (TryCatch(frame, state, failure)) return;
    }
    // The Catcher's own expression.
    if (!EmitEvaluationFailed(frame, failure)) return;
    if (!EmitChildrenFailed(frame, failure)) return;
    if (id == kRootFrame) {
      return Close(frame.last_id,
                   ExecutionFailed{std::move(failure.error), std::move(failure.cause), rose_after});
    }
    failed = id;
    id = frame.parent;
    failure.branch = std::holds_alternative<asl::Parallel>(StateOf(At(id)).kind);
  }
}

// Once for each failure: its `location` goes. The service evaluates before it has taken note of
// the state's entry, so that the event follows from what the entry does.
bool Stepper::EmitEvaluationFailed(const Frame& frame, Failure& failure) {
  if (failure.location.empty()) return true;
  const bool at_entry = frame.last_id == frame.entered_id && !failure.value;
  EvaluationFailed event{frame.id, failure.error.value_or(""), failure.cause.value_or(""),
                         std::exchange(failure.location, {})};
  return Emit(at_entry ? frame.entered_after : frame.last_id, std::move(event));
}

// The first matching Retrier decides, even when it is exhausted.
bool Stepper::TryRetry(const Frame& frame, const asl::State& state, const Failure& failure) {
  for (std::uint32_t i = 0; i < state.retriers.size(); i++) {
    const asl::Retrier& retrier = state.retriers[i];
    if (!Matches(retrier.error_equals, failure)) continue;
    Note(&Probe::retrier, i);
    const std::uint32_t used = i < frame.retries.size() ? frame.retries[i] : 0;
    if (used >= retrier.max_attempts) return false;
    double delay_ms = DelaySeconds(retrier, used) * 1000;
    Note(&Probe::backoff_seconds, delay_ms / 1000);
    if (retrier.full_jitter) {
      constexpr double kUnit = 1.0 / 9007199254740992.0;  // 2^-53
      delay_ms *= static_cast<double>(Random() >> 11) * kUnit;
    }
    const Timestamp due = now_ + Millis(std::llround(delay_ms));
    const EventSeq timer = NextSeq();
    if (Emit(0, RetryScheduled{frame.id, i, due})) {
      Want(SetTimer{timer, TimerKind::kRetry, due});
    }
    return true;
  }
  return false;
}

// The Catcher bypasses what the state itself says of its output. False: none matches, or `failure`
// has been replaced by what went wrong with the one that does.
bool Stepper::TryCatch(const Frame& frame, const asl::State& state, Failure& failure) {
  for (std::size_t i = 0; i < state.catchers.size(); i++) {
    const asl::Catcher& catcher = state.catchers[i];
    if (!Matches(catcher.error_equals, failure)) continue;
    Note(&Probe::catcher, i);
    Exited exited{.next = catcher.next};
    Failure again;
    if (!CatchOutput(frame, i, failure, exited, again)) {
      failure = std::move(again);
      return false;
    }
    stack_.push_back(frame.id);
    if (EmitChildrenFailed(frame, failure)) Exit(frame, std::move(exited));
    return true;
  }
  return false;
}

// What a Catcher makes of `failure`; false: `again` is what went wrong with that.
bool Stepper::CatchOutput(const Frame& frame, std::size_t index, const Failure& failure,
                          Exited& exited, Failure& again) {
  const asl::State& state = StateOf(frame);
  const asl::Catcher& catcher = state.catchers[index];
  const Json error = ErrorOutput(failure);
  const FrameContext context = ContextOf(frame);
  View view{.context = context,
            .field = "Assign",
            .subject = error,
            .error_output = &error,
            .list = "Catch",
            .index = index};
  if (!Assign(frame, catcher.assign, view, exited.assigned, again)) return false;
  view.field = "Output";
  if (state.query_language == asl::QueryLanguage::kJsonata) {
    return QueryOutput(frame, catcher.output, view, exited.output, again);
  }
  exited.output = error;
  const asl::ResultPathField& place = catcher.result_path;
  if (place.discards) {
    exited.output = frame.input;
  } else if (place.path.has_value() && !place.path->is_root()) {
    const auto inserted = place.path->Insert(frame.input, error);
    if (!inserted) {
      again = FailureIn(state, frame, kResultPathError, inserted.error().detail);
      return false;
    }
    exited.output = *inserted;
  }
  if (exited.output.SameAs(frame.input) || Fits(exited.output, limits_.value_bytes_max)) {
    return true;
  }
  again = ResultTooLarge(state.name);
  return false;
}

// Only what rises from a child, or leaves one behind, has an event of the state's own.
bool Stepper::EmitChildrenFailed(const Frame& frame, const Failure& failure) {
  const auto* children = std::get_if<AwaitingChildren>(&frame.activity);
  const bool map = std::holds_alternative<asl::Map>(StateOf(frame).kind);
  // Seen on the service: a Map whose Items cannot be had fails as one, though it never started.
  const bool unstarted = map && children == nullptr && failure.error == kQueryError;
  const auto* run = std::get_if<AwaitingMapRun>(&frame.activity);
  const bool failed_run = run != nullptr && run->stage == AwaitingMapRun::Stage::kFailed;
  if (!unstarted && !failed_run && (children == nullptr || children->open == 0)) return true;
  if (map) return Emit(frame.last_id, MapFailed{frame.id, failure.error, failure.cause});
  HistoryId previous = frame.last_id;
  for (const auto& [id, child] : state_.frames) {
    if (child.parent == frame.id && id != frame.id) previous = std::max(previous, child.last_id);
  }
  return Emit(previous, ParallelFailed{frame.id});
}

// Ends whatever still runs below `frame`, in the order that the recordings show: the others,
// then the state of the one that failed. All of it follows from the failing event.
bool Stepper::AbortChildren(const Frame& frame, std::optional<FrameId> failed) {
  const auto* children = std::get_if<AwaitingChildren>(&frame.activity);
  if (children == nullptr || children->open == 0) return true;
  const bool map = children->items.has_value();
  const HistoryId previous = failed.has_value() ? At(*failed).last_id : frame.last_id;
  if (map && failed.has_value() && !Emit(previous, IterationFailed{*failed})) return false;
  for (const FrameId id : Descendants(frame.id)) {
    if (id == failed) continue;
    const Frame& child = At(id);
    const bool iteration =
        std::get<AwaitingChildren>(At(child.parent).activity).items.has_value();
    const bool entered = !std::holds_alternative<Entering>(child.activity);
    if (entered && !AbortState(child, previous)) return false;
    if (iteration && !Emit(previous, IterationAborted{id})) return false;
  }
  return !failed.has_value() || AbortState(At(*failed), previous);
}

bool Stepper::AbortState(const Frame& frame, HistoryId previous) {
  const asl::State& state = StateOf(frame);
  if (!CanBeAborted(state)) return true;
  WantMapRunClosed(frame);
  // The event ends what the frame waits for, so that is looked at first.
  std::optional<TaskId> task;
  std::optional<FireTimer> timer;
  if (const auto* running = std::get_if<AwaitingTask>(&frame.activity)) {
    if (state_.open_tasks.count(running->task) != 0) task = running->task;
  } else if (const auto* waiting = std::get_if<AwaitingTimer>(&frame.activity)) {
    timer = FireTimer{waiting->timer, waiting->retry ? TimerKind::kRetry : TimerKind::kWait};
  }
  if (!Emit(previous, StateAborted{frame.id})) return false;
  if (task.has_value()) {
    const auto& kind = std::get<asl::Task>(state.kind);
    Want(CloseTask{*task, TaskKindOf(kind.resource), true, "another branch failed"});
    if (kind.timeout_seconds.present()) {
      timer = FireTimer{*task, TimerKind::kTaskTimeout};
    }
  }
  if (timer.has_value()) WantTimerCleared(timer->seq, timer->kind);
  return true;
}

// All frames below `root`, children before parents and brothers in order.
std::vector<FrameId> Stepper::Descendants(FrameId root) const {
  std::map<FrameId, std::vector<FrameId>> children;
  for (auto at = state_.frames.upper_bound(root); at != state_.frames.end(); ++at) {
    children[at->second.parent].push_back(at->first);
  }
  std::vector<FrameId> order;
  std::vector<FrameId> open{root};
  while (!open.empty()) {
    const FrameId id = open.back();
    open.pop_back();
    if (id != root) order.push_back(id);
    const auto found = children.find(id);
    if (found == children.end()) continue;
    open.insert(open.end(), found->second.begin(), found->second.end());
  }
  // Parents first and the last brother first so far.
  std::reverse(order.begin(), order.end());
  return order;
}

// splitmix64: good enough to spread retries, and the same for the same seed.
std::uint64_t Stepper::Random() {
  seed_ += 0x9E3779B97F4A7C15;
  std::uint64_t mixed = seed_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  return mixed ^ (mixed >> 31);
}

}  // namespace towline::interpreter
