// Hostile jobs. Each ends, by itself, by a cancel or by a limit; nothing of it survives, the runner
// goes on, and its own memory stays small.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/worker/runner_fixture.h"
#include "worker/job_folders.h"
#include "worker/leftovers.h"
#include "worker/process_tree.h"

namespace towline::worker::testing {
namespace {

long OwnMemoryKb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long value = 0;
    if (word == "VmRSS:" && status >> value) return value;
  }
  return 0;
}

class ZooTest : public RunnerTest {
 protected:
  // Every job writes the numbers of its processes here.
  std::vector<pid_t> Noted() const {
    std::istringstream lines(scratch_.Read("pids"));
    std::vector<pid_t> pids;
    for (pid_t pid = 0; lines >> pid;) pids.push_back(pid);
    return pids;
  }
  bool Noted(std::size_t count) {
    return Until([&] { return Noted().size() >= count; });
  }
  static bool Lives(pid_t pid) { return ParentOf(pid) != 0; }
  int Living() const {
    const auto pids = Noted();
    return static_cast<int>(std::count_if(pids.begin(), pids.end(), Lives));
  }
  // Soft first, then hard; the end comes when nothing is left.
  const Outcome& Cancel(JobId id) {
    runner_->Signal(id, /*kill=*/false);
    for (int i = 0; i < 4; i++) Pump();
    runner_->Signal(id, /*kill=*/true);
    return Await(id);
  }
  void Pump() {
    pollfd ready{.fd = runner_->fd(), .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 25) > 0) runner_->HandleReady();
  }
  void ExpectNothingLeft(const Outcome& outcome) {
    EXPECT_EQ(outcome.left, 0);
    EXPECT_EQ(Living(), 0);
    EXPECT_EQ(KillProcessesOf(Token(), 1, std::nullopt), 0) << "found by its environment";
    EXPECT_EQ(runner_->running(), 0U);
    EXPECT_EQ(Run("echo 1").output, "1") << "the next job runs";
  }
};

INSTANTIATE_TEST_SUITE_P(Hold, ZooTest, ::testing::Values(Hold::kSupervisor, Hold::kCgroup),
                         NameOf);

TEST_P(ZooTest, DoubleFork) {
  const JobId id = Start("(sleep 300 & echo $! >> pids) & wait; echo $$ >> pids; sleep 300");
  ASSERT_TRUE(Noted(2));
  const Outcome& outcome = Cancel(id);
  EXPECT_EQ(outcome.error, "Towline.ProgramKilled");
  ExpectNothingLeft(outcome);
}

TEST_P(ZooTest, ASessionOfItsOwnWithoutAnEnvironment) {
  const JobId id = Start(
      "env -i setsid sh -c 'echo $$ >> pids; (sleep 300 & echo $! >> pids); sleep 300' &"
      "echo $$ >> pids; wait");
  ASSERT_TRUE(Noted(3));
  ExpectNothingLeft(Cancel(id));
}

TEST_P(ZooTest, ADaemonThatOutlivesItsProgram) {
  const Outcome& outcome =
      Run("env -i setsid sh -c 'exec >/dev/null 2>&1 3>&-; sleep 300 & echo $! >> pids;"
          "echo $$ >> pids; wait' & until [ $(wc -l < pids) = 2 ]; do sleep 0.02; done 2>/dev/null;"
          "echo 7");
  EXPECT_EQ(outcome.output, "7") << outcome.cause;
  EXPECT_EQ(outcome.killed, 2);
  ExpectNothingLeft(outcome);
}

TEST_P(ZooTest, IgnoresTheSoftSignal) {
  const JobId id = Start("trap '' TERM; echo $$ >> pids; while :; do sleep 0.1; done");
  ASSERT_TRUE(Noted(1));
  const Outcome& outcome = Cancel(id);
  EXPECT_EQ(outcome.error, "Towline.ProgramKilled");
  EXPECT_GE(outcome.killed.value_or(0), 1);
  ExpectNothingLeft(outcome);
}

TEST_P(ZooTest, TheSoftSignalReachesWhatHasLeftTheGroup) {
  const JobId id = Start(
      "setsid bash -c 'trap \"touch cleaned; exit\" TERM; echo $$ >> pids;"
      "while :; do sleep 0.05; done' & trap 'wait; exit 3' TERM; echo $$ >> pids; wait");
  ASSERT_TRUE(Noted(2));
  runner_->Signal(id, /*kill=*/false);
  const Outcome& outcome = Await(id);
  EXPECT_EQ(outcome.cause.substr(0, 11), "exit code 3");
  EXPECT_TRUE(std::filesystem::exists(scratch_.path() + "/cleaned"));
  ExpectNothingLeft(outcome);
}

TEST_P(ZooTest, StopsItself) {
  const JobId id = Start("echo $$ >> pids; kill -STOP $$; echo 5");
  ASSERT_TRUE(Noted(1));
  ExpectNothingLeft(Cancel(id));
}

TEST_P(ZooTest, ForksWithoutEnd) {
  // Forty at a time: each makes its successor and ends.
  const JobId id = Start(
      "echo $$ >> pids; f() { sleep 0.01; g & }; g() { f & };"
      "for i in {1..40}; do g; done; while :; do sleep 1; done");
  ASSERT_TRUE(Noted(1));
  for (int i = 0; i < 10; i++) Pump();
  ExpectNothingLeft(Cancel(id));
  EXPECT_EQ(SignalDescendants(getpid(), 0), 0);
}

TEST_P(ZooTest, PrintsWithoutEnd) {
  const long before = OwnMemoryKb();
  const Outcome& outcome = Run("echo $$ >> pids; exec yes");
  EXPECT_EQ(outcome.error, "States.DataLimitExceeded");
  EXPECT_LT(OwnMemoryKb() - before, 8'192);
  ExpectNothingLeft(outcome);
}

TEST_P(ZooTest, PrintsAGigabyteAsFastAsItCan) {
  const long before = OwnMemoryKb();
  const Outcome& outcome = Run("echo $$ >> pids; head -c 1073741824 /dev/zero");
  EXPECT_EQ(outcome.error, "States.DataLimitExceeded");
  EXPECT_LT(OwnMemoryKb() - before, 8'192);
  ExpectNothingLeft(outcome);
}

TEST_P(ZooTest, ClosesItsDescriptors) {
  const JobId id = Start("exec <&- >&- 2>&- 3>&-; echo $$ >> pids; sleep 300");
  ASSERT_TRUE(Noted(1));
  ExpectNothingLeft(Cancel(id));
}

TEST_P(ZooTest, WritesJunkAsItsProgress) {
  const long before = OwnMemoryKb();
  const Outcome& outcome = Run("echo $$ >> pids; head -c 20000000 /dev/urandom >&3; echo 1");
  EXPECT_EQ(outcome.output, "1") << outcome.cause;
  EXPECT_LT(OwnMemoryKb() - before, 8'192);
  ExpectNothingLeft(outcome);
}

TEST_P(ZooTest, AllocatesWithoutEnd) {
  program_.limits.memory_mb = 64;
  const Outcome& outcome =
      Run("echo $$ >> pids; x=$(head -c 400000000 /dev/zero | tr '\\0' y); echo ${#x}");
  EXPECT_FALSE(outcome.succeeded) << outcome.output;
  if (cgroups_ != nullptr && cgroups_->has_memory()) {
    EXPECT_EQ(outcome.error, "Towline.MemoryLimit");
  }
  ExpectNothingLeft(outcome);
}

TEST_P(ZooTest, KillsOrStopsItsSupervisor) {
  if (GetParam() == Hold::kCgroup) GTEST_SKIP() << "there is none";
  JobId id = Start("setsid sleep 300 & echo $! >> pids; echo $$ >> pids; kill -9 $PPID; sleep 300");
  ASSERT_TRUE(Noted(2));
  Await(id);
  EXPECT_EQ(Living(), 0);
  id = Start("setsid sleep 300 & echo $! >> pids; echo $$ >> pids; kill -STOP $PPID; sleep 300");
  ASSERT_TRUE(Noted(4));
  ExpectNothingLeft(Cancel(id));
}

// Before the supervisor could do anything: the first thing that the program does.
TEST_P(ZooTest, KillsOrStopsItsSupervisorAtOnce) {
  if (GetParam() == Hold::kCgroup) GTEST_SKIP() << "there is none";
  constexpr std::size_t kRounds = 30;
  for (std::size_t round = 1; round <= kRounds; round++) {
    Await(Start("kill -9 $PPID; exec sleep 300"));
    const JobId id = Start("kill -STOP $PPID; echo $$ >> pids; exec sleep 300");
    ASSERT_TRUE(Noted(round));
    runner_->Signal(id, /*kill=*/true);
    EXPECT_EQ(Await(id).left, 0);
    EXPECT_EQ(Living(), 0);
  }
  EXPECT_EQ(runner_->running(), 0U);
  EXPECT_EQ(SignalDescendants(getpid(), 0), 0);
}

TEST_P(ZooTest, LeavesAForestOfFiles) {
  const Outcome& outcome = Run(
      "mkdir -p $TMPDIR/a/b; ln -s / $TMPDIR/root; touch $TMPDIR/a/b/c; echo \"\\\"$TMPDIR\\\"\"");
  const std::string folder = outcome.output.substr(1, outcome.output.size() - 2);
  EXPECT_NE(folder.find("towline-jobs-"), std::string::npos);
  EXPECT_TRUE(Until([&] { return !std::filesystem::exists(folder); }));
  EXPECT_TRUE(std::filesystem::exists("/etc"));
}

TEST_P(ZooTest, OpensTooManyFilesAndWritesTooMuch) {
  program_.limits.open_files = 20;
  program_.limits.file_mb = 1;
  EXPECT_EQ(Run("ulimit -n").output, "20");
  const Outcome& outcome = Run("exec head -c 3000000 /dev/zero > large");
  EXPECT_EQ(outcome.error, "Towline.ProgramKilled") << outcome.cause;
  EXPECT_EQ(std::filesystem::file_size(scratch_.path() + "/large"), 1U << 20);
}

TEST_P(ZooTest, RunsAsTheUserOfTheFileAndGetsNothingOfTheAgents) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  chmod(scratch_.path().c_str(), 0777);
  setenv("AGENT_SECRET", "x", 1);
  program_.user =
      User{.name = "nobody", .uid = 65534, .gid = 65534, .groups = {65534}, .home = "/nonexistent"};
  program_.limits.pids = 100;
  const Outcome& outcome =
      Run("touch $TMPDIR/mine && echo \"\\\"$(id -u):$(id -G):$HOME:$USER:${AGENT_SECRET-none}:"
          "$(ulimit -u)\\\"\"");
  unsetenv("AGENT_SECRET");
  const bool counted = cgroups_ != nullptr && cgroups_->has_pids();
  if (!counted) {
    EXPECT_EQ(outcome.output, "\"65534:65534:/nonexistent:nobody:none:100\"") << outcome.cause;
  }
  const JobId id = Start("echo $$ >> pids; trap '' TERM; kill -9 $PPID; sleep 300");
  ASSERT_TRUE(Noted(1));
  ExpectNothingLeft(Cancel(id));
  program_.cwd = "/root";
  if ((std::filesystem::status("/root").permissions() & std::filesystem::perms::others_exec) ==
      std::filesystem::perms::none) {
    EXPECT_EQ(Run("echo 1").cause, "cannot enter the directory /root: Permission denied");
  }
}

// The agent dies without a word; the next one finds the rest of the job by its note in the journal.
TEST_P(ZooTest, WhatAKilledAgentLeavesIsKilledByTheNext) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t agent = fork();
  if (agent == 0) {
    const Program program{.argv = {"/bin/bash", "-c",
                                   "env -i setsid sleep 300 & echo $! >> pids; echo $$ >> pids;"
                                   "sleep 300"},
                          .cwd = scratch_.path(),
                          .private_tmp = false};
    ProcessRunner::Options options = MakeOptions();
    options.state = scratch_.path();
    ProcessRunner runner(std::move(options), *this);
    const auto started = runner.Start(program, {.id = 1, .token = Token(), .input = "{}"});
    const std::string note =
        std::to_string(started.group->group) + " " + started.group->birth + "\n";
    [[maybe_unused]] const auto written = write(ends[1], note.data(), note.size());
    for (;;) pause();
  }
  char text[200] = {};
  ASSERT_GT(read(ends[0], text, sizeof text - 1), 0);
  ProcessGroup group;
  std::istringstream(text) >> group.group >> group.birth;
  ASSERT_TRUE(Noted(2));
  kill(agent, SIGKILL);
  waitpid(agent, nullptr, 0);
  EXPECT_EQ(Living(), 2) << "it runs on until somebody looks";
  if (GetParam() == Hold::kCgroup) {
    runner_.reset();
    cgroups_.reset();
    cgroups_ = *Cgroups::Open("test-" + std::to_string(getpid()));  // as at the agent's start
  } else {
    EXPECT_GE(KillProcessesOf(Token(), 1, group), 1);
  }
  EXPECT_EQ(Living(), 0);
  const auto folder = std::filesystem::read_symlink(scratch_.path() + "/tmp");
  EXPECT_TRUE(std::filesystem::exists(folder));
  { const JobFolders next(scratch_.path()); }
  EXPECT_FALSE(std::filesystem::exists(folder));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace towline::worker::testing
