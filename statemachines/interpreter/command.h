#pragma once

// What the outside asks of one execution. A command may be late, repeated or wrong: the answer
// is a Verdict, never an exception.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "statemachines/interpreter/event.h"

namespace towline::interpreter {

struct ExecutionState;  // state.h

enum class TimerKind : std::uint8_t {
  kWait = 1,              // a Wait state's end; seq of WaitStarted
  kRetry = 2,             // a backoff's end; seq of RetryScheduled
  kTaskTimeout = 3,       // seq of TaskScheduled
  kTaskHeartbeat = 4,     // seq of TaskScheduled; kept by the shell, in memory only
  kExecutionTimeout = 5,  // seq of ExecutionStarted (1)
};

struct Start {
  ExecutionInfo info;
  Json input;
};
// From a worker (attempt > 0: must be the current one) or by token (attempt 0: not looked at).
struct SucceedTask {
  TaskId task = 0;
  std::uint32_t attempt = 0;
  Json output;
  std::string worker{};
};
struct FailTask {
  TaskId task = 0;
  std::uint32_t attempt = 0;
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
  std::string worker{};
};
struct StartTask {  // an activity was handed to a poller
  TaskId task = 0;
  std::string worker{};
};
// The outside has taken a publish or a .sync task on. With wait_for_task_token or .sync the task
// goes on waiting, else it has succeeded.
struct SubmitTask {
  TaskId task = 0;
  Json output;
};
struct AcceptJob {
  TaskId task = 0;
  std::uint32_t attempt = 0;
  std::string worker{};
  std::uint64_t incarnation = 0;
};
// Take the job away from whoever had `attempt` and offer it again as the next attempt.
struct RequeueJob {
  TaskId task = 0;
  std::uint32_t attempt = 0;
  std::string reason{};
};
struct CheckpointJob {
  TaskId task = 0;
  std::uint32_t attempt = 0;
  Json checkpoint;
};
struct FireTimer {
  EventSeq seq = 0;
  TimerKind kind = TimerKind::kWait;
};
struct Stop {
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
};
// From whoever runs a Map Run: all of its children have ended, and this is the result.
struct SucceedMapRun {
  TaskId run = 0;
  Json output;
};
// Too many have failed, or there is no reading the items or writing the results.
struct FailMapRun {
  TaskId run = 0;
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
};
// An execution that failed, timed out or was aborted goes on where it stopped.
struct Redrive {
  // Its state after the event that RedrivePoint() names. Never null.
  std::shared_ptr<const ExecutionState> remains;
  // A frame that RedriveTarget() has named gets another input.
  std::optional<FrameId> frame{};
  Json input{};
  std::string client_token{};  // of the caller: recognises its repetitions
};
// Goes on after a step that ended at its bound.
struct Continue {};

using Command = std::variant<Start, SucceedTask, FailTask, StartTask, SubmitTask, AcceptJob,
                             RequeueJob, CheckpointJob, FireTimer, Stop, SucceedMapRun, FailMapRun,
                             Redrive, Continue>;

enum class Verdict {
  kApplied,  // there are events
  kNoop,     // understood and already so (a repeated start or accept, an old timer)
  kStale,    // the task has ended, or a later attempt owns it
  kClosed,   // the execution has ended
};

}  // namespace towline::interpreter
