#include "worker/launch.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "worker/supervisor.h"

namespace towline::worker {
namespace {

enum class Step : int { kNone, kCgroup, kLimits, kUser, kCwd, kExec, kFork };

// What a child says on the pipe: the program its number before it runs, and whoever fails what has
// failed. The pipe's end says that the program runs.
struct Word {
  Step step = Step::kNone;
  int error = 0;
  pid_t pid = -1;
};

// Everything that the child needs, made before there is one: between fork and exec of a program
// with threads only system calls are safe. Raw ones for the user: the C library's would wait for
// threads that are not there.
struct Plan {
  const Launch* launch = nullptr;
  char** argv = nullptr;
  char** environment = nullptr;
  int words = -1;   // the pipe's write end
  int report = -1;  // the supervisor's
  int join = -1;    // cgroup.procs, where the kernel does not start into a cgroup
};

[[noreturn]] void FailAt(const Plan& plan, Step step) {
  const Word word{.step = step, .error = errno};
  [[maybe_unused]] const ssize_t written = write(plan.words, &word, sizeof word);
  _exit(127);
}

bool TakeUser(const User& user) {
  return syscall(SYS_setgroups, user.groups.size(), user.groups.data()) == 0 &&
         syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
         syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0;
}

// The agent blocks some signals and ignores others; that is its own affair.
void ResetSignals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number <= SIGRTMAX; number++) sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void Become(const Plan& plan) {
  const Launch& launch = *plan.launch;
  if (plan.join >= 0 && write(plan.join, "0", 1) != 1) FailAt(plan, Step::kCgroup);
  setpgid(0, 0);
  ResetSignals();
  for (std::size_t i = 0; i < launch.fds.size(); i++) dup2(launch.fds[i], static_cast<int>(i));
  for (const ResourceLimit& limit : launch.limits) {
    const rlimit both{.rlim_cur = limit.value, .rlim_max = limit.value};
    if (syscall(SYS_prlimit64, 0, limit.resource, &both, nullptr) != 0) {
      FailAt(plan, Step::kLimits);
    }
  }
  if (launch.user != nullptr && !TakeUser(*launch.user)) FailAt(plan, Step::kUser);
  if (!launch.cwd.empty() && chdir(launch.cwd.c_str()) != 0) FailAt(plan, Step::kCwd);
  const Word word{.pid = static_cast<pid_t>(syscall(SYS_getpid))};
  [[maybe_unused]] const ssize_t written = write(plan.words, &word, sizeof word);
  execve(plan.argv[0], plan.argv, plan.environment);
  FailAt(plan, Step::kExec);
}

// A fork that says how it went in the cgroup's case; `pidfd` and the cgroup are optional. Not the
// C library's: that one cannot start a process inside of a cgroup.
pid_t Fork(std::uint64_t flags, int* pidfd, int cgroup) {
  clone_args args{};
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  if (pidfd != nullptr) {
    args.flags |= CLONE_PIDFD;
    args.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
  }
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
}

void CloseAllBut(int kept) {
  const auto close_range = [](unsigned from, unsigned to) {
    if (syscall(SYS_close_range, from, to, 0) == 0) return;
    constexpr unsigned kMost = 1 << 16;  // an old kernel
    for (unsigned fd = from; fd <= std::min(to, kMost); fd++) close(static_cast<int>(fd));
  };
  const auto fd = static_cast<unsigned>(kept);
  if (fd > 0) close_range(0, fd - 1);
  close_range(fd + 1, ~0U);
}

[[noreturn]] void BecomeSupervisor(const Plan& plan) {
  setpgid(0, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t program = Fork(CLONE_VFORK, nullptr, -1);
  if (program < 0 && (errno == ENOSYS || errno == EPERM)) program = fork();
  if (program == 0) Become(plan);
  if (program < 0) FailAt(plan, Step::kFork);
  CloseAllBut(plan.report);
  Supervise(program, plan.report);
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));  // NOLINT: C's missing const
  }
  pointers.push_back(nullptr);
  return pointers;
}

std::string Explain(const Launch& launch, Step step, int error) {
  const std::string why = std::string(": ") + std::strerror(error);
  switch (step) {
    case Step::kCgroup:
      return "cannot enter the job's cgroup" + why;
    case Step::kLimits:
      return "cannot set the limits of the job" + why;
    case Step::kUser:
      return "cannot become user " + launch.user->name + why;
    case Step::kCwd:
      return "cannot enter the directory " + launch.cwd + why;
    case Step::kExec:
      return "cannot run " + launch.argv[0] + why;
    case Step::kNone:
    case Step::kFork:
      break;
  }
  return "cannot start a process for " + launch.argv[0] + why;
}

// All that is said on the pipe until its end, which comes when the program runs or nothing does.
//
// A program that runs as its supervisor's user may stop it before it has closed the pipe: then it
// is continued and, should that go on, killed; the runner knows what to do without it.
Word Hear(int words, pid_t child) {
  constexpr int kPatienceMs = 25;
  constexpr int kRounds = 200;
  Word last;
  for (int round = 0;;) {
    pollfd ready{.fd = words, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, kPatienceMs) == 0) {
      kill(child, ++round < kRounds ? SIGCONT : SIGKILL);
      continue;
    }
    Word word;
    const ssize_t got = read(words, &word, sizeof word);
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof word) return last;
    last = word;
  }
}

// The pipes of one start; they close themselves.
struct Ends {
  int words[2] = {-1, -1};
  int report[2] = {-1, -1};
  int join = -1;
  ~Ends() {
    for (const int fd : {words[0], words[1], report[0], report[1], join}) {
      if (fd >= 0) close(fd);
    }
  }
};

// Forks; in the child it does not return.
pid_t ForkFor(Plan plan, Ends& ends, int& pidfd) {
  const int cgroup = plan.launch->cgroup;
  const bool supervised = cgroup < 0;
  pid_t pid = Fork(supervised ? 0 : CLONE_VFORK, supervised ? nullptr : &pidfd, cgroup);
  if (pid < 0 && (errno == ENOSYS || errno == EPERM)) {  // a container may refuse clone3
    if (!supervised) plan.join = ends.join = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    pid = fork();
    if (pid > 0 && !supervised) pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  }
  if (pid != 0) return pid;
  if (supervised) BecomeSupervisor(plan);
  Become(plan);
}

}  // namespace

Launched StartProgram(const Launch& launch) {
  std::vector<char*> argv = Pointers(launch.argv);
  std::vector<char*> environment = Pointers(launch.environment);
  const bool supervised = launch.cgroup < 0;
  Ends ends;
  if (pipe2(ends.words, O_CLOEXEC) != 0 || (supervised && pipe2(ends.report, O_CLOEXEC) != 0)) {
    return {.error = Explain(launch, Step::kFork, errno)};
  }
  const Plan plan{.launch = &launch,
                  .argv = argv.data(),
                  .environment = environment.data(),
                  .words = ends.words[1],
                  .report = ends.report[1]};
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  const pid_t pid = ForkFor(plan, ends, pidfd);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return {.error = Explain(launch, Step::kFork, error)};

  close(std::exchange(ends.words[1], -1));
  const Word word = Hear(ends.words[0], pid);
  if (word.error != 0 || word.pid < 0) {
    waitpid(pid, nullptr, 0);
    if (pidfd >= 0) close(pidfd);
    return {.error = Explain(launch, word.step, word.error != 0 ? word.error : ECHILD)};
  }
  if (!supervised) return {.pid = pid, .exit_fd = pidfd};
  fcntl(ends.report[0], F_SETFL, O_NONBLOCK);
  return {.pid = word.pid, .supervisor = pid, .exit_fd = std::exchange(ends.report[0], -1)};
}

}  // namespace towline::worker
