#pragma once

// The seam between the agent and what moves large payloads, between the server's door and files of
// this machine. The agent decides what is moved when; everything that takes time happens elsewhere.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "statemachines/base/reference.h"
#include "worker/handler.h"
#include "worker/journal.h"

namespace towline::worker {

// An input that is one reference of at most so many bytes is given to the job as if it had come
// with the offer; larger ones as files.
inline constexpr std::uint64_t kInlineInputBytesMax = 4 << 20;

// What has been fetched for a job.
struct Fetched {
  std::string content{};                       // if asked for as text
  std::map<std::string, std::string> paths{};  // else, by SHA-256: absolute, of read-only files
};

// Called by the agent, on its thread only, and returns soon. Outcomes come through
// Agent::OnFetched, OnKept and OnUploaded, never from inside a call of the agent's.
class Payloads {
 public:
  virtual ~Payloads() = default;

  // Tries for as long as nobody aborts it, unless the server has refused; OnFetched follows.
  virtual void Fetch(JobId id, std::vector<Reference> references, bool as_text) = 0;
  // Removes what was fetched for a job.
  virtual void Discard(JobId id) = 0;

  // Keeps an output on this machine, by the attempt that it is of: the text or, unless its path is
  // empty, the file, which is taken over. OnKept follows when it is on disk.
  virtual void Keep(JobId id, const JournalKey& key, std::string text, std::string file) = 0;
  // The server gets what is kept, or is asked whether it has it. Tries for as long as nobody aborts
  // it, unless the server has refused; OnUploaded follows.
  virtual void Upload(JobId id, const JournalKey& key, const Reference& reference) = 0;
  virtual void Release(const JournalKey& key) = 0;  // of what is kept
  virtual void Drop(const std::string& file) = 0;   // of a file that was not taken over
  virtual std::optional<std::uint64_t> KeptBytes(const JournalKey& key) const = 0;
  // Removes whatever else an earlier life has left.
  virtual void KeepOnly(const std::vector<JournalKey>& keys) = 0;

  // Ends what is under way for a job: its outcome follows at once.
  virtual void Abort(JobId id) = 0;
};

}  // namespace towline::worker
