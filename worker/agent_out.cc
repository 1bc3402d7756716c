// What goes to the journal, and then to the server.

#include <algorithm>
#include <iterator>
#include <tuple>

#include "proto/jobs/topics.h"
#include "statemachines/base/log.h"
#include "worker/agent.h"

namespace towline::worker {
namespace {

using jobs::WorkerEvent;

constexpr Millis kNewsInterval{250};  // between two progress messages of one job
constexpr Millis kJournalRetry{1'000};
constexpr std::size_t kDropsMax = 1'000;
constexpr std::size_t kShortLogBytes = 8 << 10;
constexpr std::size_t kBatchBytesMax = jobs::kMessageBytesMax - jobs::kEnvelopeBytesMax;
constexpr std::size_t kPageBytesMax = 48 << 10;  // of held jobs; the rest is types and labels

// A step of splitmix64.
std::uint64_t NextRandom(std::uint64_t& state) {
  std::uint64_t z = state += 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

// Cuts `items` into runs whose sizes sum up to at most `most`; a run has one item at least.
template <class T, class Size, class Send>
void InRuns(const std::vector<T>& items, std::size_t most, Size size_of, Send send) {
  std::size_t from = 0;
  std::size_t size = 0;
  for (std::size_t i = 0; i < items.size(); i++) {
    const std::size_t more = size_of(items[i]);
    if (i > from && size + more > most) {
      send(from, i);
      from = i;
      size = 0;
    }
    size += more;
  }
  if (from < items.size()) send(from, items.size());
}

template <class T>
std::vector<T> Slice(std::vector<T>& items, std::size_t from, std::size_t to) {
  const auto at = [&](std::size_t i) { return items.begin() + static_cast<std::ptrdiff_t>(i); };
  return {std::make_move_iterator(at(from)), std::make_move_iterator(at(to))};
}

}  // namespace

// 1 s, 2 s, 4 s, … and up to half as much again, so that a crowd thins out.
Millis Agent::Backoff(int repeats, Millis most) {
  const Millis base = std::min(Millis(1000) * (1 << std::min(repeats, 16)), most);
  const auto spread = static_cast<std::uint64_t>(base.count() / 2 + 1);
  return std::min(base + Millis(static_cast<std::int64_t>(NextRandom(random_) % spread)), most);
}

void Agent::SayAccepted(const Held& job) {
  events_.push_back({.kind = WorkerEvent::Kind::kAccepted,
                     .token = job.offer.token,
                     .attempt = job.offer.attempt});
}

void Agent::Decline(const std::string& token, std::uint32_t attempt, std::string reason) {
  counters_.declined++;
  events_.push_back({.kind = WorkerEvent::Kind::kDeclined,
                     .token = token,
                     .attempt = attempt,
                     .reason = std::move(reason)});
}

void Agent::OnHeartbeat(JobId id, Timestamp now) {
  Held* const job = Find(id);
  if (job == nullptr || !job->type->manual_heartbeat) return;
  job->beat_waits = true;
  if (job->due[kBeat] == Timestamp{}) SayBeat(*job, now);
}

// Automatic: the process lives, that is enough. Manual: only if the job has said so since.
void Agent::SayBeat(Held& job, Timestamp now) {
  const bool running = job.stage == Stage::kRunning || job.stage == Stage::kStopping;
  if (!running && job.move != Move::kUploading) return;
  const bool manual = job.move == Move::kNone && job.type->manual_heartbeat;
  if (manual && !job.beat_waits) return;
  job.beat_waits = false;
  beats_.emplace_back(job.offer.token, job.offer.attempt);
  const Millis period{std::max<std::int64_t>(job.offer.heartbeat_seconds.value_or(0), 1) * 1000};
  SetTimer(job, kBeat, now + (manual ? kNewsInterval : period / 3));
}

void Agent::OnProgress(JobId id, Progress progress, Timestamp now) {
  Held* const job = Find(id);
  if (job == nullptr || (job->stage != Stage::kRunning && job->stage != Stage::kStopping)) return;
  progress.message = job->blot(std::move(progress.message));
  for (auto* const payload : {&progress.data, &progress.checkpoint}) {
    if (*payload) *payload = job->blot.InJson(std::move(**payload));
    if (!*payload || (*payload)->size() <= jobs::kCheckpointBytesMax) continue;
    Complain("progress_too_large", job->offer.type, "data and checkpoint take 8 KiB at most", now);
    payload->reset();
  }
  Progress& waiting = job->progress;
  if (progress.percent) waiting.percent = progress.percent;
  if (!progress.message.empty()) waiting.message = std::move(progress.message);
  if (progress.data) waiting.data = std::move(progress.data);
  if (progress.checkpoint) {
    job->checkpoint = progress.checkpoint;
    if (job->due[kSave] == Timestamp{}) SetTimer(*job, kSave, now + kNewsInterval);
    waiting.checkpoint = std::move(progress.checkpoint);
  }
  job->progress_waits = true;
  if (job->due[kProgress] == Timestamp{}) SayProgress(*job, now);
}

WorkerEvent Agent::NewsOf(const Held& job, Progress progress) {
  return {.kind = WorkerEvent::Kind::kProgress,
          .token = job.offer.token,
          .attempt = job.offer.attempt,
          .percent = progress.percent,
          .message = std::move(progress.message),
          .data = std::move(progress.data),
          .checkpoint = std::move(progress.checkpoint)};
}

void Agent::SayProgress(Held& job, Timestamp now) {
  if (!up_) return;  // the latest is told with the next connection
  events_.push_back(NewsOf(job, std::exchange(job.progress, {})));
  job.progress_waits = false;
  SetTimer(job, kProgress, now + kNewsInterval);
}

void Agent::PublishResult(Held& job, Timestamp now) {
  if (job.move == Move::kUploading) return;  // what it refers to is not there yet
  results_.push_back(job.id);
  SetTimer(job, kRepeat, now + Backoff(job.repeats++, Seconds(60)));
}

void Agent::PublishPresence(jobs::WorkerState state) {
  if (!up_) return;
  jobs::Presence presence{.state = state,
                          .incarnation = incarnation_,
                          .connection = connection_,
                          .seen = seen_,
                          .slots = settings_.slots,
                          .queues = settings_.queues,
                          .labels = settings_.labels,
                          .version = settings_.version,
                          .host = settings_.host,
                          .payloads = payloads_ != nullptr};
  for (const JobType& type : types_) {
    presence.types.push_back({type.name, type.slots, type.start, type.on_worker_lost});
  }
  std::vector<jobs::Held> held;
  for (const auto& [id, job] : jobs_) {
    if (!IsLive(job.stage) && job.move != Move::kUploading) continue;
    const char* const stage = job.stage == Stage::kWaiting    ? "waiting"
                              : job.stage == Stage::kStopping ? "cancelling"
                                                              : "running";
    held.push_back({job.offer.token, job.offer.attempt, stage});
  }
  const auto size_of = [](const jobs::Held& each) { return jobs::EntrySize(each); };
  std::vector<std::pair<std::size_t, std::size_t>> pages;
  InRuns(held, kPageBytesMax, size_of,
         [&](std::size_t from, std::size_t to) { pages.emplace_back(from, to); });
  if (pages.empty()) pages.emplace_back(0, 0);
  presence.parts = static_cast<int>(pages.size());
  for (const auto& [from, to] : pages) {
    presence.held = Slice(held, from, to);
    ports_.Publish(jobs::PresenceTopic(principal_), jobs::Encode(presence), /*retain=*/true);
    presence.part++;
  }
}

// Heartbeats and results go first; a log that is short enough to delay nobody goes along with what
// leaves anyway, and before its job's result.
void Agent::FlushAll(Timestamp now) {
  std::vector<WorkerEvent> logs;
  if (up_) logs = logs_.Take(now);
  std::size_t size = 0;
  for (const WorkerEvent& event : logs) size += jobs::EntrySize(event);
  if (size <= kShortLogBytes) {
    std::move(logs.begin(), logs.end(), std::back_inserter(events_));
    logs.clear();
  }
  FlushEvents(events_);
  FlushResults();
  FlushEvents(logs);
}

void Agent::OnLog(JobId id, std::string_view stream, std::string text, Timestamp now) {
  const Held* const job = Find(id);
  if (job == nullptr || (job->stage != Stage::kRunning && job->stage != Stage::kStopping)) return;
  logs_.Add(id, job->offer.token, job->offer.attempt, stream, std::move(text),
            job->type->log_bytes_max, now);
}

void Agent::FlushEvents(std::vector<WorkerEvent>& events) {
  const auto beat_size = [](const auto& beat) { return beat.first.size() + 80; };
  InRuns(beats_, kBatchBytesMax / 2, beat_size, [&](std::size_t from, std::size_t to) {
    events.push_back({.kind = WorkerEvent::Kind::kHeartbeat, .beats = Slice(beats_, from, to)});
  });
  beats_.clear();
  if (up_) {
    const auto size_of = [](const WorkerEvent& event) { return jobs::EntrySize(event); };
    InRuns(events, kBatchBytesMax, size_of, [&](std::size_t from, std::size_t to) {
      const jobs::EventBatch batch{.incarnation = incarnation_, .events = Slice(events, from, to)};
      ports_.Publish(jobs::EventsTopic(principal_), jobs::Encode(batch), /*retain=*/false);
    });
  }
  events.clear();
}

void Agent::FlushResults() {
  std::map<int, std::vector<std::string_view>> by_partition;
  if (up_) {
    std::vector<const Held*> done;
    for (const JobId id : results_) {
      const Held* const job = Find(id);
      // Else acknowledged meanwhile.
      if (job != nullptr && job->stage == Stage::kDone) done.push_back(job);
    }
    // As it happened: after an outage many go at once.
    std::sort(done.begin(), done.end(), [](const Held* a, const Held* b) {
      return std::tie(a->finished, a->id) < std::tie(b->finished, b->id);
    });
    for (const Held* const job : done) by_partition[job->offer.partition].push_back(job->result);
  }
  results_.clear();
  for (const auto& each : by_partition) {
    const auto& entries = each.second;
    const auto size_of = [](std::string_view entry) { return entry.size() + 1; };
    InRuns(entries, kBatchBytesMax, size_of, [&](std::size_t from, std::size_t to) {
      const std::vector<std::string_view> run(entries.begin() + static_cast<std::ptrdiff_t>(from),
                                              entries.begin() + static_cast<std::ptrdiff_t>(to));
      counters_.results_published += run.size();
      ports_.Publish(jobs::ResultsTopic(principal_, each.first),
                     jobs::EncodeResults(incarnation_, run), /*retain=*/false);
    });
  }
}

JournalEntry Agent::EntryOf(const Held& job) const {
  JournalEntry::Stage stage = JournalEntry::Stage::kRunning;
  if (job.stage == Stage::kWaiting) stage = JournalEntry::Stage::kOffered;
  if (job.stage == Stage::kDone) stage = JournalEntry::Stage::kDone;
  return {.token = job.offer.token,
          .attempt = job.offer.attempt,
          .stage = stage,
          .at_most_once = job.offer.start == jobs::StartMode::kAtMostOnce,
          .partition = job.offer.partition,
          .type = job.offer.type,
          .since = job.started,
          .group = job.group,
          .result = job.stage == Stage::kDone ? job.result : job.checkpoint.value_or("")};
}

void Agent::WriteJournal(Timestamp now) {
  const bool drops_wait = drops_.size() < kDropsMax && now < drops_due_ && !stopped_;
  if (beginnings_.empty()) {
    if (dirty_.empty() && (drops_.empty() || drops_wait)) return;
    if (now < journal_retry_) return;
  }
  JournalBatch batch;
  std::vector<JobId> beginnings = std::exchange(beginnings_, {});
  for (const auto* const ids : {&beginnings, &dirty_}) {
    for (const JobId id : *ids) {
      if (const Held* const job = Find(id); job != nullptr) batch.puts.push_back(EntryOf(*job));
    }
  }
  batch.drops = std::move(drops_);
  drops_.clear();
  const bool sync = std::exchange(sync_, false);
  try {
    journal_.Write(batch, sync);
  } catch (const JournalError& error) {
    drops_ = std::move(batch.drops);
    sync_ = sync;
    return OnJournalError(beginnings, error.what(), now);
  }
  OnJournalWritten();
  for (const JobId id : std::exchange(dirty_, {})) {
    Held* const job = Find(id);
    if (job == nullptr) continue;
    job->journaled = true;
    job->synced = job->synced || sync;
  }
  OnBeginningsWritten(beginnings, now);
}

void Agent::OnJournalWritten() {
  if (!journal_why_.empty()) presence_due_ = true;
  journal_why_.clear();
  journal_retry_ = {};
}

void Agent::OnBeginningsWritten(const std::vector<JobId>& beginnings, Timestamp now) {
  for (const JobId id : beginnings) {
    Held* const job = Find(id);
    if (job == nullptr) continue;
    job->journaled = true;
    if (job->stage == Stage::kWaiting) AnswerAgain(*job, now);
  }
}

// What has not begun is not begun, with the reason told. What has ended is told all the same: the
// journal only spares its repetition, or a report as cut off, after a crash.
void Agent::OnJournalError(const std::vector<JobId>& beginnings, const std::string& why,
                           Timestamp now) {
  counters_.journal_errors++;
  if (journal_why_.empty()) presence_due_ = true;  // draining: a decline would only come back
  journal_why_ = why;
  journal_retry_ = now + kJournalRetry;
  Complain("journal_failed", "", why, now);
  for (const JobId id : beginnings) {
    Held* const job = Find(id);
    if (job == nullptr || job->stage > Stage::kStarting) continue;
    if (job->journaled) {  // granted: it is no longer ours to decline
      Complete(*job,
               {.token = job->offer.token,
                .attempt = job->offer.attempt,
                .outcome = jobs::JobResult::Outcome::kFailed,
                .error = "Towline.JournalFailed",
                .cause = "the worker's journal cannot be written: " + why,
                .started = now,
                .finished = now},
               now);
      continue;
    }
    Decline(job->offer.token, job->offer.attempt, "journal: " + why);
    Remove(*job);
  }
}

void Agent::SyncJournal(Timestamp now) {
  if ((!sync_wanted_ && journal_why_.empty()) || now < journal_retry_) return;
  sync_wanted_ = false;
  try {
    journal_.Sync();  // also to see whether a journal that could not be written can be again
    OnJournalWritten();
  } catch (const JournalError& error) {
    return OnJournalError({}, error.what(), now);
  }
  for (auto& [id, job] : jobs_) job.synced = job.synced || job.journaled;
}

}  // namespace towline::worker
