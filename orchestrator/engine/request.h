#pragma once

// What goes into a partition and what comes out of it.
//
// In: Requests, each with a reply that is called on the partition's thread after the commit that
// made the answer true (or at once for a refusal that changes nothing). A reply must only hand
// over. Out: TaskNotices to dispatch and Notices to watchers, after the commit as well.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "orchestrator/engine/map_run.h"
#include "orchestrator/engine/tokens.h"
#include "orchestrator/store/store.h"
#include "statemachines/asl/definition.h"
#include "statemachines/base/json.h"
#include "statemachines/base/result.h"
#include "statemachines/interpreter/command.h"
#include "statemachines/interpreter/effect.h"
#include "statemachines/interpreter/state.h"

namespace towline::engine {

// How an execution ended, or where it is.
struct ExecutionView {
  store::ExecutionKey key = 0;
  std::string arn;
  interpreter::ExecutionStatus status = interpreter::ExecutionStatus::kRunning;
  Timestamp started{};
  std::optional<Timestamp> stopped{};
  std::optional<Json> output{};
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
  std::uint32_t redrive_count = 0;
  std::optional<Timestamp> redriven{};  // the last time
};

// Starts an execution. A name that exists: the same input while it runs gives the running one
// back, anything else is ExecutionAlreadyExists.
struct StartExecution {
  interpreter::ExecutionInfo info;
  std::shared_ptr<const asl::Definition> definition;
  Json input;
  bool name_is_new = false;  // made up by the server: no need to look for an older one
  bool wait = false;  // reply when it has ended rather than when it has started
  std::function<void(Result<ExecutionView>)> reply;
  std::uint64_t waiter = 0;  // with `wait`: any unique number, by which Unwait drops the reply
};

struct ExecutionName {
  std::string tenant, machine, name;
};
struct StopExecution {
  ExecutionName execution;
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
  std::function<void(Result<ExecutionView>)> reply;
  // Of a nested one: stop it only if this task has started it. 0: whoever has.
  std::string parent_arn{};
  interpreter::TaskId parent_task = 0;
};
// Lets an execution that did not succeed go on where it stopped, with everything that succeeded
// kept: ExecutionNotRedrivable if it runs, has succeeded or has a full history.
struct RedriveExecution {
  ExecutionName execution;
  // Replaces the input of the state named `state`; an empty name: of the only one to run again.
  std::optional<Json> input{};
  std::string state{};
  std::string client_token{};  // the same one again changes nothing
  std::function<void(Result<ExecutionView>)> reply;
};
// Replies when the execution has ended (at once if it has). Dropped by Unwait.
struct WaitExecution {
  ExecutionName execution;
  std::uint64_t waiter = 0;  // any unique number
  std::function<void(Result<ExecutionView>)> reply;
};
struct Unwait {
  std::uint64_t waiter = 0;
};

// A command about one task, from whichever door or worker.
enum class TaskVerdict {
  kRecorded,   // applied, or the very same outcome is the stored one
  kStale,      // the task has ended otherwise, a later attempt owns it, or it never existed
  kForbidden,  // the caller's tenant is neither the execution's nor the job's
  kUnavailable,  // the store is broken and the outcome unknown: neither acknowledge nor refuse
};
struct TaskCommand {
  TaskRef task;
  // SucceedTask, FailTask, StartTask, SubmitTask, AcceptJob, RequeueJob, CheckpointJob; their
  // `task` members are filled in from `task`.
  interpreter::Command command;
  std::string tenant;  // of the caller; empty: the server itself
  std::function<void(TaskVerdict)> reply;
};
// Touches memory only: renews the heartbeat clock. attempt 0: by token.
struct HeartbeatTask {
  TaskRef task;
  std::uint32_t attempt = 0;
  std::string tenant;
  std::function<void(TaskVerdict)> reply;
};
// The worker has confirmed that a cancelled job is dead (or an operator says so): the row goes.
struct ConfirmCancel {
  TaskRef task;
  std::uint32_t attempt = 0;
  std::function<void(TaskVerdict)> reply;
};
// Whose jobs' heartbeat clocks stand still because nothing of them can be heard: everybody's while
// the server has no broker link, afterwards those of workers that have not answered its roll call
// yet. The whole truth each time. A job whose worker is no longer named gets a full period.
struct HoldHeartbeats {
  bool all = true;
  std::set<std::string> workers{};  // "tenant_worker"
  bool operator==(const HoldHeartbeats&) const = default;
};
// A late answer, kept for people.
struct AddEvidence {
  store::EvidenceRow row;
};

using Request = std::variant<StartExecution, StopExecution, RedriveExecution, WaitExecution,
                             Unwait, TaskCommand, HeartbeatTask, ConfirmCancel, HoldHeartbeats,
                             AddEvidence, StartChildren, RedriveChildren, StopChildren,
                             FinishMapRun, UpdateMapRun>;

// To dispatch: what became of tasks. Posted in commit order.
struct TaskOpened {  // also at start-up, for every open row; and with the next attempt (requeue)
  TaskRef task;
  std::string execution_arn;
  std::string execution_tenant;
  std::shared_ptr<const interpreter::OpenTask> open;  // never null
  // False at start-up: open->spec.payload and open->checkpoint are not filled in; TaskSource
  // loads them when they are needed.
  bool with_payload = true;
  std::uint32_t attempt = 1;
  store::TaskState state = store::TaskState::kWaiting;
  std::string worker;             // the recorded holder, when there is one
  std::uint64_t incarnation = 0;
  bool requeued = false;
  bool recovered = false;         // at start-up: a worker may hold it, ask before offering
};
struct TaskAccepted {  // committed: grants may go out
  TaskRef task;
  std::uint32_t attempt = 1;
  std::string worker;
};
struct TaskSubmittedNotice {  // the job has ended, its token lives on: free the slot
  TaskRef task;
};
struct TaskClosed {
  TaskRef task;
  bool cancel = false;  // tell the holder, if any, to stop; the row stays until ConfirmCancel
  std::string reason;
  interpreter::TaskSpec::Kind kind = interpreter::TaskSpec::Kind::kJob;
};
// The partition has dropped its memory and read the store again (start-up, or a commit of unknown
// outcome): forget all tasks of it; TaskOpened{recovered} follow for those that are open.
struct PartitionReset {
  int partition = 0;
};
using TaskNotice =
    std::variant<TaskOpened, TaskAccepted, TaskSubmittedNotice, TaskClosed, PartitionReset>;

// Dispatch's ear. Called on the partition's thread; must only hand over.
class TaskSink {
 public:
  virtual ~TaskSink() = default;
  virtual void Post(std::vector<TaskNotice> notices) = 0;
};

// For dispatch: the payload of a waiting task whose notice did not carry it. Thread-safe.
class TaskSource {
 public:
  virtual ~TaskSource() = default;
  // Nothing when the task is no longer open. Throws StoreError.
  virtual std::shared_ptr<const interpreter::OpenTask> Load(const TaskRef& task) = 0;
  // The ARN of its execution, which an offer names; empty when the task is no longer open. Throws
  // StoreError.
  virtual std::string ExecutionArn(const TaskRef&) { return {}; }
};

// Answers that several requests have in common.
Error DoesNotExist(const ExecutionName& name);
Error OutcomeUnknown();  // the commit failed

// For everybody who sends Requests. Thread-safe; never blocks.
class RequestPort {
 public:
  virtual ~RequestPort() = default;
  // False when the partition's inbox is full or it is shutting down; the reply is then not called.
  virtual bool Post(int partition, Request request) = 0;
};

}  // namespace towline::engine
