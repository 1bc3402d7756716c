#pragma once

// The seam between the agent and what does the work of a job: a program of the site's, or code
// inside the agent. The agent decides when a job starts and stops; a handler only does it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/jobs/messages.h"
#include "statemachines/base/blot.h"

namespace towline::worker {

// Names one start of a job within one life of the agent.
using JobId = std::uint64_t;

struct Job {
  JobId id = 0;
  std::string token{};
  std::uint32_t attempt = 1;
  std::string type{};
  std::string input{};                      // JSON text, its secrets in place
  std::optional<std::string> checkpoint{};  // JSON text, of an earlier attempt
  std::string execution{};
  std::string state{};
  std::optional<std::int64_t> timeout_seconds{};
  Blot blot{};  // knows the secrets
};

// How a job ended. Output must be JSON, error and cause may be any bytes; the agent bounds all.
struct Outcome {
  bool succeeded = false;
  std::string output{};
  std::string output_file{};  // instead, any bytes: a file that the agent takes over
  std::uint64_t output_file_bytes = 0;
  std::string error{};
  std::string cause{};
  std::optional<double> cpu_seconds{};
  std::optional<std::int64_t> memory_bytes_max{};
  std::optional<int> killed{};  // processes that did not end by themselves
  std::optional<int> left{};    // processes that a kill has not ended
};

// What a running job says. Data and checkpoint are JSON texts.
struct Progress {
  std::optional<double> percent{};  // 0 to 100
  std::string message{};
  std::optional<std::string> data{};
  std::optional<std::string> checkpoint{};
};

// Names the processes of a job beyond the agent's own life.
struct ProcessGroup {
  std::int64_t group = 0;
  std::string birth{};  // boot and start time of its leader: group numbers are used again
  bool operator==(const ProcessGroup&) const = default;
};

// Called by the agent, on its thread only. Reports the end of a job that Start() did not finish,
// and its progress, through Agent::OnFinished and Agent::OnProgress with job.id, never from inside
// a call of the agent's.
class Handler {
 public:
  struct Started {
    std::optional<Outcome> outcome{};     // it is over already (or could not start)
    std::optional<ProcessGroup> group{};  // else, where it has processes
  };

  virtual ~Handler() = default;
  virtual Started Start(Job job) = 0;
  // Asks the job to end (kill: makes it end); its OnFinished follows. Unknown ids are ignored.
  virtual void Signal(JobId id, bool kill) = 0;
  // Whether a kill ends the job for certain: not so for code inside the agent.
  virtual bool can_kill() const { return true; }
  // Every job is over when Start() returns: there is nothing to note down before.
  virtual bool instant() const { return false; }
};

// Hears what becomes of jobs. Called from a runner's HandleReady() only.
class JobSink {
 public:
  virtual ~JobSink() = default;
  virtual void OnFinished(JobId id, Outcome outcome) = 0;
  virtual void OnProgress(JobId id, Progress progress) = 0;
  virtual void OnHeartbeat(JobId id) = 0;
  // Whole lines of "stdout" or "stderr", or a "note" of the agent's own.
  virtual void OnLog(JobId id, std::string_view stream, std::string text) = 0;
};

}  // namespace towline::worker
