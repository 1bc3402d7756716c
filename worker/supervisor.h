#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>

namespace towline::worker {

// Where there is no cgroup, every program has a supervisor: a forked child of the agent's that is
// the program's parent, and the parent of whatever the program orphans (PR_SET_CHILD_SUBREAPER).
// So nothing that a job starts can get out of its reach, whatever sessions, groups and
// environments it makes for itself. It ends when nothing of the job is left.
//
// It makes system calls only: the agent that it was forked from has threads.

constexpr int kSupervisorAsk = SIGUSR1;                 // SIGTERM to everything of the job
constexpr int kSupervisorKill = SIGUSR2;                // SIGKILL to everything of the job
constexpr const char* kSupervisorName = "towline-job";  // its /proc/PID/comm

struct SupervisorReport {
  int wait_status = 0;  // of the program, as waitpid() gives it
  std::int32_t killed = 0;
  std::int32_t left = 0;  // what a kill has not ended within ten seconds
  std::int64_t cpu_micros = 0;
  std::int64_t memory_bytes_max = 0;  // of the largest process
};

// Supervises the program, a child of the caller's, and writes the report. All signals are blocked.
[[noreturn]] void Supervise(pid_t program, int report_fd);

}  // namespace towline::worker
