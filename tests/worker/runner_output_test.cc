// Results of programs that are too large for a message.

#include <fstream>
#include <iterator>

#include "tests/worker/runner_fixture.h"

namespace towline::worker::testing {
namespace {

class RunnerOutputTest : public RunnerTest {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    if (IsSkipped()) return;
    ProcessRunner::Options options = MakeOptions();
    options.outgoing = scratch_.path();
    runner_.reset();
    runner_ = std::make_unique<ProcessRunner>(options, static_cast<JobSink&>(*this));
  }
  static std::string Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
};

TEST_P(RunnerOutputTest, LargeStandardOutputIsTheResult) {
  const Outcome& outcome = Run("printf '\"%*s\"' 3000000 x");
  EXPECT_TRUE(outcome.succeeded) << outcome.cause;
  EXPECT_EQ(outcome.output.size(), 3'000'002u);
}

TEST_P(RunnerOutputTest, DescriptorFourIsAFileThatReplacesStandardOutput) {
  const Outcome& outcome = Run("echo no JSON; head -c 100000 /dev/zero >&4");
  ASSERT_TRUE(outcome.succeeded) << outcome.cause;
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(outcome.output_file_bytes, 100'000u);
  EXPECT_EQ(Read(outcome.output_file), std::string(100'000, '\0'));
}

TEST_P(RunnerOutputTest, ShortJsonOnDescriptorFourGoesInline) {
  const Outcome& outcome = Run("echo 1; echo '{\"a\": 2}' >&4");
  ASSERT_TRUE(outcome.succeeded) << outcome.cause;
  EXPECT_EQ(outcome.output, R"({"a": 2})");
  EXPECT_EQ(outcome.output_file, "");
}

TEST_P(RunnerOutputTest, ShortBytesOnDescriptorFourAreKeptAsTheyAre) {
  const Outcome& outcome = Run("printf 'not JSON' >&4");
  ASSERT_TRUE(outcome.succeeded) << outcome.cause;
  EXPECT_EQ(Read(outcome.output_file), "not JSON");
}

TEST_P(RunnerOutputTest, UntouchedDescriptorFourLeavesNothing) {
  EXPECT_EQ(Run("echo 1").output, "1");
  EXPECT_FALSE(std::ifstream(scratch_.path() + "/job-1").good());
}

TEST_P(RunnerOutputTest, FailureOfAProgramDropsItsFile) {
  const Outcome& outcome = Run("echo much >&4; exit 3");
  EXPECT_EQ(outcome.error, "Towline.ProgramFailed");
  EXPECT_FALSE(std::ifstream(scratch_.path() + "/job-1").good());
}

TEST_P(RunnerOutputTest, FilesOfOtherJobsAreNotInherited) {
  const JobId first = Start("read line; echo 1");
  EXPECT_EQ(Run("[ -e /proc/$$/fd/5 ] && echo 5; [ -e /proc/$$/fd/4 ] && echo 4").output, "4");
  runner_->Signal(first, /*kill=*/true);
  Await(first);
}

INSTANTIATE_TEST_SUITE_P(Holds, RunnerOutputTest,
                         ::testing::Values(Hold::kSupervisor, Hold::kCgroup), NameOf);

}  // namespace
}  // namespace towline::worker::testing
