#include "orchestrator/api/explain_tasks.h"

#include "orchestrator/api/convert.h"

namespace towline::api {
namespace {

v1::Waiting::For WaitsFor(const OpenTaskFacts& facts) {
  using Kind = interpreter::TaskSpec::Kind;
  if (facts.waits == nullptr) return v1::Waiting::FOR_CANCEL;
  const bool callback = facts.waits->submitted && facts.open.spec.wait_for_task_token;
  if (callback) return v1::Waiting::FOR_CALLBACK;
  switch (facts.open.spec.kind) {
    case Kind::kJob: return v1::Waiting::FOR_JOB;
    case Kind::kPublish: return v1::Waiting::FOR_PUBLISH;
    case Kind::kActivity: return v1::Waiting::FOR_ACTIVITY;
    case Kind::kExecution: return v1::Waiting::FOR_EXECUTION;
  }
  return v1::Waiting::FOR_UNSPECIFIED;
}

std::string StageOf(const OpenTaskFacts& facts) {
  switch (facts.row.state) {
    case store::TaskState::kWaiting: return "waiting";
    case store::TaskState::kAccepted: return "accepted";
    case store::TaskState::kSubmitted: return "submitted";
    case store::TaskState::kCancelling: return "cancelling";
  }
  return "";
}

// Nothing will ever end this wait by itself.
bool Endless(const v1::Waiting& waiting) {
  return !waiting.has_until() && !waiting.has_heartbeat_seconds();
}

std::string JobReason(const v1::Waiting& waiting) {
  if (waiting.stage() == "accepted") return "Worker " + waiting.worker() + " is running the job.";
  if (waiting.stage() == "offered") {
    return "The job was offered to worker " + waiting.worker() + ", which has not answered yet.";
  }
  return "The job is waiting for a worker of type " + waiting.job_type() + " in queue " +
         waiting.queue() + ".";
}

std::string Reason(const v1::Waiting& waiting) {
  switch (waiting.what()) {
    case v1::Waiting::FOR_JOB: return JobReason(waiting);
    case v1::Waiting::FOR_CALLBACK: return "Whoever holds the task's token has not answered yet.";
    case v1::Waiting::FOR_PUBLISH:
      return "The broker has not acknowledged the message on topic " + waiting.topic() + " yet.";
    case v1::Waiting::FOR_ACTIVITY:
      if (waiting.stage() == "accepted") {
        return "Poller " + (waiting.worker().empty() ? "(unnamed)" : waiting.worker()) +
               " has taken the task and has not answered yet.";
      }
      return "Nobody has polled activity " + waiting.activity() + " for the task yet.";
    case v1::Waiting::FOR_EXECUTION:
      return "The execution that it has started, " + waiting.execution() +
             (waiting.stage() == "submitted" ? ", has not ended yet."
                                             : ", is just being started.");
    case v1::Waiting::FOR_CANCEL:
      if (!waiting.execution().empty()) {
        return "Execution " + waiting.execution() + " is being stopped with it.";
      }
      return "The job was cancelled, but worker " + waiting.worker() +
             " has not confirmed that it is dead.";
    default: return "";
  }
}

std::string Advice(const v1::Waiting& waiting, const std::string& execution) {
  switch (waiting.what()) {
    case v1::Waiting::FOR_EXECUTION: return "See what that one waits for: towline why " +
                                            waiting.execution();
    case v1::Waiting::FOR_CANCEL:
      if (!waiting.execution().empty()) return "";
      return "Bring the worker back; if its machine is gone for good: towline task forget " +
             execution + " " + std::to_string(waiting.task());
    case v1::Waiting::FOR_PUBLISH: return "Check that the broker is up and reachable.";
    case v1::Waiting::FOR_ACTIVITY:
      if (waiting.stage() != "accepted") {
        return "Start a program that polls it, or take it by hand: towline activity poll " +
               waiting.activity();
      }
      break;
    case v1::Waiting::FOR_CALLBACK:
      if (!Endless(waiting)) break;
      return "The state has no timeout: have the holder answer, or give up: towline stop " +
             execution;
    default: break;
  }
  if (!Endless(waiting)) return "";
  return "The state has neither timeout nor heartbeat and may wait for ever; to give up: towline "
         "stop " + execution;
}

}  // namespace

void FillTask(const OpenTaskFacts& facts, v1::Waiting* to) {
  const interpreter::TaskSpec& spec = facts.open.spec;
  to->set_what(WaitsFor(facts));
  to->set_task(facts.row.task);
  to->set_attempt(facts.row.attempt);
  to->set_stage(StageOf(facts));
  to->set_worker(facts.row.worker);
  if (facts.waits != nullptr && facts.waits->started &&
      spec.kind == interpreter::TaskSpec::Kind::kActivity) {
    to->set_stage("accepted");
    to->set_worker(facts.waits->worker);
  }
  if (spec.kind == interpreter::TaskSpec::Kind::kJob) {
    to->set_job_type(spec.job_type);
    to->set_queue(spec.queue);
  }
  if (spec.kind == interpreter::TaskSpec::Kind::kExecution) {
    // The machine's name is the last part of its ARN.
    to->set_execution(spec.machine.substr(spec.machine.rfind(':') + 1) + "/" +
                      spec.execution_name);
  }
  to->set_topic(spec.topic);
  to->set_activity(spec.activity);
  if (facts.waits == nullptr) return;
  if (facts.open.timeout_at) SetTime(to->mutable_until(), *facts.open.timeout_at);
  if (spec.heartbeat_seconds) to->set_heartbeat_seconds(*spec.heartbeat_seconds);
}

void FillReason(const std::optional<dispatch::TaskView>& view, const std::string& execution,
                v1::Waiting* to) {
  if (view) {
    // The store says who holds it; only dispatch knows about offers.
    to->set_stage(view->stage);
    if (!view->worker.empty()) to->set_worker(view->worker);
    to->set_attempt(view->attempt);
    if (view->since) SetTime(to->mutable_since(), *view->since);
    if (view->last_heard) SetTime(to->mutable_last_heard(), *view->last_heard);
    if (view->percent) to->set_percent(*view->percent);
    to->set_message(view->message);
    to->set_ahead(view->ahead);
  }
  to->set_reason(view && !view->reason.empty() ? view->reason : Reason(*to));
  to->set_advice(Advice(*to, execution));
}

}  // namespace towline::api
