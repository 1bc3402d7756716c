// Messages of workers: decode, check the token, look at the fences, hand on to the partition.

#include <algorithm>

#include "orchestrator/dispatch/impl.h"

namespace towline::dispatch {
namespace {

constexpr Millis kDeclinePauseMin{1'000};
constexpr Millis kDeclinePauseMax{60'000};
constexpr const char* kGone = "the task has ended, or a later attempt owns it";

}  // namespace

void Dispatcher::Impl::Malformed(std::string_view sender, std::string_view problem) {
  counters.malformed++;
  complaints.Add("malformed_message", sender, problem, now);
}

std::optional<engine::TaskRef> Dispatcher::Impl::Verify(std::string_view token,
                                                        std::string_view sender) {
  std::optional<engine::TaskRef> ref = tokens.Verify(token);
  if (ref) return ref;
  counters.forged++;
  complaints.Add("forged_token", sender,
                 "task token " + engine::Tokens::Fingerprint(token) + " is not ours", now);
  return std::nullopt;
}

// It runs something that we have never asked for.
void Dispatcher::Impl::RefuseForeign(Worker& worker, const std::string& token,
                                     std::uint32_t attempt) {
  SendCancel(worker, token, attempt, 0, "this token is not ours");
}

Job* Dispatcher::Impl::Find(const engine::TaskRef& ref, std::uint32_t attempt) {
  Job* const job = jobs.Find(ref);
  return job != nullptr && job->attempt == attempt ? job : nullptr;
}

void Dispatcher::Impl::OnMessage(std::string_view topic, std::string_view payload, bool retained,
                                 std::string_view response_topic, std::string_view correlation) {
  const std::optional<jobs::ParsedTopic> parsed = jobs::ParseTopic(topic);
  const std::optional<jobs::Principal> principal =
      parsed ? jobs::Principal::Parse(parsed->principal) : std::nullopt;
  if (!principal) return Malformed(topic, "the topic is none of the job protocol");
  if (payload.size() > jobs::kMessageBytesMax) {
    return Malformed(parsed->principal, "the message has " + std::to_string(payload.size()) +
                                            " bytes; the limit is 98304");
  }
  if (!revoked.empty() && revoked.count(parsed->principal) > 0) {
    counters.revoked++;
    complaints.Add("revoked_worker", parsed->principal, "it is not heard any more", now);
    return;
  }
  if (parsed->kind == jobs::TopicKind::kPresence) {
    if (payload.empty()) return;  // somebody has cleared the retained message
    return OnPresence(fleet.Get(*principal), payload, retained);
  }
  if (retained) return Malformed(parsed->principal, "only presence may be retained");
  switch (parsed->kind) {
    case jobs::TopicKind::kEvents:
      return OnEvents(fleet.Get(*principal), payload);
    case jobs::TopicKind::kResults:
      return OnResults(fleet.Get(*principal), payload);
    case jobs::TopicKind::kCallbacks:
      return OnCallback(*principal, payload, response_topic, correlation);
    default:
      return;  // our own
  }
}

void Dispatcher::Impl::OnEvents(Worker& worker, std::string_view payload) {
  Result<jobs::EventBatch> batch = jobs::DecodeEventBatch(payload);
  if (!batch) return Malformed(worker.name, batch.error().message);
  Heard(worker, batch->incarnation);
  if (batch->incarnation < worker.incarnation) return;  // its last life: the roll call has spoken
  // A life that has not introduced itself: whatever it holds, its roll call names.
  if (batch->incarnation > worker.incarnation) return AskRollCall(worker);
  for (jobs::WorkerEvent& event : batch->events) {
    switch (event.kind) {
      case jobs::WorkerEvent::Kind::kAccepted:
        OnAcceptedEvent(worker, event);
        break;
      case jobs::WorkerEvent::Kind::kDeclined:
        OnDeclined(worker, event);
        break;
      case jobs::WorkerEvent::Kind::kHeartbeat:
        OnHeartbeats(worker, event);
        break;
      case jobs::WorkerEvent::Kind::kProgress:
        OnProgress(worker, event);
        break;
      case jobs::WorkerEvent::Kind::kLog:
        OnLog(worker, event);
        break;
    }
  }
}

void Dispatcher::Impl::OnAcceptedEvent(Worker& worker, const jobs::WorkerEvent& event) {
  const std::optional<engine::TaskRef> ref = Verify(event.token, worker.name);
  if (!ref) return RefuseForeign(worker, event.token, event.attempt);
  Job* const job = Find(*ref, event.attempt);
  if (job != nullptr && (job->stage == Stage::kParked || job->stage == Stage::kWaiting)) {
    return Adopt(worker, *job, event.token);
  }
  const bool mine = job != nullptr && job->offer != nullptr && job->offer->worker == &worker;
  if (mine && (job->stage == Stage::kOffered || job->stage == Stage::kAccepted)) {
    return Accept(worker, *job, event.token);
  }
  // Not as we remember it: the partition decides, and its answer tells the worker.
  PostAccept(worker, *ref, event.attempt, event.token);
}

// The worker says that it holds the job that it was offered.
void Dispatcher::Impl::Accept(Worker& worker, Job& job, const std::string& token) {
  Offering& offer = *job.offer;
  if (!PostAccept(worker, job.ref, job.attempt, token)) return;  // asked again by the deadline
  offer.absent = false;
  SetDeadline(job, kNever);
  if (offer.type >= 0) worker.types[static_cast<std::size_t>(offer.type)].hold = Millis{0};
  if (job.stage == Stage::kAccepted) return;
  SetStage(job, Stage::kAccepted);
  Watch(job.ref, "accepted", worker.name, job.attempt);
}

bool Dispatcher::Impl::PostAccept(Worker& worker, const engine::TaskRef& ref,
                                  std::uint32_t attempt, const std::string& token) {
  Reply reply{.what = Reply::What::kAccept,
              .task = ref,
              .attempt = attempt,
              .worker = &worker,
              .token = token};
  return Post(ref, interpreter::AcceptJob{ref.task, attempt, worker.name, worker.incarnation},
              worker.principal.tenant, std::move(reply));
}

void Dispatcher::Impl::OnDeclined(Worker& worker, const jobs::WorkerEvent& event) {
  const std::optional<engine::TaskRef> ref = Verify(event.token, worker.name);
  Job* const job = ref ? Find(*ref, event.attempt) : nullptr;
  if (job == nullptr || job->offer == nullptr || job->offer->worker != &worker) return;
  if (job->stage == Stage::kCancelling) return Confirm(*job);
  if (job->stage != Stage::kOffered || job->offer->recorded) return;
  counters.declined++;
  if (job->offer->type >= 0) {
    ServedType& type = worker.types[static_cast<std::size_t>(job->offer->type)];
    type.hold = std::clamp(type.hold * 2, kDeclinePauseMin, kDeclinePauseMax);
    type.hold_until = now + type.hold;
    SetCheck(worker, std::min(worker.check, type.hold_until));
  }
  Watch(*ref, "declined", worker.name, event.attempt, {}, event.reason);
  Evidence(worker, *ref, event.attempt, "declined: " + event.reason, {});
  Requeue(*job, "worker " + worker.principal.worker + " declined: " + event.reason);
}

void Dispatcher::Impl::OnHeartbeats(Worker& worker, const jobs::WorkerEvent& event) {
  for (const auto& [token, attempt] : event.beats) {
    const std::optional<engine::TaskRef> ref = Verify(token, worker.name);
    if (!ref) {
      RefuseForeign(worker, token, attempt);
      continue;
    }
    Beat(worker, *ref, attempt, token);
  }
}

// The job lives. Also when its `accepted` was lost.
void Dispatcher::Impl::Beat(Worker& worker, const engine::TaskRef& ref, std::uint32_t attempt,
                            const std::string& token) {
  Job* const job = Find(ref, attempt);
  const bool mine = job != nullptr && job->offer != nullptr && job->offer->worker == &worker;
  if (mine && job->stage == Stage::kCancelling) {
    return SendCancel(worker, token, attempt, ref.partition, job->offer->reason);
  }
  if (mine && job->stage == Stage::kOffered) Accept(worker, *job, token);
  if (mine) progress[ref].heard = now;
  Reply reply{.what = Reply::What::kHeartbeat,
              .task = ref,
              .attempt = attempt,
              .worker = &worker,
              .token = token};
  Post(ref.partition,
       engine::HeartbeatTask{ref, attempt, worker.principal.tenant, ReplyTo(std::move(reply))});
}

void Dispatcher::Impl::OnProgress(Worker& worker, const jobs::WorkerEvent& event) {
  const std::optional<engine::TaskRef> ref = Verify(event.token, worker.name);
  if (!ref) return RefuseForeign(worker, event.token, event.attempt);
  Beat(worker, *ref, event.attempt, event.token);
  Job* const job = Find(*ref, event.attempt);
  if (job == nullptr || job->offer == nullptr || job->offer->worker != &worker) return;
  Progress& seen = progress[*ref];
  if (event.percent) seen.percent = event.percent;
  if (!event.message.empty()) seen.message = event.message;
  Watch(*ref, "progress", worker.name, event.attempt, event.percent, event.message);
  if (event.checkpoint) SaveCheckpoint(worker, *ref, event.attempt, *event.checkpoint);
}

// For the next attempt. False: the partition's inbox is full.
bool Dispatcher::Impl::SaveCheckpoint(Worker& worker, const engine::TaskRef& ref,
                                      std::uint32_t attempt, std::string_view text) {
  Result<Json> checkpoint = ParseJson(text);
  if (!checkpoint) {
    Malformed(worker.name, "checkpoint: " + checkpoint.error().message);
    return true;  // what it came with counts all the same
  }
  return Post(ref, interpreter::CheckpointJob{ref.task, attempt, *std::move(checkpoint)},
              worker.principal.tenant, {});
}

void Dispatcher::Impl::OnResults(Worker& worker, std::string_view payload) {
  Result<jobs::ResultBatch> batch = jobs::DecodeResultBatch(payload);
  if (!batch) return Malformed(worker.name, batch.error().message);
  Heard(worker, batch->incarnation);
  for (jobs::JobResult& result : batch->results) OnResult(worker, result);
}

void Dispatcher::Impl::OnResult(Worker& worker, jobs::JobResult& result) {
  using Outcome = jobs::JobResult::Outcome;
  counters.results++;
  const std::optional<engine::TaskRef> ref = Verify(result.token, worker.name);
  if (!ref) {  // every journal drains, of whatever it holds
    return Acknowledge(worker, std::move(result.token), result.attempt, false);
  }
  if (worker.ghosts.erase(*ref) > 0) placement.Freed(worker);
  Job* job = Find(*ref, result.attempt);
  if (job != nullptr && (job->offer == nullptr || job->offer->worker != &worker)) job = nullptr;
  if (job != nullptr) {
    FreeSlot(*job);  // at once: the next job may go out together with the acknowledgement
    if (job->offer->type >= 0) {
      worker.types[static_cast<std::size_t>(job->offer->type)].hold = Millis{0};
    }
  }
  Reply reply{.what = Reply::What::kResult,
              .task = *ref,
              .attempt = result.attempt,
              .worker = &worker,
              .token = std::move(result.token)};
  const bool cancelling = job != nullptr && job->stage == Stage::kCancelling;
  if (cancelling || result.outcome == Outcome::kCancelled) {
    return OnCancelledResult(worker, job, std::move(reply), result);
  }
  interpreter::Command command;
  if (result.outcome == Outcome::kSucceeded) {
    Result<Json> output = ParseJson(result.output);
    if (!output) return Malformed(worker.name, "output: " + output.error().message);
    reply.output = *output;
    command = interpreter::SucceedTask{.task = ref->task,
                                       .attempt = result.attempt,
                                       .output = *std::move(output),
                                       .worker = worker.name};
  } else {
    if (result.checkpoint && !SaveCheckpoint(worker, *ref, result.attempt, *result.checkpoint)) {
      return;
    }
    reply.evidence = result.error + ": " + result.cause;
    command = interpreter::FailTask{.task = ref->task,
                                    .attempt = result.attempt,
                                    .error = std::move(result.error),
                                    .cause = std::move(result.cause),
                                    .worker = worker.name};
  }
  // A full inbox: not acknowledged, so the worker says it again.
  if (!Post(*ref, std::move(command), worker.principal.tenant, std::move(reply))) return;
  if (job == nullptr) return;
  job->offer->reported = true;
  SetDeadline(*job, kNever);
}

// The end of a job that we have cancelled, or that its worker has cancelled by itself.
void Dispatcher::Impl::OnCancelledResult(Worker& worker, Job* job, Reply reply,
                                         jobs::JobResult& result) {
  const engine::TaskRef ref = reply.task;
  const bool live = job != nullptr && job->stage != Stage::kCancelling;
  if (live) {
    // Somebody on site has stopped it: to the workflow that is a failure like any other.
    reply.what = Reply::What::kStopped;
    interpreter::FailTask command{
        .task = ref.task,
        .attempt = reply.attempt,
        .error = result.error.empty() ? "Towline.JobCancelled" : std::move(result.error),
        .cause = std::move(result.cause),
        .worker = worker.name};
    if (!Post(ref, std::move(command), worker.principal.tenant, std::move(reply))) return;
    job->offer->reported = true;
    return SetDeadline(*job, kNever);
  }
  if (result.outcome != jobs::JobResult::Outcome::kCancelled) {
    const bool succeeded = result.outcome == jobs::JobResult::Outcome::kSucceeded;
    Evidence(worker, ref, reply.attempt, succeeded ? "result succeeded" : "result failed",
             succeeded ? result.output : result.error + ": " + result.cause);
  }
  reply.what = Reply::What::kCancelled;
  const std::uint32_t attempt = reply.attempt;
  Post(ref.partition, engine::ConfirmCancel{ref, attempt, ReplyTo(std::move(reply))});
}

void Dispatcher::Impl::Evidence(Worker& worker, const engine::TaskRef& ref, std::uint32_t attempt,
                                std::string what, std::string data) {
  constexpr std::size_t kDataMax = 4 << 10;
  if (data.size() > kDataMax) data.resize(kDataMax);
  Post(ref.partition, engine::AddEvidence{{.task = {ref.execution, ref.task},
                                           .time = now,
                                           .worker = worker.name,
                                           .attempt = attempt,
                                           .what = std::move(what),
                                           .data = std::move(data)}});
}

const char* Dispatcher::Impl::GoneReason() { return kGone; }

}  // namespace towline::dispatch
