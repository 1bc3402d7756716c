#include "worker/process_runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "statemachines/base/log.h"
#include "worker/launch.h"
#include "worker/leftovers.h"
#include "worker/program_environment.h"
#include "worker/program_limits.h"
#include "worker/supervisor.h"

namespace towline::worker {
namespace {

constexpr std::size_t kSpaceMax = 1024;  // white space around the result
constexpr std::size_t kLargeOutMax = 4 << 20;
constexpr std::size_t kLineMax = 32 << 10;
constexpr int kChannelBits = 3;
constexpr int kLowDescriptors = 5;  // the child's own: 0 to 4

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

constexpr std::uint64_t kTimerData = 0;  // no job has this number

}  // namespace

// Four pipes, ours and the child's ends.
struct ProcessRunner::Pipes {
  int ours[kChannels] = {-1, -1, -1, -1, -1, -1};
  int theirs[kChannels] = {-1, -1, -1, -1, -1, -1};
  int file = -1;

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
    CloseFd(file);
  }
  ~Pipes() {
    CloseTheirs();
    for (int& fd : ours) CloseFd(fd);
  }
};

ProcessRunner::ProcessRunner(Options options, JobSink& sink)
    : options_(std::move(options)), sink_(sink), folders_(options_.state),
      local_logs_(options_.state + "/logs") {
  OccupyLowDescriptors();
  signal(SIGPIPE, SIG_IGN);  // of programs that do not read their input
  signal(SIGCHLD, SIG_DFL);  // a starter may have it ignored: then nobody can be waited for
  // What a job orphans by killing its supervisor becomes ours, and is found.
  if (options_.cgroups == nullptr) prctl(PR_SET_CHILD_SUBREAPER, 1);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer_ < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kTimerData;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);
}

ProcessRunner::~ProcessRunner() {
  for (auto& [id, process] : processes_) {
    Kill(process);
    if (!process.ended) waitpid(process.cgroup ? process.pid : process.supervisor, nullptr, 0);
    if (!process.folder.empty()) folders_.Remove(process.folder);
    process.fds[kGone] = -1;
    for (int& fd : process.fds) CloseFd(fd);
  }
  close(timer_);
  close(epoll_);
}

// What must exist before the process: the returned text says why it does not.
std::string ProcessRunner::Prepare(const Program& program, Process& process, Pipes& pipes) {
  if (const int error = pipes.Open(); error != 0) {
    return std::string("cannot make pipes: ") + std::strerror(error);
  }
  if (program.private_tmp) {
    process.folder = folders_.Make(program.user ? &*program.user : nullptr);
    if (process.folder.empty()) {
      return std::string("cannot make a temporary directory: ") + std::strerror(errno);
    }
  }
  if (!options_.outgoing.empty()) {
    process.file = options_.outgoing + "/job-" + std::to_string(process.id);
    pipes.file = open(process.file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (pipes.file < 0) return "cannot make " + process.file + ": " + std::strerror(errno);
  }
  if (options_.cgroups == nullptr) return {};
  auto made = options_.cgroups->Make(program.limits);
  if (!made) return made.error().message;
  process.cgroup = *std::move(made);
  return {};
}

std::string ProcessRunner::Spawn(const Program& program, const Job& job, Process& process,
                                 Pipes& pipes) {
  Launch launch{
      .argv = program.argv,
      .environment = EnvironmentOf(program, job,
                                   {.socket = options_.socket,
                                    .agent = options_.agent,
                                    .worker = options_.worker,
                                    .folder = process.folder}),
      .cwd = program.cwd,
      .user = program.user ? &*program.user : nullptr,
      .fds = {pipes.theirs[kIn], pipes.theirs[kOut], pipes.theirs[kErr], pipes.theirs[kNews],
              pipes.file},
      .limits = ResourceLimitsOf(program, options_.cgroups)};
  if (program.shell) launch.argv = {"/bin/sh", "-c", program.argv[0]};
  if (process.cgroup) launch.cgroup = process.cgroup->fd();
  Launched launched = StartProgram(launch);
  process.pid = launched.pid;
  process.supervisor = launched.supervisor;
  process.fds[kExit] = launched.exit_fd;
  return std::move(launched.error);
}

Handler::Started ProcessRunner::Start(const Program& program, Job job) {
  Pipes pipes;
  Process process{.id = job.id, .attempt = job.attempt, .limits = program.limits};
  std::string why = Prepare(program, process, pipes);
  if (why.empty()) why = Spawn(program, job, process, pipes);
  if (!why.empty()) {
    if (!process.folder.empty()) folders_.Remove(process.folder);
    if (!process.file.empty()) unlink(process.file.c_str());
    return {.outcome = Outcome{.error = "Towline.ProgramNotStarted", .cause = std::move(why)}};
  }
  process.printed = {.policy = program.log,
                     .type = std::move(job.type),
                     .about = job.execution + " " + job.state + " #" + std::to_string(job.attempt)};
  process.token = std::move(job.token);
  process.input = std::move(job.input);
  process.blot = std::move(job.blot);
  for (const Channel channel : {kIn, kOut, kErr, kNews}) {
    process.fds[channel] = std::exchange(pipes.ours[channel], -1);
  }
  pipes.CloseTheirs();
  Process& kept = processes_[job.id] = std::move(process);
  for (const Channel channel : {kExit, kOut, kErr, kNews}) Watch(kept, channel, EPOLLIN);
  WriteInput(kept);
  if (kept.fds[kIn] >= 0) Watch(kept, kIn, EPOLLOUT);
  return {.group = ProcessGroup{.group = kept.pid, .birth = BirthOf(kept.pid)}};
}

std::size_t ProcessRunner::OutMax() const {
  return (options_.outgoing.empty() ? jobs::kPayloadBytesMax : kLargeOutMax) + kSpaceMax;
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
  Process& process = found->second;
  process.signalled = true;
  if (kill) return Kill(process);
  if (process.cgroup) return process.cgroup->Signal(SIGTERM);
  ::kill(process.supervisor, kSupervisorAsk);
}

void ProcessRunner::Kill(Process& process) {
  const bool again = std::exchange(process.killed, true);
  if (process.cgroup) {
    if (!again) process.end.killed += process.cgroup->Count();
    process.cgroup->Kill();
  } else {
    // A job of the agent's own user may have stopped its supervisor, and go on doing so.
    ::kill(process.supervisor, again ? SIGKILL : kSupervisorKill);
    ::kill(process.supervisor, SIGCONT);
  }
}

void ProcessRunner::HandleReady() {
  constexpr int kEvents = 64;
  epoll_event events[kEvents];
  const int count = epoll_wait(epoll_, events, kEvents, 0);
  for (int i = 0; i < count; i++) {
    if (events[i].data.u64 == kTimerData) {
      CheckEndings();
      continue;
    }
    const auto found = processes_.find(events[i].data.u64 >> kChannelBits);
    if (found == processes_.end()) continue;
    const auto channel = static_cast<Channel>(events[i].data.u64 & ((1U << kChannelBits) - 1));
    if (found->second.fds[channel] >= 0) HandleEvent(found->second, channel);
  }
  folders_.Reap();
}

void ProcessRunner::HandleEvent(Process& process, Channel channel) {
  switch (channel) {
    case kExit:
      return OnExit(process);
    case kGone:
      process.cgroup->WatchEmpty();
      if (process.cgroup->Remove()) Finish(process);
      return;
    case kIn:
      return WriteInput(process);
    default:
      break;
  }
  if (!ReadSome(process, channel) && errno != EAGAIN) Close(process, channel);
  if (process.out_bytes > OutBytesMax(process.limits) && !process.killed) Kill(process);
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
      process.out.append(text.substr(0, OutMax() - std::min(OutMax(), process.out.size())));
      TakePrinted(process, channel, text);
      break;
    case kErr:
      process.err.append(text);
      process.err_cut = process.err_cut || process.err.size() > kErrTail;
      TakePrinted(process, channel, text);
      if (process.err.size() <= 2 * kErrTail) break;
      process.err = process.blot(std::move(process.err));  // before one is cut in two
      process.err.erase(0, process.err.size() - std::min(process.err.size(), kErrTail));
      break;
    default:
      TakeNews(process, text);
      break;
  }
  return true;
}

void ProcessRunner::TakePrinted(Process& process, Channel channel, std::string_view bytes) {
  Printed& printed = process.printed;
  LineCutter& cutter = channel == kOut ? printed.out : printed.err;
  std::string lines;
  if (printed.policy.where != LogPolicy::Where::kOff) {
    lines = cutter.Take(bytes, printed.policy.redactor.get(), &process.blot);
  }
  Tell(process, channel, std::move(lines));
}

void ProcessRunner::Tell(Process& process, Channel channel, std::string lines) {
  Printed& printed = process.printed;
  const char* const stream = channel == kOut ? "stdout" : "stderr";
  switch (printed.policy.where) {
    case LogPolicy::Where::kCentral:
      if (!lines.empty()) sink_.OnLog(process.id, stream, std::move(lines));
      return;
    case LogPolicy::Where::kLocal:
      if (!lines.empty()) local_logs_.Write(printed.type, printed.about, stream, lines);
      if (std::exchange(printed.noted, true)) return;
      return sink_.OnLog(process.id, "note",
                         "what it prints stays on site: " + options_.worker + ", " +
                             local_logs_.PathOf(printed.type) + "\n");
    case LogPolicy::Where::kOff:
      if (std::exchange(printed.noted, true)) return;
      return sink_.OnLog(process.id, "note",
                         "what it prints is not kept: logs = \"off\" in the site's file\n");
  }
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
        {{"pid", std::to_string(process.pid)},
         {"line", process.blot.Excerpt(std::string(line.substr(0, 200)))}});
    return;
  }
  if (said->says_something) return sink_.OnProgress(process.id, std::move(said->progress));
  sink_.OnHeartbeat(process.id);
}

}  // namespace towline::worker
