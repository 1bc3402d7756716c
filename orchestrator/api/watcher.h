#pragma once

// One caller who watches one execution. The door pulls: after each `wake` it calls Next() on a
// thread of its own until there is nothing left. Events are read from the store, so a slow caller
// misses none; job news are queued, at most a few, and counted when they have to go.

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "orchestrator/api/foundation.h"
#include "orchestrator/api/history_pager.h"
#include "proto/towline/v1/executions.pb.h"

namespace towline::api {

class Watcher : public std::enable_shared_from_this<Watcher> {
 public:
  enum class Pull { kMessage, kNothingYet, kEnd };

  Watcher(Foundation& base, Located located, const v1::WatchExecutionRequest& request,
          std::function<void()> wake);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Subscribes, then wakes the door for what is there already. Call once, after make_shared.
  void Start();
  // The next message, nothing yet (wait for `wake`), or the end. One thread at a time. Throws
  // StoreError.
  Pull Next(v1::WatchExecutionResponse* message);
  std::optional<Millis> again_in() const { return {}; }  // whatever comes wakes
  // No more wakes, though one may be under way.
  void Stop();

 private:
  void OnNotice(const engine::Notice& notice);
  void TellWhereJobsAre();
  bool TakeNews(v1::WatchExecutionResponse* message);
  bool ReadPage();

  Foundation& base_;
  const Located located_;
  const HistoryOptions options_;
  const HistoryPager pager_;
  const std::function<void()> wake_;
  std::uint64_t subscription_ = 0;

  // Of the thread that pulls.
  HistoryPosition position_;
  std::deque<v1::HistoryEvent> events_;
  bool ended_seen_ = false;
  bool ended_told_ = false;

  std::mutex mutex_;
  std::deque<v1::JobNews> news_;  // guarded by mutex_
  std::uint32_t skipped_ = 0;     // guarded by mutex_
  std::uint64_t last_seq_ = 0;    // guarded by mutex_: there are events up to here
};

}  // namespace towline::api
