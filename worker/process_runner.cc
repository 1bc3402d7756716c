#include "worker/process_runner.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>
#include <vector>

#include "statemachines/base/log.h"
#include "worker/leftovers.h"
#include "worker/program_text.h"

namespace towline::worker {
namespace {

constexpr std::size_t kOutMax = jobs::kPayloadBytesMax + 1024;  // white space around the result
constexpr std::size_t kOutEndless = 4 << 20;                    // nobody means to print that
constexpr std::size_t kErrTail = 4 << 10;
constexpr std::size_t kLineMax = 32 << 10;
constexpr int kChannelBits = 3;
constexpr int kLowDescriptors = 4;  // the child's own: 0 to 3

void CloseFd(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

// The child's descriptors are made with dup2(): none of ours may be one of them.
void OccupyLowDescriptors() {
  for (;;) {
    const int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0 || fd < kLowDescriptors) continue;
    close(fd);
    return;
  }
}

// A descriptor that becomes readable when the process ends. Without one the process ends at once.
int OpenExit(pid_t pid, int& fd) {
  fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd >= 0) return 0;
  const int error = errno;
  kill(-pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return error;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));  // NOLINT: C's missing const
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

// Four pipes, ours and the child's ends.
struct ProcessRunner::Pipes {
  int ours[kChannels] = {-1, -1, -1, -1, -1};
  int theirs[kChannels] = {-1, -1, -1, -1, -1};

  int Open() {
    for (const Channel channel : {kIn, kOut, kErr, kNews}) {
      int ends[2];
      if (pipe2(ends, O_CLOEXEC) != 0) return errno;
      const bool writes = channel == kIn;
      ours[channel] = ends[writes ? 1 : 0];
      theirs[channel] = ends[writes ? 0 : 1];
      fcntl(ours[channel], F_SETFL, O_NONBLOCK);
    }
    return 0;
  }
  void CloseTheirs() {
    for (int& fd : theirs) CloseFd(fd);
  }
  ~Pipes() {
    CloseTheirs();
    for (int& fd : ours) CloseFd(fd);
  }
};

ProcessRunner::ProcessRunner(Options options, Sink& sink)
    : options_(std::move(options)), sink_(sink) {
  OccupyLowDescriptors();
  signal(SIGPIPE, SIG_IGN);  // of programs that do not read their input
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

ProcessRunner::~ProcessRunner() {
  for (auto& [id, process] : processes_) {
    kill(-process.pid, SIGKILL);
    waitpid(process.pid, nullptr, 0);
    for (int& fd : process.fds) CloseFd(fd);
  }
  close(epoll_);
}

std::vector<std::string> ProcessRunner::Environment(const Program& program, const Job& job) const {
  std::map<std::string, std::string> variables;
  for (char** each = environ; *each != nullptr; each++) {
    const std::string_view text = *each;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || text.substr(0, 8) == "TOWLINE_") continue;
    variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : program.env) variables[name] = value;
  variables["TOWLINE_TOKEN"] = job.token;
  variables["TOWLINE_ATTEMPT"] = std::to_string(job.attempt);
  variables["TOWLINE_JOB_TYPE"] = job.type;
  variables["TOWLINE_EXECUTION"] = job.execution;
  variables["TOWLINE_STATE"] = job.state;
  variables["TOWLINE_WORKER"] = options_.worker;
  variables["TOWLINE_SOCKET"] = options_.socket;
  variables["TOWLINE_AGENT"] = options_.agent;
  if (job.checkpoint) variables["TOWLINE_CHECKPOINT"] = *job.checkpoint;
  if (job.timeout_seconds) {
    variables["TOWLINE_TIMEOUT_SECONDS"] = std::to_string(*job.timeout_seconds);
  }
  std::vector<std::string> texts;
  texts.reserve(variables.size());
  for (const auto& [name, value] : variables) texts.push_back(name + "=" + value);
  return texts;
}

int ProcessRunner::Spawn(const Program& program, const Job& job, Pipes& pipes, pid_t& pid) const {
  std::vector<std::string> argv = program.argv;
  if (program.shell) argv = {"/bin/sh", "-c", program.argv[0]};
  const std::vector<std::string> environment = Environment(program, job);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipes.theirs[kIn], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipes.theirs[kOut], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipes.theirs[kErr], STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipes.theirs[kNews], 3);
  if (!program.cwd.empty()) posix_spawn_file_actions_addchdir_np(&actions, program.cwd.c_str());

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  const int rc = posix_spawn(&pid, argv[0].c_str(), &actions, &attributes, Pointers(argv).data(),
                             Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return rc;
}

Handler::Started ProcessRunner::Start(const Program& program, Job job) {
  Pipes pipes;
  pid_t pid = -1;
  int error = pipes.Open();
  if (error == 0) error = Spawn(program, job, pipes, pid);
  int exit_fd = -1;
  if (error == 0) error = OpenExit(pid, exit_fd);
  if (error != 0) {
    return {.outcome =
                Outcome{.error = "Towline.ProgramNotStarted",
                        .cause = "cannot run " + program.argv[0] + ": " + std::strerror(error)}};
  }
  Process& process = processes_[job.id];
  process.id = job.id;
  process.token = std::move(job.token);
  process.attempt = job.attempt;
  process.pid = pid;
  process.input = std::move(job.input);
  for (const Channel channel : {kIn, kOut, kErr, kNews}) {
    process.fds[channel] = std::exchange(pipes.ours[channel], -1);
  }
  process.fds[kExit] = exit_fd;
  pipes.CloseTheirs();
  for (const Channel channel : {kExit, kOut, kErr, kNews}) Watch(process, channel, EPOLLIN);
  WriteInput(process);
  if (process.fds[kIn] >= 0) Watch(process, kIn, EPOLLOUT);
  return {.group = ProcessGroup{.group = pid, .birth = BirthOf(pid)}};
}

void ProcessRunner::Watch(Process& process, Channel channel, std::uint32_t events) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = (process.id << kChannelBits) | channel;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, process.fds[channel], &event);
}

void ProcessRunner::Close(Process& process, Channel channel) const {
  // The description may live on in a child of the program's: closing alone would not end the watch.
  epoll_ctl(epoll_, EPOLL_CTL_DEL, process.fds[channel], nullptr);
  CloseFd(process.fds[channel]);
}

void ProcessRunner::Signal(JobId id, bool kill) {
  const auto found = processes_.find(id);
  if (found == processes_.end()) return;
  found->second.signalled = true;
  ::kill(-found->second.pid, kill ? SIGKILL : SIGTERM);
}

void ProcessRunner::HandleReady() {
  constexpr int kEvents = 64;
  epoll_event events[kEvents];
  const int count = epoll_wait(epoll_, events, kEvents, 0);
  for (int i = 0; i < count; i++) {
    const auto found = processes_.find(events[i].data.u64 >> kChannelBits);
    if (found == processes_.end()) continue;
    const auto channel = static_cast<Channel>(events[i].data.u64 & ((1U << kChannelBits) - 1));
    if (found->second.fds[channel] >= 0) HandleEvent(found->second, channel);
  }
}

void ProcessRunner::HandleEvent(Process& process, Channel channel) {
  switch (channel) {
    case kExit:
      return Finish(process);
    case kIn:
      return WriteInput(process);
    default:
      break;
  }
  if (!ReadSome(process, channel) && errno != EAGAIN) Close(process, channel);
  if (process.out_bytes > kOutEndless) ::kill(-process.pid, SIGKILL);
}

// A program need not read its input.
void ProcessRunner::WriteInput(Process& process) const {
  const char* const from = process.input.data() + process.written;
  const std::size_t left = process.input.size() - process.written;
  const ssize_t wrote = write(process.fds[kIn], from, left);
  if (wrote >= 0) process.written += static_cast<std::size_t>(wrote);
  const bool again = wrote < 0 && (errno == EAGAIN || errno == EINTR);
  if (again || (wrote >= 0 && process.written < process.input.size())) return;
  Close(process, kIn);
  process.input = {};
}

bool ProcessRunner::ReadSome(Process& process, Channel channel) {
  char bytes[16 << 10];
  const ssize_t got = read(process.fds[channel], bytes, sizeof bytes);
  if (got <= 0) {
    if (got == 0) errno = 0;
    return false;
  }
  const std::string_view text(bytes, static_cast<std::size_t>(got));
  switch (channel) {
    case kOut:
      process.out_bytes += text.size();
      process.out.append(text.substr(0, kOutMax - std::min(kOutMax, process.out.size())));
      break;
    case kErr:
      process.err.append(text);
      if (process.err.size() > 2 * kErrTail) process.err.erase(0, process.err.size() - kErrTail);
      break;
    default:
      TakeNews(process, text);
      break;
  }
  return true;
}

void ProcessRunner::TakeNews(Process& process, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    process.news_lost = process.news_lost || process.news.size() + part.size() > kLineMax;
    if (process.news_lost) {
      process.news.clear();
    } else {
      process.news.append(part);
    }
    if (end == std::string_view::npos) return;
    TakeLine(process, process.news_lost ? std::string_view("(too long)") : process.news);
    process.news.clear();
    process.news_lost = false;
    bytes.remove_prefix(end + 1);
  }
}

void ProcessRunner::TakeLine(Process& process, std::string_view line) {
  if (line.empty()) return;
  std::optional<ProgressLine> said = ParseProgressLine(line);
  if (!said) {
    if (std::exchange(process.complained, true)) return;
    Log(LogLevel::kWarning, "progress_refused",
        {{"pid", std::to_string(process.pid)}, {"line", std::string(line.substr(0, 200))}});
    return;
  }
  if (said->says_something) return sink_.OnProgress(process.id, std::move(said->progress));
  sink_.OnHeartbeat(process.id);
}

void ProcessRunner::Finish(Process& process) {
  // While its leader is a zombie the group's number cannot be used again.
  siginfo_t info{};
  const auto pid = static_cast<id_t>(process.pid);
  if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WNOHANG) != 0 || info.si_pid == 0) return;
  kill(-process.pid, SIGKILL);
  ProgramEnd end;
  rusage usage{};
  wait4(process.pid, &end.wait_status, 0, &usage);
  if (process.signalled) KillProcessesOf(process.token, process.attempt, std::nullopt);
  for (const Channel channel : {kOut, kErr, kNews}) {
    while (process.fds[channel] >= 0 && ReadSome(process, channel) &&
           process.out_bytes <= kOutEndless) {
    }
  }
  if (!process.news_lost) TakeLine(process, process.news);  // the last one may have no end
  end.out = std::move(process.out);
  end.out_bytes = process.out_bytes;
  end.err_tail = process.err.substr(process.err.size() - std::min(process.err.size(), kErrTail));
  for (const Channel channel : {kExit, kIn, kOut, kErr, kNews}) {
    if (process.fds[channel] >= 0) Close(process, channel);
  }
  Outcome outcome = OutcomeOf(end);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  outcome.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  outcome.memory_bytes_max = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  const JobId id = process.id;
  processes_.erase(id);
  sink_.OnFinished(id, std::move(outcome));
}

}  // namespace towline::worker
