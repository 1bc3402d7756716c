#pragma once

#include <map>
#include <optional>
#include <string>

#include "worker/journal.h"

namespace towline::worker {

// A journal for tests and the simulation. It outlives the agent that writes it, as a disk does,
// and can lose what a disk may lose.
class MemoryJournal : public Journal {
 public:
  std::uint64_t BeginIncarnation(Timestamp now) override;
  std::vector<JournalEntry> Load() override;
  void Write(const JournalBatch& batch, bool sync) override;
  void Sync() override;

  // The machine loses power: what was not synced is gone.
  void LoseUnsynced() { now_ = safe_; }
  // Writes and syncs fail with this reason, until it is lifted with nothing.
  void Fail(std::optional<std::string> reason) { failure_ = std::move(reason); }
  std::size_t size() const { return now_.size(); }
  int syncs() const { return syncs_; }
  int writes() const { return writes_; }

 private:
  using Entries = std::map<std::pair<std::string, std::uint32_t>, JournalEntry>;
  void Check() const;

  Entries now_;
  Entries safe_;
  std::uint64_t incarnation_ = 0;
  std::optional<std::string> failure_;
  int syncs_ = 0;
  int writes_ = 0;
};

}  // namespace towline::worker
