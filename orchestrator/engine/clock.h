#pragma once

#include <chrono>

#include "statemachines/base/time.h"

namespace towline::engine {

// One instant, as two clocks show it.
struct Moment {
  Timestamp now{};   // of the node: durations are right on it
  Timestamp wall{};  // what people call the time; somebody may step it, either way
  // NOLINTNEXTLINE(google-explicit-constructor)
  Moment(Timestamp both) : now(both), wall(both) {}
  Moment(Timestamp of_node, Timestamp of_wall) : now(of_node), wall(of_wall) {}
};

// The time of the node: the wall clock at start-up plus what a monotonic clock has counted since,
// so that durations are right whatever happens to the wall clock. Thread-safe.
class Clock {
 public:
  Timestamp Now() const {
    const auto passed = std::chrono::steady_clock::now() - started_;
    return based_on_ + std::chrono::duration_cast<Millis>(passed);
  }
  Moment Read() const { return {Now(), std::chrono::floor<Millis>(Wall::now())}; }

 private:
  using Wall = std::chrono::system_clock;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  const Timestamp based_on_ = std::chrono::floor<Millis>(Wall::now());
};

}  // namespace towline::engine
