#pragma once

// One caller who reads the logs of one execution, and perhaps follows them. As with a Watcher, the
// door pulls; pieces are read from where they are kept, so a slow caller misses none.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "orchestrator/api/foundation.h"
#include "proto/towline/v1/executions.pb.h"

namespace towline::api {

class LogTail : public std::enable_shared_from_this<LogTail> {
 public:
  enum class Pull { kMessage, kNothingYet, kEnd };

  LogTail(Foundation& base, Located located, const v1::ExecutionLogsRequest& request,
          std::function<void()> wake);
  ~LogTail();
  LogTail(const LogTail&) = delete;
  LogTail& operator=(const LogTail&) = delete;

  // Subscribes, then wakes the door for what is there already. Call once, after make_shared.
  void Start();
  // The next message, nothing yet (wait for `wake`, at most for again_in()), or the end. One thread
  // at a time. Throws StoreError.
  Pull Next(v1::ExecutionLogsResponse* message);
  // After kNothingYet: look again then, though nobody has woken.
  std::optional<Millis> again_in() const { return again_in_; }
  // No more wakes, though one may be under way.
  void Stop();

 private:
  bool ReadPage();
  bool IsOver(const std::optional<store::ExecutionRow>& row, bool idle);
  bool Fill(logs::LogEntry entry, v1::LogText* to);
  const std::string& StateOf(std::uint64_t task);

  Foundation& base_;
  const Located located_;
  const v1::ExecutionLogsRequest request_;
  const logs::LogOwner owner_;
  const std::function<void()> wake_;
  std::uint64_t subscription_ = 0;

  // Of the thread that pulls.
  std::int64_t cursor_ = 0;
  std::deque<logs::LogEntry> entries_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::uint64_t> next_;  // by task and attempt
  std::map<std::uint64_t, std::string> states_;                            // by task
  std::optional<Millis> again_in_{};
  bool over_ = false;
};

}  // namespace towline::api
