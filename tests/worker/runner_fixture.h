#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/base/scratch.h"
#include "worker/cgroup.h"
#include "worker/process_runner.h"

namespace towline::worker::testing {

// How the runner keeps hold of what a job starts.
enum class Hold { kSupervisor, kCgroup };

inline std::string NameOf(const ::testing::TestParamInfo<Hold>& info) {
  return info.param == Hold::kSupervisor ? "Supervisor" : "Cgroup";
}

// Real programs, each test once below supervisors and once in cgroups, where the host lets us.
class RunnerTest : public ::testing::TestWithParam<Hold>, protected JobSink {
 protected:
  void SetUp() override {
    if (GetParam() == Hold::kCgroup) {
      auto opened = Cgroups::Open("test-" + std::to_string(getpid()));
      if (!opened) GTEST_SKIP() << "no cgroup of our own: " << opened.error().message;
      cgroups_ = *std::move(opened);
    }
    runner_ =
        std::make_unique<ProcessRunner>(MakeOptions(), static_cast<JobSink&>(*this));
  }
  ProcessRunner::Options MakeOptions() {
    return {
        .socket = "/run/x.sock", .agent = "/bin/agent", .worker = "a_w", .cgroups = cgroups_.get()};
  }
  void OnFinished(JobId id, Outcome outcome) override { ended_[id] = std::move(outcome); }
  void OnProgress(JobId, Progress progress) override { progress_.push_back(std::move(progress)); }
  void OnHeartbeat(JobId) override { beats_++; }
  void OnLog(JobId, std::string_view stream, std::string text) override {
    printed_[std::string(stream)] += text;
  }

  // Starts a shell script; bash and its builtins are the hostile programs here.
  JobId Start(const std::string& script, Job job = {}) {
    Program program = program_;
    program.argv = {"/bin/bash", "-c", script};
    if (program.cwd.empty()) program.cwd = scratch_.path();
    return Start(program, std::move(job));
  }
  JobId Start(const Program& program, Job job = {}) {
    job.id = ++last_;
    if (job.token.empty()) job.token = Token();
    if (job.input.empty()) job.input = "{}";
    const Handler::Started started = runner_->Start(program, std::move(job));
    if (started.outcome) ended_[last_] = *started.outcome;
    if (started.group) group_ = *started.group;
    return last_;
  }
  std::string Token() const { return "token-" + std::to_string(getpid()) + "-" + scratch_.path(); }
  template <class F>
  bool Until(F reached) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!reached() && std::chrono::steady_clock::now() < end) {
      pollfd ready{.fd = runner_->fd(), .events = POLLIN, .revents = 0};
      if (poll(&ready, 1, 50) > 0) runner_->HandleReady();
    }
    return reached();
  }
  const Outcome& Await(JobId id) {
    EXPECT_TRUE(Until([&] { return ended_.count(id) == 1; })) << "the job did not end";
    return ended_[id];
  }
  const Outcome& Run(const std::string& script, Job job = {}) {
    return Await(Start(script, std::move(job)));
  }

  Scratch scratch_;
  std::unique_ptr<Cgroups> cgroups_;
  std::unique_ptr<ProcessRunner> runner_;
  Program program_;
  JobId last_ = 0;
  std::map<JobId, Outcome> ended_;
  std::vector<Progress> progress_;
  int beats_ = 0;
  std::map<std::string, std::string> printed_;  // by stream
  ProcessGroup group_;
};

}  // namespace towline::worker::testing
