#pragma once

// What the shell must do once a step's events are durable: wishes, granted after the commit.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "statemachines/interpreter/command.h"
#include "statemachines/interpreter/event.h"

namespace towline::interpreter {

// A task is open: dispatch it. Its row is the outbox.
struct OpenTask {
  TaskId task = 0;
  std::uint32_t attempt = 1;
  TaskSpec spec;
  std::string state;                     // name, for people
  std::optional<Timestamp> timeout_at{};
  std::optional<Json> checkpoint{};      // what an earlier attempt saved
};
// Something about an open task changed: requeued (dispatch again), accepted, submitted, started.
struct UpdateTask {
  enum class What { kRequeued, kAccepted, kSubmitted, kStarted, kCheckpointed };
  TaskId task = 0;
  What what = What::kRequeued;
  std::uint32_t attempt = 1;
  std::string worker{};                  // kAccepted, kStarted
  std::uint64_t incarnation = 0;         // kAccepted
  std::optional<Json> checkpoint{};      // kCheckpointed
};
// The task has ended. `cancel`: whoever may be running it must be told to stop, with `reason`
// (the end did not come from the job itself).
struct CloseTask {
  TaskId task = 0;
  TaskSpec::Kind kind = TaskSpec::Kind::kJob;
  bool cancel = false;
  std::string reason{};
};
struct SetTimer {
  EventSeq seq = 0;
  TimerKind kind = TimerKind::kWait;
  Timestamp due{};
  bool wall = false;  // `due` is a time of the wall clock, whatever happens to that meanwhile
};
struct ClearTimer {
  EventSeq seq = 0;
  TimerKind kind = TimerKind::kWait;
};
// A Map Run is to be worked on.
struct OpenMapRun {
  TaskId run = 0;
  FrameId frame = kRootFrame;
  asl::StateIndex state = 0;  // the Map
  asl::ScopeIndex scope = 0;  // what each child runs
  MapRunSpec spec;
};
// Its result is not wanted any more: stop what it has started.
struct CloseMapRun {
  TaskId run = 0;
};
// One that has ended goes on: what had not succeeded is to run again.
struct ReopenMapRun {
  TaskId run = 0;
};
// The last effect of an execution, unless it is redriven.
struct CloseExecution {
  bool redrivable = true;  // false: its history is full
};
// It runs again.
struct ReopenExecution {};
// The step ended at its bound: post Continue behind what already waits.
struct PostContinue {};

using Effect = std::variant<OpenTask, UpdateTask, CloseTask, SetTimer, ClearTimer, OpenMapRun,
                            CloseMapRun, ReopenMapRun, CloseExecution, ReopenExecution,
                            PostContinue>;

}  // namespace towline::interpreter
