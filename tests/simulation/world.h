#pragma once

// Virtual time and chance. Everything of one simulation hangs on one World: the same seed gives
// the same run, event by event.

#include <cstdint>
#include <functional>
#include <queue>
#include <string>
#include <tuple>
#include <vector>

#include "statemachines/base/time.h"

namespace towline::sim {

inline constexpr Timestamp kStart{Millis(1'764'000'000'000)};

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next();                    // splitmix64
  int Between(int low, int high);          // both included
  bool Chance(double probability);
  Millis Delay(Millis low, Millis high);   // skewed towards `low`
  template <class T>
  const T& Pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(Between(0, static_cast<int>(from.size()) - 1))];
  }

 private:
  std::uint64_t state_;
};

// What goes wrong in this run: each seed has its own weather, so that rare mixtures come up.
struct Weather {
  double lose = 0, repeat = 0, late = 0;  // of a message on its way
  Millis latency{20};
  Millis late_max{20'000};
  double broker_keeps_retained = 1;       // over its death
  Millis broker_life{}, server_life{}, worker_life{}, link_life{};  // mean; zero: for ever
  double store_fails = 0;                 // of a commit
  double crash_at_commit = 0;             // the server dies in the middle of it
  double power_loss = 0;                  // of a worker's death: the journal's tail goes with it
  double clock_jump = 0;                  // of a start
  double refuse = 0;                      // the broker takes no more just now
  static Weather Of(Random& random);
  std::string text() const;
};

class World {
 public:
  World(std::uint64_t seed, bool verbose);

  Timestamp now() const { return now_; }
  // What the server's machine takes for the time of day; somebody steps it.
  Timestamp wall() const { return now_ + wall_off_; }
  void StepWall(Millis off) { wall_off_ = off; }
  bool stormy() const { return now_ < calm_at_; }
  Timestamp calm_at() const { return calm_at_; }
  const Weather& weather() const { return weather_; }
  Random& random() { return random_; }
  // Did this fault happen? Never once the weather is calm.
  bool Strikes(double probability) { return stormy() && random_.Chance(probability); }

  // Events of the same moment come in random order.
  void After(Millis delay, std::function<void()> run);
  // False when nothing is left, something was violated, or `until` is reached.
  bool Step(Timestamp until);

  void Trace(const std::string& line);
  void Violate(const std::string& what);  // the first one ends the run
  const std::string& violation() const { return violation_; }
  std::uint64_t trace_hash() const { return trace_hash_; }
  std::uint64_t events() const { return sequence_; }

 private:
  struct Event {
    Timestamp at{};
    std::uint64_t order = 0;
    std::uint64_t sequence = 0;
    std::function<void()> run;
    bool operator>(const Event& other) const {
      return std::tie(at, order, sequence) > std::tie(other.at, other.order, other.sequence);
    }
  };
  const bool verbose_;
  Random random_;
  Weather weather_;
  Timestamp now_{};
  Millis wall_off_{0};
  Timestamp calm_at_{};
  std::uint64_t sequence_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::string violation_;
  std::uint64_t trace_hash_ = 14695981039346656037ULL;
};

}  // namespace towline::sim
