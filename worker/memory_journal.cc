#include "worker/memory_journal.h"

#include <algorithm>

namespace towline::worker {

void MemoryJournal::Check() const {
  if (failure_) throw JournalError(*failure_);
}

std::uint64_t MemoryJournal::BeginIncarnation(Timestamp now) {
  Check();
  const auto start = static_cast<std::uint64_t>(now.time_since_epoch().count());
  incarnation_ = std::max(incarnation_ + 1, start);
  return incarnation_;
}

std::vector<JournalEntry> MemoryJournal::Load() {
  std::vector<JournalEntry> entries;
  for (const auto& [key, entry] : now_) entries.push_back(entry);
  return entries;
}

void MemoryJournal::Write(const JournalBatch& batch, bool sync) {
  Check();
  writes_++;
  for (const JournalEntry& entry : batch.puts) now_[{entry.token, entry.attempt}] = entry;
  for (const JournalKey& key : batch.drops) now_.erase({key.token, key.attempt});
  if (sync) Sync();
}

void MemoryJournal::Sync() {
  Check();
  syncs_++;
  safe_ = now_;
}

}  // namespace towline::worker
