#pragma once

// The worker agent: the site's half of the job protocol (docs/job-protocol.md), sans-io.
//
// Inputs are method calls with the time as an argument; outputs leave through Ports, Handlers and
// the Journal. It owns no thread, reads no clock and never sleeps: a driver feeds it and calls
// RunOnce(), in the simulation the test does. Inputs only change memory; RunOnce() writes the
// journal, starts jobs and lets messages out, in an order such that
//   - no attempt starts twice, whatever is repeated, delayed or forgotten;
//   - an AtMostOnce job is on disk before it is accepted, and starts only when granted;
//   - a result is in the journal before it is published, and is published again until the server
//     says that it is recorded or stale.
// After a crash the journal is all there is: results are published again, and running jobs of an
// earlier life are reported as Towline.WorkerRestarted, or, where they may be run again, forgotten:
// the roll call shows the server that they are not here, and it offers the next attempt.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto/jobs/messages.h"
#include "statemachines/base/time.h"
#include "worker/handler.h"
#include "worker/journal.h"
#include "worker/log_outbox.h"
#include "worker/payloads.h"
#include "worker/tombstones.h"

namespace towline::worker {

// One job type that the site offers.
struct JobType {
  std::string name{};
  int slots = 0;  // 0: only the worker's own limit
  enum class Restart { kReport, kRerun } restart = Restart::kReport;
  bool manual_heartbeat = false;           // only what the job itself reports counts
  std::optional<Seconds> grace{};          // between signal and kill; else what the centre says
  std::optional<Seconds> wall_clock{};     // how long one attempt may run
  std::optional<jobs::StartMode> start{};  // announced defaults
  std::string on_worker_lost{};
  std::set<std::string> secrets{};  // that its jobs' inputs may name
  std::size_t log_bytes_max = 1 << 20;  // of one job, sent to the centre
  Handler* handler = nullptr;  // outlives the agent
};

struct AgentSettings {
  std::string tenant = "default";
  std::string name{};
  int slots = 1;
  std::vector<std::string> queues{"default"};
  std::map<std::string, std::string> labels{};
  std::map<std::string, std::string> host{};
  std::string version{};
  Millis accept_after{200};        // a job that is over before says nothing but its result
  Seconds stop_timeout{30};        // how long running jobs may go on after Stop()
  Millis flush_timeout{2000};      // how long Stop() waits for the last acknowledgements
  Millis request_timeout{10'000};  // of requests through the local socket
  std::size_t results_bytes_max = 64 << 20;  // unacknowledged: with more, no jobs are taken
  // Of large inputs and outputs on this machine's disk: above, no jobs are taken.
  std::uint64_t payload_bytes_max = std::uint64_t{4} << 30;
  std::uint64_t seed = 1;          // of the jitter
};

// What the agent asks of the world. Called from the agent's methods, on its thread.
class Ports {
 public:
  // What a request through the local socket came to.
  struct Answer {
    enum class Kind { kRecorded, kStale, kInvalid, kUnavailable } kind = Kind::kUnavailable;
    std::string message{};
  };
  virtual ~Ports() = default;
  // QoS 1. False: not now; the agent repairs by repeating, nothing is queued.
  virtual bool Publish(std::string topic, std::string payload, bool retain) = 0;
  // Ends every process that an earlier life of the agent left behind for this job.
  virtual void KillLeftovers(const std::string& token, std::uint32_t attempt,
                             const std::optional<ProcessGroup>& group) = 0;
  virtual void Reply(std::uint64_t request, Answer answer) = 0;
  // See SecretStore::Read().
  virtual Result<std::string> ReadSecret(const std::string& name) = 0;
};

class Agent {
 public:
  struct Counters {  // since start
    std::uint64_t started = 0, finished = 0, declined = 0, repeated_offers = 0, fenced = 0,
                  malformed = 0, results_published = 0, acked_recorded = 0, acked_stale = 0,
                  journal_errors = 0;
  };

  // Begins a new incarnation and takes over what the journal holds. Without `payloads` there is no
  // way to the server for large ones. Throws JournalError.
  Agent(AgentSettings settings, std::vector<JobType> types, Journal& journal, Ports& ports,
        Timestamp now, Payloads* payloads = nullptr);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Inputs. `now` never goes backwards.
  //
  // Connected and subscribed, as the connection with this number: it grows, and starts above
  // incarnation(). The will given for it was Will(…, connection).
  void OnLinkUp(std::uint64_t connection, Timestamp now);
  void OnLinkDown(Timestamp now);
  void OnMessage(std::string_view topic, std::string_view payload, Timestamp now);
  void OnFinished(JobId id, Outcome outcome, Timestamp now);
  void OnProgress(JobId id, Progress progress, Timestamp now);
  void OnHeartbeat(JobId id, Timestamp now);
  // Whole lines that it has printed, UTF-8.
  void OnLog(JobId id, std::string_view stream, std::string text, Timestamp now);
  // See Payloads.
  void OnFetched(JobId id, Result<Fetched> fetched, Timestamp now);
  void OnKept(JobId id, Result<Reference> kept, Timestamp now);
  void OnUploaded(JobId id, Status uploaded, Timestamp now);
  // From the local socket; Ports::Reply follows.
  void OnRequest(std::uint64_t request, jobs::Callback callback, Timestamp now);
  // Takes no more jobs and lets the running ones end; stopped() tells when it is time to go.
  void Stop(Timestamp now);

  // Does what the inputs and the time have made due. Returns when it wants to be called again at
  // the latest.
  Timestamp RunOnce(Timestamp now);

  bool stopped() const { return stopped_; }
  std::uint64_t incarnation() const { return incarnation_; }
  const std::string& principal() const { return principal_; }
  std::size_t held() const { return live_; }  // jobs waiting, running or stopping
  std::size_t unacknowledged() const { return jobs_.size() - live_; }
  std::size_t unacknowledged_bytes() const { return results_bytes_; }
  const Counters& counters() const { return counters_; }
  std::vector<std::string> Subscriptions() const;
  static std::string Will(const AgentSettings& settings, std::uint64_t incarnation,
                          std::uint64_t connection);

 private:
  enum class Stage {
    kWaiting,   // AtMostOnce: for its grant
    kBlocked,   // for an earlier attempt of the same task to be dead
    kStarting,  // with the next RunOnce
    kRunning,
    kStopping,  // signalled
    kDone,      // its result is not acknowledged yet
  };
  // What happens to its large payloads: to the input before the work of a running job begins, to
  // the output when that is over; a job that is done waits for its upload.
  enum class Move { kNone, kFetching, kKeeping, kUploading };
  enum class StopReason { kNone, kCancelled, kWallClock, kShutdown };
  enum Timer : std::uint8_t {
    kAccept, kBeat, kKill, kProgress, kRepeat, kSave, kWallClock, kTimers
  };
  struct Held {
    JobId id = 0;
    jobs::Offer offer{};  // without the input once it has started
    Blot blot{};     // of a job that has started; the journal never sees a secret
    const JobType* type = nullptr;
    Stage stage = Stage::kStarting;
    StopReason stop = StopReason::kNone;
    std::string stop_cause{};
    Move move = Move::kNone;
    Outcome ended{};                  // kKeeping
    std::optional<Reference> kept{};  // the output, on this machine's disk
    std::uint64_t payload_bytes = 0;  // there
    Timestamp started{};
    std::optional<ProcessGroup> group{};
    Progress progress{};  // not sent yet
    bool progress_waits = false;
    bool beat_waits = false;
    std::optional<std::string> checkpoint{};  // the last one: the link may lose what was told
    std::string result{};                     // kDone: jobs::EncodeEntry
    Timestamp finished{};                     // kDone
    bool journaled = false;                   // the journal has, or may have, an entry
    bool synced = false;
    int repeats = 0;
    std::array<Timestamp, kTimers> due{};  // zero: not set
  };
  struct Due {
    Timestamp when{};
    JobId id = 0;
    Timer timer = kAccept;
    bool operator>(const Due& other) const { return when > other.when; }
  };
  struct Request {
    jobs::Callback callback{};
    Timestamp deadline{};
    Timestamp next{};
  };

  static bool IsLive(Stage stage) { return stage < Stage::kDone; }

  // agent.cc
  void TakeOver(JournalEntry entry, Timestamp now);
  void Reconnected(Held& job, Timestamp now);
  void FireTimers(Timestamp now);
  void Fire(Held& job, Timer timer, Timestamp now);
  Timestamp NextDeadline(Timestamp now);
  void SetTimer(Held& job, Timer timer, Timestamp when);
  void ClearTimer(Held& job, Timer timer) { job.due[timer] = Timestamp{}; }
  void ContinueStop(Timestamp now);
  void Fenced();
  void Complain(std::string_view event, std::string_view about, const std::string& why,
                Timestamp now);

  // agent_jobs.cc: the life of a job
  void OnOffer(jobs::Offer offer, Timestamp now);
  bool OnKnownTask(const jobs::Offer& offer, bool& supersedes, Timestamp now);
  void AnswerAgain(Held& job, Timestamp now);
  std::string WhyNot(const JobType* type, bool supersedes) const;
  Held& Add(jobs::Offer offer, const JobType* type, Stage stage);
  void SetStage(Held& job, Stage stage);
  void QueueStart(Held& job);
  void StartJobs(Timestamp now);
  void StartOne(Held& job, Timestamp now);
  void Launch(Held& job, Timestamp now);
  Handler::Started StartWork(Held& job);
  void StopJob(Held& job, StopReason reason, std::string cause, Seconds grace, Timestamp now);
  void Finish(Held& job, Outcome outcome, Timestamp now);
  void Conclude(Held& job, Outcome outcome, Timestamp now);
  jobs::JobResult MakeResult(const Held& job, Outcome outcome, Timestamp now) const;
  void SetResult(Held& job, std::string result);
  bool IsFull() const {
    return results_bytes_ > settings_.results_bytes_max ||
           payload_bytes_ > settings_.payload_bytes_max;
  }
  void Complete(Held& job, const jobs::JobResult& result, Timestamp now);
  void Remove(Held& job);
  void Abandon(Held& job);
  void Forget(Held& job, Timestamp now);
  void Unblock(const std::string& token);
  bool HasLiveAttempt(const std::string& token, JobId besides) const;
  const JobType* FindType(std::string_view name) const;
  Held* Find(JobId id);
  Held* Find(const std::string& token, std::uint32_t attempt);
  std::vector<JobId> AttemptsOf(const std::string& token) const;

  // agent_payloads.cc: what is too large for a message
  std::string WhyNoRoom(const jobs::Offer& offer) const;
  void StartTimers(Held& job, Timestamp now);
  bool FetchFirst(Held& job, Timestamp now);
  bool KeepLarge(Held& job, Outcome& outcome);
  void SettlePayloads(Held& job, const jobs::JobResult& result);
  void StartUpload(Held& job, Timestamp now);
  void TakeOverKept(Held& job, const jobs::JobResult& result);
  void Withdraw(Held& job, jobs::JobResult::Outcome outcome, std::string error, std::string cause,
                Timestamp now);
  void DropPayloads(Held& job);
  void SetPayloadBytes(Held& job, std::uint64_t bytes);

  // agent_control.cc: what the server says, and requests through the local socket
  void OnControl(const jobs::Control& control, Timestamp now);
  void OnAck(const jobs::Control::Ack& ack, Timestamp now);
  void OnGrant(const jobs::Control::Grant& grant, Timestamp now);
  void OnCancel(const jobs::Control::Cancel& cancel, Timestamp now);
  void CancelUnstarted(Held& job, const std::string& reason, const char* state, Timestamp now);
  void SetDraining(bool draining, Timestamp now);
  void OnReply(std::string_view number, std::string_view payload, Timestamp now);
  void SendRequests(Timestamp now);

  // agent_out.cc: what goes to the journal and to the server
  void SayAccepted(const Held& job);
  void Decline(const std::string& token, std::uint32_t attempt, std::string reason);
  void SayBeat(Held& job, Timestamp now);
  static jobs::WorkerEvent NewsOf(const Held& job, Progress progress);
  void SayProgress(Held& job, Timestamp now);
  void PublishResult(Held& job, Timestamp now);
  void PublishPresence(jobs::WorkerState state);
  void FlushEvents(std::vector<jobs::WorkerEvent>& events);
  void FlushAll(Timestamp now);
  void FlushResults();
  void Note(Held& job) { dirty_.push_back(job.id); }
  void WriteJournal(Timestamp now);
  void OnBeginningsWritten(const std::vector<JobId>& beginnings, Timestamp now);
  void OnJournalError(const std::vector<JobId>& beginnings, const std::string& why,
                      Timestamp now);
  void SyncJournal(Timestamp now);
  void OnJournalWritten();
  JournalEntry EntryOf(const Held& job) const;
  Millis Backoff(int repeats, Millis most);

  const AgentSettings settings_;
  const std::vector<JobType> types_;
  Journal& journal_;
  Ports& ports_;
  Payloads* const payloads_;  // null: there is no way
  const std::string principal_;
  const std::string jobs_topic_;
  const std::string control_topic_;
  const std::string replies_prefix_;
  std::uint64_t incarnation_ = 0;

  bool up_ = false;
  std::uint64_t connection_ = 0;
  std::uint64_t seen_ = 0;  // highest JobBatch.seq
  bool draining_ = false;
  bool presence_due_ = false;
  Timestamp presence_said_{};
  Timestamp presence_repeat_{};
  Millis presence_pause_{};

  bool stopping_ = false;
  bool signalled_ = false;  // Stop() has run out of patience
  bool stopped_ = false;
  Timestamp stop_at_{};
  Timestamp flush_until_{};

  JobId next_id_ = 1;
  std::unordered_map<JobId, Held> jobs_;
  std::unordered_multimap<std::string, JobId> by_token_;
  std::size_t live_ = 0;
  std::size_t results_bytes_ = 0;
  std::uint64_t payload_bytes_ = 0;
  std::map<const JobType*, int> live_of_type_;
  std::vector<JobId> starting_;
  Tombstones tombstones_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> timers_;

  // Out with the next RunOnce.
  std::vector<jobs::WorkerEvent> events_;
  std::vector<std::pair<std::string, std::uint32_t>> beats_;
  std::vector<JobId> results_;
  LogOutbox logs_;

  // The journal's next batch: beginnings, which are declined when it cannot be written, and what
  // waits until it can.
  std::vector<JobId> beginnings_;
  std::vector<jobs::WorkerEvent> saved_;  // checkpoints of an earlier life, until they are told
  std::vector<JobId> dirty_;
  std::vector<JournalKey> drops_;
  bool sync_ = false;         // the next batch must be on disk before anything leaves
  bool sync_wanted_ = false;  // a result has waited so long that it is worth a sync
  std::string journal_why_;   // not empty: it could not be written, no jobs are taken
  Timestamp journal_retry_{};
  Timestamp drops_due_{};

  std::map<std::uint64_t, Request> requests_;
  std::uint64_t random_ = 0;
  std::map<std::string, Timestamp, std::less<>> complaints_;
  Counters counters_;
};

}  // namespace towline::worker
