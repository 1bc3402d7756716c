// What each request does to a partition: decide, stage, arrange the reply.

#include <type_traits>

#include "orchestrator/engine/partition.h"
#include "orchestrator/store/event_codec.h"

namespace towline::engine {
namespace {

std::string FullName(const std::string& tenant, const std::string& machine,
                     const std::string& name) {
  return tenant + "/" + machine + "/" + name;
}

// Is `event` the end (or the submission) that `command` asks for, with the very same outcome?
bool SameOutcome(const interpreter::Event& event, const interpreter::Command& command) {
  if (const auto* done = std::get_if<interpreter::SucceedTask>(&command)) {
    if (const auto* stored = std::get_if<interpreter::TaskSucceeded>(&event)) {
      return stored->task == done->task && stored->output == done->output;
    }
    if (const auto* stored = std::get_if<interpreter::TaskSubmitted>(&event)) {
      return stored->task == done->task && done->attempt != 0 && stored->output == done->output;
    }
  }
  if (const auto* failed = std::get_if<interpreter::FailTask>(&command)) {
    const auto* stored = std::get_if<interpreter::TaskFailed>(&event);
    return stored != nullptr && stored->task == failed->task && stored->error == failed->error &&
           stored->cause == failed->cause;
  }
  return false;
}

// Looks through the history from the step that scheduled the task on. Slow and rare: only late
// or repeated answers come here.
bool IsStoredOutcome(store::Store& from, store::TaskKey key, const interpreter::Command& command) {
  if (!std::holds_alternative<interpreter::SucceedTask>(command) &&
      !std::holds_alternative<interpreter::FailTask>(command)) {
    return false;
  }
  std::uint64_t first = 0;
  from.StepsBackwards(key.execution, key.task, [&](const store::StepRow& step) {
    first = step.first_seq;
    return false;
  });
  bool same = false;
  from.Steps(key.execution, first, [&](const store::StepRow& step) {
    for (const auto& record : store::DecodeStep(step.events)) {
      if (SameOutcome(record.event, command)) same = true;
    }
    return !same;
  });
  return same;
}

}  // namespace

Error DoesNotExist(const ExecutionName& name) {
  return Error{Error::Code::kNotFound,
               "Execution Does Not Exist: '" + name.machine + ":" + name.name + "' in tenant '" +
                   name.tenant + "'; `towline list` shows the names",
               "ExecutionDoesNotExist"};
}

Error OutcomeUnknown() {
  return Error{Error::Code::kUnavailable,
               "The store failed and the outcome is unknown; ask again, the server recovers by "
               "itself",
               "ServiceUnavailable"};
}

void Partition::Handle(StartExecution& request) {
  const std::string full = FullName(request.info.tenant, request.info.machine, request.info.name);
  if (!request.name_is_new) {
    const auto fresh = batch_names_.find(full);
    if (fresh != batch_names_.end()) return AnswerExisting(request, fresh->second);
    const auto row = store_->Find(request.info.tenant, request.info.machine, request.info.name);
    if (row) return AnswerExisting(request, row->key);
    batch_names_.emplace(full, last_key_ + 1);
  }
  auto made = std::make_unique<Live>();
  made->key = ++last_key_;
  made->definition = request.definition;
  Live& live = cache_.Insert(std::move(made));
  batch_.started.push_back({.key = live.key,
                            .tenant = request.info.tenant,
                            .machine = request.info.machine,
                            .name = request.info.name,
                            .revision = request.info.revision,
                            .started = now_});
  counters_.started++;
  Run(live, interpreter::Start{std::move(request.info), std::move(request.input)});
  if (request.wait) {
    return AddWaiter(live.key, request.waiter, std::move(request.reply));
  }
  replies_.push_back([view = View(live), reply = std::move(request.reply)](bool durable) {
    if (durable) {
      reply(view);
    } else {
      reply(OutcomeUnknown());
    }
  });
}

// The same name again: the same input while it runs gives the running one, as the service does.
void Partition::AnswerExisting(StartExecution& request, store::ExecutionKey key) {
  Live* const live = Load(key);
  CHECK(live != nullptr);
  const interpreter::ExecutionInfo& info = live->state.info;
  // A nested execution that its task has started before.
  const bool same_parent = !info.parent_arn.empty() &&
                           info.parent_arn == request.info.parent_arn &&
                           info.parent_task == request.info.parent_task;
  const bool same = same_parent || (!live->state.closed() && live->state.input == request.input &&
                                    request.info.parent_arn.empty());
  if (!same) {
    const std::string text = "Execution Already Exists: '" + live->state.info.arn + "'";
    replies_.push_back([text, reply = std::move(request.reply)](bool durable) {
      reply(durable ? Error{Error::Code::kAlreadyExists, text, "ExecutionAlreadyExists"}
                    : OutcomeUnknown());
    });
    return;
  }
  if (request.wait) return AddWaiter(key, request.waiter, std::move(request.reply));
  replies_.push_back([view = View(*live), reply = std::move(request.reply)](bool durable) {
    if (durable) {
      reply(view);
    } else {
      reply(OutcomeUnknown());
    }
  });
}

void Partition::Handle(StopExecution& request) {
  Live* const live = LoadByName(request.execution);
  const bool meant = live != nullptr && (request.parent_arn.empty() ||
                                         (live->state.info.parent_arn == request.parent_arn &&
                                          live->state.info.parent_task == request.parent_task));
  if (!meant) return request.reply(DoesNotExist(request.execution));
  if (!live->state.closed()) {
    Run(*live, interpreter::Stop{std::move(request.error), std::move(request.cause)});
  }
  replies_.push_back([view = View(*live), reply = std::move(request.reply)](bool durable) {
    if (durable) {
      reply(view);
    } else {
      reply(OutcomeUnknown());
    }
  });
}

void Partition::Handle(WaitExecution& request) {
  Live* const live = LoadByName(request.execution);
  if (live == nullptr) return request.reply(DoesNotExist(request.execution));
  if (live->state.closed() && !live->dirty) return request.reply(View(*live));
  AddWaiter(live->key, request.waiter, std::move(request.reply));
}

void Partition::AddWaiter(store::ExecutionKey key, std::uint64_t waiter,
                          std::function<void(Result<ExecutionView>)> reply) {
  waiters_[key].push_back({waiter, std::move(reply)});
  if (waiter != 0) waiter_ids_[waiter] = key;
}

void Partition::Handle(Unwait& request) {
  const auto known = waiter_ids_.find(request.waiter);
  if (known == waiter_ids_.end()) return;
  const auto waiting = waiters_.find(known->second);
  if (waiting != waiters_.end()) {
    std::erase_if(waiting->second, [&](const Waiter& w) { return w.id == request.waiter; });
    if (waiting->second.empty()) waiters_.erase(waiting);
  }
  waiter_ids_.erase(known);
}

bool Partition::MayTouch(const std::string& execution_tenant, store::TaskKey task,
                         const std::string& tenant) {
  if (TaskOwner{.execution_tenant = execution_tenant}.Admits(tenant)) return true;
  // A job that was granted to another tenant's workers. The row goes when the task has ended, and
  // late answers must still be told from foreign ones: the history says whose they were.
  bool granted = false;
  store_->StepsBackwards(task.execution, task.task, [&](const store::StepRow& step) {
    for (const auto& record : store::DecodeStep(step.events)) {
      if (record.seq != task.task) continue;
      const auto* scheduled = std::get_if<interpreter::TaskScheduled>(&record.event);
      granted = scheduled != nullptr && scheduled->spec->tenant == tenant;
    }
    return false;
  });
  return granted;
}

TaskVerdict Partition::Judge(const interpreter::Command& command, store::TaskKey task,
                             interpreter::Verdict verdict) {
  switch (verdict) {
    case interpreter::Verdict::kApplied:
    case interpreter::Verdict::kNoop:
      return TaskVerdict::kRecorded;
    case interpreter::Verdict::kStale:
    case interpreter::Verdict::kClosed:
      break;
  }
  return IsStoredOutcome(*store_, task, command) ? TaskVerdict::kRecorded : TaskVerdict::kStale;
}

// What a worker's result refers to is with the worker's tenant. The execution's must have it, too;
// a reference to nothing fails the task.
void Partition::KeepReferences(const std::string& execution_tenant, TaskCommand& request) const {
  auto* const done = std::get_if<interpreter::SucceedTask>(&request.command);
  if (settings_.blobs == nullptr || done == nullptr || done->attempt == 0) return;
  std::string missing;
  ForEachReference(*done->output, [&](const Reference& reference) {
    const bool kept =
        settings_.blobs->Has(request.tenant, reference) &&
        settings_.blobs->Share(request.tenant, execution_tenant, reference.sha256);
    if (!kept) missing = reference.sha256;
  });
  if (missing.empty()) return;
  request.command = interpreter::FailTask{
      .task = done->task,
      .attempt = done->attempt,
      .error = "Towline.PayloadMissing",
      .cause = "the output refers to the large payload " + missing + ", which the server has not",
      .worker = done->worker};
}

void Partition::Handle(TaskCommand& request) {
  const store::TaskKey key{request.task.execution, request.task.task};
  Live* const live = Load(key.execution);
  if (live == nullptr) return request.reply(TaskVerdict::kStale);
  if (!MayTouch(live->state.info.tenant, key, request.tenant)) {
    return request.reply(TaskVerdict::kForbidden);
  }
  std::visit(
      [&](auto& command) {
        if constexpr (requires { command.task; }) command.task = key.task;
      },
      request.command);
  KeepReferences(live->state.info.tenant, request);
  const bool was_dirty = live->dirty;
  const interpreter::Verdict verdict = Run(*live, request.command);
  const bool refused =
      verdict == interpreter::Verdict::kStale || verdict == interpreter::Verdict::kClosed;
  if (refused && was_dirty) {  // its twin may be in this very batch: look again after the commit
    deferred_.push_back(std::move(request));
    return;
  }
  const TaskVerdict answer = Judge(request.command, key, verdict);
  replies_.push_back([answer, reply = std::move(request.reply)](bool durable) {
    reply(durable ? answer : TaskVerdict::kUnavailable);
  });
}

void Partition::Handle(HeartbeatTask& request) {
  const store::TaskKey key{request.task.execution, request.task.task};
  switch (heartbeats_.Renew(key, request.attempt, request.tenant, now_)) {
    case Heartbeats::Beat::kRenewed:
      return request.reply(TaskVerdict::kRecorded);
    case Heartbeats::Beat::kOlderAttempt:
      return request.reply(TaskVerdict::kStale);
    case Heartbeats::Beat::kForbidden:
      return request.reply(TaskVerdict::kForbidden);
    case Heartbeats::Beat::kUnknown:
      break;
  }
  // Open without a heartbeat clock: nothing to renew, but good to know that it is still wanted.
  const auto execution = store_->Get(key.execution);
  if (!execution) return request.reply(TaskVerdict::kStale);
  if (!MayTouch(execution->tenant, key, request.tenant)) {
    return request.reply(TaskVerdict::kForbidden);
  }
  const auto row = TaskRowOf(key);
  const bool wanted = row && row->state != store::TaskState::kCancelling &&
                      (request.attempt == 0 || request.attempt == row->attempt);
  request.reply(wanted ? TaskVerdict::kRecorded : TaskVerdict::kStale);
}

void Partition::Handle(ConfirmCancel& request) {
  const store::TaskKey key{request.task.execution, request.task.task};
  const auto row = TaskRowOf(key);
  const bool waits = row && row->state == store::TaskState::kCancelling &&
                     (request.attempt == 0 || request.attempt == row->attempt);
  if (!waits) return request.reply(TaskVerdict::kStale);
  batch_.tasks_closed.push_back(key);
  replies_.push_back([reply = std::move(request.reply)](bool durable) {
    reply(durable ? TaskVerdict::kRecorded : TaskVerdict::kUnavailable);
  });
}

void Partition::Handle(HoldHeartbeats& request) {
  heartbeats_.Hold(request.all, std::move(request.workers), now_);
}

void Partition::Handle(AddEvidence& request) {
  batch_.evidence.push_back(std::move(request.row));
}

}  // namespace towline::engine
