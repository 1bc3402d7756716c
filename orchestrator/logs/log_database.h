#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/logs/log_sink.h"
#include "orchestrator/store/sqlite_connection.h"
#include "orchestrator/store/store.h"

namespace towline::logs {

struct LogLimits {
  std::int64_t job_bytes_max = 4 << 20;      // of one attempt
  std::int64_t total_bytes_max = 1LL << 30;  // of the file; beyond it the oldest goes
};

// An execution, anywhere in the installation.
struct LogOwner {
  int partition = 0;
  store::ExecutionKey execution = 0;
  auto operator<=>(const LogOwner&) const = default;  // NOLINT(modernize-use-nullptr)
};

// One piece as it is kept.
struct LogEntry {
  std::int64_t number = 0;  // grows in the order of arrival
  std::uint64_t task = 0;
  std::uint32_t attempt = 0;
  std::string worker{};
  std::string stream{};
  std::uint64_t offset = 0;
  std::string text{};
  Timestamp written{};
};

// The file DATA/logs.db as its one writer sees it. A piece survives a kill of the process from its
// commit on; the machine's own crash may take the last seconds, for nothing is synced: the server
// sends nobody's result by it. Not thread-safe. Throws StoreError.
class LogWriter {
 public:
  LogWriter(const std::string& path, LogLimits limits);

  // In one transaction. The answers, one for each piece: up to where that log is kept, or nothing,
  // when there is none that it may continue.
  std::vector<std::optional<std::uint64_t>> Append(std::vector<LogPiece>& pieces);
  void Forget(const LogOwner& owner);
  // After a throw: leaves any open transaction.
  void Recover();

 private:
  struct Stream {
    std::int64_t id = 0;
    std::string worker{};
    std::uint64_t next = 0;
    std::int64_t kept = 0;
  };
  std::optional<Stream> StreamOf(const LogPiece& piece);
  std::optional<std::uint64_t> AppendOne(LogPiece& piece);
  void Insert(const LogPiece& piece, const Stream& stream, const std::string& name,
              const std::string& text);
  void MakeRoom();

  const LogLimits limits_;
  store::SqliteConnection connection_;
  store::SqliteStatement find_;
  store::SqliteStatement open_;
  store::SqliteStatement advance_;
  store::SqliteStatement insert_;
  store::SqliteStatement forget_pieces_;
  store::SqliteStatement forget_streams_;
  store::SqliteStatement drop_oldest_;
};

// The same file for those who read. One thread at a time. Throws StoreError.
class LogReader {
 public:
  explicit LogReader(const std::string& path);

  // Those of an execution with a greater number than `after`, in their order, until they have
  // about `bytes_max` of text together.
  std::vector<LogEntry> Read(const LogOwner& owner, std::int64_t after, std::size_t bytes_max);
  // Whether it has logs, and each of them is at its end.
  bool AllEnded(const LogOwner& owner);
  // Whose logs there are, beyond `after`, at most `limit`.
  std::vector<LogOwner> Owners(const LogOwner& after, int limit);

 private:
  store::SqliteConnection connection_;
  store::SqliteStatement read_;
  store::SqliteStatement unended_;
  store::SqliteStatement owners_;
};

}  // namespace towline::logs
