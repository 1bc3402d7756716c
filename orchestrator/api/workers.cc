#include "orchestrator/api/workers.h"

#include <algorithm>
#include <optional>

#include "orchestrator/api/convert.h"
#include "orchestrator/store/event_codec.h"

namespace towline::api {
namespace {

Error DoesNotExist(const jobs::Principal& name) {
  return Error{Error::Code::kNotFound,
               "Worker Does Not Exist: '" + name.worker + "' of tenant '" + name.tenant +
                   "' has not been heard of since the server started",
               "WorkerDoesNotExist"};
}

v1::WorkerState StateOf(const std::string& state) {
  if (state == "online") return v1::WORKER_STATE_ONLINE;
  if (state == "draining") return v1::WORKER_STATE_DRAINING;
  if (state == "offline") return v1::WORKER_STATE_OFFLINE;
  if (state == "revoked") return v1::WORKER_STATE_REVOKED;
  return v1::WORKER_STATE_UNKNOWN;
}

void FillWorker(const dispatch::WorkerView& view, v1::Worker* to) {
  to->set_tenant(view.tenant);
  to->set_name(view.worker);
  to->set_state(StateOf(view.state));
  to->set_incarnation(view.incarnation);
  to->set_slots(view.slots);
  to->set_used(view.used);
  for (const auto& type : view.types) {
    v1::WorkerJobType* job_type = to->add_types();
    job_type->set_name(type.name);
    job_type->set_slots(type.slots);
  }
  for (const std::string& queue : view.queues) to->add_queues(queue);
  for (const auto& [key, value] : view.labels) (*to->mutable_labels())[key] = value;
  to->set_version(view.version);
  for (const auto& [key, value] : view.host) (*to->mutable_host())[key] = value;
  if (view.last_seen) SetTime(to->mutable_last_seen(), *view.last_seen);
  to->set_drain_requested(view.drain_requested);
}

std::optional<dispatch::WorkerView> FindView(const dispatch::Dispatcher& dispatcher,
                                             const jobs::Principal& name) {
  for (dispatch::WorkerView& view : dispatcher.Workers(name.tenant)) {
    if (view.worker == name.worker) return std::move(view);
  }
  return std::nullopt;
}

}  // namespace

void Workers::List(const v1::ListWorkersRequest& /*request*/,
                   const Reply<v1::ListWorkersResponse>& reply) {
  auto tenant = base_.Tenant(reply.asker(), Action::kViewWorkers);
  if (!tenant) return reply.Fail(tenant.error());
  base_.parts.fleet.Ask([reply, tenant = *tenant](dispatch::Dispatcher& dispatcher, Timestamp) {
    auto views = dispatcher.Workers(tenant);
    std::sort(views.begin(), views.end(),
              [](const auto& a, const auto& b) { return a.worker < b.worker; });
    reply.Fill([&views](v1::ListWorkersResponse& response) {
      for (const dispatch::WorkerView& view : views) FillWorker(view, response.add_workers());
    });
  });
}

// Runs on dispatch's thread and reads a few rows there, as dispatch itself does for payloads.
void Workers::AddHolding(const dispatch::Dispatcher& dispatcher, const dispatch::WorkerView& view,
                         Timestamp now, v1::Worker* to) {
  for (const engine::TaskRef& ref : view.holding) {
    const Readers::Lease reader(base_.readers, ref.partition);
    const auto row = reader->Get(ref.execution);
    if (!row) continue;
    v1::HeldTask* held = to->add_holding();
    held->set_execution_arn(IdOf(*row).arn());
    held->set_task(ref.task);
    if (const auto task = reader->Task({ref.execution, ref.task})) {
      held->set_state(store::DecodeTask(task->spec).state);
      held->set_attempt(task->attempt);
    }
    if (const auto stage = dispatcher.Describe(ref, now)) {
      held->set_attempt(stage->attempt);
      held->set_stage(stage->stage);
      if (stage->since) SetTime(held->mutable_since(), *stage->since);
      if (stage->percent) held->set_percent(*stage->percent);
    }
  }
}

void Workers::Describe(const v1::DescribeWorkerRequest& request, const Reply<v1::Worker>& reply) {
  auto name = base_.Worker(reply.asker(), Action::kViewWorkers, request.worker());
  if (!name) return reply.Fail(name.error());
  base_.parts.fleet.Ask(
      [this, reply, name = *name](dispatch::Dispatcher& dispatcher, Timestamp now) {
        Serve(reply, [&] {
          const auto view = FindView(dispatcher, name);
          if (!view) return reply.Fail(DoesNotExist(name));
          v1::Worker worker;
          FillWorker(*view, &worker);
          AddHolding(dispatcher, *view, now, &worker);
          reply.Send(std::move(worker));
        });
      });
}

void Workers::Drain(const v1::DrainWorkerRequest& request, const Reply<v1::Worker>& reply) {
  auto name = base_.Worker(reply.asker(), Action::kChangeWorkers, request.worker());
  if (!name) return reply.Fail(name.error());
  base_.parts.fleet.Ask([reply, name = *name, drain = request.drain()](
                            dispatch::Dispatcher& dispatcher, Timestamp now) {
    if (!FindView(dispatcher, name)) return reply.Fail(DoesNotExist(name));
    if (auto ok = dispatcher.SetDrain(name.tenant, name.worker, drain, now); !ok) {
      return reply.Fail(ok.error());
    }
    Log(LogLevel::kInfo, "worker_drain",
        {{"tenant", name.tenant}, {"worker", name.worker}, {"drain", drain ? "true" : "false"}});
    const auto view = FindView(dispatcher, name);
    reply.Fill([&view](v1::Worker& worker) {
      if (view) FillWorker(*view, &worker);
    });
  });
}

void Workers::Forget(const v1::ForgetTaskRequest& request,
                     const Reply<v1::ForgetTaskResponse>& reply) {
  const auto located = base_.Locate(reply.asker(), Action::kChangeWorkers, request.execution());
  if (!located) return reply.Fail(located.error());
  const store::TaskKey key{located->row.key, request.task()};
  const auto row = Readers::Lease(base_.readers, located->partition)->Task(key);
  const std::string shown = "Task " + std::to_string(request.task()) + " of '" +
                            IdOf(located->row).arn() + "' ";
  if (!row) {
    return reply.Fail(Error{Error::Code::kNotFound,
                            shown + "is not open; `towline why` shows the open ones",
                            "TaskDoesNotExist"});
  }
  if (row->state != store::TaskState::kCancelling) {
    return reply.Fail(Error{Error::Code::kFailedPrecondition,
                            shown + "is not being cancelled: stop the execution first",
                            "TaskNotCancelling"});
  }
  Log(LogLevel::kWarning, "task_forgotten",
      {{"execution", IdOf(located->row).arn()},
       {"task", std::to_string(request.task())},
       {"worker", row->worker},
       {"reason", request.reason()}});
  const json::value reason = json::object{{"reason", request.reason()}};
  // Kept even if the row itself is gone by the time the partition looks.
  base_.parts.requests.Post(
      located->partition,
      engine::AddEvidence{store::EvidenceRow{.task = key,
                                             .time = base_.parts.clock(),
                                             .worker = row->worker,
                                             .attempt = row->attempt,
                                             .what = "forgotten by an operator",
                                             .data = PrintJson(reason).substr(0, 4096)}});
  engine::ConfirmCancel confirm{
      .task = engine::TaskRef{located->partition, key.execution, key.task},
      .attempt = row->attempt,
      .reply = [reply, ref = engine::TaskRef{located->partition, key.execution, key.task},
                &fleet = base_.parts.fleet](engine::TaskVerdict verdict) {
        if (verdict == engine::TaskVerdict::kUnavailable) {
          return reply.Fail(Error{Error::Code::kUnavailable, "The store does not answer: try again",
                                  "ServiceUnavailable"});
        }
        // Anything else: it is gone, which is what was wanted.
        fleet.Ask([ref](dispatch::Dispatcher& dispatcher, Timestamp now) {
          dispatcher.Forget(ref, now);
        });
        reply.Fill([](v1::ForgetTaskResponse&) {});
      }};
  if (!base_.parts.requests.Post(located->partition, std::move(confirm))) reply.Fail(BusyError());
}

}  // namespace towline::api
