// What the server says about jobs, and what programs of the site say through the local socket.

#include <charconv>

#include "proto/jobs/topics.h"
#include "worker/agent.h"

namespace towline::worker {
namespace {

constexpr Millis kRequestRepeat{2'000};
constexpr int kRequestBits = 20;

}  // namespace

void Agent::OnControl(const jobs::Control& control, Timestamp now) {
  for (const auto& ack : control.acks) OnAck(ack, now);
  for (const auto& grant : control.grants) OnGrant(grant, now);
  for (const auto& cancel : control.cancel) OnCancel(cancel, now);
  for (const auto& log : control.logs) logs_.OnAck(log);
  for (const auto& keep : control.keep) {
    Held* const job = Find(keep.token, keep.attempt);
    if (job != nullptr && job->stage == Stage::kWaiting) AnswerAgain(*job, now);
  }
  if (control.drain) SetDraining(*control.drain, now);
  if (!control.roll_call) return;
  presence_due_ = true;
  logs_.SayAgain(now);
  for (auto& [id, job] : jobs_) {
    if (!IsLive(job.stage)) AnswerAgain(job, now);
  }
}

void Agent::OnAck(const jobs::Control::Ack& ack, Timestamp now) {
  Held* const job = Find(ack.token, ack.attempt);
  if (job == nullptr) return;
  if (!IsLive(job->stage)) {
    (ack.recorded ? counters_.acked_recorded : counters_.acked_stale)++;
    Forget(*job, now);
  } else if (!ack.recorded) {
    OnGrant({.token = ack.token, .attempt = ack.attempt, .start = false}, now);
  }
}

void Agent::OnGrant(const jobs::Control::Grant& grant, Timestamp now) {
  Held* const job = Find(grant.token, grant.attempt);
  if (job == nullptr) return;  // the roll call shows the server that it is not here
  if (grant.start) {
    // Before it is on disk nobody can have granted it: that is a mistake of the server's.
    if (job->stage != Stage::kWaiting || !job->journaled) return;
    ClearTimer(*job, kAccept);
    SetStage(*job, Stage::kBlocked);
    Unblock(job->offer.token);
    return;
  }
  if (job->stage == Stage::kDone) return;  // only an ack makes a result superfluous
  if (job->stage == Stage::kRunning || job->stage == Stage::kStopping) {
    StopJob(*job, StopReason::kCancelled, "the server no longer wants this attempt",
            Seconds(job->offer.grace_seconds), now);
  } else {
    Forget(*job, now);
  }
}

void Agent::OnCancel(const jobs::Control::Cancel& cancel, Timestamp now) {
  const std::string reason = cancel.reason.empty() ? "cancelled" : "cancelled: " + cancel.reason;
  Held* job = Find(cancel.token, cancel.attempt);
  if (job == nullptr) {
    // The server keeps a cancelled task until somebody confirms that it is dead.
    job = &Add({.token = cancel.token, .attempt = cancel.attempt, .partition = cancel.partition},
               nullptr, Stage::kStarting);
    return CancelUnstarted(*job, reason, "it is not here", now);
  }
  switch (job->stage) {
    case Stage::kWaiting:
    case Stage::kBlocked:
    case Stage::kStarting:
      CancelUnstarted(*job, reason, "it was not started", now);
      return;
    case Stage::kRunning:
    case Stage::kStopping:
      StopJob(*job, StopReason::kCancelled, reason, Seconds(cancel.grace_seconds), now);
      return;
    case Stage::kDone:
      if (job->move == Move::kUploading) {
        return Withdraw(*job, jobs::JobResult::Outcome::kCancelled, "Towline.Cancelled",
                        reason + "; it had ended, and its output was on the way", now);
      }
      PublishResult(*job, now);
      return;
  }
}

void Agent::CancelUnstarted(Held& job, const std::string& reason, const char* state,
                            Timestamp now) {
  Complete(job,
           {.token = job.offer.token,
            .attempt = job.offer.attempt,
            .outcome = jobs::JobResult::Outcome::kCancelled,
            .error = "Towline.Cancelled",
            .cause = reason + "; " + state,
            .started = now,
            .finished = now},
           now);
}

void Agent::SetDraining(bool draining, Timestamp) {
  presence_due_ = presence_due_ || draining_ != draining;
  draining_ = draining;
}

void Agent::OnRequest(std::uint64_t request, jobs::Callback callback, Timestamp now) {
  // A number that no earlier life of the agent has used: its answers may still be on their way.
  const std::uint64_t number = (incarnation_ << kRequestBits) + request;
  callback.reply_to = jobs::ReplyTopic(principal_, number);
  for (const auto& [id, job] : jobs_) {  // any of them may be the one that speaks
    if (job.blot.empty()) continue;
    for (auto* const text : {&callback.output, &callback.progress}) {
      if (*text) *text = job.blot.InJson(std::move(**text));
    }
    for (auto* const text : {&callback.error, &callback.cause}) {
      if (*text) *text = job.blot(std::move(**text));
    }
  }
  requests_[number] = Request{
      .callback = std::move(callback), .deadline = now + settings_.request_timeout, .next = now};
}

void Agent::SendRequests(Timestamp now) {
  for (auto each = requests_.begin(); each != requests_.end();) {
    auto& [number, request] = *each;
    if (now >= request.deadline) {
      const std::uint64_t id = number - (incarnation_ << kRequestBits);
      each = requests_.erase(each);
      ports_.Reply(id, {.kind = Ports::Answer::Kind::kUnavailable,
                        .message = up_ ? "the server has not answered in time"
                                       : "there is no connection to the broker"});
      continue;
    }
    if (up_ && now >= request.next) {
      ports_.Publish(jobs::CallbacksTopic(principal_), jobs::Encode(request.callback), false);
      request.next = now + kRequestRepeat;
    }
    ++each;
  }
}

void Agent::OnReply(std::string_view number, std::string_view payload, Timestamp now) {
  const auto reply = jobs::DecodeCallbackReply(payload);
  if (!reply) return Complain("message_refused", "replies", reply.error().message, now);
  std::uint64_t value = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
  const auto found = requests_.find(value);
  if (read.ec != std::errc{} || found == requests_.end()) return;  // answered before, or too late
  requests_.erase(found);
  using Verdict = jobs::CallbackReply::Verdict;
  using Kind = Ports::Answer::Kind;
  const Kind kind = reply->verdict == Verdict::kRecorded ? Kind::kRecorded
                    : reply->verdict == Verdict::kStale  ? Kind::kStale
                                                         : Kind::kInvalid;
  ports_.Reply(value - (incarnation_ << kRequestBits), {.kind = kind, .message = reply->message});
}

}  // namespace towline::worker
