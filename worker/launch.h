#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include "worker/program.h"

namespace towline::worker {

struct ResourceLimit {
  int resource = 0;  // RLIMIT_…
  rlim_t value = 0;
};

// A program and everything that holds when its first instruction runs.
struct Launch {
  std::vector<std::string> argv{};  // the first is a path
  std::vector<std::string> environment{};
  std::string cwd{};
  const User* user = nullptr;              // null: the agent's own
  // Become its descriptors 0 to 4; each above 4, or -1: it has none there.
  std::array<int, 5> fds{-1, -1, -1, -1, -1};
  std::vector<ResourceLimit> limits{};
  int cgroup = -1;  // descriptor of a cgroup's directory. None: it gets a supervisor
};

// What came of it. With an error nothing runs.
struct Launched {
  std::string error{};  // for people; empty: it runs
  pid_t pid = -1;       // the program, the leader of a process group
  pid_t supervisor = -1;
  // Readable when the program has ended: a pidfd in a cgroup; else the read end of the pipe on
  // which the supervisor says SupervisorReport, then closes.
  int exit_fd = -1;
};

// Returns when the program runs or has failed to. Blocks for that moment only.
Launched StartProgram(const Launch& launch);

}  // namespace towline::worker
