#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "worker/handler.h"
#include "worker/sdk/job.h"
#include "worker/wake_queue.h"

namespace towline::worker {

// Runs the functions of jobs on threads of its own: started as they are needed, `threads` at most;
// further jobs wait. The agent's thread never waits: one descriptor tells that something has
// happened, and HandleReady() then tells the sink. All but the threads' own part is used by the
// agent's thread only.
class FunctionRunner {
 public:
  FunctionRunner(int threads, JobSink& sink);
  // Asks what still runs to stop, and waits for it: see busy().
  ~FunctionRunner();
  FunctionRunner(const FunctionRunner&) = delete;
  FunctionRunner& operator=(const FunctionRunner&) = delete;

  int fd() const { return events_.fd(); }
  void HandleReady();

  Handler::Started Start(const sdk::Function& function, Job job);  // the function outlives it
  // Requests the stop. A kill cannot do more: it tells that the job goes on.
  void Signal(JobId id, bool kill);
  // Functions that run, whoever still wants them: the destructor would wait for them.
  std::size_t busy() const;

 private:
  class Run;
  struct Beat {};
  struct Event {
    JobId id = 0;
    std::variant<Outcome, Progress, Beat> what{};
  };

  void Work();             // a thread's life
  void Handle(Event event);

  const std::size_t threads_max_;
  JobSink& sink_;
  WakeQueue<Event> events_;
  std::unordered_map<JobId, std::shared_ptr<Run>> runs_;  // the agent's thread's

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  bool ending_ = false;                     // guarded by mutex_
  std::size_t busy_ = 0;                    // guarded by mutex_
  std::deque<std::shared_ptr<Run>> queue_;  // guarded by mutex_
  std::vector<std::jthread> threads_;       // last: they end before the rest goes
};

// The handler of a job type that runs a function.
class FunctionHandler : public Handler {
 public:
  FunctionHandler(FunctionRunner& runner, sdk::Function function)
      : runner_(runner), function_(std::move(function)) {}
  Started Start(Job job) override { return runner_.Start(function_, std::move(job)); }
  void Signal(JobId id, bool kill) override { runner_.Signal(id, kill); }
  bool can_kill() const override { return false; }

 private:
  FunctionRunner& runner_;
  const sdk::Function function_;
};

}  // namespace towline::worker
