#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "statemachines/base/result.h"
#include "worker/program.h"

namespace towline::worker {

// The cgroup of one job: whatever it starts is in it and stays in it, so that a kill leaves
// nothing. A directory of the kernel's; made by Cgroups, used by the agent's thread.
class JobCgroup {
 public:
  explicit JobCgroup(std::filesystem::path path);
  ~JobCgroup();
  JobCgroup(const JobCgroup&) = delete;
  JobCgroup& operator=(const JobCgroup&) = delete;

  int fd() const { return fd_; }  // of the directory; -1: it could not be opened
  // EPOLLPRI when something has changed since the last call: look with Remove() after it.
  int WatchEmpty();
  int Count() const;              // living processes, those of groups inside included
  void Signal(int number) const;  // to each; what is stopped is continued
  void Kill() const;
  bool Remove();  // false while a process lives

  std::optional<double> cpu_seconds() const;
  std::optional<std::int64_t> memory_bytes_max() const;
  int oom_kills() const;
  int pids_refused() const;  // forks above the limit

 private:
  std::optional<std::int64_t> ReadNumber(const char* file, const std::string& key) const;

  const std::filesystem::path path_;
  int fd_ = -1;
  int events_ = -1;
};

// The part of the host's cgroup v2 tree that this agent may use, with a group for each job in it.
class Cgroups {
 public:
  // Looks for the agent's own group, and takes what an earlier life of the agent has left in it:
  // its processes are killed. `name` is unique among the agents of this host. `own` is for tests.
  // The error says why the host does not let us.
  static Result<std::unique_ptr<Cgroups>> Open(const std::string& name,
                                               std::filesystem::path own = {});
  ~Cgroups();
  Cgroups(const Cgroups&) = delete;
  Cgroups& operator=(const Cgroups&) = delete;

  // Which limits the kernel keeps for whole jobs here.
  bool has_cpu() const { return has_cpu_; }
  bool has_memory() const { return has_memory_; }
  bool has_pids() const { return has_pids_; }
  std::string Controllers() const;  // "cpu, memory, pids", or "none"

  Result<std::unique_ptr<JobCgroup>> Make(const Limits& limits);

 private:
  explicit Cgroups(std::filesystem::path path) : path_(std::move(path)) {}
  void Sweep() const;
  void Delegate(const std::filesystem::path& own);

  const std::filesystem::path path_;
  bool has_cpu_ = false;
  bool has_memory_ = false;
  bool has_pids_ = false;
  std::uint64_t next_ = 1;
};

}  // namespace towline::worker
