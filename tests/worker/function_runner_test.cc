// Functions on threads, well-behaved and otherwise.

#include "worker/function_runner.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <latch>
#include <map>
#include <stdexcept>

namespace towline::worker {
namespace {

class FunctionRunnerTest : public ::testing::Test, protected JobSink {
 protected:
  void OnFinished(JobId id, Outcome outcome) override { ended_[id] = std::move(outcome); }
  void OnProgress(JobId, Progress progress) override { progress_.push_back(std::move(progress)); }
  void OnHeartbeat(JobId) override { beats_++; }
  void OnLog(JobId, std::string_view, std::string) override { FAIL() << "functions print nothing"; }

  template <class F>
  bool Until(F reached) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!reached() && std::chrono::steady_clock::now() < end) {
      pollfd ready{.fd = runner_.fd(), .events = POLLIN, .revents = 0};
      if (poll(&ready, 1, 50) > 0) runner_.HandleReady();
    }
    return reached();
  }
  const Outcome& Await(JobId id) {
    EXPECT_TRUE(Until([&] { return ended_.count(id) == 1; })) << "the job did not end";
    return ended_[id];
  }
  Outcome Run(const sdk::Function& function, Job job = {.id = 1, .input = "{}"}) {
    EXPECT_FALSE(runner_.Start(function, job).outcome.has_value());
    return Await(job.id);
  }

  std::map<JobId, Outcome> ended_;
  std::vector<Progress> progress_;
  int beats_ = 0;
  FunctionRunner runner_{2, *this};
};

// Waits for the stop, as a good function does.
sdk::Outcome UntilStopped(const json::value&, sdk::Context& context) {
  std::latch stopped(1);
  const std::stop_callback on_stop(context.stop(), [&] { stopped.count_down(); });
  stopped.wait();
  return sdk::Failure{"Test.Stopped", "as asked"};
}

TEST_F(FunctionRunnerTest, AFunctionGetsEverythingAndItsValueIsTheOutput) {
  sdk::Context::About about;
  const sdk::Function function = [&](const json::value& input, sdk::Context& context) {
    about = context.about();
    return json::object{{"twice", 2 * input.at("a").as_int64()}};
  };
  const Outcome outcome = Run(function, {.id = 7,
                                         .token = "t",
                                         .attempt = 3,
                                         .type = "double",
                                         .input = R"({"a":4})",
                                         .checkpoint = "[5]",
                                         .execution = "arn",
                                         .state = "S",
                                         .timeout_seconds = 60});
  EXPECT_TRUE(outcome.succeeded);
  EXPECT_EQ(outcome.output, R"({"twice":8})");
  EXPECT_EQ(about.token, "t");
  EXPECT_EQ(about.attempt, 3U);
  EXPECT_EQ(about.type, "double");
  EXPECT_EQ(about.execution, "arn");
  EXPECT_EQ(about.state, "S");
  EXPECT_EQ(about.checkpoint->at(0), 5);
  EXPECT_GT(*about.deadline, std::chrono::steady_clock::now() + std::chrono::seconds(30));
}

TEST_F(FunctionRunnerTest, FailuresAndExceptionsFailTheJob) {
  Outcome outcome = Run([](const json::value&, sdk::Context&) -> sdk::Outcome {
    return sdk::Failure{"Mill.Jammed", "belt 3"};
  });
  EXPECT_FALSE(outcome.succeeded);
  EXPECT_EQ(outcome.error, "Mill.Jammed");
  EXPECT_EQ(outcome.cause, "belt 3");
  ended_.clear();
  outcome = Run([](const json::value& input, sdk::Context&) -> sdk::Outcome {
    if (input.is_object()) throw std::runtime_error("no belt");
    return json::value(nullptr);
  });
  EXPECT_EQ(outcome.error, "Towline.HandlerFailed");
  EXPECT_EQ(outcome.cause, "no belt");
}

TEST_F(FunctionRunnerTest, NewsAndBeatsArriveBeforeTheEnd) {
  const sdk::Function function = [](const json::value&, sdk::Context& context) {
    context.Tell({.percent = 40, .message = "half", .checkpoint = json::array{1}});
    context.Beat();
    return json::value(nullptr);
  };
  EXPECT_EQ(Run(function).output, "null");
  ASSERT_EQ(progress_.size(), 1U);
  EXPECT_EQ(progress_[0].percent, 40);
  EXPECT_EQ(progress_[0].checkpoint, "[1]");
  EXPECT_EQ(beats_, 1);
}

TEST_F(FunctionRunnerTest, AStopReachesTheFunctionAndWhatWaits) {
  const sdk::Function function = &UntilStopped;
  for (const JobId id : {1U, 2U, 3U}) runner_.Start(function, {.id = id, .input = "{}"});
  EXPECT_TRUE(Until([&] { return runner_.busy() == 2; })) << "two threads, no more";
  runner_.Signal(3, /*kill=*/false);
  EXPECT_EQ(Await(3).error, "Towline.Cancelled") << "it had not begun";
  runner_.Signal(1, /*kill=*/false);
  EXPECT_EQ(Await(1).error, "Test.Stopped");
  EXPECT_EQ(ended_.count(2), 0U);
  runner_.Signal(2, /*kill=*/false);
  EXPECT_EQ(Await(2).error, "Test.Stopped");
  runner_.Signal(2, /*kill=*/true);  // unknown by now
}

TEST_F(FunctionRunnerTest, AKillSaysThatTheJobGoesOn) {
  std::latch let_go(1);
  const sdk::Function deaf = [&](const json::value&, sdk::Context&) {
    let_go.wait();
    return json::value(1);
  };
  runner_.Start(deaf, {.id = 1, .input = "{}"});
  EXPECT_TRUE(Until([&] { return runner_.busy() == 1; }));
  runner_.Signal(1, /*kill=*/true);
  EXPECT_TRUE(Until([&] { return !progress_.empty(); }));
  EXPECT_NE(progress_[0].message.find("cannot be killed"), std::string::npos);
  EXPECT_EQ(ended_.count(1), 0U);
  let_go.count_down();
  EXPECT_EQ(Await(1).output, "1");
}

TEST_F(FunctionRunnerTest, ThreadsAreReused) {
  std::atomic<int> ran = 0;
  const sdk::Function function = [&](const json::value&, sdk::Context&) {
    return json::value(++ran);
  };
  for (JobId id = 1; id <= 100; id++) runner_.Start(function, {.id = id, .input = "{}"});
  EXPECT_TRUE(Until([&] { return ended_.size() == 100; }));
  EXPECT_EQ(ran, 100);
}

}  // namespace
}  // namespace towline::worker
