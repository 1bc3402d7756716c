// After a restart of the server, of a worker, of the link: nothing is lost, nothing runs twice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dispatch/world.h"

namespace towline::dispatch {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

const std::string kWorker = "default_w";

class RecoveryTest : public testing::Test {
 protected:
  // The server starts; the broker has kept the worker's presence.
  void Restart(bool worker_known = true) {
    world.Recover();
    world.dispatcher.OnLink(true, world.now);
    if (worker_known) world.Say(kWorker, {.seen = 7, .retained = true});
    world.Run();
  }

  World world;
};

TEST_F(RecoveryTest, ARetainedPresenceIsAskedAndNotBelieved) {
  const auto task = world.AddRow({});
  Restart();
  EXPECT_TRUE(world.Controls(kWorker).roll_call);
  EXPECT_EQ(world.dispatcher.Workers("").front().state, "unknown");
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
  EXPECT_THAT(world.Why(task), HasSubstr("roll call: the server has restarted and worker w may"));
}

TEST_F(RecoveryTest, AJobThatAWorkerHoldsStaysThere) {
  const auto task = world.AddRow({});
  Restart();
  world.Say(kWorker, {.seen = 7, .held = {World::Holding(world.Token(task), 1)}});
  world.Run();
  EXPECT_EQ(world.At(task).worker, kWorker) << "now it is recorded";
  const jobs::Control control = world.Controls(kWorker);
  EXPECT_THAT(control.cancel, SizeIs(0));
  world.Pass(Seconds{120});
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
  world.Result(kWorker, world.Token(task), 1);
  world.Run();
  EXPECT_EQ(world.outcomes.count(task), 1U);
}

TEST_F(RecoveryTest, AnUnheldJobGoesOutWithTheNextAttemptOnceAllHaveAnswered) {
  const auto task = world.AddRow({});
  world.AddRow({}, store::TaskState::kWaiting);
  Restart();
  world.Say(kWorker, {.seen = 7});
  world.Run();
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0)) << "a result may be on its way";
  world.Pass(Millis{1'500});
  const auto offers = world.Offers(kWorker);
  ASSERT_THAT(offers, SizeIs(2));
  EXPECT_EQ(offers[0].attempt, 2U);
  EXPECT_EQ(world.At(task).attempt, 2U);
}

TEST_F(RecoveryTest, AResultThatIsOnItsWayWins) {
  const auto task = world.AddRow({});
  Restart();
  world.Say(kWorker, {.seen = 7});
  world.Run();
  world.Pass(Millis{300});
  world.Result(kWorker, world.Token(task), 1, "57");
  world.Pass(Seconds{60});
  EXPECT_EQ(world.outcomes[task], "succeeded 57");
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
}

TEST_F(RecoveryTest, ASilentWorkerIsWaitedForOneLivenessWindow) {
  world.AddRow({});
  Restart();
  world.Say("default_other");  // could have it as well, and answers
  world.Pass(Seconds{40});
  EXPECT_THAT(world.Offers("default_other"), SizeIs(0));
  world.Pass(Seconds{6});
  const auto offers = world.Offers("default_other");
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_EQ(offers[0].attempt, 2U);
  EXPECT_EQ(world.dispatcher.Workers("")[1].state, "offline");
}

TEST_F(RecoveryTest, NewTasksDoNotWaitForOldOnes) {
  for (int i = 0; i < 1000; i++) world.AddRow({});
  Restart();
  world.Say("default_other", {.types = {"quick"}});
  const auto task = world.Open({.type = "quick"});
  world.Run();
  const auto offers = world.Offers("default_other");
  ASSERT_THAT(offers, SizeIs(1));
  world.Result("default_other", world.Token(task), 1);
  world.Run();
  EXPECT_EQ(world.outcomes.count(task), 1U);
  EXPECT_EQ(world.now, kStart);
}

TEST_F(RecoveryTest, SubmittedTasksTakeNoPart) {
  const auto task = world.AddRow({}, store::TaskState::kSubmitted);
  Restart();
  world.Say(kWorker, {.seen = 7});
  world.Pass(Seconds{60});
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
  EXPECT_THAT(world.Why(task), HasSubstr("submitted: it waits for whoever holds its task token"));
}

TEST_F(RecoveryTest, TheRecordedHolderKeepsItsJob) {
  const auto task = world.AddRow({}, store::TaskState::kAccepted, kWorker, 1);
  Restart();
  EXPECT_THAT(world.Why(task), HasSubstr("waiting for the roll call of worker w"));
  world.Say(kWorker, {.seen = 7, .held = {World::Holding(world.Token(task), 1)}});
  world.Run();
  EXPECT_THAT(world.Controls(kWorker).keep, SizeIs(1));
  EXPECT_EQ(world.dispatcher.Workers("").front().used, 1);
  world.Pass(Seconds{300});
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
}

// Its journal answers the offer: with the result, or by running what it never got.
TEST_F(RecoveryTest, ARecordedHolderThatDoesNotNameTheJobIsOfferedTheSameAttempt) {
  const auto task = world.AddRow({}, store::TaskState::kAccepted, kWorker, 1);
  Restart();
  world.Say(kWorker, {.seen = 7});
  world.Pass(Seconds{2});
  const auto offers = world.Offers(kWorker);
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_EQ(offers[0].attempt, 1U);
  EXPECT_EQ(world.At(task).attempt, 1U);
}

// The broker's word on it may come later than the link: nobody has answered to the call before.
TEST_F(RecoveryTest, AHolderIsAskedAgainOnceItsConnectionIsKnown) {
  world.AddRow({}, store::TaskState::kAccepted, kWorker, 1);
  Restart(false);
  EXPECT_TRUE(world.Controls(kWorker).roll_call);
  world.Say(kWorker, {.connection = 3, .seen = 7, .retained = true});
  world.Run();
  EXPECT_TRUE(world.Controls(kWorker).roll_call);
  world.Say(kWorker, {.connection = 3, .seen = 7, .retained = true});
  world.Run();
  EXPECT_FALSE(world.Controls(kWorker).roll_call) << "once";
}

TEST_F(RecoveryTest, AHolderThatHasRestartedWithoutTheJobLosesTheAttempt) {
  const auto task = world.AddRow({}, store::TaskState::kAccepted, kWorker, 1);
  Restart();
  world.Say(kWorker, {.incarnation = 2});
  world.Pass(Seconds{2});
  const auto offers = world.Offers(kWorker);
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_EQ(offers[0].attempt, 2U);
  EXPECT_EQ(world.At(task).attempt, 2U);
}

TEST_F(RecoveryTest, AGrantedAtMostOnceJobNeverGoesElsewhere) {
  const auto task =
      world.AddRow({.at_most_once = true}, store::TaskState::kAccepted, kWorker, 1);
  Restart();
  world.Say(kWorker, {.incarnation = 2});
  world.Pass(Seconds{60});
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
  EXPECT_THAT(world.outcomes[task], HasSubstr("failed Towline.WorkerLost: The worker w no longer"));
}

TEST_F(RecoveryTest, AHeldJobThatHasEndedIsCancelled) {
  const auto task = world.AddRow({});
  const std::string token = world.Token(task);
  world.rows.clear();
  Restart();
  world.Say(kWorker, {.seen = 7, .held = {World::Holding(token, 1)}});
  world.Run();
  const auto cancel = world.Controls(kWorker).cancel;
  ASSERT_THAT(cancel, SizeIs(1));
  EXPECT_EQ(cancel[0].token, token);
}

TEST_F(RecoveryTest, AHeldJobOfAnOlderAttemptIsCancelled) {
  const auto task = world.AddRow({});
  world.At(task).attempt = 3;
  Restart();
  world.Say(kWorker, {.seen = 7, .held = {World::Holding(world.Token(task), 2)}});
  world.Run();
  const auto cancel = world.Controls(kWorker).cancel;
  ASSERT_THAT(cancel, SizeIs(1));
  EXPECT_EQ(cancel[0].attempt, 2U);
}

// The roll call may come before the partition has read its rows.
TEST_F(RecoveryTest, AnEarlyRollCallIsRememberedUntilThePartitionSpeaks) {
  const auto held = world.AddRow({});
  const auto recorded = world.AddRow({}, store::TaskState::kAccepted, kWorker, 1);
  world.dispatcher.OnLink(true, world.now);
  world.Say(kWorker, {.seen = 7,
                      .held = {World::Holding(world.Token(held), 1),
                               World::Holding(world.Token(recorded), 1)}});
  world.Run();
  EXPECT_EQ(world.dispatcher.Workers("").front().used, 2);
  world.dispatcher.OnNotice(engine::PartitionReset{0}, world.now);
  world.Say(kWorker, {.seen = 7,
                      .held = {World::Holding(world.Token(held), 1),
                               World::Holding(world.Token(recorded), 1)}});
  for (const auto& task : {held, recorded}) {
    engine::TaskOpened notice;
    notice.task = task;
    notice.execution_tenant = "default";
    notice.open = world.At(task).open;
    notice.with_payload = false;
    notice.state = world.At(task).state;
    notice.worker = world.At(task).worker;
    notice.incarnation = world.At(task).incarnation;
    notice.recovered = true;
    world.dispatcher.OnNotice(notice, world.now);
  }
  world.Pass(Seconds{120});
  EXPECT_EQ(world.At(held).worker, kWorker);
  EXPECT_EQ(world.At(held).attempt, 1U);
  EXPECT_EQ(world.At(recorded).attempt, 1U);
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
  EXPECT_EQ(world.dispatcher.Workers("").front().used, 2);
}

TEST_F(RecoveryTest, APartitionThatReadsItsRowsAgainAsksForARollCall) {
  world.dispatcher.OnLink(true, world.now);
  world.Say(kWorker);
  const auto offered = world.Open();
  const auto waiting = world.Open({.type = "other"});
  world.Run();
  ASSERT_THAT(world.Offers(kWorker), SizeIs(1));
  world.Recover();
  world.Run();
  EXPECT_TRUE(world.Controls(kWorker).roll_call);
  world.Pass(Seconds{3});
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0)) << "it may have the job";
  world.Say(kWorker, {.seen = 1, .held = {World::Holding(world.Token(offered), 1)}});
  world.Pass(Seconds{3});
  EXPECT_EQ(world.At(offered).worker, kWorker);
  EXPECT_EQ(world.At(waiting).attempt, 1U) << "nobody could take it: no attempt is spent";
}

TEST_F(RecoveryTest, AfterOurOwnReconnectAllWorkersAreUnknownUntilTheyAnswer) {
  world.dispatcher.OnLink(true, world.now);
  world.Say(kWorker);
  const auto task = world.Open({.on_worker_lost = interpreter::TaskSpec::OnWorkerLost::kFail});
  world.Run();
  world.Accepted(kWorker, world.Offers(kWorker)[0]);
  world.Run();
  world.dispatcher.OnLink(false, world.now);
  world.Pass(Seconds{200});
  EXPECT_EQ(world.outcomes.count(task), 0U) << "our own darkness is nobody's loss";
  world.dispatcher.OnLink(true, world.now);
  world.Run();
  EXPECT_TRUE(world.Controls(kWorker).roll_call);
  EXPECT_EQ(world.dispatcher.Workers("").front().state, "unknown");
  world.Open();
  world.Run();
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
  world.Say(kWorker, {.seen = 1, .held = {World::Holding(world.Token(task), 1)}});
  world.Run();
  EXPECT_THAT(world.Offers(kWorker), SizeIs(1));
}

TEST_F(RecoveryTest, AnOfferThatTheLinkSwallowedIsRepeatedWithItsAttempt) {
  world.dispatcher.OnLink(true, world.now);
  world.Say(kWorker);
  world.Open();
  world.Run();
  world.published.clear();
  world.Pass(Seconds{1});
  world.dispatcher.OnLink(false, world.now);
  world.dispatcher.OnLink(true, world.now);
  world.Say(kWorker, {.seen = 0});
  world.Pass(Seconds{2});
  const auto offers = world.Offers(kWorker);
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_EQ(offers[0].attempt, 1U);
}

// Only an offer that the worker has seen may be called absent.
TEST_F(RecoveryTest, AnOfferOnItsWayIsNotAbsent) {
  world.dispatcher.OnLink(true, world.now);
  world.Say(kWorker);
  world.Open();
  world.Pass(Seconds{1});
  ASSERT_THAT(world.Offers(kWorker), SizeIs(1));
  world.Say(kWorker, {.seen = 0});  // said before the offer came
  world.Pass(Seconds{5});
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
}

TEST_F(RecoveryTest, HeartbeatClocksStandStillWithoutALink) {
  world.dispatcher.OnNotice(engine::PartitionReset{0}, world.now);
  world.Run();
  world.dispatcher.OnLink(true, world.now);
  world.Run();
  world.dispatcher.OnLink(false, world.now);
  world.inbox_full = true;
  world.Run();
  world.inbox_full = false;
  world.Pass(Millis{100});
  EXPECT_THAT(world.holds, testing::ElementsAre("all", "", "all"));
}

// Whoever came back later than we did would miss heartbeats that nobody could have heard.
TEST_F(RecoveryTest, TheClocksOfAWorkersJobsWaitForItsAnswer) {
  world.AddRow({}, store::TaskState::kAccepted, kWorker, 1);
  world.AddRow({}, store::TaskState::kAccepted, "default_w2", 1);
  Restart(/*worker_known=*/false);
  EXPECT_EQ(world.holds.back(), std::string(kWorker) + " default_w2") << "as after a start";
  world.Say(kWorker);
  world.Say("default_w2");
  world.Run();
  EXPECT_EQ(world.holds.back(), "");
  world.dispatcher.OnLink(false, world.now);
  world.Pass(Seconds{1});
  EXPECT_EQ(world.holds.back(), "all");
  world.dispatcher.OnLink(true, world.now);
  world.Pass(Seconds{1});
  EXPECT_EQ(world.holds.back(), std::string(kWorker) + " default_w2");
  world.Say(kWorker, {.connection = 2});
  world.Run();
  EXPECT_EQ(world.holds.back(), "default_w2");
  world.Pass(Seconds{44});
  EXPECT_EQ(world.holds.back(), "") << "lost: its own heartbeat and timeout decide";
}

// The broker tells us of its will before it has had the time to come back.
TEST_F(RecoveryTest, AnOldWillDoesNotLoseAWorkerThatHoldsAJob) {
  const auto task = world.AddRow({.on_worker_lost = interpreter::TaskSpec::OnWorkerLost::kRequeue},
                                 store::TaskState::kAccepted, kWorker, 1);
  Restart(/*worker_known=*/false);
  world.Say(kWorker, {.state = jobs::WorkerState::kOffline, .retained = true});
  world.Pass(Seconds{9});
  EXPECT_EQ(world.holds.back(), kWorker);
  world.Say(kWorker, {.connection = 2, .held = {World::Holding(world.Token(task), 1)}});
  world.Pass(Seconds{60});
  EXPECT_EQ(world.holds.back(), "");
  EXPECT_EQ(world.At(task).attempt, 1U);
}

TEST_F(RecoveryTest, AWorkerThatIsNotThereIsLostWithTheJobsThatComeToLightLater) {
  Restart(/*worker_known=*/false);
  world.Say(kWorker, {.state = jobs::WorkerState::kOffline, .retained = true});
  world.Run();
  const auto task = world.AddRow({.on_worker_lost = interpreter::TaskSpec::OnWorkerLost::kRequeue},
                                 store::TaskState::kAccepted, kWorker, 1);
  world.Recover();  // the store was slower than the broker
  world.Pass(Seconds{40});
  EXPECT_EQ(world.At(task).attempt, 1U);
  world.Pass(Seconds{6});
  EXPECT_EQ(world.At(task).attempt, 2U);
}

TEST_F(RecoveryTest, ARollCallMayComeInPages) {
  const auto a = world.AddRow({}, store::TaskState::kAccepted, kWorker, 1);
  const auto b = world.AddRow({}, store::TaskState::kAccepted, kWorker, 1);
  Restart();
  jobs::Presence page;
  page.incarnation = page.connection = 1;
  page.slots = 4;
  page.types = {{.name = "add"}};
  page.parts = 2;
  page.held = {World::Holding(world.Token(a), 1)};
  world.Raw(jobs::PresenceTopic(kWorker), jobs::Encode(page));
  world.Run();
  EXPECT_EQ(world.dispatcher.Workers("").front().state, "unknown") << "half an answer";
  page.part = 2;
  page.held = {World::Holding(world.Token(b), 1)};
  world.Raw(jobs::PresenceTopic(kWorker), jobs::Encode(page));
  world.Run();
  EXPECT_THAT(world.Controls(kWorker).keep, SizeIs(2));
  EXPECT_EQ(world.dispatcher.Workers("").front().state, "online");
}

TEST_F(RecoveryTest, CancelsAreDurable) {
  const auto held = world.AddRow({}, store::TaskState::kCancelling, kWorker, 1);
  const auto unheld = world.AddRow({}, store::TaskState::kCancelling);
  Restart();
  EXPECT_FALSE(world.Has(unheld)) << "nobody to tell";
  world.Say(kWorker, {.slots = 1, .seen = 7, .held = {World::Holding(world.Token(held), 1)}});
  world.Open();
  world.Run();
  EXPECT_THAT(world.Controls(kWorker).cancel, SizeIs(1));
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0)) << "the slot is taken until it confirms";
  world.Cancelled(kWorker, world.Token(held), 1);
  world.Run();
  EXPECT_FALSE(world.Has(held));
  const auto acks = world.Controls(kWorker).acks;
  ASSERT_THAT(acks, SizeIs(1));
  EXPECT_TRUE(acks[0].recorded);
  EXPECT_THAT(world.Offers(kWorker), SizeIs(1));
}

}  // namespace
}  // namespace towline::dispatch
