// Whose logs are taken, and what the worker hears.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dispatch/world.h"

namespace towline::dispatch {
namespace {

using testing::SizeIs;

const std::string kWorker = "default_w";

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    world.dispatcher.OnLink(true, world.now);
    world.Say(kWorker);
    world.Say("default_other", {.slots = 0});
    world.Run();
    task = world.Open();
    world.Run();
    const auto offers = world.Offers(kWorker);
    ASSERT_THAT(offers, SizeIs(1));
    world.Accepted(kWorker, offers[0]);
    world.Run();
    world.published.clear();
  }
  // "known N", "perhaps N", "unknown N" (up to what was handed on), or what the worker is told:
  // "refused"; "" when nothing has happened.
  std::string Print(const std::string& worker, std::uint32_t attempt = 1,
                    const std::string& token = {}) {
    world.logs.pieces.clear();
    world.Send(worker, {.kind = jobs::WorkerEvent::Kind::kLog,
                        .token = token.empty() ? world.Token(task) : token,
                        .attempt = attempt,
                        .stream = "stderr",
                        .offset = 10,
                        .text = "hello",
                        .age_ms = 1'000});
    world.Run();
    const auto control = world.Controls(worker);
    std::string said;
    for (const auto& piece : world.logs.pieces) {
      EXPECT_EQ(piece.task, task);
      EXPECT_EQ(piece.worker, worker);
      EXPECT_EQ(piece.stream, "stderr");
      EXPECT_EQ(piece.written, world.now - Millis(1'000));
      said += piece.sender == logs::LogPiece::Sender::kHolder    ? "known"
              : piece.sender == logs::LogPiece::Sender::kPerhaps ? "perhaps"
                                                                 : "unknown";
    }
    for (const auto& log : control.logs) {
      said += log.refused ? "refused" : " " + std::to_string(log.offset);
    }
    return said;
  }

  World world;
  engine::TaskRef task;
};

TEST_F(LogTest, WhatTheHolderPrintsIsTakenAndAcknowledged) {
  EXPECT_EQ(Print(kWorker), "known 15");
}

TEST_F(LogTest, WhatIsNotKeptIsNotAcknowledged) {
  world.logs.full = true;
  EXPECT_EQ(Print(kWorker), "known");
}

TEST_F(LogTest, AnotherWorkerOrAttemptIsRefused) {
  EXPECT_EQ(Print("default_other"), "refused");
  EXPECT_EQ(Print(kWorker, 2), "refused");
  world.Say("foreign_w");
  EXPECT_EQ(Print("foreign_w"), "refused");
}

TEST_F(LogTest, AForgedTokenIsRefusedAndCounted) {
  const auto before = world.dispatcher.counters().forged;
  EXPECT_EQ(Print(kWorker, 1, "bm90IG91cnM"), "refused");
  EXPECT_EQ(world.dispatcher.counters().forged, before + 1);
}

TEST_F(LogTest, TheEndOfALogMayComeBehindTheResult) {
  world.Result(kWorker, world.Token(task), 1);
  world.Run();
  ASSERT_FALSE(world.Has(task));
  world.Controls(kWorker);
  EXPECT_EQ(Print(kWorker), "known 15");
  EXPECT_EQ(Print("default_other"), "refused");
  EXPECT_EQ(Print(kWorker, 2), "refused");
}

TEST_F(LogTest, ACancelledJobIsHeardUntilItIsDead) {
  world.Close(task);
  world.Run();
  world.Controls(kWorker);
  EXPECT_EQ(Print(kWorker), "known 15");
  world.Cancelled(kWorker, world.Token(task), 1);
  world.Run();
  world.Controls(kWorker);
  EXPECT_EQ(Print(kWorker), "known 15");
}

TEST_F(LogTest, AStaleAttemptIsRefused) {
  world.At(task).open = std::make_shared<interpreter::OpenTask>(*world.At(task).open);
  world.Say("default_other", {.connection = 2});
  const auto again = world.Open({.on_worker_lost = interpreter::TaskSpec::OnWorkerLost::kRequeue});
  world.Run();
  const auto offers = world.Offers(kWorker);
  const auto others = world.Offers("default_other");
  ASSERT_EQ(offers.size() + others.size(), 1U);
  const std::string first = offers.empty() ? "default_other" : kWorker;
  world.Accepted(first, offers.empty() ? others[0] : offers[0]);
  world.Run();
  world.Will(first, 1, first == kWorker ? 1 : 2);
  world.Run();
  world.Pass(Seconds(50));
  world.Say(first, {.connection = 7});
  world.Run();
  ASSERT_GT(world.At(again).attempt, 1U);
  world.Controls(first);
  task = again;
  EXPECT_EQ(Print(first, 1), "refused");
}

// What it was before a restart of the server only the kept log can tell.
TEST_F(LogTest, OfAnUnknownTaskTheKeptLogDecides) {
  const engine::TaskRef gone{0, 999, 4};
  task = gone;
  EXPECT_EQ(Print(kWorker), "unknown 15");
}

TEST_F(LogTest, WhoseARecoveredJobIsIsKnownWithTheRollCall) {
  world.At(task).worker.clear();
  world.At(task).state = store::TaskState::kWaiting;
  world.Recover();
  world.Run();
  EXPECT_EQ(Print(kWorker), "perhaps 15");
}

}  // namespace
}  // namespace towline::dispatch
