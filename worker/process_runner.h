#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "worker/handler.h"
#include "worker/program.h"

namespace towline::worker {

// Runs the programs of jobs: each in a process group of its own, input on standard input, result
// on standard output, progress on file descriptor 3. Never a shell unless the site's file says so.
//
// Used by the agent's thread only. One descriptor tells that something has happened; HandleReady()
// then moves bytes and tells the sink. Nothing blocks. When a program ends, so does what it has
// left in its process group. The destructor kills what still runs.
class ProcessRunner {
 public:
  // Called from HandleReady() only.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void OnFinished(JobId id, Outcome outcome) = 0;
    virtual void OnProgress(JobId id, Progress progress) = 0;
    virtual void OnHeartbeat(JobId id) = 0;
  };
  struct Options {
    std::string socket{};  // TOWLINE_SOCKET
    std::string agent{};   // TOWLINE_AGENT: the path of this program
    std::string worker{};  // TOWLINE_WORKER: the principal
  };

  ProcessRunner(Options options, Sink& sink);
  ~ProcessRunner();
  ProcessRunner(const ProcessRunner&) = delete;
  ProcessRunner& operator=(const ProcessRunner&) = delete;

  int fd() const { return epoll_; }
  void HandleReady();

  Handler::Started Start(const Program& program, Job job);
  void Signal(JobId id, bool kill);
  std::size_t running() const { return processes_.size(); }

 private:
  enum Channel : std::uint64_t { kExit, kIn, kOut, kErr, kNews, kChannels };
  struct Process {
    JobId id = 0;
    std::string token{};
    std::uint32_t attempt = 0;
    pid_t pid = -1;
    int fds[kChannels] = {-1, -1, -1, -1, -1};
    std::string input{};
    std::size_t written = 0;
    std::string out{};
    std::size_t out_bytes = 0;
    std::string err{};
    std::string news{};      // an unfinished line
    bool news_lost = false;  // the line is too long and is skipped
    bool complained = false;
    bool signalled = false;
  };
  struct Pipes;

  int Spawn(const Program& program, const Job& job, Pipes& pipes, pid_t& pid) const;
  std::vector<std::string> Environment(const Program& program, const Job& job) const;
  void Watch(Process& process, Channel channel, std::uint32_t events) const;
  void Close(Process& process, Channel channel) const;
  void HandleEvent(Process& process, Channel channel);
  void WriteInput(Process& process) const;
  // False at the end of the stream, or when there is nothing more for now.
  bool ReadSome(Process& process, Channel channel);
  void TakeNews(Process& process, std::string_view bytes);
  void TakeLine(Process& process, std::string_view line);
  void Finish(Process& process);

  const Options options_;
  Sink& sink_;
  int epoll_ = -1;
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
