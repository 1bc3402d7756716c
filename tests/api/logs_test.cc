#include "orchestrator/api/log_tail.h"
#include "tests/api/world.h"

namespace towline::api {
namespace {

class LogTailTest : public testing::Test {
 protected:
  struct Reading {
    std::shared_ptr<LogTail> tail;
    int wakes = 0;
  };
  Reading& Open(const v1::ExecutionLogsRequest& request) {
    Reading& reading = *all_.emplace_back(std::make_unique<Reading>());
    auto tail = world_.service().executions().Logs({.caller = world_.caller()}, request,
                                                   [&reading] { ++reading.wakes; });
    EXPECT_TRUE(tail) << tail.error().message;
    if (tail) reading.tail = *tail;
    return reading;
  }
  Reading& Follow(const std::string& execution) {
    auto request = About<v1::ExecutionLogsRequest>(execution);
    request.set_follow(true);
    return Open(request);
  }
  // "State#attempt stream text" of each message, gaps as <N>; then "ended STATUS", "END".
  std::string Read(Reading& reading) {
    std::string text;
    while (true) {
      switch (reading.tail->Next(&message_)) {
        case LogTail::Pull::kNothingYet:
          return text;
        case LogTail::Pull::kEnd:
          return text + "END";
        case LogTail::Pull::kMessage:
          break;
      }
      if (message_.has_ended()) {
        text += "ended " + v1::ExecutionStatus_Name(message_.ended().status()).substr(17) + " ";
        continue;
      }
      const v1::LogText& log = message_.log();
      if (log.gap_bytes() > 0) text += "<" + std::to_string(log.gap_bytes()) + "> ";
      text += log.state() + "#" + std::to_string(log.attempt()) + " " + log.stream() + " " +
              log.text() + " ";
      cursor_ = log.cursor();
    }
  }
  std::string ReadAll(const std::string& execution) {
    return Read(Open(About<v1::ExecutionLogsRequest>(execution)));
  }
  void Begin(const std::string& definition = kJob) {
    world_.Create("m", definition);
    world_.Announce("w1", "add");
    world_.Start("m", "one");
    offers_ = world_.TakeOffers();
    ASSERT_FALSE(offers_.empty());
  }
  void Print(std::int64_t offset, const std::string& text, bool end = false,
             std::size_t offer = 0) {
    world_.Say("w1", {1,
                      {{.kind = jobs::WorkerEvent::Kind::kLog,
                        .token = offers_.at(offer).token,
                        .attempt = 1,
                        .stream = "stdout",
                        .offset = offset,
                        .text = text,
                        .end = end}}});
  }
  void Finish(std::size_t offer = 0) {
    world_.Finish("w1", {.token = offers_.at(offer).token, .attempt = 1, .output = "57"});
  }

  World world_{{.retention = std::chrono::hours(1)}};
  v1::ExecutionLogsResponse message_;
  std::uint64_t cursor_ = 0;
  std::vector<jobs::Offer> offers_;
  std::vector<std::unique_ptr<Reading>> all_;
};

TEST_F(LogTailTest, ReadsWhatIsThereAndEnds) {
  Begin();
  EXPECT_EQ(ReadAll("m/one"), "END");
  Print(0, "one\n");
  Print(4, "two\n");
  EXPECT_EQ(ReadAll("m/one"), "Add#1 stdout one\n Add#1 stdout two\n END");
  EXPECT_EQ(message_.ShortDebugString(), "");
}

TEST_F(LogTailTest, FollowsUntilTheExecutionAndItsLogsHaveEnded) {
  Begin();
  Reading& reading = Follow("m/one");
  EXPECT_EQ(Read(reading), "");
  const int wakes = reading.wakes;
  Print(0, "one\n");
  EXPECT_GT(reading.wakes, wakes);
  EXPECT_EQ(Read(reading), "Add#1 stdout one\n ");
  Finish();
  EXPECT_EQ(Read(reading), "") << "the end of the log is still to come";
  EXPECT_EQ(reading.tail->again_in(), Millis(2'000));
  Print(4, "two\n", true);
  EXPECT_EQ(Read(reading), "Add#1 stdout two\n ended SUCCEEDED END");
}

TEST_F(LogTailTest, ALogThatNeverEndsHoldsNobodyForLong) {
  Begin();
  Reading& reading = Follow("m/one");
  Print(0, "one\n");
  Finish();
  EXPECT_EQ(Read(reading), "Add#1 stdout one\n ");
  world_.Advance(Millis(2'000));
  EXPECT_EQ(Read(reading), "ended SUCCEEDED END");
  EXPECT_EQ(Read(Follow("m/one")), "Add#1 stdout one\n ended SUCCEEDED END");
}

TEST_F(LogTailTest, AGapIsToldWithItsSize) {
  Begin();
  Print(0, "one\n");
  Print(104, "two\n");
  EXPECT_EQ(ReadAll("m/one"), "Add#1 stdout one\n <100> Add#1 stdout two\n END");
}

TEST_F(LogTailTest, GoesOnBehindACursor) {
  Begin();
  Print(0, "one\n");
  ReadAll("m/one");
  Print(4, "two\n");
  auto request = About<v1::ExecutionLogsRequest>("m/one");
  request.set_after(cursor_);
  EXPECT_EQ(Read(Open(request)), "Add#1 stdout two\n END") << "and calls nothing a gap";
}

TEST_F(LogTailTest, OneTaskOrStateOrTimeOnly) {
  Begin(R"({"StartAt":"Both","States":{"Both":{"Type":"Parallel","End":true,"Branches":[
    {"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:towline:states:::job:run",
      "Parameters":{"JobType":"add"},"End":true}}},
    {"StartAt":"B","States":{"B":{"Type":"Task","Resource":"arn:towline:states:::job:run",
      "Parameters":{"JobType":"add"},"End":true}}}]}}})");
  ASSERT_EQ(offers_.size(), 2U);
  const std::string second = offers_[1].state;
  Print(0, "first\n", false, 0);
  Print(0, "second\n", false, 1);
  auto request = About<v1::ExecutionLogsRequest>("m/one");
  request.set_state(second);
  EXPECT_EQ(Read(Open(request)), second + "#1 stdout second\n END");
  request.clear_state();
  const auto task = world_.tokens().Verify(offers_[1].token);
  ASSERT_TRUE(task);
  request.set_task(task->task);
  EXPECT_EQ(Read(Open(request)), second + "#1 stdout second\n END");
  request.clear_task();
  world_.Advance(Seconds(10));
  const auto seconds = (world_.now() - Seconds(5)).time_since_epoch().count() / 1000;
  request.mutable_since()->set_seconds(seconds);
  EXPECT_EQ(Read(Open(request)), "END");
  Print(7, "later\n", false, 1);
  EXPECT_EQ(Read(Open(request)), second + "#1 stdout later\n END");
}

TEST_F(LogTailTest, WhatIsNotThereOrForeignIsRefused) {
  Begin();
  const auto refused = [this](const std::string& execution, const std::string& tenant) {
    const auto tail =
        world_.service().executions().Logs({.tenant = tenant, .caller = world_.caller()},
                                           About<v1::ExecutionLogsRequest>(execution), [] {});
    return tail ? std::string("OK") : tail.error().name;
  };
  EXPECT_EQ(refused("m/none", ""), "ExecutionDoesNotExist");
  EXPECT_EQ(refused("m/one", "acme"), "ExecutionDoesNotExist");
  world_.set_caller(
      {.kind = Caller::Kind::kUser, .name = "stranger", .until = world_.now() + Seconds(60)});
  EXPECT_EQ(refused("m/one", ""), "AccessDeniedException");
}

TEST_F(LogTailTest, NeitherTokensNorSensitiveValuesAreShown) {
  world_.Create("m", R"({"StartAt":"Add","Sensitive":["$.password"],"States":{"Add":{"Type":"Task",
    "Resource":"arn:towline:states:::job:run","Parameters":{"JobType":"add","Payload.$":"$"},
    "End":true}}})");
  world_.Announce("w1", "add");
  world_.Start("m", "one", R"({"password":"hunter22"})");
  offers_ = world_.TakeOffers();
  ASSERT_EQ(offers_.size(), 1U);
  Print(0, "using hunter22 and " + offers_[0].token + "\n");
  const std::string shown = ReadAll("m/one");
  EXPECT_EQ(shown.find("hunter22"), std::string::npos) << shown;
  EXPECT_EQ(shown.find(offers_[0].token), std::string::npos) << shown;
  EXPECT_NE(shown.find("using *** and token:"), std::string::npos) << shown;
}

TEST_F(LogTailTest, TheyGoWithTheirExecution) {
  Begin();
  Print(0, "one\n", true);
  Finish();
  world_.service().Sweep();
  world_.Settle();
  EXPECT_EQ(world_.logs().Owners({}, 10).size(), 1U);
  world_.Advance(std::chrono::hours(1) + Seconds(120));
  for (int i = 0; i < 3; i++) {
    world_.service().Sweep();
    world_.Settle();
  }
  EXPECT_EQ(world_.logs().Owners({}, 10).size(), 0U);
}

TEST_F(LogTailTest, AStoppedTailWakesNobody) {
  Begin();
  Reading& reading = Follow("m/one");
  Read(reading);
  reading.tail->Stop();
  EXPECT_FALSE(world_.hub().watched());
  const int wakes = reading.wakes;
  Print(0, "one\n");
  EXPECT_EQ(reading.wakes, wakes);
}

}  // namespace
}  // namespace towline::api
