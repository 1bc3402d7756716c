#include "worker/cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

namespace towline::worker {
namespace {

namespace fs = std::filesystem;

constexpr int kSweepRounds = 500;
constexpr int kSweepPauseMs = 10;

// A write to a file of the kernel's: the errno, or zero.
int WriteFile(const fs::path& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const bool whole = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = whole ? 0 : errno;
  close(fd);
  return error;
}

std::vector<fs::path> GroupsIn(const fs::path& path) {
  std::vector<fs::path> groups;
  std::error_code error;
  for (fs::directory_iterator each(path, error), end; !error && each != end;
       each.increment(error)) {
    std::error_code ignored;
    if (each->is_directory(ignored) && !each->is_symlink(ignored)) groups.push_back(each->path());
  }
  return groups;
}

template <class F>
void ForEachProcess(const fs::path& path, F act) {
  std::ifstream file(path / "cgroup.procs");
  pid_t pid = 0;
  while (file >> pid) act(pid);
  for (const fs::path& each : GroupsIn(path)) ForEachProcess(each, act);
}

void KillIn(const fs::path& path) {
  if (WriteFile(path / "cgroup.kill", "1") == 0) return;
  // A kernel before 5.14. Frozen, nothing can fork while it is killed.
  WriteFile(path / "cgroup.freeze", "1");
  ForEachProcess(path, [](pid_t pid) { kill(pid, SIGKILL); });
  WriteFile(path / "cgroup.freeze", "0");
}

bool RemoveTree(const fs::path& path) {
  if (rmdir(path.c_str()) == 0 || errno == ENOENT) return true;
  for (const fs::path& each : GroupsIn(path)) RemoveTree(each);
  return rmdir(path.c_str()) == 0 || errno == ENOENT;
}

bool HasWord(const fs::path& path, const std::string& wanted) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    if (word == wanted) return true;
  }
  return false;
}

// Where the kernel shows the group that this process is in; empty when there is no cgroup v2.
fs::path OwnGroup() {
  std::string own;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.compare(0, 3, "0::") == 0) own = line.substr(3);
  }
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; !own.empty() && std::getline(mounts, line);) {
    const std::size_t dash = line.find(" - cgroup2 ");
    if (dash == std::string::npos) continue;
    std::istringstream fields(line.substr(0, dash));
    std::string skip, root, point;
    fields >> skip >> skip >> skip >> root >> point;
    if (root != "/") {
      if (own.compare(0, root.size(), root) != 0) continue;
      own.erase(0, root.size());
    }
    return fs::path(point) / fs::path(own).relative_path();
  }
  return {};
}

// systemd owns the tree and asks everybody to keep out of what it has not handed over.
bool IsHandedOver(const fs::path& own) {
  std::error_code error;
  if (!fs::exists("/run/systemd/system", error) || geteuid() != 0) return true;
  char value[8];
  return getxattr(own.c_str(), "trusted.delegate", value, sizeof value) > 0 ||
         getxattr(own.c_str(), "user.delegate", value, sizeof value) > 0;
}

}  // namespace

JobCgroup::JobCgroup(fs::path path)
    : path_(std::move(path)), fd_(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

JobCgroup::~JobCgroup() {
  if (!Remove()) KillIn(path_);
  if (events_ >= 0) close(events_);
  if (fd_ >= 0) close(fd_);
}

int JobCgroup::WatchEmpty() {
  if (events_ < 0) events_ = openat(fd_, "cgroup.events", O_RDONLY | O_CLOEXEC);
  char text[64];  // reading it is what makes the next change an event
  [[maybe_unused]] const ssize_t got = pread(events_, text, sizeof text, 0);
  return events_;
}

int JobCgroup::Count() const {
  int count = 0;
  ForEachProcess(path_, [&](pid_t) { count++; });
  return count;
}

void JobCgroup::Signal(int number) const {
  ForEachProcess(path_, [&](pid_t pid) {
    kill(pid, number);
    kill(pid, SIGCONT);
  });
}

void JobCgroup::Kill() const { KillIn(path_); }
bool JobCgroup::Remove() { return RemoveTree(path_); }

std::optional<std::int64_t> JobCgroup::ReadNumber(const char* file, const std::string& key) const {
  std::ifstream lines(path_ / file);
  std::string name;
  std::int64_t value = 0;
  if (key.empty()) return lines >> value ? std::optional(value) : std::nullopt;
  while (lines >> name >> value) {
    if (name == key) return value;
  }
  return std::nullopt;
}

std::optional<double> JobCgroup::cpu_seconds() const {
  const auto micros = ReadNumber("cpu.stat", "usage_usec");
  if (!micros) return std::nullopt;
  return static_cast<double>(*micros) / 1e6;
}
std::optional<std::int64_t> JobCgroup::memory_bytes_max() const {
  return ReadNumber("memory.peak", "");
}
int JobCgroup::oom_kills() const {
  return static_cast<int>(ReadNumber("memory.events", "oom_kill").value_or(0));
}
int JobCgroup::pids_refused() const {
  return static_cast<int>(ReadNumber("pids.events", "max").value_or(0));
}

Result<std::unique_ptr<Cgroups>> Cgroups::Open(const std::string& name, fs::path own) {
  const auto refuse = [](const std::string& why) {
    return Error{Error::Code::kFailedPrecondition, why};
  };
  if (own.empty()) own = OwnGroup();
  if (own.empty()) return refuse("this host has no cgroup v2");
  if (access(own.c_str(), W_OK) != 0 || access((own / "cgroup.procs").c_str(), W_OK) != 0) {
    return refuse("cannot write to " + own.string() + ": " + std::strerror(errno));
  }
  if (!IsHandedOver(own)) {
    return refuse("systemd has not handed over " + own.string() + ": the unit needs Delegate=yes");
  }
  const fs::path path = own / ("towline-" + name);
  if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return refuse("cannot make " + path.string() + ": " + std::strerror(errno));
  }
  std::unique_ptr<Cgroups> made(new Cgroups(path));
  made->Sweep();
  made->Delegate(own);
  return made;
}

Cgroups::~Cgroups() { RemoveTree(path_); }

// The jobs of an earlier life: they are dead before their attempts are reported or run again.
void Cgroups::Sweep() const {
  for (int round = 0; round < kSweepRounds; round++) {
    bool clean = true;
    for (const fs::path& each : GroupsIn(path_)) {
      if (RemoveTree(each)) continue;
      clean = false;
      KillIn(each);
    }
    if (clean) return;
    poll(nullptr, 0, kSweepPauseMs);
  }
}

// Asks for the controllers, from the agent's own group down to the parent of the jobs' groups. Only
// a group without processes can hand them on: the agent moves into one beside the jobs.
void Cgroups::Delegate(const fs::path& own) {
  bool moved = false;
  const auto enable = [&](const std::string& controller) {
    if (!HasWord(own / "cgroup.controllers", controller)) return false;
    const std::string wanted = "+" + controller;
    int error = WriteFile(own / "cgroup.subtree_control", wanted);
    if (error == EBUSY && !moved) {
      moved = true;
      const fs::path agent = own / "towline-agent";
      mkdir(agent.c_str(), 0755);
      WriteFile(agent / "cgroup.procs", std::to_string(getpid()));
      error = WriteFile(own / "cgroup.subtree_control", wanted);
    }
    return error == 0 && WriteFile(path_ / "cgroup.subtree_control", wanted) == 0;
  };
  has_cpu_ = enable("cpu");
  has_memory_ = enable("memory");
  has_pids_ = enable("pids");
}

std::string Cgroups::Controllers() const {
  std::string text;
  for (const auto& [has, name] :
       {std::pair{has_cpu_, "cpu"}, {has_memory_, "memory"}, {has_pids_, "pids"}}) {
    if (has) text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text.empty() ? "none" : text;
}

Result<std::unique_ptr<JobCgroup>> Cgroups::Make(const Limits& limits) {
  const fs::path path = path_ / ("job-" + std::to_string(next_++));
  const auto refuse = [&](const std::string& file, int error) {
    return Error{Error::Code::kFailedPrecondition,
                 "cannot write " + (path / file).string() + ": " + std::strerror(error)};
  };
  if (mkdir(path.c_str(), 0755) != 0) return refuse("", errno);
  auto group = std::make_unique<JobCgroup>(path);
  if (group->fd() < 0) return refuse("", errno);
  std::vector<std::pair<const char*, std::string>> files;
  if (has_cpu_ && limits.cpu > 0) {
    constexpr int kPeriodMicros = 100'000;
    const auto quota = static_cast<std::int64_t>(limits.cpu * kPeriodMicros);
    files.emplace_back("cpu.max", std::to_string(quota) + " " + std::to_string(kPeriodMicros));
  }
  if (has_memory_ && limits.memory_mb > 0) {
    files.emplace_back("memory.max", std::to_string(std::int64_t{limits.memory_mb} << 20));
    files.emplace_back("memory.oom.group", "1");
    WriteFile(path / "memory.swap.max", "0");  // not there without accounting of swap
  }
  if (has_pids_ && limits.pids > 0) files.emplace_back("pids.max", std::to_string(limits.pids));
  for (const auto& [file, text] : files) {
    if (const int error = WriteFile(path / file, text); error != 0) return refuse(file, error);
  }
  return group;
}

}  // namespace towline::worker
