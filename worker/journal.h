#pragma once

// What the agent must remember when it dies: jobs it may have begun, and results that the server
// has not acknowledged. Inputs are not kept: a job that was cut off is reported or given back,
// never begun again under the same attempt.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "statemachines/base/time.h"
#include "worker/handler.h"

namespace towline::worker {

// The disk refuses; the message is one line for people. Nothing of the batch has been kept.
class JournalError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct JournalEntry {
  enum class Stage { kOffered = 1, kRunning = 2, kDone = 3 };
  std::string token{};
  std::uint32_t attempt = 0;
  Stage stage = Stage::kOffered;
  bool at_most_once = false;
  int partition = 0;
  std::string type{};
  Timestamp since{};                    // of the start
  std::optional<ProcessGroup> group{};  // kRunning
  // kDone: jobs::EncodeEntry; kRunning: the last checkpoint, or nothing.
  std::string result{};
};

struct JournalKey {
  std::string token{};
  std::uint32_t attempt = 0;
};

struct JournalBatch {
  std::vector<JournalEntry> puts{};  // an entry of the same token and attempt is replaced
  std::vector<JournalKey> drops{};   // applied after the puts
  bool empty() const { return puts.empty() && drops.empty(); }
};

// Used by the agent's thread only. A batch is kept whole or not at all. What Write() kept without
// `sync` outlives the agent but perhaps not the machine; with it, and after Sync(), both.
class Journal {
 public:
  virtual ~Journal() = default;
  // The number of this life of the agent: above all earlier ones and at least `now` in
  // milliseconds, so that a worker whose disk was replaced still grows.
  virtual std::uint64_t BeginIncarnation(Timestamp now) = 0;
  virtual std::vector<JournalEntry> Load() = 0;
  virtual void Write(const JournalBatch& batch, bool sync) = 0;
  virtual void Sync() = 0;
};

}  // namespace towline::worker
