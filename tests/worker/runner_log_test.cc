// What becomes of what real programs print.

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/worker/runner_fixture.h"

namespace towline::worker {
namespace {

using testing::Hold;
using testing::NameOf;

class RunnerLogTest : public testing::RunnerTest {
 protected:
  void Redact(const std::string& pattern) {
    auto compiled = Redactor::Compile({pattern});
    ASSERT_TRUE(compiled);
    program_.log.redactor = *compiled;
  }
};

TEST_P(RunnerLogTest, BothStreamsAreToldLineByLine) {
  Run("echo one >&2; printf 'two' >&2; printf '57'");
  EXPECT_EQ(printed_["stderr"], "one\ntwo\n");
  EXPECT_EQ(printed_["stdout"], "57\n");
  EXPECT_EQ(printed_.count("note"), 0U);
}

TEST_P(RunnerLogTest, ARunningProgramIsHeard) {
  const JobId id = Start("echo begun >&2; while true; do read -t 1 <> <(:); done");
  EXPECT_TRUE(Until([&] { return printed_["stderr"] == "begun\n" || ended_.count(id) == 1; }));
  EXPECT_EQ(ended_.count(id), 0U);
  runner_->Signal(id, true);
  Await(id);
}

TEST_P(RunnerLogTest, NothingThatIsRedactedLeavesTheSite) {
  Redact("hunter\\d");
  const Outcome& outcome = Run("echo pass hunter2 >&2; exit 3");
  EXPECT_EQ(printed_["stderr"], "pass [redacted]\n");
  EXPECT_EQ(outcome.cause.find("hunter2"), std::string::npos) << outcome.cause;
  EXPECT_NE(outcome.cause.find("pass [redacted]"), std::string::npos) << outcome.cause;
  const Outcome& garbled = Run("echo hunter3");
  EXPECT_EQ(garbled.error, "Towline.InvalidOutput");
  EXPECT_EQ(garbled.cause.find("hunter3"), std::string::npos) << garbled.cause;
}

TEST_P(RunnerLogTest, OffMeansANoteAndNothingElse) {
  program_.log.where = LogPolicy::Where::kOff;
  EXPECT_TRUE(Run("echo secret >&2; echo more >&2; echo 57").succeeded);
  EXPECT_EQ(printed_.size(), 1U);
  EXPECT_NE(printed_["note"].find("not kept"), std::string::npos);
  EXPECT_EQ(std::count(printed_["note"].begin(), printed_["note"].end(), '\n'), 1);
}

TEST_P(RunnerLogTest, LocalMeansAFileOnSiteAndANoteOfWhereItIs) {
  program_.log.where = LogPolicy::Where::kLocal;
  Redact("hunter\\d");
  runner_.reset();
  auto options = MakeOptions();
  options.state = scratch_.path();
  runner_ = std::make_unique<ProcessRunner>(options, static_cast<JobSink&>(*this));
  Run("echo pass hunter2 >&2; echo 57",
      {.attempt = 2, .type = "resize", .execution = "arn:x", .state = "Resize"});
  EXPECT_EQ(printed_.size(), 1U);
  const std::string path = scratch_.path() + "/logs/resize.log";
  EXPECT_NE(printed_["note"].find("stays on site: a_w, " + path), std::string::npos);
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find(" arn:x Resize #2 stderr | pass [redacted]\n"), std::string::npos) << text;
  EXPECT_NE(text.find(" stdout | 57\n"), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(Logs, RunnerLogTest, ::testing::Values(Hold::kSupervisor, Hold::kCgroup),
                         NameOf);

}  // namespace
}  // namespace towline::worker
