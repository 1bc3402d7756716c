// What people ask: the fleet, and where one task stands and why.

#include <algorithm>
#include <tuple>

#include "orchestrator/dispatch/impl.h"

namespace towline::dispatch {
namespace {

const char* StageText(const Job& job) {
  switch (job.stage) {
    case Stage::kParked:
      return "roll call";
    case Stage::kOffered:
      return "offered";
    case Stage::kAccepted:
    case Stage::kHanded:
      return "accepted";
    case Stage::kCancelling:
      return "cancelling";
    case Stage::kPublishing:
      return "publishing";
    default:
      return "waiting";
  }
}

std::string WhyParked(const Group& group, Timestamp until) {
  std::string names;
  for (const Group::Link& link : group.eligible) {
    if (link.worker->answered >= group.parked_epoch) continue;
    if (!names.empty()) names += ", ";
    names += link.worker->principal.worker;
  }
  if (names.empty()) {
    return "the server has just restarted and gives results that are on their way a moment";
  }
  return "the server has restarted and worker " + names +
         " may hold the job; waiting for its roll call, at the latest until " +
         FormatTimestamp(until);
}

std::string WhyHeld(const Job& job) {
  const Worker& worker = *job.offer->worker;
  const std::string who = "worker " + worker.principal.worker;
  if (job.stage == Stage::kCancelling) {
    return who + (worker.present() ? " has been told to stop the job and has not confirmed it yet"
                                   : " is " + std::string(StateName(worker.state)) +
                                         "; it is told to stop the job when it is back");
  }
  if (job.offer->reported) return "its result is being recorded";
  if (worker.state == Worker::State::kOffline) {
    const std::string since =
        worker.offline_since ? " since " + FormatTimestamp(*worker.offline_since) : "";
    return who + " holds the job and is offline" + since +
           "; OnWorkerLost is wait, so the task's own timeout and heartbeat decide";
  }
  if (worker.state == Worker::State::kUnknown) return "waiting for the roll call of " + who;
  return job.stage == Stage::kOffered ? "offered to " + who + ", which has not answered yet"
                                      : who + " runs the job";
}

}  // namespace

std::string Dispatcher::Impl::Why(const Job& job) const {
  static const std::string kLinkDown =
      "the server has no link to the MQTT broker; it goes out when the link is back";
  switch (job.stage) {
    case Stage::kParked:
      if (!link_up) return kLinkDown;
      return WhyParked(*job.group, ParkedUntil(*job.group).value_or(now));
    case Stage::kWaiting: {
      if (!link_up && job.group->key.activity.empty()) return kLinkDown;
      const std::size_t ahead = Queues::Ahead(job);
      const std::string why = placement.WhyWaits(*job.group, fleet, now);
      return ahead == 0 ? why : why + "; " + std::to_string(ahead) + " jobs come before it";
    }
    case Stage::kOffered:
    case Stage::kAccepted:
      return WhyHeld(job);
    case Stage::kCancelling:
      return job.offer->worker == nullptr ? "its end is being recorded" : WhyHeld(job);
    case Stage::kRequeueing:
      return "its next attempt is being recorded: " + job.offer->reason;
    case Stage::kPublishing:
      if (job.offer->submitting) return "the broker has the message; that is being recorded";
      if (!link_up) return kLinkDown;
      return job.offer->in_flight ? "waiting for the broker to acknowledge the message"
                                  : "the broker takes no more messages at the moment";
    case Stage::kHanding:
    case Stage::kHanded:
      return job.offer->poller.empty() ? "a poller has it"
                                       : "poller " + job.offer->poller + " has it";
    case Stage::kEnding:
      return job.offer->reason;
    case Stage::kLoose:
      break;
  }
  return {};
}

std::optional<TaskView> Dispatcher::Describe(const engine::TaskRef& task, Timestamp now) const {
  impl_->Tick(now);
  TaskView view;
  view.task = task;
  const Job* const job = impl_->jobs.Find(task);
  if (job == nullptr) {
    std::shared_ptr<const interpreter::OpenTask> open;
    try {
      open = impl_->source.Load(task);
    } catch (const store::StoreError&) {
      return std::nullopt;
    }
    if (open == nullptr) return std::nullopt;
    view.attempt = open->attempt;
    view.stage = "submitted";
    view.reason = "it waits for whoever holds its task token to send success, failure or heartbeat";
    return view;
  }
  view.attempt = job->attempt;
  view.stage = StageText(*job);
  view.reason = impl_->Why(*job);
  if (job->stage == Stage::kWaiting) view.ahead = Queues::Ahead(*job);
  if (job->stage == Stage::kWaiting || job->stage == Stage::kParked) {
    view.since = impl_->queues.OpenedAt(*job);
  } else {
    view.since = job->offer->since;
    const bool at_worker =
        job->offer->worker != nullptr && job->stage != Stage::kRequeueing;
    view.worker = at_worker ? job->offer->worker->name : job->offer->poller;
  }
  const auto progress = impl_->progress.find(task);
  if (progress != impl_->progress.end()) {
    view.last_heard = progress->second.heard;
    view.percent = progress->second.percent;
    view.message = progress->second.message;
  }
  return view;
}

std::vector<WorkerView> Dispatcher::Workers(std::string_view tenant) const {
  std::vector<WorkerView> views;
  for (const auto& worker : impl_->fleet.workers()) {
    if (worker->incarnation == 0) continue;  // named by somebody, never present
    if (!tenant.empty() && worker->principal.tenant != tenant) continue;
    WorkerView view{.tenant = worker->principal.tenant,
                    .worker = worker->principal.worker,
                    .state = impl_->revoked.count(worker->name) > 0 ? "revoked"
                                                                    : StateName(worker->state),
                    .incarnation = worker->incarnation,
                    .slots = worker->slots,
                    .used = worker->load(),
                    .types = {},
                    .queues = worker->queues,
                    .labels = worker->labels,
                    .version = worker->version,
                    .host = worker->host,
                    .last_seen = worker->last_seen,
                    .drain_requested = worker->drain.value_or(false),
                    .holding = {}};
    for (const ServedType& type : worker->types) view.types.push_back(type.info);
    for (const Job* job : worker->jobs) {
      if (job->stage != Stage::kRequeueing) view.holding.push_back(job->ref);
    }
    views.push_back(std::move(view));
  }
  std::sort(views.begin(), views.end(), [](const WorkerView& a, const WorkerView& b) {
    return std::tie(a.tenant, a.worker) < std::tie(b.tenant, b.worker);
  });
  return views;
}

Status Dispatcher::SetDrain(std::string_view tenant, std::string_view worker, bool drain,
                            Timestamp now) {
  impl_->Tick(now);
  const jobs::Principal principal{std::string(tenant), std::string(worker)};
  Worker* const found = impl_->fleet.Find(principal.text());
  if (found == nullptr || found->incarnation == 0) {
    return Error{Error::Code::kNotFound,
                 "Worker \"" + principal.worker + "\" of tenant \"" + principal.tenant +
                     "\" has never announced itself; `towline workers` shows those that have",
                 "WorkerDoesNotExist"};
  }
  found->drain = drain;
  found->control.drain = drain;
  impl_->MarkDirty(*found);
  impl_->placement.Freed(*found);
  return Ok();
}

void Dispatcher::SetRevoked(const jobs::Principal& worker, bool revoked, Timestamp now) {
  impl_->Tick(now);
  impl_->SetRevoked(worker, revoked);
}

void Dispatcher::Forget(const engine::TaskRef& task, Timestamp now) {
  impl_->Tick(now);
  Job* const job = impl_->jobs.Find(task);
  if (job != nullptr && job->stage == Stage::kCancelling) impl_->Drop(*job);
}

bool Dispatcher::TypeAnnounced(std::string_view tenant, std::string_view type) const {
  return impl_->placement.TypeAnnounced(tenant, type);
}

const Counters& Dispatcher::counters() const { return impl_->counters; }
bool Dispatcher::linked() const { return impl_->link_up; }

}  // namespace towline::dispatch
