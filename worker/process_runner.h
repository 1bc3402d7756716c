#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "worker/cgroup.h"
#include "worker/handler.h"
#include "worker/job_folders.h"
#include "worker/job_log.h"
#include "worker/local_logs.h"
#include "worker/program.h"
#include "worker/program_text.h"

namespace towline::worker {

// Runs the programs of jobs: each in a cgroup of its own or, where the host has none for us, below
// a supervisor of its own; input on standard input, result on standard output, progress on file
// descriptor 3, a large result on 4. Never a shell unless the site's file says so.
//
// Used by the agent's thread only. One descriptor tells that something has happened; HandleReady()
// then moves bytes and tells the sink. When a program ends, so does all that it has started, and
// only when that is dead the sink hears of the end. The destructor kills what still runs.
class ProcessRunner {
 public:
  struct Options {
    std::string socket{};        // TOWLINE_SOCKET
    std::string agent{};         // TOWLINE_AGENT: the path of this program
    std::string worker{};        // TOWLINE_WORKER: the principal
    std::string state{};         // the agent's directory, where it remembers the jobs' folders
    Cgroups* cgroups = nullptr;  // none: supervisors; outlives the runner
    // For what programs write to descriptor 4. Empty: results are of 64 KiB at most.
    std::string outgoing{};
  };

  ProcessRunner(Options options, JobSink& sink);
  ~ProcessRunner();
  ProcessRunner(const ProcessRunner&) = delete;
  ProcessRunner& operator=(const ProcessRunner&) = delete;

  int fd() const { return epoll_; }
  void HandleReady();

  Handler::Started Start(const Program& program, Job job);
  void Signal(JobId id, bool kill);
  std::size_t running() const { return processes_.size(); }

 private:
  static constexpr std::size_t kErrTail = 4 << 10;
  enum Channel : std::uint64_t { kExit, kIn, kOut, kErr, kNews, kGone, kChannels };
  // Its log, line by line.
  struct Printed {
    LogPolicy policy{};
    std::string type{};
    std::string about{};  // the job, for files on site
    LineCutter out{};
    LineCutter err{};
    bool noted = false;
  };
  struct Process {
    JobId id = 0;
    std::string token{};
    std::uint32_t attempt = 0;
    pid_t pid = -1;
    pid_t supervisor = -1;
    std::unique_ptr<JobCgroup> cgroup{};  // or a supervisor
    std::string folder{};                 // its private temporary directory
    std::string file{};                   // its descriptor 4
    Limits limits{};
    int fds[kChannels] = {-1, -1, -1, -1, -1, -1};  // kGone is the cgroup's
    std::string input{};
    Blot blot{};
    std::size_t written = 0;
    std::string out{};
    std::size_t out_bytes = 0;
    std::string err{};
    bool err_cut = false;  // that is not its beginning
    Printed printed{};
    std::string news{};      // an unfinished line
    bool news_lost = false;  // the line is too long and is skipped
    bool complained = false;
    bool signalled = false;
    bool killed = false;
    bool ended = false;  // the program itself; what it has left is being killed
    ProgramEnd end{};
    std::optional<double> cpu_seconds{};
    std::optional<std::int64_t> memory_bytes_max{};
    std::chrono::steady_clock::time_point patience{};  // for what does not die
  };
  struct Pipes;

  std::string Prepare(const Program& program, Process& process, Pipes& pipes);
  std::string Spawn(const Program& program, const Job& job, Process& process, Pipes& pipes);
  void Watch(Process& process, Channel channel, std::uint32_t events) const;
  void Close(Process& process, Channel channel) const;
  void HandleEvent(Process& process, Channel channel);
  void WriteInput(Process& process) const;
  // False at the end of the stream, or when there is nothing more for now.
  bool ReadSome(Process& process, Channel channel);
  void TakePrinted(Process& process, Channel channel, std::string_view bytes);
  void Tell(Process& process, Channel channel, std::string lines);
  void TakeNews(Process& process, std::string_view bytes);
  void TakeLine(Process& process, std::string_view line);
  void Kill(Process& process);

  // process_end.cc
  void OnExit(Process& process);
  bool ReapProgram(Process& process);
  bool TakeReport(Process& process);
  void KillStrays();
  void AwaitEmpty(Process& process);
  void CheckEndings();
  void TakeFile(const Process& process, Outcome& outcome) const;
  void Finish(Process& process);
  std::size_t OutMax() const;

  const Options options_;
  JobSink& sink_;
  int epoll_ = -1;
  int timer_ = -1;  // while something does not die
  JobFolders folders_;
  LocalLogs local_logs_;
  std::unordered_map<JobId, Process> processes_;
};

// The handler of a job type that runs a program.
class ProgramHandler : public Handler {
 public:
  ProgramHandler(ProcessRunner& runner, Program program)
      : runner_(runner), program_(std::move(program)) {}
  Started Start(Job job) override { return runner_.Start(program_, std::move(job)); }
  void Signal(JobId id, bool kill) override { runner_.Signal(id, kill); }

 private:
  ProcessRunner& runner_;
  const Program program_;
};

}  // namespace towline::worker
