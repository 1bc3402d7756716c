// Workers that vanish, jobs that are cancelled.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dispatch/world.h"

namespace towline::dispatch {
namespace {

using interpreter::TaskSpec;
using testing::HasSubstr;
using testing::SizeIs;

const std::string kWorker = "default_w";

class LossTest : public testing::Test {
 protected:
  void SetUp() override {
    world.dispatcher.OnLink(true, world.now);
    world.Say(kWorker);
    world.Run();
    world.published.clear();
  }
  // An accepted job.
  engine::TaskRef Running(const TaskOptions& options = {}) {
    const auto task = world.Open(options);
    world.Run();
    const auto offers = world.Offers(kWorker);
    EXPECT_THAT(offers, SizeIs(1));
    world.Accepted(kWorker, offers.at(0));
    world.Run();
    EXPECT_EQ(world.At(task).worker, kWorker);
    return task;
  }

  World world;
};

TEST_F(LossTest, AnUnacceptedOfferGoesElsewhereAtOnce) {
  world.Open();
  world.Run();
  world.Say("default_other");
  world.Will(kWorker);
  world.Run();
  const auto offers = world.Offers("default_other");
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_EQ(offers[0].attempt, 2U);
  EXPECT_EQ(world.dispatcher.counters().lost_workers, 1U);
}

TEST_F(LossTest, AnAcceptedJobWaitsForItsWorkerByDefault) {
  const auto task = Running();
  world.Say("default_other");
  world.Will(kWorker);
  world.Pass(std::chrono::hours{24});
  EXPECT_THAT(world.Offers("default_other"), SizeIs(0));
  EXPECT_THAT(world.Why(task), HasSubstr("holds the job and is offline since"));
  world.Say(kWorker, {.connection = 2, .held = {World::Holding(world.Token(task), 1)}});
  world.Run();
  EXPECT_THAT(world.Controls(kWorker).keep, SizeIs(1));
  world.Result(kWorker, world.Token(task), 1);
  world.Run();
  EXPECT_EQ(world.outcomes.count(task), 1U);
}

TEST_F(LossTest, AnAcceptedJobIsRequeuedWhereTheDefinitionSaysSo) {
  const auto task = Running({.on_worker_lost = TaskSpec::OnWorkerLost::kRequeue});
  world.Say("default_other");
  world.Will(kWorker);
  world.Run();
  const auto offers = world.Offers("default_other");
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_EQ(offers[0].attempt, 2U);
  // It was only dark: back again, it is told to stop.
  world.Say(kWorker, {.connection = 2, .held = {World::Holding(world.Token(task), 1)}});
  world.Run();
  ASSERT_THAT(world.Controls(kWorker).cancel, SizeIs(1));
  world.Result(kWorker, world.Token(task), 1, "1");
  world.Result("default_other", world.Token(task), 2, "2");
  world.Run();
  EXPECT_EQ(world.outcomes[task], "succeeded 2");
  EXPECT_FALSE(world.Controls(kWorker).acks.at(0).recorded);
}

TEST_F(LossTest, AnAcceptedJobFailsWhereTheDefinitionSaysSo) {
  const auto task = Running({.on_worker_lost = TaskSpec::OnWorkerLost::kFail});
  world.Will(kWorker);
  world.Run();
  EXPECT_THAT(world.outcomes[task], HasSubstr("failed Towline.WorkerLost: Worker w was lost"));
}

TEST_F(LossTest, TheTypesDefaultHoldsWhereTheDefinitionSaysNothing) {
  world.Say(kWorker, {.on_worker_lost = "fail"});
  const auto task = Running();
  const auto other = Running({.on_worker_lost = TaskSpec::OnWorkerLost::kWait});
  world.Will(kWorker);
  world.Run();
  EXPECT_EQ(world.outcomes.count(task), 1U);
  EXPECT_EQ(world.outcomes.count(other), 0U);
}

TEST_F(LossTest, AtMostOnceIsNeverRequeuedByATypesDefault) {
  world.Say(kWorker, {.on_worker_lost = "requeue"});
  const auto task = Running({.at_most_once = true});
  world.Will(kWorker);
  world.Pass(Seconds{300});
  EXPECT_EQ(world.At(task).attempt, 1U);
}

TEST_F(LossTest, SilenceAfterAnOfferIsALoss) {
  const auto accepted = Running({.on_worker_lost = TaskSpec::OnWorkerLost::kRequeue});
  world.Open();
  world.Pass(Seconds{44});
  EXPECT_EQ(world.dispatcher.Workers("").front().state, "online");
  world.Pass(Seconds{2});
  EXPECT_EQ(world.dispatcher.Workers("").front().state, "offline");
  EXPECT_EQ(world.At(accepted).attempt, 2U);
}

TEST_F(LossTest, AWorkerThatTalksIsNotLostButLosesAnOfferThatItNeverAnswers) {
  const auto running = Running();
  const auto ignored = world.Open();
  for (int i = 0; i < 12; i++) {
    world.Pass(Seconds{4});
    world.Beat(kWorker, world.Token(running), 1);
  }
  EXPECT_EQ(world.dispatcher.Workers("").front().state, "online");
  EXPECT_EQ(world.At(ignored).attempt, 2U);
  EXPECT_EQ(world.At(running).attempt, 1U);
}

TEST_F(LossTest, AnIdleWorkerMayBeSilentForEver) {
  world.Pass(std::chrono::hours{24});
  EXPECT_EQ(world.dispatcher.Workers("").front().state, "online");
}

TEST_F(LossTest, ALostWorkerThatSpeaksIsAskedForItsRollCall) {
  world.Will(kWorker, 1, 1);
  world.Beat(kWorker, world.Token({0, 99, 4}), 1);
  world.Run();
  EXPECT_TRUE(world.Controls(kWorker).roll_call);
  EXPECT_EQ(world.dispatcher.Workers("").front().state, "offline");
  world.Say(kWorker);
  EXPECT_EQ(world.dispatcher.Workers("").front().state, "online");
}

TEST_F(LossTest, AHeartbeatForAnEndedTaskIsAnsweredWithACancel) {
  const auto task = Running();
  world.rows.erase(task);
  world.Beat(kWorker, world.Token(task), 1);
  world.Run();
  EXPECT_THAT(world.Controls(kWorker).cancel, SizeIs(1));
}

TEST_F(LossTest, AHeartbeatReplacesALostAccepted) {
  const auto task = world.Open();
  world.Run();
  world.Beat(kWorker, world.Offers(kWorker).at(0).token, 1);
  world.Run();
  EXPECT_EQ(world.At(task).worker, kWorker);
}

TEST_F(LossTest, ProgressIsShownAndItsCheckpointReachesTheNextAttempt) {
  const auto task = Running({.on_worker_lost = TaskSpec::OnWorkerLost::kRequeue});
  std::vector<engine::Notice> seen;
  world.hub.Subscribe({task.partition, task.execution},
                      [&](const engine::Notice& notice) { seen.push_back(notice); });
  jobs::WorkerEvent event;
  event.kind = jobs::WorkerEvent::Kind::kProgress;
  event.token = world.Token(task);
  event.attempt = 1;
  event.percent = 60;
  event.message = "page 6";
  event.checkpoint = "{\"page\":6}";
  world.Send(kWorker, event);
  world.Run();
  const auto view = world.dispatcher.Describe(task, world.now);
  EXPECT_EQ(view->percent, 60);
  EXPECT_EQ(view->message, "page 6");
  EXPECT_EQ(view->last_heard, world.now);
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].what, "progress");
  world.Will(kWorker);
  world.Say("default_other");
  world.Run();
  EXPECT_EQ(world.Offers("default_other").at(0).checkpoint, "{\"page\":6}");
}

TEST_F(LossTest, ACheckpointThatComesWithAFailureIsSavedBeforeIt) {
  const auto task = Running({});
  world.Failed(kWorker, world.Token(task), 1, "E", "{\"page\":7}");
  world.Run();
  EXPECT_THAT(world.outcomes[task], HasSubstr("failed E"));
  EXPECT_EQ(world.saved[task], "{\"page\":7}");
}

TEST_F(LossTest, ACancelReachesTheHolderAndKeepsItsSlotUntilConfirmed) {
  world.Say(kWorker, {.slots = 1});
  const auto task = Running();
  world.Close(task, "the execution was stopped");
  world.Open();
  world.Run();
  const auto cancel = world.Controls(kWorker).cancel;
  ASSERT_THAT(cancel, SizeIs(1));
  EXPECT_EQ(cancel[0].reason, "the execution was stopped");
  EXPECT_EQ(cancel[0].grace_seconds, 10);
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
  EXPECT_THAT(world.Why(task), HasSubstr("cancelling: worker w has been told to stop"));
  EXPECT_TRUE(world.Has(task));
  world.Cancelled(kWorker, world.Token(task), 1);
  world.Run();
  EXPECT_FALSE(world.Has(task));
  EXPECT_TRUE(world.Controls(kWorker).acks.at(0).recorded);
  EXPECT_THAT(world.Offers(kWorker), SizeIs(1));
}

TEST_F(LossTest, AnyResultConfirmsACancelAndIsKeptAsEvidence) {
  const auto task = Running();
  world.Close(task);
  world.Result(kWorker, world.Token(task), 1, "57");
  world.Run();
  EXPECT_FALSE(world.Has(task));
  EXPECT_TRUE(world.Controls(kWorker).acks.at(0).recorded);
  ASSERT_THAT(world.evidence, SizeIs(1));
  EXPECT_EQ(world.evidence[0].data, "57");
}

TEST_F(LossTest, AnUnansweredCancelIsRepeatedAndTheRollCallSettlesIt) {
  const auto task = Running();
  world.Close(task);
  world.Run();
  world.Controls(kWorker);
  world.Pass(Seconds{11});
  const jobs::Control control = world.Controls(kWorker);
  EXPECT_THAT(control.cancel, SizeIs(1));
  EXPECT_TRUE(control.roll_call);
  world.Say(kWorker, {.seen = 1});
  world.Run();
  EXPECT_FALSE(world.Has(task)) << "it does not hold the job";
}

TEST_F(LossTest, AnOfflineWorkerIsToldOnItsReturn) {
  const auto task = Running();
  world.Will(kWorker);
  world.Close(task);
  world.Run();
  world.Controls(kWorker);
  world.Pass(Seconds{600});
  EXPECT_TRUE(world.Has(task));
  world.Say(kWorker, {.connection = 2, .held = {World::Holding(world.Token(task), 1)}});
  world.Run();
  EXPECT_THAT(world.Controls(kWorker).cancel, SizeIs(1));
}

TEST_F(LossTest, AQueuedJobIsJustDropped) {
  const auto task = world.Open({.type = "nobody"});
  world.Run();
  world.Close(task);
  world.Run();
  EXPECT_FALSE(world.Has(task));
  EXPECT_FALSE(world.dispatcher.Describe(task, world.now).has_value());
  EXPECT_THAT(world.published, SizeIs(0));
}

TEST_F(LossTest, AJobThatItsSiteStopsFails) {
  const auto task = Running();
  world.Cancelled(kWorker, world.Token(task), 1);
  world.Run();
  EXPECT_THAT(world.outcomes[task], HasSubstr("failed Towline.JobCancelled"));
  EXPECT_TRUE(world.Controls(kWorker).acks.at(0).recorded);
}

TEST_F(LossTest, AForgottenTaskFreesItsSlot) {
  world.Say(kWorker, {.slots = 1});
  const auto task = Running();
  world.Close(task);
  world.Open();
  world.Run();
  world.rows.erase(task);
  world.dispatcher.Forget(task, world.now);
  world.Run();
  EXPECT_THAT(world.Offers(kWorker), SizeIs(1));
}

TEST_F(LossTest, ACancelSurvivesAFullInboxAndABrokenStore) {
  const auto task = world.Open({.type = "nobody"});
  world.Run();
  world.inbox_full = true;
  world.Close(task);
  world.Run();
  EXPECT_TRUE(world.Has(task));
  world.inbox_full = false;
  world.Pass(Millis{100});
  EXPECT_FALSE(world.Has(task));
}

}  // namespace
}  // namespace towline::dispatch
