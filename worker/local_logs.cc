#include "worker/local_logs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "statemachines/base/log.h"
#include "statemachines/base/time.h"

namespace towline::worker {

LocalLogs::~LocalLogs() {
  for (const auto& [type, file] : files_) {
    if (file.fd >= 0) close(file.fd);
  }
}

std::string LocalLogs::PathOf(std::string_view type) const {
  return directory_ + "/" + std::string(type) + ".log";
}

void LocalLogs::Complain(File& file, const std::string& path) {
  if (std::exchange(file.complained, true)) return;
  Log(LogLevel::kWarning, "local_log_failed", {{"file", path}, {"why", std::strerror(errno)}});
}

bool LocalLogs::Open(File& file, const std::string& path) {
  if (file.fd >= 0) return true;
  std::error_code ignored;
  std::filesystem::create_directories(directory_, ignored);
  file.fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file.fd < 0) return false;
  struct stat status {};
  fstat(file.fd, &status);
  file.bytes = static_cast<std::size_t>(status.st_size);
  return true;
}

void LocalLogs::Rotate(File& file, const std::string& path) {
  close(std::exchange(file.fd, -1));
  for (int number = kFiles - 1; number >= 1; number--) {
    const std::string from = number == 1 ? path : path + "." + std::to_string(number - 1);
    std::rename(from.c_str(), (path + "." + std::to_string(number)).c_str());
  }
}

void LocalLogs::Write(std::string_view type, std::string_view about, std::string_view stream,
                      std::string_view lines) {
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  const std::string head =
      FormatTimestamp(now) + " " + std::string(about) + " " + std::string(stream) + " | ";
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    text += head;
    text += lines.substr(0, end);
    text += '\n';
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  File& file = files_[std::string(type)];
  const std::string path = PathOf(type);
  if (!Open(file, path)) return Complain(file, path);
  if (file.bytes > 0 && file.bytes + text.size() > kFileBytesMax) {
    Rotate(file, path);
    if (!Open(file, path)) return Complain(file, path);
  }
  const ssize_t wrote = write(file.fd, text.data(), text.size());
  if (wrote != static_cast<ssize_t>(text.size())) return Complain(file, path);
  file.bytes += text.size();
  file.complained = false;
}

}  // namespace towline::worker
