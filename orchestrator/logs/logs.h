#pragma once

// What jobs print, kept for people: `towline logs`.
//
// Dispatch decides whose pieces are taken, and hands them over; a thread writes what has gathered
// in one transaction, answers, and wakes who follows. Nothing of a workflow depends on it: it has
// a file of its own, DATA/logs.db, that is never synced for a piece, and that may be deleted while
// no server runs.

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/engine/watch.h"
#include "orchestrator/logs/log_database.h"
#include "orchestrator/logs/log_sink.h"

namespace towline::logs {

// Any thread may call what is public, but for RunOnce().
class Logs final : public LogSink {
 public:
  // Throws StoreError when the file cannot be opened.
  Logs(const std::string& path, LogLimits limits, engine::WatchHub& hub);
  ~Logs() override;  // stops

  void Start();  // a thread that calls RunOnce() when something has come
  void Stop();   // writes what is waiting

  void Take(LogPiece piece) override;
  void Forget(const LogOwner& owner);
  // Writes what waits. For the thread of Start(), or for a test instead of it.
  void RunOnce();
  // Nothing waits to be written or forgotten.
  bool idle() const;

  // As those of LogReader.
  std::vector<LogEntry> Read(const LogOwner& owner, std::int64_t after, std::size_t bytes_max);
  bool AllEnded(const LogOwner& owner);
  std::vector<LogOwner> Owners(const LogOwner& after, int limit);

 private:
  bool Write(std::vector<LogPiece>& pieces, const std::vector<LogOwner>& forgotten);
  void Run(const std::stop_token& stop);

  const std::string path_;
  const LogLimits limits_;
  engine::WatchHub& hub_;
  std::optional<LogWriter> writer_;  // of whoever runs RunOnce(); opened when there is something
  std::mutex reading_;
  std::optional<LogReader> reader_;  // guarded by reading_; likewise

  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::vector<LogPiece> waiting_;    // guarded by mutex_
  std::size_t waiting_bytes_ = 0;    // guarded by mutex_
  std::vector<LogOwner> forgotten_;  // guarded by mutex_
  bool writing_ = false;             // guarded by mutex_
  bool complained_ = false;          // of whoever runs RunOnce()

  std::jthread thread_;
};

}  // namespace towline::logs
