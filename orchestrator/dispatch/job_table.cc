#include "orchestrator/dispatch/job_table.h"

#include <utility>

#include "statemachines/base/check.h"

namespace towline::dispatch {

JobTable::JobTable() : index_(1024, kEmpty) {}

// Neighbouring tasks have neighbouring hashes: spread them once more.
std::size_t JobTable::Home(const engine::TaskRef& ref) const {
  std::uint64_t hash = engine::TaskRefHash{}(ref);
  hash = (hash ^ (hash >> 32)) * 0x9E3779B97F4A7C15ULL;
  return static_cast<std::size_t>(hash >> 32) & (index_.size() - 1);
}

std::size_t JobTable::Locate(const engine::TaskRef& ref) const {
  std::size_t at = Home(ref);
  while (index_[at] != kEmpty && At(index_[at] - 1).ref != ref) at = (at + 1) & (index_.size() - 1);
  return at;
}

Job* JobTable::Find(const engine::TaskRef& ref) const {
  const std::uint32_t entry = index_[Locate(ref)];
  return entry == kEmpty ? nullptr : &At(entry - 1);
}

Job& JobTable::Insert(const engine::TaskRef& ref) {
  if ((size_ + 1) * 4 > index_.size() * 3) Grow();
  if (free_.empty()) {
    const auto first = static_cast<std::uint32_t>(blocks_.size()) * kBlock;
    blocks_.push_back(std::make_unique<Job[]>(kBlock));
    for (std::uint32_t i = kBlock; i-- > 0;) free_.push_back(first + i);
  }
  const std::size_t at = Locate(ref);
  CHECK(index_[at] == kEmpty);
  const std::uint32_t number = free_.back();
  free_.pop_back();
  index_[at] = number + 1;
  size_++;
  Job& job = At(number);
  job.ref = ref;
  return job;
}

void JobTable::Erase(const engine::TaskRef& ref) {
  std::size_t gap = Locate(ref);
  CHECK(index_[gap] != kEmpty);
  const std::uint32_t number = index_[gap] - 1;
  // Closes the gap: an entry further on moves up when the gap lies between its home and itself.
  const std::size_t mask = index_.size() - 1;
  for (std::size_t at = (gap + 1) & mask; index_[at] != kEmpty; at = (at + 1) & mask) {
    const std::size_t home = Home(At(index_[at] - 1).ref);
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    index_[gap] = index_[at];
    gap = at;
  }
  index_[gap] = kEmpty;
  At(number) = Job{};
  free_.push_back(number);
  size_--;
}

void JobTable::Grow() {
  const std::vector<std::uint32_t> old = std::exchange(
      index_, std::vector<std::uint32_t>(index_.size() * 2, kEmpty));
  for (const std::uint32_t entry : old) {
    if (entry != kEmpty) index_[Locate(At(entry - 1).ref)] = entry;
  }
}

}  // namespace towline::dispatch
