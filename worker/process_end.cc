// The end of a job: of its program, and of all that the program has started.

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "worker/leftovers.h"
#include "worker/process_runner.h"
#include "worker/process_tree.h"
#include "worker/program_limits.h"
#include "worker/supervisor.h"

namespace towline::worker {
namespace {

constexpr auto kKillPatience = std::chrono::seconds(10);
constexpr int kStrayRounds = 500;
constexpr int kStrayPauseMs = 5;

}  // namespace

void ProcessRunner::OnExit(Process& process) {
  if (!process.cgroup) {
    if (TakeReport(process)) Finish(process);
    return;
  }
  if (!ReapProgram(process)) return;
  process.ended = true;
  Close(process, kExit);
  if (process.cgroup->Remove()) return Finish(process);
  if (!process.killed) process.end.killed += process.cgroup->Count();
  AwaitEmpty(process);
}

// In a cgroup. False: it has not ended yet.
bool ProcessRunner::ReapProgram(Process& process) {
  rusage usage{};
  if (wait4(process.pid, &process.end.wait_status, WNOHANG, &usage) != process.pid) return false;
  const JobCgroup& group = *process.cgroup;
  process.cpu_seconds = group.cpu_seconds();
  process.memory_bytes_max = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  if (options_.cgroups->has_memory()) {
    process.end.oom_kills = group.oom_kills();
    if (const auto all = group.memory_bytes_max()) process.memory_bytes_max = all;
  }
  if (options_.cgroups->has_pids()) process.end.pids_refused = group.pids_refused();
  return true;
}

// Below a supervisor, which speaks when nothing of the job is left. False: it has not spoken yet.
bool ProcessRunner::TakeReport(Process& process) {
  SupervisorReport report;
  const ssize_t got = read(process.fds[kExit], &report, sizeof report);
  if (got < 0) return false;
  kill(process.supervisor, SIGKILL);  // it has no more to do, and may have been stopped
  waitpid(process.supervisor, nullptr, 0);
  process.ended = true;
  if (got != sizeof report) {  // it was killed
    process.end.wait_status = SIGKILL;
    process.supervisor = -1;
    KillStrays();
    return true;
  }
  process.end.wait_status = report.wait_status;
  process.end.killed = report.killed;
  process.end.left = report.left;
  process.cpu_seconds = static_cast<double>(report.cpu_micros) / 1e6;
  process.memory_bytes_max = report.memory_bytes_max;
  return true;
}

// Without its supervisor the rest of a job is ours: children that are nothing that we started.
void ProcessRunner::KillStrays() {
  const auto known = [&](pid_t pid) {
    const auto is = [&](const auto& each) { return each.second.supervisor == pid; };
    return folders_.IsRemover(pid) || std::any_of(processes_.begin(), processes_.end(), is);
  };
  for (int round = 0; round < kStrayRounds; round++) {
    bool any = false;
    for (const pid_t pid : ChildrenOf(getpid())) {
      if (known(pid)) continue;
      any = true;
      kill(pid, SIGKILL);
      SignalDescendants(pid, SIGKILL);
      waitpid(pid, nullptr, WNOHANG);
    }
    if (!any) return;
    poll(nullptr, 0, kStrayPauseMs);
  }
}

void ProcessRunner::AwaitEmpty(Process& process) {
  process.cgroup->Kill();
  process.patience = std::chrono::steady_clock::now() + kKillPatience;
  process.fds[kGone] = process.cgroup->WatchEmpty();
  if (process.cgroup->Remove()) return Finish(process);
  if (process.fds[kGone] >= 0) Watch(process, kGone, EPOLLPRI);
  const itimerspec second{.it_interval = {1, 0}, .it_value = {1, 0}};
  timerfd_settime(timer_, 0, &second, nullptr);
}

// The kernel tells when a group has become empty; this is for processes that do not die.
void ProcessRunner::CheckEndings() {
  std::uint64_t ticks = 0;
  [[maybe_unused]] const ssize_t got = read(timer_, &ticks, sizeof ticks);
  std::vector<JobId> over;
  bool any = false;
  for (auto& [id, process] : processes_) {
    if (!process.ended) continue;
    any = true;
    const bool gone = process.cgroup->Remove();
    if (!gone) process.cgroup->Kill();
    if (gone || std::chrono::steady_clock::now() > process.patience) over.push_back(id);
  }
  for (const JobId id : over) {
    Process& process = processes_.at(id);
    process.end.left = process.cgroup->Count();
    Finish(process);
  }
  if (any) return;
  const itimerspec never{};
  timerfd_settime(timer_, 0, &never, nullptr);
}

// What a program that has succeeded has written to descriptor 4 is its result.
void ProcessRunner::TakeFile(const Process& process, Outcome& outcome) const {
  struct stat facts {};
  const int status = process.end.wait_status;
  const bool succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const bool any = stat(process.file.c_str(), &facts) == 0 && facts.st_size > 0;
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (any && succeeded && size <= jobs::kPayloadBytesMax) {
    std::string text(size, '\0');
    const int fd = open(process.file.c_str(), O_RDONLY | O_CLOEXEC);
    const bool read_all = pread(fd, text.data(), size, 0) == static_cast<ssize_t>(size);
    if (fd >= 0) close(fd);
    if (auto json = read_all ? JsonOf(text) : std::nullopt) {
      unlink(process.file.c_str());
      outcome = {.succeeded = true, .output = *std::move(json)};
      return;
    }
  }
  if (!any || !succeeded) {
    unlink(process.file.c_str());
    return;
  }
  outcome = {.succeeded = true, .output_file = process.file, .output_file_bytes = size};
}

// Nothing of the job is left, or it cannot be killed.
void ProcessRunner::Finish(Process& process) {
  if (process.signalled) KillProcessesOf(process.token, process.attempt, std::nullopt);
  for (const Channel channel : {kOut, kErr, kNews}) {
    while (process.fds[channel] >= 0 && ReadSome(process, channel) &&
           process.out_bytes <= OutBytesMax(process.limits)) {
    }
  }
  if (process.printed.policy.where != LogPolicy::Where::kOff) {
    const Redactor* const redactor = process.printed.policy.redactor.get();
    if (std::string last = process.printed.out.Finish(redactor, &process.blot); !last.empty()) {
      Tell(process, kOut, std::move(last));
    }
    if (std::string last = process.printed.err.Finish(redactor, &process.blot); !last.empty()) {
      Tell(process, kErr, std::move(last));
    }
  }
  if (!process.news_lost) TakeLine(process, process.news);  // the last one may have no end
  ProgramEnd& end = process.end;
  end.limits = process.limits;
  end.out = std::move(process.out);
  end.out_bytes = process.out_bytes;
  end.out_bytes_max = OutMax();
  process.err = process.blot(std::move(process.err));
  end.err_tail = process.err.substr(process.err.size() - std::min(process.err.size(), kErrTail));
  if (const Redactor* const redactor = process.printed.policy.redactor.get()) {
    end.err_tail = RedactTail(end.err_tail, process.err_cut, *redactor);
    end.quote_output = false;
  }
  end.blot = std::move(process.blot);
  if (process.fds[kGone] >= 0) {  // the cgroup closes it
    epoll_ctl(epoll_, EPOLL_CTL_DEL, process.fds[kGone], nullptr);
    process.fds[kGone] = -1;
  }
  for (const Channel channel : {kExit, kIn, kOut, kErr, kNews}) {
    if (process.fds[channel] >= 0) Close(process, channel);
  }
  if (!process.folder.empty()) folders_.Remove(process.folder);
  Outcome outcome = OutcomeOf(end);
  if (!process.file.empty()) TakeFile(process, outcome);
  outcome.cpu_seconds = process.cpu_seconds;
  outcome.memory_bytes_max = process.memory_bytes_max;
  outcome.killed = end.killed;
  outcome.left = end.left;
  const JobId id = process.id;
  processes_.erase(id);
  sink_.OnFinished(id, std::move(outcome));
}

}  // namespace towline::worker
