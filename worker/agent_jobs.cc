// The life of a job: offered, begun, stopped, ended.

#include <algorithm>

#include "proto/jobs/json_text.h"
#include "statemachines/base/log.h"
#include "worker/agent.h"
#include "worker/secrets.h"

namespace towline::worker {
namespace {

constexpr std::size_t kErrorBytesMax = 256;
constexpr std::size_t kCauseBytesMax = 8 << 10;
constexpr std::int64_t kSecondsMax = 1'000'000'000;  // what the language allows, and more
constexpr Millis kAcceptAgainMax{10'000};

std::string Bounded(std::string_view text, std::size_t size_max) {
  return jobs::ToUtf8(text.substr(0, size_max));
}

// What leaves the site.
Outcome Blotted(const Blot& blot, Outcome outcome) {
  if (blot.empty()) return outcome;
  outcome.output = blot.InJson(std::move(outcome.output));
  outcome.error = blot(std::move(outcome.error));
  outcome.cause = blot(std::move(outcome.cause));
  return outcome;
}

// What became of the processes of a job that was stopped.
std::string Remains(const Outcome& outcome) {
  if (!outcome.killed || !outcome.left) return {};
  return "; processes killed: " + std::to_string(*outcome.killed) +
         ", left: " + std::to_string(*outcome.left);
}

bool IsAtMostOnce(const jobs::Offer& offer) { return offer.start == jobs::StartMode::kAtMostOnce; }

}  // namespace

const JobType* Agent::FindType(std::string_view name) const {
  const auto found = std::find_if(types_.begin(), types_.end(),
                                  [&](const JobType& type) { return type.name == name; });
  return found == types_.end() ? nullptr : &*found;
}

Agent::Held* Agent::Find(JobId id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

Agent::Held* Agent::Find(const std::string& token, std::uint32_t attempt) {
  const auto [first, last] = by_token_.equal_range(token);
  for (auto each = first; each != last; ++each) {
    Held* const job = Find(each->second);
    if (job->offer.attempt == attempt) return job;
  }
  return nullptr;
}

std::vector<JobId> Agent::AttemptsOf(const std::string& token) const {
  std::vector<JobId> ids;
  const auto [first, last] = by_token_.equal_range(token);
  for (auto each = first; each != last; ++each) ids.push_back(each->second);
  return ids;
}

bool Agent::HasLiveAttempt(const std::string& token, JobId besides) const {
  const auto [first, last] = by_token_.equal_range(token);
  return std::any_of(first, last, [&](const auto& each) {
    const Stage stage = jobs_.at(each.second).stage;
    return each.second != besides && (stage == Stage::kRunning || stage == Stage::kStopping);
  });
}

Agent::Held& Agent::Add(jobs::Offer offer, const JobType* type, Stage stage) {
  const JobId id = next_id_++;
  Held& job = jobs_[id];
  job.id = id;
  job.offer = std::move(offer);
  job.type = type;
  job.stage = Stage::kDone;
  by_token_.emplace(job.offer.token, id);
  SetStage(job, stage);
  return job;
}

// Keeps count of the slots in use.
void Agent::SetStage(Held& job, Stage stage) {
  const int change = int{IsLive(stage)} - int{IsLive(job.stage)};
  job.stage = stage;
  if (change == 0) return;
  live_ += static_cast<std::size_t>(change);
  live_of_type_[job.type] += change;
}

void Agent::OnOffer(jobs::Offer offer, Timestamp now) {
  offer.grace_seconds = std::clamp<std::int64_t>(offer.grace_seconds, 0, kSecondsMax);
  if (offer.heartbeat_seconds) {
    offer.heartbeat_seconds = std::clamp<std::int64_t>(*offer.heartbeat_seconds, 1, kSecondsMax);
  }
  bool supersedes = false;
  if (OnKnownTask(offer, supersedes, now)) return;
  if (tombstones_.Covers(offer.token, offer.attempt)) {
    counters_.repeated_offers++;
    return;
  }
  const JobType* const type = FindType(offer.type);
  std::string why = WhyNot(type, supersedes);
  if (why.empty()) why = WhyNoRoom(offer);
  if (!why.empty()) {
    Decline(offer.token, offer.attempt, std::move(why));
    return;
  }
  if (IsAtMostOnce(offer)) {
    Held& job = Add(std::move(offer), type, Stage::kWaiting);
    beginnings_.push_back(job.id);  // accepted once it is on disk
    sync_ = true;
    return;
  }
  Held& job = Add(std::move(offer), type, Stage::kBlocked);
  if (!HasLiveAttempt(job.offer.token, job.id)) QueueStart(job);
  if (!type->handler->instant()) SetTimer(job, kAccept, now + settings_.accept_after);
}

// Answers an offer of an attempt that is known already, and ignores one of an earlier attempt.
// An earlier attempt that is still here makes way for the offered one.
bool Agent::OnKnownTask(const jobs::Offer& offer, bool& supersedes, Timestamp now) {
  if (by_token_.find(offer.token) == by_token_.end()) return false;
  for (const JobId id : AttemptsOf(offer.token)) {
    Held& job = *Find(id);
    if (job.offer.attempt >= offer.attempt) {
      counters_.repeated_offers++;
      if (job.offer.attempt == offer.attempt) AnswerAgain(job, now);
      return true;
    }
    supersedes = supersedes || IsLive(job.stage);
    if (job.stage == Stage::kRunning || job.stage == Stage::kStopping) {
      StopJob(job, StopReason::kCancelled, "a later attempt was offered",
              Seconds(job.offer.grace_seconds), now);
    } else if (job.stage != Stage::kDone) {
      Forget(job, now);
    }
  }
  return false;
}

void Agent::AnswerAgain(Held& job, Timestamp now) {
  switch (job.stage) {
    case Stage::kWaiting:
      if (!job.journaled) return;  // accepted with the journal's next batch
      SayAccepted(job);
      SetTimer(job, kAccept, now + Backoff(job.repeats++, kAcceptAgainMax));
      return;
    case Stage::kStarting:
      return;
    case Stage::kBlocked:
    case Stage::kRunning:
    case Stage::kStopping:
      SayAccepted(job);
      return;
    case Stage::kDone:
      if (job.move == Move::kUploading) SayAccepted(job);
      PublishResult(job, now);
      return;
  }
}

std::string Agent::WhyNot(const JobType* type, bool supersedes) const {
  if (draining_ || stopping_) return "draining";
  if (!journal_why_.empty()) return "journal: " + journal_why_;
  if (results_bytes_ > settings_.results_bytes_max) return "too many results wait for the server";
  if (type == nullptr) return "unknown type";
  if (supersedes) return {};  // it takes over a slot
  if (live_ >= static_cast<std::size_t>(settings_.slots)) return "busy";
  const auto live = live_of_type_.find(type);
  const bool full = type->slots > 0 && live != live_of_type_.end() && live->second >= type->slots;
  return full ? "busy" : "";
}

void Agent::QueueStart(Held& job) {
  SetStage(job, Stage::kStarting);
  starting_.push_back(job.id);
  // A program may outlive the agent: the journal must know of it before it starts.
  if (!job.type->handler->instant()) beginnings_.push_back(job.id);
}

void Agent::StartJobs(Timestamp now) {
  if (!beginnings_.empty()) WriteJournal(now);
  for (std::size_t i = 0; i < starting_.size(); i++) {  // an end may unblock one more
    Held* const job = Find(starting_[i]);
    if (job == nullptr || job->stage != Stage::kStarting) continue;
    // Unblocked just now, or the journal has refused a batch that held it.
    if (!job->type->handler->instant() && !job->journaled) WriteJournal(now);
    Held* const still = Find(starting_[i]);
    if (still != nullptr && still->stage == Stage::kStarting) StartOne(*still, now);
  }
  starting_.clear();
}

void Agent::StartOne(Held& job, Timestamp now) {
  counters_.started++;
  job.started = now;
  SetStage(job, Stage::kRunning);
  if (!job.type->handler->instant()) {
    Log(LogLevel::kInfo, "job_started",
        {{"type", job.offer.type},
         {"attempt", std::to_string(job.offer.attempt)},
         {"state", job.offer.state},
         {"execution", job.offer.execution}});
  }
  if (!FetchFirst(job, now)) Launch(job, now);
}

void Agent::Launch(Held& job, Timestamp now) {
  Handler::Started started = StartWork(job);
  job.offer.input.clear();
  job.offer.checkpoint.reset();
  if (started.outcome) return Finish(job, *std::move(started.outcome), now);
  job.group = std::move(started.group);
  if (job.group) Note(job);
  StartTimers(job, now);
}

Handler::Started Agent::StartWork(Held& job) {
  auto resolved =
      ResolveSecrets(std::move(job.offer.input), job.type->secrets,
                     [this](const std::string& name) { return ports_.ReadSecret(name); });
  if (auto* const failure = std::get_if<sdk::Failure>(&resolved)) {
    return {.outcome =
                Outcome{.error = std::move(failure->error), .cause = std::move(failure->cause)}};
  }
  auto& [input, blot] = std::get<ResolvedInput>(resolved);
  job.blot = blot;
  return job.type->handler->Start(Job{.id = job.id,
                                      .token = job.offer.token,
                                      .attempt = job.offer.attempt,
                                      .type = job.offer.type,
                                      .input = std::move(input),
                                      .checkpoint = std::move(job.offer.checkpoint),
                                      .execution = job.offer.execution,
                                      .state = job.offer.state,
                                      .timeout_seconds = job.offer.timeout_seconds,
                                      .blot = std::move(blot)});
}

void Agent::StopJob(Held& job, StopReason reason, std::string cause, Seconds grace, Timestamp now) {
  if (job.stage != Stage::kRunning && job.stage != Stage::kStopping) return;
  const bool signalled = job.stage == Stage::kStopping;
  if (!signalled || reason == StopReason::kCancelled) {
    job.stop = reason;
    job.stop_cause = std::move(cause);
  }
  if (signalled) return;
  SetStage(job, Stage::kStopping);
  if (job.move == Move::kFetching) return payloads_->Abort(job.id);
  if (job.move == Move::kKeeping) return;  // over in a moment
  const Seconds patience =
      std::clamp(job.type->grace.value_or(grace), Seconds(0), Seconds(kSecondsMax));
  job.type->handler->Signal(job.id, /*kill=*/patience == Seconds(0));
  SetTimer(job, kKill, now + patience);
}

void Agent::OnFinished(JobId id, Outcome outcome, Timestamp now) {
  Held* const job = Find(id);
  if (job == nullptr || (job->stage != Stage::kRunning && job->stage != Stage::kStopping)) return;
  if (job->move != Move::kNone) return;
  Finish(*job, std::move(outcome), now);
}

void Agent::Finish(Held& job, Outcome outcome, Timestamp now) {
  outcome = Blotted(job.blot, std::move(outcome));
  if (!KeepLarge(job, outcome)) Conclude(job, std::move(outcome), now);
}

void Agent::Conclude(Held& job, Outcome outcome, Timestamp now) {
  counters_.finished++;
  if (job.progress_waits) SayProgress(job, now);
  const bool rerun = job.type->restart == JobType::Restart::kRerun && !IsAtMostOnce(job.offer);
  // It may run again, and its successor will not find it in its journal: see TakeOver().
  if (job.stop == StopReason::kShutdown && !outcome.succeeded && rerun) {
    return !up_ && job.checkpoint ? Remove(job) : Forget(job, now);  // the journal will tell it
  }
  const jobs::JobResult result = MakeResult(job, std::move(outcome), now);
  if (!job.type->handler->instant()) {
    Log(LogLevel::kInfo, "job_finished",
        {{"type", job.offer.type},
         {"attempt", std::to_string(job.offer.attempt)},
         {"state", job.offer.state},
         {"execution", job.offer.execution},
         {"error", result.error.empty() ? "none" : result.error}});
  }
  Complete(job, result, now);
}

jobs::JobResult Agent::MakeResult(const Held& job, Outcome outcome, Timestamp now) const {
  using jobs::JobResult;
  JobResult result{.token = job.offer.token,
                   .attempt = job.offer.attempt,
                   .started = job.started,
                   .finished = now,
                   .cpu_seconds = outcome.cpu_seconds,
                   .memory_bytes_max = outcome.memory_bytes_max};
  const std::string how = (outcome.succeeded ? "it ended by itself, with success"
                                             : outcome.error + ": " + outcome.cause) +
                          Remains(outcome);
  if (job.stop == StopReason::kCancelled) {
    result.outcome = JobResult::Outcome::kCancelled;
    result.error = "Towline.Cancelled";
    result.cause = Bounded(job.stop_cause + "; " + how, kCauseBytesMax);
  } else if (job.stop == StopReason::kWallClock && !outcome.succeeded) {
    result.outcome = JobResult::Outcome::kFailed;
    result.error = "Towline.WallClockLimit";
    result.cause = Bounded(job.stop_cause + "; " + how, kCauseBytesMax);
  } else if (job.stop == StopReason::kShutdown && !outcome.succeeded) {
    result.outcome = JobResult::Outcome::kFailed;
    result.error = "Towline.WorkerRestarted";
    result.cause = Bounded(job.stop_cause + "; " + how, kCauseBytesMax);
  } else if (!outcome.succeeded) {
    result.outcome = JobResult::Outcome::kFailed;
    result.error = Bounded(outcome.error, kErrorBytesMax);
    result.cause = Bounded(outcome.cause, kCauseBytesMax);
  } else if (outcome.output.size() > jobs::kPayloadBytesMax) {
    result.outcome = JobResult::Outcome::kFailed;
    result.error = "States.DataLimitExceeded";
    result.cause = "the output of " + std::to_string(outcome.output.size()) +
                   " bytes is above the limit of " + std::to_string(jobs::kPayloadBytesMax) +
                   "; a worker that has enrolled could send it (towline-worker enrol)";
  } else {
    result.output = std::move(outcome.output);
  }
  if (result.outcome == JobResult::Outcome::kFailed) result.checkpoint = job.checkpoint;
  return result;
}

// Results are never dropped. So when too many wait for the server, nothing new is begun.
void Agent::SetResult(Held& job, std::string result) {
  const bool was_full = IsFull();
  results_bytes_ -= job.result.size();
  job.result = std::move(result);
  results_bytes_ += job.result.size();
  presence_due_ = presence_due_ || was_full != IsFull();
}

void Agent::Complete(Held& job, const jobs::JobResult& result, Timestamp now) {
  logs_.End(job.id, now);
  SettlePayloads(job, result);
  SetResult(job, jobs::EncodeEntry(result));
  job.finished = result.finished;
  job.due = {};
  job.repeats = 0;
  job.synced = false;
  job.group.reset();
  job.blot = {};
  SetStage(job, Stage::kDone);
  Note(job);
  sync_ = sync_ || IsAtMostOnce(job.offer);
  if (job.kept) StartUpload(job, now);
  if (up_) PublishResult(job, now);
  Unblock(job.offer.token);
}

// It cannot be ended, and the agent has to leave: the journal still holds it, so the next life
// reports it as cut off.
void Agent::Abandon(Held& job) {
  Log(LogLevel::kWarning, "job_abandoned",
      {{"type", job.offer.type}, {"execution", job.offer.execution}});
  Remove(job);
}

// It is over, here and in the journal.
void Agent::Forget(Held& job, Timestamp now) {
  logs_.End(job.id, now);
  tombstones_.Add(job.offer.token, job.offer.attempt, now);
  if (job.journaled) {
    if (drops_.empty()) drops_due_ = now + Seconds(1);
    drops_.push_back({job.offer.token, job.offer.attempt});
  }
  Remove(job);
}

void Agent::Remove(Held& job) {
  DropPayloads(job);
  SetResult(job, {});
  SetStage(job, Stage::kDone);  // gives its slot back
  const JobId id = job.id;
  const auto [first, last] = by_token_.equal_range(job.offer.token);
  by_token_.erase(std::find_if(first, last, [&](const auto& each) { return each.second == id; }));
  jobs_.erase(id);
}

void Agent::Unblock(const std::string& token) {
  for (const JobId id : AttemptsOf(token)) {
    Held& job = *Find(id);
    if (job.stage == Stage::kBlocked && !HasLiveAttempt(token, id)) QueueStart(job);
  }
}

}  // namespace towline::worker
