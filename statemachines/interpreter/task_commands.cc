// What the outside says about an open task. A worker's word counts only for the attempt that
// owns the task; whoever has the token needs no attempt.

#include <boost/json/object.hpp>

#include "statemachines/interpreter/stepper.h"
#include "statemachines/interpreter/task_spec.h"

namespace towline::interpreter {
namespace {

using ResourceKind = asl::TaskResource::Kind;

// What the service calls a resource in the cause of a result that is too large.
const std::string& NameOf(const asl::TaskResource& resource) {
  const bool by_arn =
      resource.kind == ResourceKind::kFunction || resource.kind == ResourceKind::kActivity;
  return by_arn || resource.history_type.empty() ? resource.arn : resource.history_type;
}

}  // namespace

bool Stepper::OpenedTask::is_job() const {
  const ResourceKind kind = task.resource.kind;
  return kind == ResourceKind::kJob || kind == ResourceKind::kLambda ||
         kind == ResourceKind::kFunction || kind == ResourceKind::kService;
}

std::optional<Stepper::OpenedTask> Stepper::Opened(TaskId task) const {
  const auto open = state_.open_tasks.find(task);
  if (open == state_.open_tasks.end()) return std::nullopt;
  const Frame& frame = At(open->second);
  const asl::State& state = StateOf(frame);
  return OpenedTask{frame, std::get<AwaitingTask>(frame.activity), state,
                    std::get<asl::Task>(state.kind)};
}

bool Stepper::IsCurrent(const OpenedTask& task, std::uint32_t attempt) const {
  return attempt == task.frame.attempts;
}

// A job that is too quick to be accepted first has started all the same.
bool Stepper::EmitStarted(const OpenedTask& task, const std::string& worker) {
  if (task.awaiting.started) return true;
  const bool activity = task.task.resource.kind == ResourceKind::kActivity;
  return Emit(task.frame.last_id,
              TaskStarted{task.awaiting.task, activity ? worker : std::string()});
}

void Stepper::WantTaskClosed(const OpenedTask& task, TaskId id, std::string_view ended_by) {
  // Of its own accord: nobody else need be told.
  Want(CloseTask{id, TaskKindOf(task.task.resource), !ended_by.empty(), std::string(ended_by)});
  if (task.task.timeout_seconds.present()) WantTimerCleared(id, TimerKind::kTaskTimeout);
}

// As the service wraps what a function returns. Its notes on the HTTP exchange are left out:
// there was none.
Json Stepper::Wrapped(const OpenedTask& task, const Json& output) const {
  if (task.task.resource.kind != ResourceKind::kLambda) return output;
  json::object wrapped;
  wrapped["ExecutedVersion"] = "$LATEST";
  wrapped["Payload"] = *output;
  wrapped["StatusCode"] = 200;
  return Json(json::value(std::move(wrapped)));
}

bool Stepper::TooLarge(const OpenedTask& task, const Json& output, bool from_worker) {
  const bool job = from_worker && task.is_job();
  return !Fits(output, job ? limits_.job_payload_bytes_max : limits_.value_bytes_max);
}

Verdict Stepper::operator()(const SucceedTask& command) {
  const auto task = Opened(command.task);
  const bool from_worker = command.attempt != 0;
  if (!task.has_value()) return Verdict::kStale;
  if (from_worker && !IsCurrent(*task, command.attempt)) return Verdict::kStale;
  if (from_worker && task->awaiting.submitted) return Verdict::kNoop;
  // Whoever starts executions has no word for having begun, unlike workers and activities.
  const bool nested = TaskKindOf(task->task.resource) == TaskSpec::Kind::kExecution;
  if ((from_worker || nested) && !EmitStarted(*task, command.worker)) return Verdict::kApplied;

  const Frame& frame = task->frame;
  const bool callback = !from_worker && (task->awaiting.wait_for_task_token || !task->is_job());
  const std::string_view ended_by =
      from_worker || callback ? "" : "the task was ended by its token";
  if (TooLarge(*task, command.output, from_worker)) {
    Failure failure = ResultTooLarge(NameOf(task->task.resource));
    if (!Emit(frame.last_id,
              TaskFailed{command.task, failure.error, failure.cause, command.worker})) {
      return Verdict::kApplied;
    }
    WantTaskClosed(*task, command.task, ended_by);
    EndTask(frame, std::move(failure));
    return Verdict::kApplied;
  }
  Json result = from_worker ? Wrapped(*task, command.output) : command.output;
  if (from_worker && task->awaiting.wait_for_task_token) return Submit(*task, result);
  if (!Emit(frame.last_id, TaskSucceeded{command.task, result, command.worker})) {
    return Verdict::kApplied;
  }
  WantTaskClosed(*task, command.task, ended_by);
  EndTask(frame, std::move(result));
  return Verdict::kApplied;
}

Verdict Stepper::operator()(const FailTask& command) {
  const auto task = Opened(command.task);
  const bool from_worker = command.attempt != 0;
  if (!task.has_value()) return Verdict::kStale;
  if (from_worker && !IsCurrent(*task, command.attempt)) return Verdict::kStale;
  // Its success is on record already.
  if (from_worker && task->awaiting.submitted) return Verdict::kStale;
  const TaskSpec::Kind kind = TaskKindOf(task->task.resource);
  const bool service = kind == TaskSpec::Kind::kPublish || kind == TaskSpec::Kind::kExecution;
  if ((from_worker || service) && !EmitStarted(*task, command.worker)) return Verdict::kApplied;

  const Frame& frame = task->frame;
  const bool callback = !from_worker && (task->awaiting.wait_for_task_token || !task->is_job());
  if (!Emit(frame.last_id,
            TaskFailed{command.task, command.error, command.cause, command.worker})) {
    return Verdict::kApplied;
  }
  WantTaskClosed(*task, command.task,
                 from_worker || callback ? "" : "the task was ended by its token");
  Failure failure;
  failure.error = command.error;
  failure.cause = command.cause;
  EndTask(frame, std::move(failure));
  return Verdict::kApplied;
}

Verdict Stepper::operator()(const StartTask& command) {
  const auto task = Opened(command.task);
  if (!task.has_value()) return Verdict::kStale;
  if (task->task.resource.kind != ResourceKind::kActivity) return Verdict::kStale;
  if (task->awaiting.started) return Verdict::kNoop;
  if (!EmitStarted(*task, command.worker)) return Verdict::kApplied;
  UpdateTask update;
  update.task = command.task;
  update.what = UpdateTask::What::kStarted;
  update.attempt = task->frame.attempts;
  update.worker = command.worker;
  Want(std::move(update));
  return Verdict::kApplied;
}

Verdict Stepper::operator()(const SubmitTask& command) {
  const auto task = Opened(command.task);
  if (!task.has_value()) return Verdict::kStale;
  const asl::TaskResource& resource = task->task.resource;
  const bool sync = resource.sync != asl::TaskResource::Sync::kNone;
  if (resource.kind != ResourceKind::kPublish && !sync) return Verdict::kStale;
  if (task->awaiting.submitted) return Verdict::kNoop;
  if (!EmitStarted(*task, {})) return Verdict::kApplied;
  // A broker acknowledges without words.
  Json output = command.output->is_null() ? Json::EmptyObject() : command.output;
  if (task->awaiting.wait_for_task_token || sync) return Submit(*task, output);
  if (!Emit(task->frame.last_id, TaskSucceeded{command.task, output, {}})) {
    return Verdict::kApplied;
  }
  WantTaskClosed(*task, command.task, "");
  EndTask(task->frame, std::move(output));
  return Verdict::kApplied;
}

Verdict Stepper::Submit(const OpenedTask& task, const Json& output) {
  const TaskId id = task.awaiting.task;
  if (!Emit(task.frame.last_id, TaskSubmitted{id, output})) return Verdict::kApplied;
  UpdateTask update;
  update.task = id;
  update.what = UpdateTask::What::kSubmitted;
  update.attempt = task.frame.attempts;
  Want(std::move(update));
  return Verdict::kApplied;
}

Verdict Stepper::operator()(const AcceptJob& command) {
  const auto task = Opened(command.task);
  if (!task.has_value() || !IsCurrent(*task, command.attempt)) return Verdict::kStale;
  const AwaitingTask& awaiting = task->awaiting;
  if (task->task.resource.kind == ResourceKind::kPublish || awaiting.submitted) {
    return Verdict::kStale;
  }
  if (awaiting.incarnation != 0 || !awaiting.worker.empty()) {
    const bool same =
        awaiting.worker == command.worker && awaiting.incarnation == command.incarnation;
    return same ? Verdict::kNoop : Verdict::kStale;
  }
  if (!EmitStarted(*task, command.worker)) return Verdict::kApplied;
  if (!Emit(0, JobAccepted{command.task, command.attempt, command.worker, command.incarnation})) {
    return Verdict::kApplied;
  }
  UpdateTask update;
  update.task = command.task;
  update.what = UpdateTask::What::kAccepted;
  update.attempt = command.attempt;
  update.worker = command.worker;
  update.incarnation = command.incarnation;
  Want(std::move(update));
  return Verdict::kApplied;
}

Verdict Stepper::operator()(const RequeueJob& command) {
  const auto task = Opened(command.task);
  if (!task.has_value() || !IsCurrent(*task, command.attempt)) return Verdict::kStale;
  // The job has had its end: whoever lost a worker lost nothing.
  if (task->awaiting.submitted) return Verdict::kStale;
  const std::uint32_t attempt = command.attempt + 1;
  if (!Emit(0, JobRequeued{command.task, attempt, command.reason})) return Verdict::kApplied;
  UpdateTask update;
  update.task = command.task;
  update.what = UpdateTask::What::kRequeued;
  update.attempt = attempt;
  update.checkpoint = task->frame.checkpoint;
  Want(std::move(update));
  return Verdict::kApplied;
}

Verdict Stepper::operator()(const CheckpointJob& command) {
  const auto task = Opened(command.task);
  if (!task.has_value() || !IsCurrent(*task, command.attempt)) return Verdict::kStale;
  if (task->awaiting.submitted) return Verdict::kStale;
  if (task->frame.checkpoint == command.checkpoint) return Verdict::kNoop;
  if (!Emit(0, JobCheckpointed{command.task, command.checkpoint})) return Verdict::kApplied;
  UpdateTask update;
  update.task = command.task;
  update.what = UpdateTask::What::kCheckpointed;
  update.attempt = command.attempt;
  update.checkpoint = command.checkpoint;
  Want(std::move(update));
  return Verdict::kApplied;
}

void Stepper::EndTask(const Frame& frame, Failure failure) {
  stack_.push_back(frame.id);
  Fail(frame.id, std::move(failure));
}

void Stepper::EndTask(const Frame& frame, Json result) {
  stack_.push_back(frame.id);
  FinishWith(frame, std::move(result));
}

void Stepper::TimeOut(TaskId id, bool heartbeat) {
  const auto task = Opened(id);
  CHECK(task.has_value());
  if (!Emit(task->frame.last_id, TaskTimedOut{id, heartbeat})) return;
  WantTaskClosed(*task, id, heartbeat ? "the heartbeat was missed" : "the task timed out");
  Failure failure;
  failure.error = std::string(kTimeoutError);
  failure.heartbeat = heartbeat;
  EndTask(task->frame, std::move(failure));
}

}  // namespace towline::interpreter
