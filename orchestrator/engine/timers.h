#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "orchestrator/engine/clock.h"
#include "orchestrator/store/store.h"
#include "statemachines/base/time.h"

namespace towline::engine {

// A timer of the shell's own: the execution's last step ended at its bound and goes on behind
// what waits. A row like any other, so that a restart finds it.
inline constexpr std::uint8_t kContinueTimer = 255;
// The end of a Wait that names a time of day: the only timer that follows the wall clock. Fires as
// TimerKind::kWait.
inline constexpr std::uint8_t kWallTimer = 254;

struct TaskKeyHash {
  std::size_t operator()(const store::TaskKey& key) const {
    const std::uint64_t h =
        (static_cast<std::uint64_t>(key.execution) * 0x9E3779B97F4A7C15ULL) ^ key.task;
    return static_cast<std::size_t>((h ^ (h >> 31)) * 0xBF58476D1CE4E5B9ULL);
  }
};

// The timers of the next minutes; later ones wait in the store and are loaded by index. Owned by
// the partition's thread.
class TimerQueue {
 public:
  explicit TimerQueue(Millis horizon) : horizon_(horizon) {}

  void Set(const store::TimerRow& timer);    // kept only if due within what is loaded
  void Clear(const store::TimerRow& timer);  // `due` is not looked at
  void Reset();

  // Fills up from the store when less than half of the horizon is left.
  void Refill(store::Store& from, const Moment& at);

  // Takes a timer that is due, the earliest of its clock.
  std::optional<store::TimerRow> TakeDue(const Moment& at);
  // When TakeDue or Refill next has something to do, on the node's clock.
  Timestamp Next(const Moment& at) const;
  std::size_t size() const { return due_.size(); }

 private:
  using Key = std::tuple<store::ExecutionKey, std::uint64_t, std::uint8_t>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return TaskKeyHash{}({std::get<0>(key), std::get<1>(key) * 8 + std::get<2>(key)});
    }
  };
  using Order = std::set<std::pair<Timestamp, Key>>;
  Order& OrderOf(const Key& key) { return std::get<2>(key) == kWallTimer ? wall_order_ : order_; }

  const Millis horizon_;
  Timestamp loaded_until_ = Timestamp::min();  // every stored timer before this is in memory
  Order order_;
  Order wall_order_;  // those that follow the wall clock
  std::unordered_map<Key, Timestamp, KeyHash> due_;
};

// Whose a task is: the tenants that may touch it, and the worker that holds it.
struct TaskOwner {
  std::string execution_tenant{};
  std::string workers_tenant{};  // of the workers that may run it; empty: the execution's
  std::string worker{};          // "tenant_worker"; empty: nobody whom only the broker reaches
  bool Admits(std::string_view tenant) const {  // empty: the server itself
    return tenant.empty() || tenant == execution_tenant || tenant == workers_tenant;
  }
  auto operator<=>(const TaskOwner&) const = default;
};

// The heartbeat clocks of open tasks: memory only. After start-up each gets a full period.
class Heartbeats {
 public:
  struct Terms {
    std::uint32_t attempt = 1;
    Millis period{};
    TaskOwner owner{};
  };
  void Arm(store::TaskKey task, const Terms& terms, Timestamp now);
  void Disarm(store::TaskKey task);
  void Reset();

  // attempt 0: any.
  enum class Beat { kRenewed, kUnknown, kOlderAttempt, kForbidden };
  Beat Renew(store::TaskKey task, std::uint32_t attempt, std::string_view tenant, Timestamp now);

  // The clocks of these workers' jobs (or of all workers') stand still; those of others that stood
  // still until now get a full period.
  void Hold(bool all, std::set<std::string> workers, Timestamp now);

  std::optional<store::TaskKey> TakeMissed(Timestamp now);
  Timestamp Next() const;

 private:
  struct Clock {
    std::uint32_t attempt = 0;
    Millis period{};
    Timestamp deadline{};
    const TaskOwner* owner = nullptr;  // in owners_
  };
  using Entry = std::pair<Timestamp, store::TaskKey>;
  bool Held(const Clock& clock) const {
    return !clock.owner->worker.empty() && (all_held_ || held_.contains(clock.owner->worker));
  }
  bool all_held_ = false;
  std::set<std::string> held_;
  std::unordered_map<store::TaskKey, Clock, TaskKeyHash> clocks_;
  std::set<TaskOwner> owners_;  // few: each is kept once
  // Deadlines as they were when entered: a renewal only moves the clock, and the entry is entered
  // again when it comes up too early.
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> order_;
};

}  // namespace towline::engine
