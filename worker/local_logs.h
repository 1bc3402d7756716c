#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "worker/handler.h"

namespace towline::worker {

// The logs that stay on site: one file for each job type, STATE/logs/TYPE.log, and a few older ones
// beside it. Used by the agent's thread only. A disk that refuses costs the lines, not the jobs.
class LocalLogs {
 public:
  static constexpr std::size_t kFileBytesMax = 8 << 20;
  static constexpr int kFiles = 4;  // of a type, with the one that is being written

  explicit LocalLogs(std::string directory) : directory_(std::move(directory)) {}
  ~LocalLogs();
  LocalLogs(const LocalLogs&) = delete;
  LocalLogs& operator=(const LocalLogs&) = delete;

  std::string PathOf(std::string_view type) const;
  // Whole lines of a job: each gets the time, `about` (which job) and the stream before it.
  void Write(std::string_view type, std::string_view about, std::string_view stream,
             std::string_view lines);

 private:
  struct File {
    int fd = -1;
    std::size_t bytes = 0;
    bool complained = false;
  };
  bool Open(File& file, const std::string& path);
  void Rotate(File& file, const std::string& path);
  void Complain(File& file, const std::string& path);

  const std::string directory_;
  std::map<std::string, File, std::less<>> files_;  // by type
};

}  // namespace towline::worker
