#pragma once

// The state of one execution: a tree of frames. Changed only by Apply(); equal histories give
// equal states.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "statemachines/interpreter/event.h"

namespace towline::interpreter {

// What a frame is doing. Only AwaitingTask, AwaitingTimer and AwaitingChildren survive a step;
// Entering and Redoing do too when the step ended at its bound.
struct Entering {
  asl::StateIndex state = 0;
};
struct AwaitingTask {
  TaskId task = 0;
  bool submitted = false;
  bool started = false;
  bool wait_for_task_token = false;
  std::string worker{};  // the recorded holder; empty: none
  std::uint64_t incarnation = 0;
  bool operator==(const AwaitingTask&) const = default;
};
struct AwaitingTimer {
  EventSeq timer = 0;
  bool retry = false;  // a backoff, not a Wait state
  Timestamp due{};
  bool operator==(const AwaitingTimer&) const = default;
};
// Parallel or Map: its children are frames of their own; finished ones leave their output here.
struct AwaitingChildren {
  std::vector<std::optional<Json>> outputs;  // by branch or item
  std::uint32_t open = 0;                    // children still running
  // Map only: an iterator, so that a million items need no million frames.
  std::optional<Json> items{};
  std::uint32_t next_index = 0;
  std::uint32_t max_concurrency = 0;
};
// A Distributed Map: its items are executions of their own.
struct AwaitingMapRun {
  enum class Stage : std::uint8_t { kRunning, kSucceeded, kFailed };  // ended: only inside a step
  TaskId run = 0;
  Stage stage = Stage::kRunning;
  std::uint32_t redrives = 0;
  bool operator==(const AwaitingMapRun&) const = default;
};
// Redriven: the state that the frame is in does its work again, without being entered anew.
struct Redoing {
  // Of a Distributed Map: the Map Run that goes on; 0: none had started.
  TaskId run = 0;
  std::uint32_t redrives = 0;
  bool operator==(const Redoing&) const = default;
};
using Activity =
    std::variant<Entering, AwaitingTask, AwaitingTimer, AwaitingChildren, Redoing,
                 AwaitingMapRun>;

struct Variable {
  Json value{};
  std::size_t bytes = 0;  // as JSON text
  friend bool operator==(const Variable& a, const Variable& b) { return a.value == b.value; }
};

struct Frame {
  FrameId id = kRootFrame;
  FrameId parent = kRootFrame;        // of the root: itself
  std::uint32_t index = 0;            // branch or item number in the parent
  asl::ScopeIndex scope = asl::kRootScope;
  asl::StateIndex state = 0;          // the current one
  Json input{};                       // its raw input
  HistoryId entered_id = 0;           // of its …StateEntered, for causes
  HistoryId entered_after = 0;        // what that follows from
  Timestamp entered_at{};
  HistoryId last_id = 0;              // what the next event's previousEventId will be
  std::vector<std::uint32_t> retries; // per retrier, this visit
  std::uint32_t retry_count = 0;      // State.RetryCount
  std::uint32_t attempts = 0;         // offers and tries so far, this visit: the fence
  std::optional<Json> checkpoint{};   // saved by a job of this visit
  std::map<std::string, Variable, std::less<>> variables;  // of its scope
  Activity activity{Entering{}};
};

enum class ExecutionStatus : std::uint8_t { kRunning, kSucceeded, kFailed, kTimedOut, kAborted };

struct ExecutionState {
  ExecutionInfo info;
  Json input{};
  Timestamp started_at{};
  Timestamp last_at{};  // of the last event: time never goes backwards in one execution
  EventSeq last_seq = 0;
  HistoryId last_id = 0;
  FrameId next_frame = 1;
  ExecutionStatus status = ExecutionStatus::kRunning;
  std::optional<Json> output{};
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
  Timestamp stopped_at{};
  std::uint32_t redrive_count = 0;
  // Of the last redrive; meaningless while redrive_count is 0.
  Timestamp redriven_at{};
  std::string redrive_token{};
  std::map<FrameId, Frame> frames;          // empty once closed
  std::map<TaskId, FrameId> open_tasks;
  std::size_t variables_bytes = 0;  // of all frames

  bool started() const { return last_seq != 0; }
  // TimeoutSeconds is the machine's: the children of a Distributed Map have none of their own.
  std::optional<std::int64_t> budget_seconds(const asl::Definition& definition) const {
    return info.scope == asl::kRootScope ? definition.timeout_seconds : std::nullopt;
  }
  // When it began to run.
  Timestamp budget_from() const { return redrive_count == 0 ? started_at : redriven_at; }
  bool closed() const { return status != ExecutionStatus::kRunning; }
};

// The variable as the frame sees it: its own or that of a frame around it. Null: undefined.
const Json* FindVariable(const ExecutionState& state, const Frame& frame, std::string_view name);

// Equal in every respect that a later step could see; values compare by content.
bool Equal(const ExecutionState& a, const ExecutionState& b);

// Whether a Map may start another iteration now; never true of a Parallel.
bool HasRoom(const AwaitingChildren& children);
// Whether every branch or item has succeeded.
bool AllEnded(const AwaitingChildren& children);

// Whether the frame can move without the outside: it stands before a state or is to do it again,
// its children have all ended, or more iterations may start.
bool IsRunnable(const Frame& frame);

// Whether a step ended at its bound: a Continue is due. For the shell after a restart, when the
// one that was posted is gone.
bool NeedsContinue(const ExecutionState& state);

}  // namespace towline::interpreter
