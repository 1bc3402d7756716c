#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "orchestrator/engine/tokens.h"

namespace towline::engine {

// Something happened to an execution. Steps: there are new events up to `last_seq` in the store;
// the watcher reads them itself, so a slow one misses nothing. Job: news of dispatch that is in
// no history (offered, waiting for a worker, progress, …), best effort. Logs: a job has printed
// something, which is kept by now.
struct Notice {
  enum class Kind { kSteps, kJob, kLogs };
  Kind kind = Kind::kSteps;
  // kSteps
  std::uint64_t last_seq = 0;
  bool closed = false;
  // kJob
  std::uint64_t task = 0;
  std::string what{};     // "offered", "accepted", "declined", "progress", "requeued", "cancelling"
  std::string worker{};
  std::uint32_t attempt = 0;
  std::optional<double> percent{};
  std::string message{};
};

// Who watches which execution. Thread-safe. A callback runs on the thread that notifies, under no
// lock of the hub, and must only hand over.
class WatchHub {
 public:
  struct Key {
    int partition = 0;
    store::ExecutionKey execution = 0;
    bool operator==(const Key&) const = default;
  };
  using Callback = std::function<void(const Notice&)>;

  std::uint64_t Subscribe(Key key, Callback callback);
  void Unsubscribe(std::uint64_t id);  // the callback may still be running once more
  bool watched() const { return count_.load(std::memory_order_relaxed) != 0; }
  void Notify(Key key, const Notice& notice);

 private:
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return TaskRefHash{}(TaskRef{key.partition, key.execution, 0});
    }
  };
  std::atomic<std::size_t> count_ = 0;
  std::mutex mutex_;
  // Guarded by mutex_:
  std::uint64_t next_id_ = 1;
  std::unordered_map<Key, std::map<std::uint64_t, Callback>, KeyHash> watchers_;
  std::unordered_map<std::uint64_t, Key> ids_;
};

}  // namespace towline::engine
