#pragma once

#include <chrono>

#include "statemachines/base/time.h"

namespace towline::engine {

// The time of the node: the wall clock at start-up plus what a monotonic clock has counted since,
// so that durations are right whatever happens to the wall clock. Thread-safe.
class Clock {
 public:
  Timestamp Now() const {
    const auto passed = std::chrono::steady_clock::now() - started_;
    return based_on_ + std::chrono::duration_cast<Millis>(passed);
  }

 private:
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  const Timestamp based_on_ =
      std::chrono::floor<Millis>(std::chrono::system_clock::now());
};

}  // namespace towline::engine
