#include "worker/supervisor.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "worker/process_tree.h"

namespace towline::worker {
namespace {

constexpr std::int64_t kKillMillis = 10'000;
constexpr long kPauseNanos = 10'000'000;

std::int64_t NowMillis() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

struct Supervised {
  pid_t program = -1;
  bool ended = false;  // the program itself
  bool killing = false;
  SupervisorReport report{};
};

// Collects what has ended. False when there is no child at all any more: then, since orphans become
// children of the supervisor, there is no descendant either.
bool Reap(Supervised& job) {
  for (;;) {
    int status = 0;
    rusage usage{};
    const pid_t pid = wait4(-1, &status, WNOHANG, &usage);
    if (pid == 0) return true;
    if (pid < 0) return errno != ECHILD;
    const auto micros = [](const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; };
    job.report.cpu_micros += micros(usage.ru_utime) + micros(usage.ru_stime);
    job.report.memory_bytes_max =
        std::max<std::int64_t>(job.report.memory_bytes_max, usage.ru_maxrss * 1024);
    if (job.killing && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) job.report.killed++;
    if (pid != job.program) continue;
    job.report.wait_status = status;
    job.ended = true;
  }
}

// Kills until nothing is left: what was forked meanwhile is found by the next round.
void KillAll(Supervised& job) {
  job.killing = true;
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  const timespec pause{.tv_sec = 0, .tv_nsec = kPauseNanos};
  const std::int64_t until = NowMillis() + kKillMillis;
  while (Reap(job)) {
    job.report.left = SignalDescendants(getpid(), SIGKILL);
    if (NowMillis() > until) return;
    sigtimedwait(&child, nullptr, &pause);
  }
  job.report.left = 0;
}

}  // namespace

void Supervise(pid_t program, int report_fd) {
  prctl(PR_SET_NAME, kSupervisorName);
  Supervised job{.program = program};
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int each : {SIGCHLD, kSupervisorAsk, kSupervisorKill}) sigaddset(&wanted, each);
  bool any = Reap(job);
  while (any && !job.ended && !job.killing) {
    const int signal = sigwaitinfo(&wanted, nullptr);
    any = Reap(job);
    if (signal == kSupervisorAsk) SignalDescendants(getpid(), SIGTERM);
    if (signal == kSupervisorKill) break;
  }
  KillAll(job);
  [[maybe_unused]] const ssize_t written = write(report_fd, &job.report, sizeof job.report);
  _exit(0);
}

}  // namespace towline::worker
