#pragma once

// The messages of the job protocol, version 1, and their JSON. docs/job-protocol.md has the
// fields; unknown ones are ignored, a wrong type or an unknown version refuses the message.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/json.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::jobs {

inline constexpr std::size_t kMessageBytesMax = 96 << 10;
inline constexpr std::size_t kPayloadBytesMax = 64 << 10;     // input or output of a job
inline constexpr std::size_t kCheckpointBytesMax = 8 << 10;   // also of progress `data`
inline constexpr std::size_t kStreamNameBytesMax = 16;

enum class StartMode { kAtLeastOnce, kAtMostOnce };

// to worker, on jobs
struct Offer {
  std::string token{};
  std::uint32_t attempt = 1;
  int partition = 0;
  std::string type{};
  std::string queue = "default";
  std::string input{};                    // JSON text
  std::string execution{};                // ARN
  std::string state{};
  StartMode start = StartMode::kAtLeastOnce;
  std::optional<std::int64_t> timeout_seconds{};    // what is left, relative: site clocks are wrong
  std::optional<std::int64_t> heartbeat_seconds{};
  std::int64_t grace_seconds = 10;      // between the soft signal and the kill of a cancel
  std::optional<std::string> checkpoint{};          // JSON text
  std::string traceparent{};
};
struct JobBatch {
  std::uint64_t connection = 0;  // Presence.connection this is meant for; others drop it
  std::uint64_t seq = 0;         // grows per worker; presence echoes the highest seen
  std::vector<Offer> jobs{};
};

// to worker, on control
struct Control {
  struct Ack {
    std::string token{};
    std::uint32_t attempt = 0;
    bool recorded = false;  // else stale: drop it
  };
  struct Grant {
    std::string token{};
    std::uint32_t attempt = 0;
    bool start = false;     // else forget it
  };
  struct Cancel {
    std::string token{};
    std::uint32_t attempt = 0;
    std::string reason{};
    std::int64_t grace_seconds = 10;
    int partition = 0;  // where a worker that does not know the job confirms the cancel
  };
  struct Keep {  // answer to a roll call: go on with it
    std::string token{};
    std::uint32_t attempt = 0;
  };
  // Up to where the log of an attempt has been taken.
  struct LogAck {
    std::string token{};
    std::uint32_t attempt = 0;
    std::int64_t offset = 0;
    bool refused = false;  // nobody wants it: drop it
  };
  std::uint64_t connection = 0;
  std::vector<Ack> acks{};
  std::vector<Grant> grants{};
  std::vector<Cancel> cancel{};
  std::vector<Keep> keep{};
  std::vector<LogAck> logs{};
  std::optional<bool> drain{};
  bool roll_call = false;
  bool empty() const {
    return acks.empty() && grants.empty() && cancel.empty() && keep.empty() && logs.empty() &&
           !drain && !roll_call;
  }
};

// from worker, on presence; retained. The will is the same with state offline and no held jobs.
enum class WorkerState { kOnline, kDraining, kOffline };
struct TypeInfo {
  std::string name{};
  int slots = 0;  // 0: only the worker's own limit
  std::optional<StartMode> start{};          // defaults for definitions that say nothing
  std::string on_worker_lost{};              // "wait", "requeue", "fail"; empty: wait
};
struct Held {
  std::string token{};
  std::uint32_t attempt = 0;
  // Running jobs only: unacknowledged results announce themselves.
  std::string state{};  // "waiting" (for its grant), "running", "cancelling"
};
struct Presence {
  WorkerState state = WorkerState::kOnline;
  std::uint64_t incarnation = 0;  // grows at every start of the agent
  std::uint64_t connection = 0;   // grows at every connect
  std::uint64_t seen = 0;         // highest JobBatch.seq
  int slots = 0;
  std::vector<TypeInfo> types{};
  std::vector<std::string> queues{"default"};
  std::map<std::string, std::string> labels{};
  std::string version{};
  std::map<std::string, std::string> host{};  // facts: name, os, cpus
  bool payloads = false;  // it takes and sends large payloads by reference
  std::vector<Held> held{};
  int part = 1;   // `held` is paged: part of parts
  int parts = 1;
};

// from worker, on events
struct WorkerEvent {
  enum class Kind { kAccepted, kDeclined, kHeartbeat, kProgress, kLog };
  Kind kind = Kind::kHeartbeat;
  std::string token{};                  // all but heartbeat
  std::uint32_t attempt = 0;
  std::vector<std::pair<std::string, std::uint32_t>> beats{};  // heartbeat: token, attempt
  std::string reason{};               // declined: "busy", "draining", "unknown type", …
  std::optional<double> percent{};    // progress, 0 to 100
  std::string message{};              // progress
  std::optional<std::string> data{};        // progress; JSON text
  std::optional<std::string> checkpoint{};  // progress; JSON text
  std::string stream{};               // log: "stdout", "stderr", "note" (the agent's own words)
  std::int64_t offset = 0;            // log: bytes of this attempt's log before it, of all streams
  std::string text{};                 // log: whole lines
  std::int64_t age_ms = 0;            // log: since it was written; relative, as all times
  bool end = false;                   // log: nothing of this attempt follows
};
struct EventBatch {
  std::uint64_t incarnation = 0;
  std::vector<WorkerEvent> events{};
};

// from worker, on results/{partition}
struct JobResult {
  enum class Outcome { kSucceeded, kFailed, kCancelled };
  std::string token{};
  std::uint32_t attempt = 0;
  Outcome outcome = Outcome::kSucceeded;
  std::string output{};                // succeeded; JSON text
  std::string error{};                 // failed, cancelled
  std::string cause{};
  // failed: the last one of the attempt, which the link may have kept from the server; JSON text
  std::optional<std::string> checkpoint{};
  Timestamp started{};
  Timestamp finished{};
  std::optional<double> cpu_seconds{};
  std::optional<std::int64_t> memory_bytes_max{};
};
struct ResultBatch {
  std::uint64_t incarnation = 0;
  std::vector<JobResult> results{};
};

// from any MQTT client, on callbacks
struct Callback {
  std::string task_token{};
  std::optional<std::string> output{};  // JSON text
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
  bool heartbeat = false;
  std::optional<std::string> progress{};  // JSON text
  std::string reply_to{};                 // topic, when MQTT 5's response topic is not at hand
};

// The answer to a callback, on its response topic (MQTT 5) or replyTo.
struct CallbackReply {
  enum class Verdict { kRecorded, kStale, kInvalid };
  Verdict verdict = Verdict::kRecorded;
  std::string message{};     // invalid: what was wrong
  std::string task_token{};  // of the callback: what a client without correlation data goes by
};

// Encoders give one JSON text with "v":1. Batches are split by the caller: BatchSize() tells how
// many bytes an entry takes, so that no message passes kMessageBytesMax.
std::string Encode(const JobBatch& message);
std::string Encode(const Control& message);
std::string Encode(const Presence& message);
std::string Encode(const EventBatch& message);
std::string Encode(const ResultBatch& message);
std::string Encode(const Callback& message);
std::string Encode(const CallbackReply& message);
// One entry of ResultBatch.results: what a journal keeps; and a batch made of such entries.
std::string EncodeEntry(const JobResult& result);
std::string EncodeResults(std::uint64_t incarnation, const std::vector<std::string_view>& entries);
std::size_t EntrySize(const Offer& offer);      // an upper bound of its share of the text
std::size_t EntrySize(const JobResult& result);
std::size_t EntrySize(const WorkerEvent& event);
std::size_t EntrySize(const Held& held);
// What a batch takes besides its entries, at most (JobBatch, EventBatch, ResultBatch).
inline constexpr std::size_t kEnvelopeBytesMax = 128;

// The error says what was wrong, in a few words, for the log.
Result<JobBatch> DecodeJobBatch(std::string_view text);
Result<Control> DecodeControl(std::string_view text);
Result<Presence> DecodePresence(std::string_view text);
Result<EventBatch> DecodeEventBatch(std::string_view text);
Result<ResultBatch> DecodeResultBatch(std::string_view text);
Result<Callback> DecodeCallback(std::string_view text);
Result<CallbackReply> DecodeCallbackReply(std::string_view text);
Result<JobResult> DecodeEntry(std::string_view text);

}  // namespace towline::jobs
