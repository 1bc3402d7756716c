#include "worker/leftovers.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <memory>
#include <sstream>

namespace towline::worker {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

const std::string& BootId() {
  static const std::string id = [] {
    std::string text = ReadAll("/proc/sys/kernel/random/boot_id");
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }();
  return id;
}

// An environment is a list of texts, each ended by a zero byte.
bool Holds(const std::string& environment, const std::string& variable) {
  const std::string entry = variable + '\0';
  if (environment.compare(0, entry.size(), entry) == 0) return true;
  return environment.find('\0' + entry) != std::string::npos;
}

}  // namespace

std::string BirthOf(std::int64_t pid) {
  const std::string stat = ReadAll("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return {};
  std::istringstream rest(stat.substr(name_end + 1));
  std::string field;
  constexpr int kStartTime = 20;  // of the fields after the name
  for (int i = 0; i < kStartTime; i++) {
    if (!(rest >> field)) return {};
  }
  return BootId() + ":" + field;
}

int KillProcessesOf(const std::string& token, std::uint32_t attempt,
                    const std::optional<ProcessGroup>& group) {
  int seen = 0;
  if (group && group->group > 1 && !group->birth.empty() && BirthOf(group->group) == group->birth) {
    kill(-static_cast<pid_t>(group->group), SIGKILL);
    seen++;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(opendir("/proc"), closedir);
  if (!processes) return seen;
  const std::string token_variable = "TOWLINE_TOKEN=" + token;
  const std::string attempt_variable = "TOWLINE_ATTEMPT=" + std::to_string(attempt);
  while (const dirent* const entry = readdir(processes.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size() || pid <= 1) continue;
    if (pid == getpid()) continue;
    const std::string environment = ReadAll("/proc/" + std::string(name) + "/environ");
    if (!Holds(environment, token_variable) || !Holds(environment, attempt_variable)) continue;
    kill(pid, SIGKILL);
    seen++;
  }
  return seen;
}

}  // namespace towline::worker
