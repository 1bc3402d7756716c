#include "worker/tombstones.h"

#include <functional>

namespace towline::worker {
namespace {

std::uint64_t HashOf(std::string_view token) { return std::hash<std::string_view>{}(token); }

}  // namespace

void Tombstones::Add(std::string_view token, std::uint32_t attempt, Timestamp now) {
  DropOld(now);
  const std::uint64_t hash = HashOf(token);
  std::uint32_t& highest = attempts_[hash];
  if (attempt <= highest) return;
  highest = attempt;
  graves_.push_back({hash, attempt, now});
}

bool Tombstones::Covers(std::string_view token, std::uint32_t attempt) const {
  const auto found = attempts_.find(HashOf(token));
  return found != attempts_.end() && attempt <= found->second;
}

void Tombstones::DropOld(Timestamp now) {
  while (!graves_.empty() && (graves_.size() >= kSizeMax || now - graves_.front().dug > kAgeMax)) {
    const Grave& oldest = graves_.front();
    const auto found = attempts_.find(oldest.hash);
    // A later attempt of the task has a grave of its own, further back.
    if (found != attempts_.end() && found->second == oldest.attempt) attempts_.erase(found);
    graves_.pop_front();
  }
}

}  // namespace towline::worker
