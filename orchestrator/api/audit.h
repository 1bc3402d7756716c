#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/time.h"

namespace towline::api {

// Somebody wanted to do something, and what was decided.
struct AuditEntry {
  Timestamp time{};
  std::string principal{};  // empty: nobody that we know
  std::string proof{};      // "certificate", "token ID", "local"; empty: none that is good
  std::string peer{};       // where the call came from: "ipv4:10.1.2.3:50122"
  std::string action{};     // "executions:start"; "identify": who it is was not believed
  std::string tenant{};
  std::string object{};  // a state machine, an execution, an activity, a grant; may be empty
  bool allowed = false;
  std::string reason{};
};

// A directory of files with a line of JSON for each entry: audit.jsonl and, older, audit.1.jsonl
// and so on; the oldest goes. Nothing is ever changed in them. A line is with the operating system
// when Write() returns. Any thread.
class AuditLog {
 public:
  struct Settings {
    std::string directory{};  // made when missing, for its owner only
    std::size_t file_bytes_max = 16 << 20;
    std::size_t files_max = 10;
    std::function<Timestamp()> clock{};
  };
  struct Filter {
    std::string tenant{};     // empty: every one
    std::string principal{};  // empty: everybody
    bool denied = false;      // what was denied only
    Timestamp since{};
    std::size_t limit = 100;
  };

  // Throws store::StoreError when the directory cannot be written.
  explicit AuditLog(Settings settings);
  ~AuditLog();

  // Stamps it with the time. When the disk is full the entry is lost and the server's log says so:
  // the work goes on.
  void Write(AuditEntry entry);
  // The newest first.
  std::vector<AuditEntry> Read(const Filter& filter) const;
  std::uint64_t denied() const { return denied_; }  // of this process

 private:
  struct File;
  std::string PathOf(std::size_t age) const;

  const Settings settings_;
  mutable std::mutex mutex_;
  std::unique_ptr<File> file_;  // guarded by mutex_
  std::atomic<std::uint64_t> denied_{0};
};

}  // namespace towline::api
