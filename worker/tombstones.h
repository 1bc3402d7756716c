#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>

#include "statemachines/base/time.h"

namespace towline::worker {

// Attempts that are over and no longer in the journal. An offer may be repeated, and overtaken by
// the acknowledgement of its own result: without a memory of the dead the attempt would start
// again. Bounded in time and number; what falls out is protected by the connection's number and
// the expiry of offers. In memory only: a new life of the agent has a new connection.
class Tombstones {
 public:
  void Add(std::string_view token, std::uint32_t attempt, Timestamp now);
  // Is this attempt, or a later one of the task, known to be over?
  bool Covers(std::string_view token, std::uint32_t attempt) const;
  std::size_t size() const { return attempts_.size(); }

 private:
  static constexpr std::size_t kSizeMax = 65'536;
  static constexpr Seconds kAgeMax{120};

  struct Grave {
    std::uint64_t hash = 0;
    std::uint32_t attempt = 0;
    Timestamp dug{};
  };
  void DropOld(Timestamp now);

  std::unordered_map<std::uint64_t, std::uint32_t> attempts_;  // by hash of the token
  std::deque<Grave> graves_;                                   // oldest first
};

}  // namespace towline::worker
