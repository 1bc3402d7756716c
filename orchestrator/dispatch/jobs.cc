// A job's way from its queue to a worker, and back when that worker cannot have it.

#include <algorithm>

#include "orchestrator/dispatch/impl.h"
#include "orchestrator/dispatch/payload.h"
#include "orchestrator/engine/activities.h"
#include "statemachines/base/log.h"

namespace towline::dispatch {
namespace {

using interpreter::TaskSpec;

constexpr Millis kStorePause{500};          // after a payload could not be read
constexpr std::size_t kOpenTaskBytes = 640;  // of a task at hand, besides its payload

}  // namespace

Offering& Dispatcher::Impl::OfferingOf(Job& job) {
  if (job.offer == nullptr) job.offer = std::make_unique<Offering>();
  return *job.offer;
}

Group& Dispatcher::Impl::GroupOf(const TaskSpec& spec, const std::string& tenant) {
  GroupKey key;
  if (spec.kind == TaskSpec::Kind::kActivity) {
    engine::ActivityName activity = engine::ActivityOf(spec.activity, tenant);
    key.tenant = std::move(activity.tenant);
    key.type = std::move(activity.name);
    key.activity = spec.activity;
  } else {
    key.tenant = spec.tenant.empty() ? tenant : spec.tenant;
    key.queue = spec.queue;
    key.type = spec.job_type;
    key.labels = spec.labels;
  }
  bool made = false;
  Group& group = queues.Get(key, made);
  if (made) placement.Link(group);
  return group;
}

// False: this tenant may not use those workers.
bool Dispatcher::Impl::SetGroup(Job& job, const TaskSpec& spec, const std::string& tenant) {
  if (job.group == nullptr) {
    job.group = &GroupOf(spec, tenant);
    job.group->members++;
  }
  const std::string& theirs = job.group->key.tenant;
  return theirs == tenant ||
         std::find(settings.grants.begin(), settings.grants.end(),
                   std::pair<std::string, std::string>(tenant, theirs)) != settings.grants.end();
}

void Dispatcher::Impl::SetStage(Job& job, Stage stage) {
  job.stage = stage;
  if (job.offer != nullptr) job.offer->since = now;
}

void Dispatcher::Impl::SetDeadline(Job& job, Timestamp at) {
  Offering& offer = *job.offer;
  if (offer.deadline == at) return;
  if (offer.deadline != kNever) deadlines.erase({offer.deadline, &job});
  offer.deadline = at;
  if (at != kNever) deadlines.insert({at, &job});
}

void Dispatcher::Impl::FreeSlot(Job& job) {
  if (job.offer == nullptr || !job.offer->slot) return;
  Fleet::FreeSlot(job);
  placement.Freed(*job.offer->worker);
}

void Dispatcher::Impl::Detach(Job& job) {
  if (job.stage == Stage::kWaiting) queues.Remove(job);
  if (job.stage == Stage::kParked) {
    queues.Unpark(job);
    if (job.group->parked.empty()) parked.erase(job.group);
  }
  job.stage = Stage::kLoose;
  if (job.offer == nullptr) return;
  SetDeadline(job, kNever);
  if (job.offer->worker != nullptr) {
    FreeSlot(job);
    Fleet::Unassign(job);
  }
}

void Dispatcher::Impl::Drop(Job& job) {
  if (job.offer != nullptr && job.offer->worker != nullptr) {
    Remember(job.ref, job.attempt, *job.offer->worker);
  }
  Detach(job);
  ReleasePayload(job);
  if (job.group != nullptr) job.group->members--;
  progress.erase(job.ref);
  jobs.Erase(job.ref);
}

void Dispatcher::Impl::KeepPayload(Job& job, const engine::TaskOpened& notice) {
  ReleasePayload(job);
  if (notice.open == nullptr || !notice.with_payload) return;
  const std::size_t bytes = kOpenTaskBytes + notice.execution_arn.size() +
                            3 * JsonSize(*notice.open->spec.payload, jobs::kMessageBytesMax);
  if (payload_bytes + bytes > settings.payload_budget_bytes) return;
  Offering& offer = OfferingOf(job);
  offer.open = notice.open;
  offer.execution_arn = notice.execution_arn;
  offer.budget_bytes = bytes;
  payload_bytes += bytes;
}

void Dispatcher::Impl::ReleasePayload(Job& job) {
  if (job.offer == nullptr) return;
  payload_bytes -= job.offer->budget_bytes;
  job.offer->budget_bytes = 0;
  job.offer->open.reset();
}

// At hand, or from the store; nothing when it is gone there too. Throws StoreError.
std::shared_ptr<const interpreter::OpenTask> Dispatcher::Impl::PayloadOf(Job& job) {
  Offering& offer = OfferingOf(job);
  if (offer.open == nullptr) offer.open = source.Load(job.ref);
  if (offer.execution_arn.empty()) offer.execution_arn = source.ExecutionArn(job.ref);
  return offer.open;
}

void Dispatcher::Impl::Place() {
  if (!link_up || now < send_again) return;
  placement.Begin();
  for (;;) {
    const Placement::Match match = placement.Next(now);
    if (match.job == nullptr) break;
    PlaceOne(match);
    if (now < send_again) break;
  }
}

void Dispatcher::Impl::PlaceOne(const Placement::Match& match) {
  Job& job = *match.job;
  if (job.next_attempt_first) {
    Requeue(job, "the server has restarted and no worker holds it");
    Fleet::Assign(job, *match.worker, match.type);  // the slot is kept for it meanwhile
    return;
  }
  Detach(job);
  Offering& offer = OfferingOf(job);
  Fleet::Assign(job, *match.worker, match.type);
  offer.first_offered = now;
  offer.seq = 0;
  offer.repeated = false;
  SetStage(job, Stage::kOffered);
  PutOffer(job);
}

void Dispatcher::Impl::PutOffer(Job& job) {
  Offering& offer = *job.offer;
  std::shared_ptr<const interpreter::OpenTask> open;
  try {
    open = PayloadOf(job);
  } catch (const store::StoreError& error) {
    Log(LogLevel::kWarning, "payload_not_read", {{"why", error.what()}});
    send_again = now + kStorePause;
    return Unsend(job);
  }
  if (open == nullptr) return Drop(job);  // its notice is on the way
  Worker& worker = *offer.worker;
  const TaskSpec& spec = open->spec;
  if (offer.token.empty()) offer.token = tokens.Mint(job.ref);
  std::string input = JobInput(*spec.payload, job.ref.task, offer.token);
  if (!MakeFetchable(job, input)) return;
  offer.at_most_once = IsAtMostOnce(job);
  jobs::Offer message{.token = offer.token,
                      .attempt = job.attempt,
                      .partition = job.ref.partition,
                      .type = job.group->key.type,
                      .queue = spec.queue,
                      .input = std::move(input),
                      .execution = offer.execution_arn,
                      .state = open->state,
                      .start = offer.at_most_once ? jobs::StartMode::kAtMostOnce
                                                  : jobs::StartMode::kAtLeastOnce,
                      .timeout_seconds = {},
                      .heartbeat_seconds = spec.heartbeat_seconds,
                      .grace_seconds = settings.grace.count(),
                      .checkpoint = {}};
  if (open->timeout_at) {
    const auto left = std::chrono::ceil<Seconds>(*open->timeout_at - now).count();
    message.timeout_seconds = std::max<std::int64_t>(1, left);
  }
  if (open->checkpoint) message.checkpoint = PrintJson(**open->checkpoint);
  ReleasePayload(job);
  worker.offers.push_back({&job, std::move(message)});
  MarkDirty(worker);
}

bool Dispatcher::Impl::MakeFetchable(Job& job, std::string& input) {
  const bool large = input.size() > jobs::kPayloadBytesMax;
  if (!large && (settings.blobs == nullptr || !MentionsReference(input))) return true;
  const Worker& worker = *job.offer->worker;
  const std::string& tenant = worker.principal.tenant;
  if (settings.blobs != nullptr && MentionsReference(input)) {
    const std::string owner = engine::ActivityOf(job.offer->execution_arn, {}).tenant;
    const auto value = ParseJson(input);
    CHECK(value.has_value());
    ForEachReference(**value, [&](const Reference& reference) {
      static_cast<void>(settings.blobs->Share(owner, tenant, reference.sha256));
    });
  }
  if (!large) return true;
  const auto fail = [&](std::string error, std::string cause) {
    Detach(job);
    ReleasePayload(job);
    Fail(job, std::move(error), std::move(cause));
    return false;
  };
  if (settings.blobs == nullptr || !worker.payloads) {
    return fail("States.DataLimitExceeded",
                "The job's input has " + std::to_string(input.size()) + " bytes; worker '" +
                    worker.principal.worker + "' takes " + std::to_string(jobs::kPayloadBytesMax) +
                    ", for it has not enrolled and cannot fetch a large payload. Let it enrol "
                    "(towline worker invite), or make the input smaller.");
  }
  const auto put = settings.blobs->Put(tenant, input);
  if (put) {
    input = PrintJson(ReferenceValue(*put));
    return true;
  }
  if (put.error().code != Error::Code::kUnavailable) {
    return fail("Towline.QuotaExceeded", put.error().message);
  }
  Log(LogLevel::kWarning, "payload_not_kept", {{"why", put.error().message}});
  send_again = now + kStorePause;
  Unsend(job);
  return false;
}

bool Dispatcher::Impl::IsAtMostOnce(const Job& job) const {
  const auto start = static_cast<TaskSpec::Start>(job.start);
  if (start != TaskSpec::Start::kTypeDefault) return start == TaskSpec::Start::kAtMostOnce;
  const Offering& offer = *job.offer;
  if (offer.type < 0) return false;
  const auto& announced = offer.worker->types[static_cast<std::size_t>(offer.type)].info.start;
  return announced == jobs::StartMode::kAtMostOnce;
}

TaskSpec::OnWorkerLost Dispatcher::Impl::PolicyOf(const Job& job) const {
  using Policy = TaskSpec::OnWorkerLost;
  auto policy = static_cast<Policy>(job.on_worker_lost);
  const Offering& offer = *job.offer;
  if (policy == Policy::kTypeDefault && offer.type >= 0) {
    const std::string& text =
        offer.worker->types[static_cast<std::size_t>(offer.type)].info.on_worker_lost;
    if (text == "requeue") policy = Policy::kRequeue;
    if (text == "fail") policy = Policy::kFail;
  }
  // A job that was granted once never goes elsewhere, whatever its type announces.
  if (policy == Policy::kRequeue && IsAtMostOnce(job)) return Policy::kWait;
  return policy == Policy::kTypeDefault ? Policy::kWait : policy;
}

// Same attempt, same incarnation: whoever has seen it answers from its journal.
void Dispatcher::Impl::Reoffer(Job& job) {
  Offering& offer = *job.offer;
  if (job.stage != Stage::kOffered) {
    SetStage(job, Stage::kOffered);
    offer.first_offered = now;
  }
  offer.absent = false;
  offer.repeated = true;
  SetDeadline(job, now + settings.offer_timeout);
  PutOffer(job);
}

// A repetition stays where it is: its worker may have run this attempt.
void Dispatcher::Impl::Unsend(Job& job) {
  const Offering& offer = *job.offer;
  if (offer.seq != 0 || offer.repeated) return SetDeadline(job, now + settings.offer_timeout);
  Detach(job);
  ReleasePayload(job);
  SetStage(job, Stage::kWaiting);
  queues.Push(job);
  placement.Wanted(*job.group);
}

void Dispatcher::Impl::Requeue(Job& job, std::string reason) {
  Detach(job);
  OfferingOf(job).reason = std::move(reason);
  SetStage(job, Stage::kRequeueing);
  counters.requeues++;
  PostOwn(job);
}

void Dispatcher::Impl::Fail(Job& job, std::string error, std::string cause) {
  if (job.offer == nullptr || job.offer->worker == nullptr) Detach(job);
  Offering& offer = OfferingOf(job);
  offer.error = std::move(error);
  offer.reason = std::move(cause);
  SetStage(job, Stage::kEnding);
  PostOwn(job);
}

void Dispatcher::Impl::Cancel(Job& job, std::string reason) {
  Offering* const offer = job.offer.get();
  const bool held = offer != nullptr && offer->worker != nullptr && !offer->reported &&
                    (job.stage == Stage::kOffered || job.stage == Stage::kAccepted ||
                     job.stage == Stage::kEnding);
  if (job.stage == Stage::kCancelling) return;
  if (!held) {
    Detach(job);
    return Confirm(job);
  }
  SetStage(job, Stage::kCancelling);
  offer->reason = std::move(reason);
  if (offer->token.empty()) offer->token = tokens.Mint(job.ref);
  counters.cancels++;
  SendCancel(*offer->worker, offer->token, job.attempt, job.ref.partition, offer->reason);
  SetDeadline(job, now + settings.offer_timeout);
  Watch(job.ref, "cancelling", offer->worker->name, job.attempt);
}

// Nobody holds it: its row may go.
void Dispatcher::Impl::Confirm(Job& job) {
  Detach(job);
  ReleasePayload(job);
  OfferingOf(job).confirming = true;
  SetStage(job, Stage::kCancelling);
  PostOwn(job);
}

// Posts what the job's stage waits for, again and again until a notice moves it on: each of them
// changes nothing when it comes a second time.
void Dispatcher::Impl::PostOwn(Job& job) {
  Offering& offer = *job.offer;
  SetDeadline(job, now + settings.offer_timeout);
  Reply reply{.what = Reply::What::kOwn, .task = job.ref, .attempt = job.attempt};
  bool posted = true;
  switch (job.stage) {
    case Stage::kRequeueing:
      posted = Post(job.ref,
                    interpreter::RequeueJob{job.ref.task, job.attempt, offer.reason}, {},
                    std::move(reply));
      break;
    case Stage::kEnding:
      posted = Post(job.ref,
                    interpreter::FailTask{.task = job.ref.task,
                                          .attempt = job.attempt,
                                          .error = offer.error,
                                          .cause = offer.reason},
                    {}, std::move(reply));
      break;
    case Stage::kPublishing:
      posted = Post(job.ref, interpreter::SubmitTask{job.ref.task, Json::EmptyObject()}, {},
                    std::move(reply));
      break;
    case Stage::kHanding:
      reply.what = Reply::What::kHandOff;
      reply.poll = offer.poll;
      posted = Post(job.ref, interpreter::StartTask{job.ref.task, offer.poller}, {},
                    std::move(reply));
      break;
    case Stage::kCancelling:
      reply.what = Reply::What::kConfirm;
      posted = Post(job.ref.partition,
                    engine::ConfirmCancel{job.ref, 0, ReplyTo(std::move(reply))});
      break;
    default:
      CHECK(false);
  }
  if (!posted) SetDeadline(job, now + kBusyPause);
}

}  // namespace towline::dispatch
