#include "statemachines/interpreter/advance.h"

#include <algorithm>

#include "statemachines/interpreter/stepper.h"
#include "statemachines/interpreter/task_spec.h"

namespace towline::interpreter {
namespace {

// What one event costs in the store besides its values.
constexpr std::size_t kEventBytes = 64;

}  // namespace

Limits AwsLimits() {
  Limits limits;
  limits.value_bytes_max = 256 << 10;
  limits.assign_bytes_max = 256 << 10;
  limits.variables_bytes_max = 10 << 20;
  limits.history_events_max = 25'000;
  limits.job_payload_bytes_max = 256 << 10;
  limits.query_bounds = jsonata::Bounds::StepFunctions();
  return limits;
}

Step Advance(const asl::Definition& definition, ExecutionState& state, const Command& command,
             const Turn& turn, const Limits& limits) {
  return Stepper(definition, state, turn, limits).Take(command);
}

Stepper::Stepper(const asl::Definition& definition, ExecutionState& state, const Turn& turn,
                 const Limits& limits)
    : definition_(definition),
      state_(state),
      limits_(limits),
      now_(std::max(turn.now, state.last_at)),
      wall_(turn.wall.value_or(now_)),
      seed_(turn.seed),
      partition_(turn.partition),
      activities_(turn.activities),
      references_(turn.references) {}

Step Stepper::Take(const Command& command) {
  if (state_.closed() != std::holds_alternative<Redrive>(command)) {
    step_.verdict = state_.closed() ? Verdict::kClosed : Verdict::kNoop;
  } else if (!state_.started() && !std::holds_alternative<Start>(command)) {
    step_.verdict = Verdict::kStale;
  } else {
    Finish(std::visit(*this, command));
  }
  return std::move(step_);
}

Verdict Stepper::operator()(const Start& command) {
  if (state_.started()) return Verdict::kNoop;
  if (!Emit(0, ExecutionStarted{command.info, command.input})) return Verdict::kApplied;
  if (state_.budget_seconds(definition_).has_value()) {
    Want(SetTimer{1, TimerKind::kExecutionTimeout,
                  state_.started_at + Seconds(*state_.budget_seconds(definition_))});
  }
  stack_.push_back(kRootFrame);
  return Verdict::kApplied;
}

Verdict Stepper::operator()(const Stop& command) {
  Close(0, ExecutionAborted{command.error, command.cause});
  return Verdict::kApplied;
}

Verdict Stepper::operator()(const Continue&) {
  PushRunnable();
  return stack_.empty() ? Verdict::kNoop : Verdict::kApplied;
}

// The frame of the lowest number is to run first: a Map whose first batch was cut short is to
// start all of it before any of its iterations moves.
void Stepper::PushRunnable() {
  for (auto at = state_.frames.rbegin(); at != state_.frames.rend(); ++at) {
    if (IsRunnable(at->second)) stack_.push_back(at->first);
  }
}

void Stepper::Run() {
  while (!stack_.empty() && !frozen_ && !state_.closed()) {
    const Frame* frame = Find(stack_.back());
    if (frame == nullptr || !IsRunnable(*frame)) {
      stack_.pop_back();
      continue;
    }
    if (AtBound()) {
      Want(PostContinue{});
      return;
    }
    Drive(*frame);
  }
}

// One move of the frame on top. It stays on the stack until it cannot move any more.
void Stepper::Drive(const Frame& frame) {
  if (std::holds_alternative<Entering>(frame.activity)) {
    EnterState(frame);
  } else if (std::holds_alternative<Redoing>(frame.activity)) {
    transitions_++;
    const Redoing redoing = std::get<Redoing>(frame.activity);
    redoing.run == 0 ? Work(frame) : RedoMapRun(frame, redoing);
  } else if (AllEnded(std::get<AwaitingChildren>(frame.activity))) {
    Complete(frame);
  } else {
    StartIterations(frame);
  }
}

void Stepper::EnterState(const Frame& frame) {
  const asl::StateIndex state = std::get<Entering>(frame.activity).state;
  transitions_++;
  if (!Emit(frame.last_id, StateEntered{frame.id, state, frame.input})) return;
  Work(frame);
}

void Stepper::Work(const Frame& frame) {
  const asl::State& state = StateOf(frame);
  std::visit([&](const auto& kind) { Begin(frame, state, kind); }, state.kind);
}

bool Stepper::AtBound() const {
  return transitions_ >= limits_.step_transitions_max || bytes_ >= limits_.step_bytes_max;
}

const Frame* Stepper::Find(FrameId id) const {
  const auto found = state_.frames.find(id);
  return found == state_.frames.end() ? nullptr : &found->second;
}

const Frame& Stepper::At(FrameId id) const {
  const Frame* frame = Find(id);
  CHECK(frame != nullptr);
  return *frame;
}

void Stepper::Record(EventRecord record) {
  if (step_.events.empty()) step_.events.reserve(8);
  step_.events.push_back(std::move(record));
  bytes_ += kEventBytes;
  Apply(definition_, state_, step_.events.back());
}

// Everything the shell still keeps for this execution goes. Taken from the state as it is before
// the last event clears it.
void Stepper::WantClosing() {
  for (const auto& [task, frame] : state_.open_tasks) {
    const auto& kind = std::get<asl::Task>(StateOf(At(frame)).kind);
    Want(CloseTask{task, TaskKindOf(kind.resource), true, "the execution has ended"});
    if (kind.timeout_seconds.present()) WantTimerCleared(task, TimerKind::kTaskTimeout);
  }
  for (const auto& [id, frame] : state_.frames) {
    WantMapRunClosed(frame);
    const auto* timer = std::get_if<AwaitingTimer>(&frame.activity);
    if (timer == nullptr) continue;
    WantTimerCleared(timer->timer, timer->retry ? TimerKind::kRetry : TimerKind::kWait);
  }
  if (state_.budget_seconds(definition_).has_value()) {
    WantTimerCleared(1, TimerKind::kExecutionTimeout);
  }
}

void Stepper::WantTimerCleared(EventSeq seq, TimerKind kind) {
  if (fired_.has_value() && fired_->seq == seq && fired_->kind == kind) return;
  Want(ClearTimer{seq, kind});
}

void Stepper::Finish(Verdict verdict) {
  if (verdict == Verdict::kApplied) Run();
  if (frozen_) {
    frozen_ = false;
    step_.effects.erase(step_.effects.begin() + static_cast<std::ptrdiff_t>(frozen_effects_),
                        step_.effects.end());
    Close(frozen_previous_,
          ExecutionFailed{std::string(kRuntimeError),
                          "The execution reached the maximum number of history events (" +
                              std::to_string(limits_.history_events_max) + ")."});
  }
  step_.verdict = verdict;
}

}  // namespace towline::interpreter
