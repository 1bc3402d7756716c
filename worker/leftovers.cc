#include "worker/leftovers.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <memory>
#include <sstream>

#include "worker/process_tree.h"
#include "worker/supervisor.h"

namespace towline::worker {
namespace {

constexpr int kRounds = 1'000;
constexpr int kPauseMs = 5;

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

// All but this one and the first.
template <class F>
void ForEachProcess(F act) {
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(opendir("/proc"), closedir);
  if (!processes) return;
  while (const dirent* const entry = readdir(processes.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size() || pid <= 1) continue;
    if (pid != getpid()) act(pid);
  }
}

// It kills all of its job and ends; only then the job may be begun again.
void KillThroughSupervisor(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid);
  if (pid <= 1 || ReadAll(path + "/comm") != std::string(kSupervisorName) + "\n") return;
  const std::string birth = BirthOf(pid);
  kill(pid, kSupervisorKill);
  kill(pid, SIGCONT);
  for (int round = 0; round < kRounds && BirthOf(pid) == birth && ParentOf(pid) != 0; round++) {
    poll(nullptr, 0, kPauseMs);
  }
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

std::vector<std::int32_t> ChildrenOf(std::int64_t pid) {
  std::vector<std::int32_t> children;
  ForEachProcess([&](pid_t each) {
    if (ParentOf(each) == pid) children.push_back(each);
  });
  return children;
}

int KillProcessesOf(const std::string& token, std::uint32_t attempt,
                    const std::optional<ProcessGroup>& group) {
  int seen = 0;
  if (group && group->group > 1 && !group->birth.empty() && BirthOf(group->group) == group->birth) {
    const auto leader = static_cast<pid_t>(group->group);
    KillThroughSupervisor(ParentOf(leader));
    if (BirthOf(leader) == group->birth) kill(-leader, SIGKILL);
    seen++;
  }
  const std::string token_variable = "TOWLINE_TOKEN=" + token;
  const std::string attempt_variable = "TOWLINE_ATTEMPT=" + std::to_string(attempt);
  ForEachProcess([&](pid_t pid) {
    const std::string environment = ReadAll("/proc/" + std::to_string(pid) + "/environ");
    if (!Holds(environment, token_variable) || !Holds(environment, attempt_variable)) return;
    kill(pid, SIGKILL);
    seen++;
  });
  return seen;
}

}  // namespace towline::worker
