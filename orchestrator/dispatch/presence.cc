// Who is there: presence, roll calls, silence, our own link.

#include <algorithm>

#include "orchestrator/dispatch/impl.h"
#include "statemachines/base/log.h"

namespace towline::dispatch {
namespace {

constexpr int kPartsMax = 1000;
constexpr Seconds kAskPause{5};  // between roll calls that nothing urgent asks for

}  // namespace

void Dispatcher::Impl::OnPresence(Worker& worker, std::string_view payload, bool retained) {
  Result<jobs::Presence> decoded = jobs::DecodePresence(payload);
  if (!decoded) return Malformed(worker.name, decoded.error().message);
  jobs::Presence& presence = *decoded;
  if (presence.parts < 1 || presence.parts > kPartsMax || presence.part < 1 ||
      presence.part > presence.parts) {
    return Malformed(worker.name, "presence: part and parts do not fit");
  }
  if (Fleet::IsOutdated(worker, presence)) return;
  const bool offline = presence.state == jobs::WorkerState::kOffline;
  if (retained) {
    // What the broker has kept may be old: it tells whom to ask, and nothing more.
    const bool known = worker.incarnation == presence.incarnation &&
                       worker.connection == presence.connection && worker.present();
    if (known) return;
    if (Fleet::TakeFacts(worker, presence)) placement.Relink(worker);
    // It may be coming back as we are: what it holds is not given up for an old word.
    if (offline && worker.jobs.empty()) return MarkLost(worker, "it is offline");
    return Await(worker);
  }
  worker.last_seen = now;
  if (offline) {
    worker.incarnation = presence.incarnation;
    worker.connection = presence.connection;
    return MarkLost(worker, "it went offline");
  }
  if (Fleet::TakeFacts(worker, presence)) placement.Relink(worker);
  const bool draining = presence.state == jobs::WorkerState::kDraining;
  std::vector<jobs::Held> held;
  if (!Fleet::TakeHeld(worker, presence, held)) return;
  OnRollCall(worker, held);
  MarkOnline(worker, draining);
}

void Dispatcher::Impl::MarkOnline(Worker& worker, bool draining) {
  if (!worker.present()) {
    Log(LogLevel::kInfo, "worker_online",
        {{"worker", worker.name}, {"slots", std::to_string(worker.slots)}});
  }
  worker.state = draining ? Worker::State::kDraining : Worker::State::kOnline;
  worker.offline_since.reset();
  worker.answered = epoch;
  worker.answered_at = now;
  worker.asked_at.reset();
  worker.offers_since.reset();
  parked_changed = true;
  holds_changed = true;
  placement.Freed(worker);
  if (worker.drain && *worker.drain != draining) {
    worker.control.drain = *worker.drain;
    MarkDirty(worker);
  }
}

// The worker's own word on what it runs, against what we think that it runs.
void Dispatcher::Impl::OnRollCall(Worker& worker, const std::vector<jobs::Held>& held) {
  worker.roll_calls++;
  worker.ghosts.clear();
  std::erase_if(unmatched, [&](const auto& entry) { return entry.second.worker == &worker; });
  for (const jobs::Held& entry : held) {
    const std::optional<engine::TaskRef> ref = Verify(entry.token, worker.name);
    if (!ref) {
      RefuseForeign(worker, entry.token, entry.attempt);
      continue;
    }
    Job* const job = jobs.Find(*ref);
    if (job != nullptr) {
      OnHeld(worker, *job, entry);
      continue;
    }
    // Ended, or its partition has not told us yet: the partition knows.
    worker.ghosts[*ref] = entry.attempt;
    unmatched[*ref] = {&worker, entry};
    Probe(worker, *ref, entry);
  }
  const std::vector<Job*> mine = worker.jobs;  // OnAbsent may take some away
  for (Job* job : mine) {
    if (job->offer->roll_call != worker.roll_calls) OnAbsent(worker, *job);
  }
}

void Dispatcher::Impl::Probe(Worker& worker, const engine::TaskRef& ref, const jobs::Held& held) {
  Reply reply{.what = Reply::What::kProbe,
              .task = ref,
              .attempt = held.attempt,
              .worker = &worker,
              .token = held.token};
  Post(ref.partition, engine::HeartbeatTask{ref, held.attempt, worker.principal.tenant,
                                            ReplyTo(std::move(reply))});
}

void Dispatcher::Impl::OnHeld(Worker& worker, Job& job, const jobs::Held& held) {
  const auto refuse = [&](const char* why) {
    worker.ghosts[job.ref] = held.attempt;
    SendCancel(worker, held.token, held.attempt, job.ref.partition, why);
  };
  if (held.attempt != job.attempt) return refuse("a later attempt owns the task");
  Worker* const holder = job.offer == nullptr ? nullptr : job.offer->worker;
  switch (job.stage) {
    case Stage::kParked:
    case Stage::kWaiting:
      return Adopt(worker, job, held.token);
    case Stage::kOffered:
    case Stage::kAccepted: {
      if (holder != &worker) return refuse("another worker has the job");
      Offering& offer = *job.offer;
      offer.roll_call = worker.roll_calls;
      const bool moved = offer.incarnation != worker.incarnation;
      offer.incarnation = worker.incarnation;
      offer.connection = worker.connection;
      offer.absent = false;
      worker.control.keep.push_back({held.token, held.attempt});
      MarkDirty(worker);
      if (!moved && offer.recorded && held.state != "waiting") {
        if (job.stage != Stage::kAccepted) SetStage(job, Stage::kAccepted);
        return SetDeadline(job, kNever);
      }
      return Accept(worker, job, held.token);
    }
    case Stage::kCancelling:
      if (holder != &worker) return refuse("the task has ended");
      job.offer->roll_call = worker.roll_calls;
      SetDeadline(job, now + settings.offer_timeout);
      return SendCancel(worker, held.token, held.attempt, job.ref.partition, job.offer->reason);
    case Stage::kRequeueing:
      // The next attempt may or may not come about: the partition decides who is cancelled.
      worker.ghosts[job.ref] = held.attempt;
      if (holder == &worker) job.offer->roll_call = worker.roll_calls;
      return Probe(worker, job.ref, held);
    default:
      return refuse("the task is not this worker's");
  }
}

// A recovered job that nobody was recorded for: here is who runs it.
void Dispatcher::Impl::Adopt(Worker& worker, Job& job, const std::string& token) {
  Detach(job);
  Offering& offer = OfferingOf(job);
  ReleasePayload(job);
  job.next_attempt_first = false;
  Fleet::Assign(job, worker, worker.FindType(job.group->key.type));
  offer.roll_call = worker.roll_calls;
  offer.first_offered = now;
  offer.token = token;
  offer.at_most_once = IsAtMostOnce(job);
  SetStage(job, Stage::kOffered);
  SetDeadline(job, now + settings.offer_timeout);
  Accept(worker, job, token);
}

// Not on the worker's list. That is no proof that it never had the job: it may be done, and its
// result on the way.
void Dispatcher::Impl::OnAbsent(Worker& worker, Job& job) {
  Offering& offer = *job.offer;
  const bool same_incarnation = offer.incarnation == worker.incarnation;
  const bool same_connection = same_incarnation && offer.connection == worker.connection;
  const bool sent_before_link = link_up_at && offer.sent < *link_up_at;
  if (same_connection && offer.seq > worker.seen && !sent_before_link) return;  // on its way
  switch (job.stage) {
    case Stage::kOffered:
    case Stage::kAccepted:
      if (offer.reported) return;
      offer.absent = true;
      return SetDeadline(job, now + settings.settle);
    case Stage::kCancelling:
      if (!offer.confirming) Confirm(job);
      return;
    default:
      return;
  }
}

// Until it answers, or has been silent for the liveness window, nothing is known of it.
void Dispatcher::Impl::Await(Worker& worker) {
  worker.state = Worker::State::kUnknown;
  parked_changed = true;
  holds_changed = true;
  AskRollCall(worker);
}

void Dispatcher::Impl::AskRollCall(Worker& worker) {
  const bool lately = worker.asked_last && now - *worker.asked_last < kAskPause &&
                      worker.asked_connection == worker.connection &&
                      (!link_up_at || *worker.asked_last >= *link_up_at);
  if (!worker.asked_at) {
    worker.asked_at = now;
    holds_changed = true;
  }
  SetCheck(worker, std::min(worker.check, now + settings.offer_timeout));
  if (lately || !link_up) return;
  worker.asked_last = now;
  worker.asked_connection = worker.connection;
  worker.control.roll_call = true;
  MarkDirty(worker);
}

// Any sign of life.
void Dispatcher::Impl::Heard(Worker& worker, std::uint64_t incarnation) {
  worker.last_seen = now;
  if (incarnation < worker.incarnation) return;  // said before its last start
  worker.offers_since.reset();
  if (!worker.present() && worker.incarnation != 0) AskRollCall(worker);
}

void Dispatcher::Impl::SetCheck(Worker& worker, Timestamp at) {
  if (worker.check != kNever) checks.erase({worker.check, &worker});
  worker.check = at;
  if (at != kNever) checks.insert({at, &worker});
}

void Dispatcher::Impl::CheckSilence(Worker& worker) {
  SetCheck(worker, kNever);
  for (const ServedType& type : worker.types) {
    if (type.hold_until > now) SetCheck(worker, std::min(worker.check, type.hold_until));
  }
  placement.Freed(worker);  // a pause after a decline may be over
  if (!link_up) return;     // all are asked when the link is back
  std::optional<Timestamp> silent = worker.asked_at;
  if (worker.offers_since && (!silent || *worker.offers_since < *silent)) {
    silent = worker.offers_since;
  }
  if (!silent) return;
  if (now - *silent >= settings.liveness_window) {
    return MarkLost(worker, "it has not answered for " +
                                std::to_string(settings.liveness_window.count()) + " seconds");
  }
  const Timestamp end = *silent + settings.liveness_window;
  SetCheck(worker, std::min({worker.check, now + settings.offer_timeout, end}));
  if (worker.asked_at) AskRollCall(worker);
}

void Dispatcher::Impl::MarkLost(Worker& worker, const std::string& why) {
  const bool was_there = worker.state != Worker::State::kOffline;
  worker.state = Worker::State::kOffline;
  worker.answered = 0;
  worker.asked_at.reset();
  worker.offers_since.reset();
  worker.ghosts.clear();
  worker.parts.clear();
  SetCheck(worker, kNever);
  parked_changed = true;
  holds_changed = true;
  if (was_there) {
    worker.offline_since = now;
    if (worker.last_seen) {
      counters.lost_workers++;
      Log(LogLevel::kInfo, "worker_lost", {{"worker", worker.name}, {"why", why}});
    }
  }
  const std::vector<Job*> mine = worker.jobs;
  for (Job* job : mine) LoseJob(worker, *job, why);
}

void Dispatcher::Impl::LoseJob(Worker& worker, Job& job, const std::string& why) {
  using Policy = interpreter::TaskSpec::OnWorkerLost;
  Offering& offer = *job.offer;
  if (job.stage == Stage::kRequeueing) {  // had its slot reserved there
    FreeSlot(job);
    return Fleet::Unassign(job);
  }
  if (offer.reported || (job.stage != Stage::kOffered && job.stage != Stage::kAccepted)) return;
  const std::string what = "worker " + worker.principal.worker + " was lost: " + why;
  if (job.stage == Stage::kOffered && !offer.recorded) return Requeue(job, what);
  Policy policy = PolicyOf(job);
  const bool waits = policy == Policy::kWait || policy == Policy::kTypeDefault;
  if (waits && revoked.count(worker.name) > 0) policy = Policy::kFail;  // it is never heard again
  switch (policy) {
    case Policy::kRequeue:
      return Requeue(job, what);
    case Policy::kFail:
      return Fail(job, "Towline.WorkerLost",
                  "Worker " + worker.principal.worker + " was lost while it held the job: " + why +
                      ". The job may still be running there.");
    case Policy::kWait:
    case Policy::kTypeDefault:
      SetStage(job, Stage::kAccepted);
      offer.absent = false;
      return SetDeadline(job, kNever);
  }
}

void Dispatcher::Impl::SetRevoked(const jobs::Principal& principal, bool on) {
  const std::string name = principal.text();
  const bool changed = on ? revoked.insert(name).second : revoked.erase(name) > 0;
  Worker* const worker = fleet.Find(name);
  if (!changed || worker == nullptr) return;
  if (on) return MarkLost(*worker, "it was revoked");
  Await(*worker);
}

void Dispatcher::Impl::LinkChanged(bool up) {
  if (link_up == up) return;
  link_up = up;
  epoch++;
  for (const auto& worker : fleet.workers()) {
    worker->control = {};
    worker->parts.clear();
    worker->asked_at.reset();
    worker->offers_since.reset();
    SetCheck(*worker, kNever);
    if (worker->state == Worker::State::kOffline) continue;
    worker->state = Worker::State::kUnknown;
    if (up) {
      worker->asked_last.reset();
      AskRollCall(*worker);
    }
  }
  if (up) link_up_at = now;
  parked_changed = true;
  holds_changed = true;
}

// The clock of a job stands still while its worker cannot be heard through no fault of its own: it
// runs again, from the start, when the worker has answered our roll call or is lost.
void Dispatcher::Impl::PostHolds() {
  if (!holds_changed) return;
  engine::HoldHeartbeats held{.all = !link_up};
  for (const auto& worker : fleet.workers()) {
    if (link_up && worker->awaited()) held.workers.insert(worker->name);
  }
  holds_changed = false;
  for (std::size_t partition = 0; partition < holds.size(); partition++) {
    std::optional<engine::HoldHeartbeats>& said = holds[partition];
    if (said == held) continue;
    if (Post(static_cast<int>(partition), held)) {
      said = held;
    } else {
      holds_changed = true;
    }
  }
}

// When nobody can still turn out to hold the parked jobs of `group`.
std::optional<Timestamp> Dispatcher::Impl::ParkedUntil(const Group& group) const {
  if (!link_up_at) return std::nullopt;
  const Timestamp start = std::max(*link_up_at, group.parked_since);
  const Timestamp end = start + settings.liveness_window;
  Timestamp last = start;
  for (const Group::Link& link : group.eligible) {
    if (link.worker->answered < group.parked_epoch) return end;
    last = std::max(last, link.worker->answered_at);
  }
  return std::min(end, last + settings.settle);
}

void Dispatcher::Impl::ReleaseParked() {
  if (!parked_changed && now < parked_check) return;
  parked_changed = false;
  parked_check = kNever;
  const std::vector<Group*> groups(parked.begin(), parked.end());
  for (Group* group : groups) {
    const std::optional<Timestamp> until = ParkedUntil(*group);
    if (until && *until > now) parked_check = std::min(parked_check, *until);
    if (!until || *until > now) continue;
    for (Job* job : std::exchange(group->parked, {})) {
      SetStage(*job, Stage::kWaiting);
      job->next_attempt_first = true;
      queues.Push(*job);
    }
    parked.erase(group);
    placement.Wanted(*group);
    ServePollers(*group);
  }
}

}  // namespace towline::dispatch
