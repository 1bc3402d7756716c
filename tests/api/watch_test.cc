#include "orchestrator/api/watcher.h"
#include "tests/api/world.h"

namespace towline::api {
namespace {

class WatchTest : public testing::Test {
 protected:
  struct Watching {
    std::shared_ptr<Watcher> watcher;
    int wakes = 0;
  };
  Watching& Watch(const std::string& execution, std::uint64_t from = 0, bool exclude_data = false) {
    auto request = About<v1::WatchExecutionRequest>(execution);
    request.set_from_event_id(from);
    request.set_exclude_data(exclude_data);
    Watching& watching = *all_.emplace_back(std::make_unique<Watching>());
    auto started = world_.service().executions().Watch({.caller = world_.caller()}, request,
                                                       [&watching] { ++watching.wakes; });
    EXPECT_TRUE(started);
    if (started) watching.watcher = *started;
    world_.Settle();
    return watching;
  }
  // What there is to read now: types of events, "what" of job news, "ended STATUS".
  std::string Read(Watching& watching) {
    std::string text;
    while (true) {
      switch (watching.watcher->Next(&message_)) {
        case Watcher::Pull::kNothingYet: return text;
        case Watcher::Pull::kEnd: return text + "END";
        case Watcher::Pull::kMessage: break;
      }
      if (message_.has_event()) text += message_.event().type() + " ";
      if (message_.has_job()) text += "(" + message_.job().what() + ") ";
      if (message_.has_ended()) {
        text += "ended " +
                v1::ExecutionStatus_Name(message_.ended().status()).substr(17) + " ";
      }
      if (message_.skipped() > 0) text += std::to_string(message_.skipped()) + " skipped ";
    }
  }

  World world_;
  v1::WatchExecutionResponse message_;  // the last one read
  std::vector<std::unique_ptr<Watching>> all_;
};

TEST_F(WatchTest, TellsWhatWasAndWhatComesUntilTheEnd) {
  world_.Create("m", kWait);
  world_.Start("m", "one", R"({"a":1})");
  Watching& watching = Watch("m/one");
  EXPECT_GT(watching.wakes, 0);
  EXPECT_EQ(Read(watching), "ExecutionStarted WaitStateEntered ");
  const int wakes = watching.wakes;
  world_.Advance(Seconds{60});
  EXPECT_GT(watching.wakes, wakes);
  EXPECT_EQ(Read(watching), "WaitStateExited ExecutionSucceeded ended SUCCEEDED END");
  EXPECT_EQ(message_.ShortDebugString(), "") << "END has no message";
}

TEST_F(WatchTest, TheLastMessageIsTheExecutionWithoutItsInput) {
  world_.Create("m", kPass);
  world_.Start("m", "one", R"({"a":1})");
  Watching& watching = Watch("m/one");
  while (watching.watcher->Next(&message_) == Watcher::Pull::kMessage && !message_.has_ended()) {
  }
  EXPECT_EQ(message_.ended().name(), "one");
  EXPECT_EQ(message_.ended().output(), R"({"a":1})");
  EXPECT_FALSE(message_.ended().has_input());
}

TEST_F(WatchTest, AWatchGoesOnFromAnEvent) {
  world_.Create("m", kWait);
  world_.Start("m", "one");
  EXPECT_EQ(Read(Watch("m/one", 2)), "WaitStateEntered ");
  Watching& ahead = Watch("m/one", 3);
  EXPECT_EQ(Read(ahead), "") << "that event is still to come";
  world_.Advance(Seconds{60});
  EXPECT_EQ(Read(ahead), "WaitStateExited ExecutionSucceeded ended SUCCEEDED END");
  EXPECT_EQ(Read(Watch("m/one", 4)), "ExecutionSucceeded ended SUCCEEDED END");
  EXPECT_EQ(Read(Watch("m/one", 5)), "ended SUCCEEDED END");
}

TEST_F(WatchTest, JobNewsComeAsTheyHappen) {
  world_.Create("m", kJob);
  world_.Announce("w1", "add");
  world_.Start("m", "one");
  Watching& watching = Watch("m/one");
  EXPECT_EQ(Read(watching), "ExecutionStarted TaskStateEntered TaskScheduled (offered) ")
      << "who begins to watch later hears of the offer all the same";
  const auto offers = world_.TakeOffers();
  ASSERT_EQ(offers.size(), 1U);
  world_.Say("w1", {1, {{.kind = jobs::WorkerEvent::Kind::kAccepted,
                         .token = offers[0].token,
                         .attempt = 1},
                        {.kind = jobs::WorkerEvent::Kind::kProgress,
                         .token = offers[0].token,
                         .attempt = 1,
                         .percent = 40,
                         .message = "page 2 of 5"}}});
  ASSERT_EQ(watching.watcher->Next(&message_), Watcher::Pull::kMessage);
  EXPECT_EQ(message_.event().type(), "TaskStarted");
  ASSERT_EQ(watching.watcher->Next(&message_), Watcher::Pull::kMessage);
  EXPECT_EQ(message_.job().what(), "accepted");
  EXPECT_EQ(message_.job().worker(), "default_w1");
  ASSERT_EQ(watching.watcher->Next(&message_), Watcher::Pull::kMessage);
  EXPECT_EQ(message_.job().what(), "progress");
  EXPECT_EQ(message_.job().percent(), 40);
  EXPECT_EQ(message_.job().message(), "page 2 of 5");
  world_.Finish("w1", {.token = offers[0].token, .attempt = 1, .output = "57"});
  EXPECT_EQ(Read(watching), "TaskSucceeded TaskStateExited ExecutionSucceeded ended SUCCEEDED END");
}

// A reader who does not read: job news are dropped and counted, events never.
TEST_F(WatchTest, ASlowReaderMissesNewsButNoEvent) {
  world_.Create("m", kJob);
  world_.Announce("w1", "add");
  world_.Start("m", "one");
  Watching& watching = Watch("m/one");
  Read(watching);
  const auto offers = world_.TakeOffers();
  ASSERT_EQ(offers.size(), 1U);
  for (int i = 0; i < 150; ++i) {
    world_.Say("w1", {1, {{.kind = jobs::WorkerEvent::Kind::kProgress,
                           .token = offers[0].token,
                           .attempt = 1,
                           .percent = i / 2.0}}});
  }
  world_.Finish("w1", {.token = offers[0].token, .attempt = 1, .output = "57"});
  std::string types;
  int news = 0;
  std::uint32_t skipped = 0;
  while (watching.watcher->Next(&message_) == Watcher::Pull::kMessage) {
    if (message_.has_event()) types += message_.event().type() + " ";
    news += message_.has_job() ? 1 : 0;
    skipped += message_.skipped();
  }
  EXPECT_EQ(types, "TaskStarted TaskSucceeded TaskStateExited ExecutionSucceeded ");
  EXPECT_LE(news, 100);
  EXPECT_GE(skipped, 51U);  // accepted and 150 of progress, and 100 are kept
}

// More events than a page holds.
TEST_F(WatchTest, ALongHistoryIsToldWhole) {
  world_.Create("m", R"({"StartAt":"Each","States":{"Each":{"Type":"Map","End":true,
    "ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}}}})");
  std::string items = "[0";
  for (int i = 1; i < 120; ++i) items += "," + std::to_string(i);
  world_.Start("m", "one", items + "]");
  Watching& watching = Watch("m/one");
  std::uint64_t id = 0;
  while (watching.watcher->Next(&message_) == Watcher::Pull::kMessage && message_.has_event()) {
    EXPECT_EQ(message_.event().id(), ++id);
  }
  EXPECT_TRUE(message_.has_ended());
  EXPECT_EQ(id, world_.History("m/one").size());
}

TEST_F(WatchTest, DataCanBeLeftOut) {
  world_.Create("m", kWait);
  world_.Start("m", "one", R"({"secret":42})");
  Watching& watching = Watch("m/one", 0, true);
  while (watching.watcher->Next(&message_) == Watcher::Pull::kMessage) {
    EXPECT_EQ(message_.ShortDebugString().find("secret"), std::string::npos);
  }
}

TEST_F(WatchTest, AStoppedWatchWakesNobody) {
  world_.Create("m", kWait);
  world_.Start("m", "one");
  Watching& watching = Watch("m/one");
  Read(watching);
  EXPECT_TRUE(world_.hub().watched());
  watching.watcher->Stop();
  EXPECT_FALSE(world_.hub().watched());
  const int wakes = watching.wakes;
  world_.Advance(Seconds{60});
  EXPECT_EQ(watching.wakes, wakes);
}

TEST_F(WatchTest, WhatIsNotThereIsRefused) {
  const auto refused = [this](const std::string& execution) {
    const auto watcher = world_.service().executions().Watch(
        {.caller = world_.caller()}, About<v1::WatchExecutionRequest>(execution), [] {});
    return watcher ? std::string("OK") : watcher.error().name;
  };
  EXPECT_EQ(refused("m/none"), "ExecutionDoesNotExist");
  EXPECT_EQ(refused("none"), "InvalidArn");
}

}  // namespace
}  // namespace towline::api
