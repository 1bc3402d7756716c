// A timer's turn. One that nothing waits for any more is an old one: kNoop.

#include <algorithm>

#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

Verdict Stepper::operator()(const FireTimer& command) {
  fired_ = command;
  switch (command.kind) {
    case TimerKind::kTaskTimeout:
    case TimerKind::kTaskHeartbeat:
      if (!Opened(command.seq).has_value()) return Verdict::kNoop;
      TimeOut(command.seq, command.kind == TimerKind::kTaskHeartbeat);
      return Verdict::kApplied;
    case TimerKind::kExecutionTimeout: {
      const auto budget = state_.budget_seconds(definition_);
      if (command.seq != 1 || !budget.has_value()) return Verdict::kNoop;
      // However late the timer is, the execution ends when its budget did.
      now_ = std::max(state_.last_at, state_.budget_from() + Seconds(*budget));
      Close(0, ExecutionTimedOut{});
      return Verdict::kApplied;
    }
    case TimerKind::kWait:
    case TimerKind::kRetry: return FireFrameTimer(command);
  }
  return Verdict::kNoop;
}

Verdict Stepper::FireFrameTimer(const FireTimer& command) {
  const bool retry = command.kind == TimerKind::kRetry;
  for (const auto& [id, frame] : state_.frames) {
    const auto* timer = std::get_if<AwaitingTimer>(&frame.activity);
    if (timer == nullptr || timer->timer != command.seq || timer->retry != retry) continue;
    stack_.push_back(id);
    if (retry) {
      Work(frame);
    } else {
      EndWait(frame);
    }
    return Verdict::kApplied;
  }
  return Verdict::kNoop;
}

}  // namespace towline::interpreter
