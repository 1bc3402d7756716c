#include "orchestrator/dispatch/dispatcher.h"

#include <algorithm>

#include "orchestrator/dispatch/impl.h"

namespace towline::dispatch {

Dispatcher::Dispatcher(Settings settings, const engine::Tokens& tokens,
                       engine::RequestPort& partitions, engine::TaskSource& tasks, Broker& broker,
                       engine::WatchHub* hub, logs::LogSink* logs)
    : impl_(std::make_unique<Impl>(std::move(settings), tokens, partitions, tasks, broker, hub,
                                   logs)) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::OnNotice(engine::TaskNotice notice, Timestamp now) {
  impl_->Tick(now);
  std::visit(Overload{
                 [&](engine::TaskOpened& opened) { impl_->OnOpened(opened); },
                 [&](engine::TaskAccepted& accepted) { impl_->OnAccepted(accepted); },
                 [&](engine::TaskSubmittedNotice& submitted) {
                   if (Job* job = impl_->jobs.Find(submitted.task)) impl_->Drop(*job);
                 },
                 [&](engine::TaskClosed& closed) { impl_->OnClosed(closed); },
                 [&](engine::PartitionReset& reset) { impl_->OnReset(reset.partition); },
             },
             notice);
}

void Dispatcher::OnMessage(std::string_view topic, std::string_view payload, bool retained,
                           std::string_view response_topic, std::string_view correlation,
                           Timestamp now) {
  impl_->Tick(now);
  impl_->OnMessage(topic, payload, retained, response_topic, correlation);
}

void Dispatcher::OnLink(bool up, Timestamp now) {
  impl_->Tick(now);
  impl_->LinkChanged(up);
}

void Dispatcher::OnPublished(const engine::TaskRef& task, bool acknowledged, Timestamp now) {
  impl_->Tick(now);
  impl_->OnPublished(task, acknowledged);
}

void Dispatcher::OnReply(std::unique_ptr<Reply> reply, Timestamp now) {
  impl_->Tick(now);
  impl_->OnReply(*reply);
}

void Dispatcher::SetReplyPort(std::function<void(std::unique_ptr<Reply>)> port) {
  *impl_->port = std::move(port);
}

Timestamp Dispatcher::RunOnce(Timestamp now) {
  impl_->Tick(now);
  impl_->PostHolds();
  impl_->FireDeadlines();
  impl_->FirePolls();
  impl_->ReleaseParked();
  impl_->Place();
  impl_->PublishWaiting();
  impl_->Flush();
  impl_->queues.Sweep([this](Group& group) { impl_->placement.Unlink(group); });
  return impl_->NextDeadline();
}

void Dispatcher::Poll(std::uint64_t poll, std::string_view activity_arn,
                      std::string_view worker_name, Timestamp deadline,
                      std::function<void(std::optional<ActivityTask>)> done, Timestamp now) {
  impl_->Tick(now);
  impl_->Poll(poll, activity_arn, worker_name, deadline, std::move(done));
}

void Dispatcher::CancelPoll(std::uint64_t poll, Timestamp now) {
  impl_->Tick(now);
  impl_->CancelPoll(poll);
}

// Heartbeat clocks of a partition run until it is told otherwise.
void Dispatcher::Impl::MeetPartition(int partition) {
  const auto count = static_cast<std::size_t>(partition) + 1;
  if (holds.size() >= count) return;
  holds.resize(count);
  holds_changed = true;
}

void Dispatcher::Impl::OnOpened(engine::TaskOpened& notice) {
  MeetPartition(notice.task.partition);
  Job* job = jobs.Find(notice.task);
  if (job != nullptr) {
    if (notice.attempt <= job->attempt) return;  // told before
    Supersede(*job);
  } else {
    if (notice.state == store::TaskState::kSubmitted) return;  // whoever has its token ends it
    job = &jobs.Insert(notice.task);
    job->kind_number = static_cast<std::uint8_t>(notice.open->spec.kind);
    job->priority = static_cast<std::uint8_t>(std::clamp(notice.open->spec.priority, 0, 9)) & 15U;
    job->start = static_cast<std::uint8_t>(notice.open->spec.start) & 3U;
    job->on_worker_lost = static_cast<std::uint8_t>(notice.open->spec.on_worker_lost) & 3U;
    job->rank = queues.RankOf(now, job->priority);
    job->ticket = ticket++;
    job->stage = Stage::kLoose;
  }
  job->attempt = notice.attempt;
  job->next_attempt_first = false;
  if (notice.recovered) return RouteRecovered(*job, notice);
  if (notice.requeued) Watch(job->ref, "requeued", {}, job->attempt);
  if (job->kind() == interpreter::TaskSpec::Kind::kPublish) return OpenPublish(*job, notice);
  Enqueue(*job, notice);
}

// The next attempt is committed: whoever had the old one has lost it.
void Dispatcher::Impl::Supersede(Job& job) {
  Offering* const offer = job.offer.get();
  const bool runs = offer != nullptr && offer->worker != nullptr && !offer->reported &&
                    (job.stage == Stage::kOffered || job.stage == Stage::kAccepted);
  Worker* const worker = runs ? offer->worker : nullptr;
  Detach(job);
  if (worker != nullptr) {
    worker->ghosts[job.ref] = job.attempt;
    SendCancel(*worker, offer->token, job.attempt, job.ref.partition, GoneReason());
  }
  ReleasePayload(job);
  job.offer.reset();
}

void Dispatcher::Impl::Enqueue(Job& job, const engine::TaskOpened& notice) {
  if (!SetGroup(job, notice.open->spec, notice.execution_tenant)) {
    return Fail(job, "Towline.TenantNotGranted",
                "Tenant " + notice.execution_tenant + " may not use the workers of tenant " +
                    job.group->key.tenant +
                    "; [grants] in the server's configuration says who may.");
  }
  KeepPayload(job, notice);
  SetStage(job, Stage::kWaiting);
  queues.Push(job);
  placement.Wanted(*job.group);
  if (!job.group->polls.empty()) ServePollers(*job.group);
}

// A row that was open when its partition started (again): a worker may hold it.
void Dispatcher::Impl::RouteRecovered(Job& job, engine::TaskOpened& notice) {
  using Kind = interpreter::TaskSpec::Kind;
  const interpreter::TaskSpec& spec = notice.open->spec;
  const bool granted = job.kind() == Kind::kPublish ||
                       SetGroup(job, spec, notice.execution_tenant);
  const std::optional<jobs::Principal> holder =
      notice.incarnation == 0 ? std::nullopt : jobs::Principal::Parse(notice.worker);
  const bool held = holder && job.group != nullptr;
  if (notice.state == store::TaskState::kCancelling && !held) return Confirm(job);
  if (held) return RouteHeld(job, fleet.Get(*holder), notice);
  if (notice.state == store::TaskState::kAccepted) {  // an activity, a poller has it
    OfferingOf(job).poller = notice.worker;
    return SetStage(job, Stage::kHanded);
  }
  if (job.kind() == Kind::kPublish) return OpenPublish(job, notice);
  if (!granted) return Enqueue(job, notice);  // which refuses it
  Group& group = *job.group;
  group.parked_since = now;
  group.parked_epoch = epoch;
  parked.insert(&group);
  parked_changed = true;
  SetStage(job, Stage::kParked);
  queues.Park(job);
  const auto claimed = unmatched.find(job.ref);
  if (claimed == unmatched.end()) return;
  const Unmatched claim = std::move(claimed->second);
  unmatched.erase(claimed);
  if (claim.held.attempt == job.attempt) Adopt(*claim.worker, job, claim.held.token);
}

void Dispatcher::Impl::RouteHeld(Job& job, Worker& worker, const engine::TaskOpened& notice) {
  Offering& offer = OfferingOf(job);
  Fleet::Assign(job, worker, worker.FindType(job.group->key.type));
  offer.incarnation = notice.incarnation;
  offer.connection = 0;
  offer.recorded = true;
  offer.at_most_once = IsAtMostOnce(job);
  offer.token = tokens.Mint(job.ref);
  const bool cancelling = notice.state == store::TaskState::kCancelling;
  SetStage(job, cancelling ? Stage::kCancelling : Stage::kAccepted);
  if (cancelling) {
    offer.reason = "the task has ended";
    SetDeadline(job, now + settings.offer_timeout);
  }
  const auto claimed = unmatched.find(job.ref);
  if (claimed != unmatched.end() && claimed->second.worker == &worker) {
    const jobs::Held entry = claimed->second.held;
    unmatched.erase(claimed);
    OnHeld(worker, job, entry);
  } else if (worker.present()) {
    if (worker.answered >= epoch) OnAbsent(worker, job);  // it has spoken before we knew the job
  } else {
    Await(worker);
  }
}

void Dispatcher::Impl::OnAccepted(const engine::TaskAccepted& notice) {
  Job* const job = Find(notice.task, notice.attempt);
  if (job == nullptr || job->offer == nullptr || job->offer->worker == nullptr) return;
  if (job->offer->worker->name == notice.worker) job->offer->recorded = true;
}

void Dispatcher::Impl::OnClosed(const engine::TaskClosed& notice) {
  unmatched.erase(notice.task);
  Job* job = jobs.Find(notice.task);
  if (!notice.cancel) {
    if (job != nullptr) Drop(*job);
    return;
  }
  if (job == nullptr) {  // submitted: nobody runs it, but its row waits for our word
    job = &jobs.Insert(notice.task);
    job->stage = Stage::kLoose;
  }
  Cancel(*job, notice.reason);
}

void Dispatcher::Impl::OnReset(int partition) {
  MeetPartition(partition);
  holds[static_cast<std::size_t>(partition)].reset();
  holds_changed = true;
  std::vector<engine::TaskRef> gone;
  jobs.ForEach([&](const Job& job) {
    if (job.ref.partition == partition) gone.push_back(job.ref);
  });
  for (const engine::TaskRef& ref : gone) {
    Job& job = *jobs.Find(ref);
    Worker* const worker =
        job.offer != nullptr && job.offer->slot ? job.offer->worker : nullptr;
    const std::uint32_t attempt = job.attempt;
    Drop(job);
    if (worker != nullptr) worker->ghosts[ref] = attempt;  // until it says itself what it runs
  }
  ResetPolls(partition);
  std::erase_if(unmatched, [&](const auto& entry) { return entry.first.partition == partition; });
  epoch++;
  for (const auto& worker : fleet.workers()) {
    if (!worker->present()) continue;
    worker->asked_last.reset();
    AskRollCall(*worker);
  }
}

void Dispatcher::Impl::FireDeadlines() {
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    Job& job = *deadlines.begin()->second;
    SetDeadline(job, kNever);
    FireJobDeadline(job);
  }
  while (!checks.empty() && checks.begin()->first <= now) CheckSilence(*checks.begin()->second);
}

void Dispatcher::Impl::FireJobDeadline(Job& job) {
  Offering& offer = *job.offer;
  if (job.stage == Stage::kPublishing && !offer.submitting) return publish_queue.push_back(job.ref);
  const bool own = job.stage == Stage::kRequeueing || job.stage == Stage::kEnding ||
                   job.stage == Stage::kHanding || job.stage == Stage::kPublishing ||
                   (job.stage == Stage::kCancelling && offer.confirming);
  if (own) return PostOwn(job);
  if (offer.worker == nullptr) return;
  Worker& worker = *offer.worker;
  if (!link_up || !worker.present()) {  // its presence or its loss decides
    return SetDeadline(job, now + settings.offer_timeout);
  }
  if (job.stage == Stage::kCancelling) {
    SendCancel(worker, offer.token, job.attempt, job.ref.partition, offer.reason);
    AskRollCall(worker);
    return SetDeadline(job, now + settings.offer_timeout);
  }
  if (job.stage != Stage::kOffered && job.stage != Stage::kAccepted) return;
  const bool same_incarnation = offer.incarnation == worker.incarnation;
  const std::string who = "worker " + worker.principal.worker;
  if (offer.absent && offer.recorded && IsAtMostOnce(job)) {
    return Fail(job, "Towline.WorkerLost",
                "The " + who + " no longer knows the job, which may start only once.");
  }
  if (!same_incarnation) return Requeue(job, who + " has restarted and does not hold the job");
  if (job.stage == Stage::kOffered && now - offer.first_offered >= settings.liveness_window) {
    return Requeue(job, who + " has not answered the offer");
  }
  Reoffer(job);
}

Timestamp Dispatcher::Impl::NextDeadline() const {
  Timestamp next = parked_check;
  if (!deadlines.empty()) next = std::min(next, deadlines.begin()->first);
  if (!checks.empty()) next = std::min(next, checks.begin()->first);
  if (!poll_deadlines.empty()) next = std::min(next, poll_deadlines.begin()->first);
  if (!dirty.empty() || parked_changed) next = now;
  const bool blocked = placement.pending() || !publish_queue.empty();
  if (link_up && blocked) next = std::min(next, std::max(send_again, now));
  if (holds_changed) next = std::min(next, now + kBusyPause);
  return next;
}

}  // namespace towline::dispatch
