#include "worker/agent.h"

#include <algorithm>

#include "proto/jobs/topics.h"
#include "statemachines/base/log.h"

namespace towline::worker {
namespace {

constexpr Timestamp kNever = Timestamp::max();
constexpr Seconds kComplaintInterval{60};
constexpr Seconds kIdle{3600};
// What somebody has lost of our presence is told again: soon after it was news, then ever more
// seldom, for an idle agent shall cost its site next to nothing.
constexpr Millis kPresenceFirst{60'000};
constexpr Millis kPresenceMax{900'000};
constexpr Seconds kPresencePause{5};
constexpr Millis kKillAgain{10'000};

void Earliest(Timestamp& deadline, Timestamp when) {
  if (when != Timestamp{} && when < deadline) deadline = when;
}

}  // namespace

Agent::Agent(AgentSettings settings, std::vector<JobType> types, Journal& journal, Ports& ports,
             Timestamp now, Payloads* payloads)
    : settings_(std::move(settings)),
      types_(std::move(types)),
      journal_(journal),
      ports_(ports),
      payloads_(payloads),
      principal_(jobs::Principal{settings_.tenant, settings_.name}.text()),
      jobs_topic_(jobs::JobsTopic(principal_)),
      control_topic_(jobs::ControlTopic(principal_)),
      replies_prefix_("towline/1/" + principal_ + "/replies/"),
      random_(settings_.seed) {
  incarnation_ = journal_.BeginIncarnation(now);
  for (JournalEntry& entry : journal_.Load()) TakeOver(std::move(entry), now);
  if (payloads_ == nullptr) return;
  std::vector<JournalKey> kept;
  for (auto& [id, job] : jobs_) {
    if (!job.kept) continue;
    kept.push_back({job.offer.token, job.offer.attempt});
    StartUpload(job, now);
  }
  payloads_->KeepOnly(kept);
}

// What an earlier life of the agent left behind. It may have been cut off anywhere, also between
// a grant and its note: whatever was begun, or may have been, is not begun again here.
void Agent::TakeOver(JournalEntry entry, Timestamp now) {
  const JobType* const type = FindType(entry.type);
  const bool rerun = type != nullptr && type->restart == JobType::Restart::kRerun;
  jobs::Offer offer{.token = std::move(entry.token),
                    .attempt = entry.attempt,
                    .partition = entry.partition,
                    .type = std::move(entry.type)};
  if (entry.at_most_once) offer.start = jobs::StartMode::kAtMostOnce;
  const bool done = entry.stage == JournalEntry::Stage::kDone;
  const bool offered = entry.stage == JournalEntry::Stage::kOffered;
  Held& job = Add(std::move(offer), type, done ? Stage::kDone : Stage::kStarting);
  job.journaled = true;
  job.started = entry.since;
  if (done) {
    const auto result = jobs::DecodeEntry(entry.result);
    if (result) job.finished = result->finished;
    if (result) TakeOverKept(job, *result);
    SetResult(job, std::move(entry.result));
    job.synced = true;
    return;
  }
  ports_.KillLeftovers(job.offer.token, job.offer.attempt, entry.group);
  if (!entry.result.empty()) job.checkpoint = std::move(entry.result);
  if (rerun && !entry.at_most_once) {
    if (job.checkpoint) saved_.push_back(NewsOf(job, {.checkpoint = job.checkpoint}));
    return Forget(job, now);
  }
  Complete(job,
           {.token = job.offer.token,
            .attempt = job.offer.attempt,
            .outcome = jobs::JobResult::Outcome::kFailed,
            .error = "Towline.WorkerRestarted",
            .cause = offered ? "the worker restarted while the job waited for its grant"
                             : "the worker restarted while the job was running",
            .checkpoint = job.checkpoint,
            .started = job.started,
            .finished = now},
           now);
}

std::vector<std::string> Agent::Subscriptions() const {
  return {jobs_topic_, control_topic_, replies_prefix_ + "+"};
}

std::string Agent::Will(const AgentSettings& settings, std::uint64_t incarnation,
                        std::uint64_t connection) {
  return jobs::Encode(jobs::Presence{.state = jobs::WorkerState::kOffline,
                                     .incarnation = incarnation,
                                     .connection = connection,
                                     .slots = settings.slots,
                                     .queues = settings.queues,
                                     .labels = settings.labels,
                                     .version = settings.version,
                                     .host = settings.host});
}

void Agent::OnLinkUp(std::uint64_t connection, Timestamp now) {
  up_ = true;
  connection_ = connection;
  presence_due_ = true;
  logs_.SayAgain(now);
  std::move(saved_.begin(), saved_.end(), std::back_inserter(events_));
  saved_.clear();
  for (auto& [id, job] : jobs_) Reconnected(job, now);
  for (auto& [number, request] : requests_) request.next = now;
}

void Agent::Reconnected(Held& job, Timestamp now) {
  job.repeats = 0;
  switch (job.stage) {
    case Stage::kDone:
      if (job.kept) {  // the server may have lost what it had
        StartUpload(job, now);
      } else {
        PublishResult(job, now);
      }
      return;
    case Stage::kWaiting:
      AnswerAgain(job, now);
      return;
    case Stage::kBlocked:
    case Stage::kStarting:
      return;
    case Stage::kRunning:
    case Stage::kStopping:
      break;
  }
  if (job.due[kAccept] == Timestamp{}) SayAccepted(job);
  if (job.checkpoint && !job.progress.checkpoint) job.progress.checkpoint = job.checkpoint;
  if (job.progress_waits || job.checkpoint) SayProgress(job, now);
}

void Agent::OnLinkDown(Timestamp) { up_ = false; }

void Agent::OnMessage(std::string_view topic, std::string_view payload, Timestamp now) {
  if (topic == jobs_topic_) {
    auto batch = jobs::DecodeJobBatch(payload);
    if (!batch) return Complain("message_refused", topic, batch.error().message, now);
    if (!up_ || batch->connection != connection_) {
      return Fenced();
    }
    seen_ = std::max(seen_, batch->seq);
    for (jobs::Offer& offer : batch->jobs) OnOffer(std::move(offer), now);
  } else if (topic == control_topic_) {
    const auto control = jobs::DecodeControl(payload);
    if (!control) return Complain("message_refused", topic, control.error().message, now);
    if (!up_ || control->connection != connection_) {
      return Fenced();
    }
    OnControl(*control, now);
  } else if (topic.substr(0, replies_prefix_.size()) == replies_prefix_) {
    OnReply(topic.substr(replies_prefix_.size()), payload, now);
  } else {
    Complain("message_refused", topic, "not a topic of this worker", now);
  }
}

// Meant for an earlier connection. The server may not have heard of this one: tell it again, for
// all that it says goes to the connection that it knows.
void Agent::Fenced() {
  counters_.fenced++;
  presence_repeat_ = std::min(presence_repeat_, presence_said_ + kPresencePause);
}

// Counted always, logged once per sender and minute.
void Agent::Complain(std::string_view event, std::string_view about, const std::string& why,
                     Timestamp now) {
  if (event == "message_refused") counters_.malformed++;
  Timestamp& last = complaints_[std::string(event) + std::string(about)];
  if (last != Timestamp{} && now - last < kComplaintInterval) return;
  last = now;
  Log(LogLevel::kWarning, event, {{"about", std::string(about)}, {"why", why}});
}

void Agent::Stop(Timestamp now) {
  if (stopping_) return;
  stopping_ = true;
  stop_at_ = now + settings_.stop_timeout;
  SetDraining(true, now);
  std::vector<JobId> unstarted;
  for (const auto& [id, job] : jobs_) {
    if (job.stage < Stage::kRunning) unstarted.push_back(id);
  }
  for (const JobId id : unstarted) {
    Held& job = *Find(id);
    Decline(job.offer.token, job.offer.attempt, "draining");
    Forget(job, now);
  }
}

void Agent::ContinueStop(Timestamp now) {
  if (!stopping_ || stopped_) return;
  if (live_ > 0) {
    if (signalled_ || now < stop_at_) return;
    signalled_ = true;
    for (auto& [id, job] : jobs_) {
      const Seconds grace{job.offer.grace_seconds};
      StopJob(job, StopReason::kShutdown, "the worker was stopped", grace, now);
    }
    return;
  }
  if (flush_until_ == Timestamp{}) {
    flush_until_ = now + settings_.flush_timeout;
    sync_wanted_ = unacknowledged() > 0;
  }
  if (up_ && unacknowledged() > 0 && now < flush_until_) return;
  stopped_ = true;
}

Timestamp Agent::RunOnce(Timestamp now) {
  FireTimers(now);
  StartJobs(now);
  ContinueStop(now);
  WriteJournal(now);
  SyncJournal(now);
  SendRequests(now);
  const bool repeat = up_ && !presence_due_ && now >= presence_repeat_;
  presence_due_ = presence_due_ || repeat;
  if (presence_due_) {
    const bool online = !draining_ && !stopping_ && journal_why_.empty() && !IsFull();
    PublishPresence(online ? jobs::WorkerState::kOnline : jobs::WorkerState::kDraining);
    presence_due_ = false;
    presence_said_ = now;
    presence_pause_ = repeat ? std::min(2 * presence_pause_, kPresenceMax) : kPresenceFirst;
    presence_repeat_ = now + presence_pause_;
  }
  FlushAll(now);
  if (stopped_) PublishPresence(jobs::WorkerState::kOffline);
  return NextDeadline(now);
}

void Agent::SetTimer(Held& job, Timer timer, Timestamp when) {
  job.due[timer] = when;
  timers_.push({when, job.id, timer});
}

void Agent::FireTimers(Timestamp now) {
  while (!timers_.empty() && timers_.top().when <= now) {
    const Due due = timers_.top();
    timers_.pop();
    Held* const job = Find(due.id);
    if (job == nullptr || job->due[due.timer] != due.when) continue;  // set anew, or gone
    ClearTimer(*job, due.timer);
    Fire(*job, due.timer, now);
  }
}

void Agent::Fire(Held& job, Timer timer, Timestamp now) {
  switch (timer) {
    case kAccept:
      if (IsLive(job.stage)) AnswerAgain(job, now);
      return;
    case kBeat:
      SayBeat(job, now);
      return;
    case kKill:
      job.type->handler->Signal(job.id, /*kill=*/true);
      if (signalled_ && !job.type->handler->can_kill()) return Abandon(job);
      SetTimer(job, kKill, now + kKillAgain);
      return;
    case kProgress:
      if (job.progress_waits) SayProgress(job, now);
      return;
    case kRepeat:
      if (!up_) return;  // the next connection repeats it
      sync_wanted_ = sync_wanted_ || !job.synced;
      PublishResult(job, now);
      return;
    case kSave:
      Note(job);
      return;
    case kWallClock:
      StopJob(job, StopReason::kWallClock,
              "it ran longer than limits.wall_clock_seconds = " +
                  std::to_string(job.type->wall_clock->count()),
              Seconds(job.offer.grace_seconds), now);
      return;
    case kTimers:
      return;
  }
}

Timestamp Agent::NextDeadline(Timestamp now) {
  while (!timers_.empty()) {
    const Due& due = timers_.top();
    const Held* const job = Find(due.id);
    if (job != nullptr && job->due[due.timer] == due.when) break;
    timers_.pop();
  }
  Timestamp deadline = now + kIdle;
  if (!timers_.empty()) Earliest(deadline, timers_.top().when);
  if (up_) Earliest(deadline, std::min(presence_repeat_, logs_.Next()));
  if (!journal_why_.empty()) Earliest(deadline, journal_retry_);
  if (!drops_.empty()) Earliest(deadline, drops_due_);
  if (stopping_ && !stopped_) {
    if (live_ > 0 && !signalled_) Earliest(deadline, stop_at_);
    if (live_ == 0) Earliest(deadline, flush_until_ == Timestamp{} ? now : flush_until_);
  }
  for (const auto& [number, request] : requests_) {
    Earliest(deadline, std::min(request.deadline, up_ ? request.next : kNever));
  }
  return deadline;
}

}  // namespace towline::worker
