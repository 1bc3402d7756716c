#pragma once

// The facts of one execution. An event has happened, is stored for good and is never refused;
// a released event type never changes its meaning: a new version is a new alternative.
//
// Every event has a sequence number `seq` (1, 2, 3 … within its execution, in order). Most of
// them are also an event of the service's history and then have an `id` (1, 2, 3 … without gaps)
// and a `previous` id; the rest (id 0) are ours alone.
//
// Ids used below: a task is named by the seq of its TaskScheduled, a timer by the seq of the event
// that started it plus its kind, a frame by a number given at its birth (the root is 0).

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "statemachines/asl/definition.h"
#include "statemachines/base/json.h"
#include "statemachines/base/shared.h"
#include "statemachines/base/time.h"

namespace towline::interpreter {

using EventSeq = std::uint64_t;
using HistoryId = std::uint64_t;
using FrameId = std::uint32_t;
using TaskId = EventSeq;
inline constexpr FrameId kRootFrame = 0;
struct Frame;  // state.h

// Which Map Run an execution is a child of, and as which item, or batch of items.
struct MapChild {
  std::int64_t execution = 0;  // the parent's key in the store
  EventSeq run = 0;            // its MapRunStarted
  std::uint64_t index = 0;
  std::uint32_t items = 1;
  bool operator==(const MapChild&) const = default;
};

// Who an execution is; constant from its start. Feeds the context object.
struct ExecutionInfo {
  std::string tenant;         // "default"
  std::string machine;        // short name
  std::string name;           // short name
  std::string arn;            // arn:towline:states:local:{tenant}:execution:{machine}:{name}
  std::string machine_arn;    // arn:towline:states:local:{tenant}:stateMachine:{machine}
  std::string role_arn;       // empty when none
  std::string revision;       // content hash of the definition it runs
  // What started it, when that is an execution: a task, or a Map Run.
  std::string parent_arn{};
  TaskId parent_task = 0;
  std::optional<MapChild> map_child{};
  asl::ScopeIndex scope = asl::kRootScope;  // what of the definition it runs
};

// What the outside must do for a task; fixed when the task is scheduled.
struct TaskSpec {
  enum class Kind { kJob, kPublish, kActivity, kExecution };
  enum class OnWorkerLost { kTypeDefault, kWait, kRequeue, kFail };
  enum class Start { kTypeDefault, kAtLeastOnce, kAtMostOnce };
  Kind kind = Kind::kJob;
  bool wait_for_task_token = false;
  // kJob
  std::string job_type{};
  std::string tenant{};                        // whose workers may take it
  std::string queue = "default";
  std::map<std::string, std::string> labels{}; // all required
  int priority = 5;                            // 0 to 9, 9 first
  OnWorkerLost on_worker_lost = OnWorkerLost::kTypeDefault;
  Start start = Start::kTypeDefault;
  // kPublish
  std::string topic{};
  int qos = 1;
  bool retain = false;
  // kActivity
  std::string activity{};  // its ARN
  // kExecution: `payload` is the input of an execution of `machine`, named `execution_name`.
  enum class ChildResult { kStarted, kText, kJson };  // of the start; of the end, .sync or .sync:2
  std::string machine{};         // as given: an ARN or a name
  std::string execution_name{};
  ChildResult child_result = ChildResult::kStarted;
  // all: what is sent. Holds TokenPlaceholder(task) wherever the token belongs.
  Json payload{};
  std::optional<std::int64_t> timeout_seconds{};
  std::optional<std::int64_t> heartbeat_seconds{};
  std::optional<std::string> role_arn{};  // Credentials, for the history
};

struct ExecutionStarted {
  Shared<ExecutionInfo> info;
  Json input;
};
struct StateEntered {
  FrameId frame = kRootFrame;
  asl::StateIndex state = 0;
  Json input;
};
// `next` absent: the frame's last state.
struct StateExited {
  FrameId frame = kRootFrame;
  Json output;
  std::optional<asl::StateIndex> next{};
  Json assigned{};  // an object: the variables that get a new value; null: none
};
// A running state of a frame that is thrown away because a sibling failed.
struct StateAborted {
  FrameId frame = kRootFrame;
};

struct TaskScheduled {
  FrameId frame = kRootFrame;
  std::uint32_t attempt = 1;  // of the state visit: grows over offers and retries
  Shared<TaskSpec> spec;
  Json parameters;            // the effective input, as the history shows it
  std::optional<Timestamp> timeout_at{};
};
struct TaskStarted {
  TaskId task = 0;
  std::string worker;  // activities: workerName; otherwise empty
};
// The outside has taken it on: PUBACK, or the end of a job whose token someone else holds.
struct TaskSubmitted {
  TaskId task = 0;
  Json output;
};
struct TaskSucceeded {
  TaskId task = 0;
  Json output;
  std::string worker;  // empty: by token
};
struct TaskFailed {
  TaskId task = 0;
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
  std::string worker;
};
struct TaskTimedOut {
  TaskId task = 0;
  bool heartbeat = false;  // which clock ran out
};

// A worker has said that it holds the job.
struct JobAccepted {
  TaskId task = 0;
  std::uint32_t attempt = 1;
  std::string worker;
  std::uint64_t incarnation = 0;
};
// The job goes to another worker or incarnation: `attempt` is the new one.
struct JobRequeued {
  TaskId task = 0;
  std::uint32_t attempt = 2;
  std::string reason;
};
struct JobCheckpointed {
  TaskId task = 0;
  Json checkpoint;
};

struct WaitStarted {
  FrameId frame = kRootFrame;
  Timestamp due{};
};
// A failed attempt of the frame's state will be tried again at `due`.
struct RetryScheduled {
  FrameId frame = kRootFrame;
  std::uint32_t retrier = 0;
  Timestamp due{};
};

// Children are numbered first_child, first_child + 1, … in branch order.
struct ParallelStarted {
  FrameId frame = kRootFrame;
  FrameId first_child = 1;
  Json input;  // the effective input of every branch
};
struct ParallelSucceeded {
  FrameId frame = kRootFrame;
};
struct ParallelFailed {
  FrameId frame = kRootFrame;
};
struct MapStarted {
  FrameId frame = kRootFrame;
  Json items;
  std::uint32_t max_concurrency = 0;  // 0: no limit
};
struct IterationStarted {
  FrameId frame = kRootFrame;  // the Map's
  FrameId child = 0;
  std::uint32_t index = 0;
  Json input;
};
struct IterationSucceeded {
  FrameId child = 0;
};
struct IterationFailed {
  FrameId child = 0;
};
struct IterationAborted {
  FrameId child = 0;
};
// What a Distributed Map asks of its Map Run; fixed when that starts.
struct MapRunSpec {
  std::string id{};     // a UUID; its first four digits are the number of the partition, in hex
  std::string label{};
  std::string arn{};
  std::uint32_t max_concurrency = 0;  // 0: as many as the runner thinks fit
  std::optional<std::uint64_t> tolerated_count{};
  std::optional<double> tolerated_percentage{};
  Json items{};         // an array or an object; null with an ItemReader
  Json reader{};        // its Parameters or Arguments; null without one
  Json max_items{};     // its MaxItems, as it was found; null: all
  bool batched = false;
  std::optional<std::uint64_t> batch_items{};
  std::optional<std::uint64_t> batch_bytes{};
  Json batch_input{};   // null: none
  Json writer{};        // ResultWriter's Parameters or Arguments; null: none
};
// A Distributed Map has begun: as MapStarted, without iterations of its own.
struct DistributedMapStarted {
  FrameId frame = kRootFrame;
  std::uint64_t length = 0;  // of the items; 0 when they are still to be read
};
struct MapRunStarted {
  FrameId frame = kRootFrame;
  Shared<MapRunSpec> spec;
};
struct MapRunSucceeded {
  TaskId run = 0;
  Json output;
};
struct MapRunFailed {
  TaskId run = 0;
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
};
// The same one goes on, in a redriven execution.
struct MapRunRedriven {
  FrameId frame = kRootFrame;
  TaskId run = 0;
  std::uint32_t count = 1;
};
struct MapSucceeded {
  FrameId frame = kRootFrame;
};
struct MapFailed {
  FrameId frame = kRootFrame;
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
};

struct ExecutionSucceeded {
  Json output;
};
struct ExecutionFailed {
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
  EventSeq rose_after = 0;  // the last event before the failure began to rise; a redrive's start
};
struct ExecutionAborted {
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
};
struct ExecutionTimedOut {};
// An ended execution goes on. `frames` is the tree it goes on with: what had succeeded as it was,
// what had failed or was thrown away about to run again.
struct ExecutionRedriven {
  std::uint32_t count = 1;  // of redrives so far, this one included
  std::shared_ptr<const std::vector<Frame>> frames;  // never null; by id
  FrameId next_frame = 1;
  std::string client_token{};
};

// A JSONata expression of the frame's state has failed.
struct EvaluationFailed {
  FrameId frame = kRootFrame;
  std::string error;
  std::string cause;
  std::string location;  // the field: "Arguments/Payload", "Catch[0]/Output/x"
};

using Event =
    std::variant<ExecutionStarted, StateEntered, StateExited, StateAborted, TaskScheduled,
                 TaskStarted, TaskSubmitted, TaskSucceeded, TaskFailed, TaskTimedOut, JobAccepted,
                 JobRequeued, JobCheckpointed, WaitStarted, RetryScheduled, ParallelStarted,
                 ParallelSucceeded, ParallelFailed, MapStarted, IterationStarted,
                 IterationSucceeded, IterationFailed, IterationAborted, MapSucceeded, MapFailed,
                 ExecutionSucceeded, ExecutionFailed, ExecutionAborted, ExecutionTimedOut,
                 ExecutionRedriven, EvaluationFailed, DistributedMapStarted, MapRunStarted,
                 MapRunSucceeded, MapRunFailed, MapRunRedriven>;

struct EventRecord {
  EventSeq seq = 0;
  HistoryId id = 0;        // 0: not part of the service's history
  HistoryId previous = 0;  // previousEventId
  Timestamp time{};
  Event event;
};

// Stands for the token of `task` in payloads and parameters until the shell, which holds the
// key, puts the real one in: "towline-task-token:17". History keeps the placeholder.
std::string TokenPlaceholder(TaskId task);

}  // namespace towline::interpreter
