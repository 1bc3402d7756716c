// Real programs, well-behaved and otherwise.

#include "worker/process_runner.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/worker/runner_fixture.h"
#include "worker/leftovers.h"
#include "worker/process_tree.h"

namespace towline::worker::testing {
namespace {

class ProcessRunnerTest : public RunnerTest {};

INSTANTIATE_TEST_SUITE_P(Hold, ProcessRunnerTest,
                         ::testing::Values(Hold::kSupervisor, Hold::kCgroup), NameOf);

bool Alive(pid_t pid) { return ParentOf(pid) != 0; }  // a zombie does not

TEST_P(ProcessRunnerTest, InputGoesInAndTheResultComesOut) {
  const Outcome& outcome = Run("cat", {.input = R"({"a":15})"});
  EXPECT_TRUE(outcome.succeeded) << outcome.cause;
  EXPECT_EQ(outcome.output, R"({"a":15})");
  EXPECT_TRUE(outcome.cpu_seconds);
  EXPECT_GT(outcome.memory_bytes_max.value_or(0), 0);
  EXPECT_EQ(runner_->running(), 0U);
}

TEST_P(ProcessRunnerTest, LargeInputAndOutputPassWhole) {
  const std::string input = '"' + std::string(65'000, 'x') + '"';
  EXPECT_EQ(Run("cat", {.input = input}).output, input);
}

TEST_P(ProcessRunnerTest, NoPieceOfASecretIsLeftWhereWhatItPrintedIsCut) {
  Blot blot;
  blot.Add("0123456789abcdefghijklmnopqrstuvwxyz");
  const std::string print =
      "for i in {1..400}; do echo -n 0123456789abcdefghijklmnopqrstuvwxyz; done";
  const Outcome& failed = Run(print + " >&2; exit 1", {.blot = blot});
  EXPECT_EQ(failed.cause.find_first_not_of("exit code 1: *"), std::string::npos) << failed.cause;
  const Outcome& odd = Run(print, {.blot = blot});
  EXPECT_EQ(odd.error, "Towline.InvalidOutput");
  EXPECT_EQ(odd.cause.find("abcd"), std::string::npos) << odd.cause;
}

TEST_P(ProcessRunnerTest, AProgramNeedNotReadItsInput) {
  const Outcome& outcome = Run("exec <&-; echo 1", {.input = '"' + std::string(65'000, 'x') + '"'});
  EXPECT_EQ(outcome.output, "1") << outcome.cause;
}

TEST_P(ProcessRunnerTest, TheEnvironmentTellsWhatTheJobIs) {
  setenv("TOWLINE_LEAK", "x", 1);
  const Outcome& outcome =
      Run("echo \"\\\"$TOWLINE_TOKEN|$TOWLINE_ATTEMPT|$TOWLINE_JOB_TYPE|$TOWLINE_EXECUTION|"
          "$TOWLINE_STATE|$TOWLINE_CHECKPOINT|$TOWLINE_TIMEOUT_SECONDS|$TOWLINE_SOCKET|"
          "$TOWLINE_AGENT|$TOWLINE_WORKER|${TOWLINE_LEAK-none}\\\"\"",
          {.token = "tok",
           .attempt = 3,
           .type = "sum",
           .checkpoint = "7",
           .execution = "arn:e",
           .state = "Add",
           .timeout_seconds = 60});
  EXPECT_EQ(outcome.output, "\"tok|3|sum|arn:e|Add|7|60|/run/x.sock|/bin/agent|a_w|none\"");
  unsetenv("TOWLINE_LEAK");
}

TEST_P(ProcessRunnerTest, ItRunsWhereTheSiteSaysWithTheSitesVariables) {
  const Program program{.argv = {"echo \"\\\"$MILL $(pwd)\\\"\""},
                        .shell = true,
                        .env = {{"MILL", "three"}},
                        .cwd = scratch_.path()};
  const Outcome& outcome = Await(Start(program));
  EXPECT_EQ(outcome.output, "\"three " + scratch_.path() + "\"") << outcome.cause;
}

TEST_P(ProcessRunnerTest, ArgumentsNeverPassThroughAShell) {
  const Program program{.argv = {"/bin/echo", "\"$(touch", "pwned);*\""}, .cwd = scratch_.path()};
  EXPECT_EQ(Await(Start(program)).output, "\"$(touch pwned);*\"");
}

TEST_P(ProcessRunnerTest, AProgramThatCannotRunFailsAtOnce) {
  const Handler::Started started =
      runner_->Start({.argv = {scratch_.path() + "/none"}}, {.id = 9, .token = "t"});
  ASSERT_TRUE(started.outcome);
  EXPECT_EQ(started.outcome->error, "Towline.ProgramNotStarted");
  EXPECT_EQ(started.outcome->cause,
            "cannot run " + scratch_.path() + "/none: No such file or directory");
  EXPECT_EQ(runner_->running(), 0U);
}

TEST_P(ProcessRunnerTest, ExitCodeAndStandardErrorExplainAFailure) {
  const Outcome& outcome = Run("echo oops >&2; exit 7");
  EXPECT_EQ(outcome.error, "Towline.ProgramFailed");
  EXPECT_EQ(outcome.cause, "exit code 7: oops");
}

TEST_P(ProcessRunnerTest, OnlyTheTailOfStandardErrorIsKept) {
  const Outcome& outcome = Run("for i in {1..5000}; do echo line $i >&2; done; exit 1");
  EXPECT_LE(outcome.cause.size(), 4200U);
  EXPECT_NE(outcome.cause.find("line 5000"), std::string::npos);
}

TEST_P(ProcessRunnerTest, ProgressComesLineByLine) {
  const Outcome& outcome =
      Run("printf '{\"percent\":10}\\n{\"per' >&3; printf 'cent\":20}\\n\\nnonsense\\n' >&3;"
          "echo '{\"heartbeat\":true}' >&3; printf '{\"message\":\"unended\"}' >&3; echo 1");
  EXPECT_TRUE(outcome.succeeded);
  ASSERT_EQ(progress_.size(), 3U);
  EXPECT_EQ(progress_[0].percent, 10);
  EXPECT_EQ(progress_[1].percent, 20);
  EXPECT_EQ(progress_[2].message, "unended");
  EXPECT_EQ(beats_, 1);
}

TEST_P(ProcessRunnerTest, AnEndlessProgressLineIsSkippedAndTheNextOneRead) {
  Run("head -c 100000 /dev/zero | tr '\\0' x >&3; echo >&3; echo '{\"percent\":5}' >&3; echo 1");
  ASSERT_EQ(progress_.size(), 1U);
  EXPECT_EQ(progress_[0].percent, 5);
}

TEST_P(ProcessRunnerTest, TooMuchOutputFails) {
  const Outcome& outcome = Run("head -c 200000 /dev/zero");
  EXPECT_EQ(outcome.error, "States.DataLimitExceeded");
}

TEST_P(ProcessRunnerTest, EndlessOutputIsEnded) {
  const Outcome& outcome = Run("exec yes");
  EXPECT_EQ(outcome.error, "States.DataLimitExceeded");
}

TEST_P(ProcessRunnerTest, AProgramThatClosesItsOutputMayGoOn) {
  const JobId id = Start("exec >&- 2>&- 3>&-; read -r x < fifo || exit 5");
  runner_->HandleReady();
  ASSERT_TRUE(Until([&] { return ended_.count(id) == 1; }));
  EXPECT_EQ(ended_[id].cause, "exit code 5");
}

TEST_P(ProcessRunnerTest, ASoftSignalLetsTheProgramEndItself) {
  const JobId id = Start(
      "trap 'echo \\\"cleaned\\\"; exit 0' TERM; echo '{\"percent\":1}' >&3;"
      "while :; do read -t 0.05 < /dev/zero; done");
  ASSERT_TRUE(Until([&] { return !progress_.empty(); }));
  runner_->Signal(id, /*kill=*/false);
  EXPECT_EQ(Await(id).output, "\"cleaned\"");
}

TEST_P(ProcessRunnerTest, AKillEndsWhatIgnoresTheSignalAndItsChildren) {
  const JobId id = Start(
      "trap '' TERM; sleep 100 & echo \"{\\\"message\\\":\\\"$!\\\"}\" >&3; wait;"
      "while :; do sleep 100; done");
  ASSERT_TRUE(Until([&] { return !progress_.empty(); }));
  const pid_t child = std::stoi(progress_[0].message);
  runner_->Signal(id, /*kill=*/false);
  poll(nullptr, 0, 50);
  runner_->HandleReady();
  EXPECT_EQ(runner_->running(), 1U) << "it ignores the soft signal";
  runner_->Signal(id, /*kill=*/true);
  EXPECT_EQ(Await(id).error, "Towline.ProgramKilled");
  EXPECT_TRUE(Until([&] { return !Alive(child); }));
}

TEST_P(ProcessRunnerTest, WhatAProgramLeavesInItsGroupEndsWithIt) {
  const Outcome& outcome = Run("sleep 100 >/dev/null 2>&1 3>&- & echo $!");
  ASSERT_TRUE(outcome.succeeded);
  const pid_t child = std::stoi(outcome.output);
  EXPECT_TRUE(Until([&] { return !Alive(child); }));
}

TEST_P(ProcessRunnerTest, AChildThatHoldsTheOutputOpenDoesNotHoldUpTheEnd) {
  const Outcome& outcome = Run("setsid sleep 5 & echo 1");
  EXPECT_EQ(outcome.output, "1");
}

TEST_P(ProcessRunnerTest, AKillFindsWhatHasLeftTheGroup) {
  const JobId id = Start("setsid sleep 100 & echo \"{\\\"message\\\":\\\"$!\\\"}\" >&3; wait");
  ASSERT_TRUE(Until([&] { return !progress_.empty(); }));
  const pid_t stray = std::stoi(progress_[0].message);
  EXPECT_TRUE(Until([&] { return getsid(stray) == stray; }));
  runner_->Signal(id, /*kill=*/true);
  Await(id);
  EXPECT_TRUE(Until([&] { return !Alive(stray); }));
}

// The agent blocks some signals and ignores SIGPIPE; that is its own affair. (32 and 33 are the
// C library's.)
TEST_P(ProcessRunnerTest, SignalsAreAsAProgramExpectsThem) {
  for (const char* set : {"SigBlk", "SigIgn"}) {
    const Outcome& outcome = Run("echo $((0x$(grep " + std::string(set) +
                                 " /proc/self/status | cut -f2) & 0x7fffffff))");
    EXPECT_EQ(outcome.output, "0") << set << outcome.cause;
  }
}

TEST_P(ProcessRunnerTest, ManyAtOnceAllEnd) {
  for (int i = 0; i < 40; i++) Start("cat", {.input = std::to_string(i)});
  ASSERT_TRUE(Until([&] { return ended_.size() == 40; }));
  for (const auto& [id, outcome] : ended_) EXPECT_EQ(outcome.output, std::to_string(id - 1));
}

TEST_P(ProcessRunnerTest, TheRunnersEndIsTheProgramsEnd) {
  pid_t pid = 0;
  {
    ProcessRunner runner(MakeOptions(), *this);
    const auto started = runner.Start({.argv = {"/bin/sleep", "100"}}, {.id = 1, .token = "t"});
    pid = static_cast<pid_t>(started.group->group);
    EXPECT_TRUE(Alive(pid));
  }
  EXPECT_FALSE(Alive(pid));
}

TEST(LeftoversTest, AreFoundByTheirGroupOrTheirTokenAndOthersAreSpared) {
  const std::string token = "leftover-" + std::to_string(getpid());
  const auto spawn = [&](const std::string& attempt) {
    const pid_t pid = fork();
    if (pid == 0) {
      setpgid(0, 0);
      setenv("TOWLINE_TOKEN", token.c_str(), 1);
      setenv("TOWLINE_ATTEMPT", attempt.c_str(), 1);
      execl("/bin/sleep", "sleep", "100", static_cast<char*>(nullptr));
      _exit(127);
    }
    // Until the environment is that of the program.
    for (int i = 0; i < 1000 && KillProcessesOf(token + "?", 1, std::nullopt) == 0 &&
                    std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe")
                            .filename()
                            .string()
                            .find("sleep") == std::string::npos;
         i++) {
      poll(nullptr, 0, 5);
    }
    return pid;
  };
  const auto ends_by_kill = [](pid_t pid) {
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  };
  const pid_t first = spawn("1");
  const pid_t other = spawn("2");
  EXPECT_EQ(KillProcessesOf(token, 1, std::nullopt), 1);
  EXPECT_TRUE(ends_by_kill(first));
  EXPECT_EQ(waitpid(other, nullptr, WNOHANG), 0) << "another attempt is another job";
  const std::string birth = BirthOf(other);
  EXPECT_FALSE(birth.empty());
  EXPECT_EQ(KillProcessesOf("none", 1, ProcessGroup{other, birth + "1"}), 0)
      << "the number was used again";
  EXPECT_EQ(waitpid(other, nullptr, WNOHANG), 0);
  EXPECT_EQ(KillProcessesOf("none", 1, ProcessGroup{other, birth}), 1);
  EXPECT_TRUE(ends_by_kill(other));
}

}  // namespace
}  // namespace towline::worker::testing
