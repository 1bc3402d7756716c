// Cancel, heartbeats, progress, roll call, restart, drain, stop, the local socket.

#include "tests/worker/agent_world.h"

namespace towline::worker::testing {
namespace {

using Kind = WorkerEvent::Kind;
using Outcomes = JobResult::Outcome;

class AgentRulesTest : public ::testing::Test {
 protected:
  AgentRulesTest() { world_.Connect(); }
  void Cancel(const std::string& token, std::int64_t grace = 10, std::uint32_t attempt = 1) {
    world_.Tell({.cancel = {{token, attempt, "timed out", grace, 2}}});
  }
  const JobResult& Last() const { return world_.results.back(); }
  World world_;
};

TEST_F(AgentRulesTest, ACancelSignalsThenKillsAndReportsCancelled) {
  world_.Give({OfferOf("a", "slow")});
  Cancel("a", 3);
  const JobId id = world_.slow.started[0].id;
  EXPECT_EQ(world_.slow.signals, (std::vector<std::pair<JobId, bool>>{{id, false}}));
  world_.Pass(Millis(2999));
  EXPECT_EQ(world_.slow.signals.size(), 1U);
  Cancel("a", 3);  // repeated: the grace does not begin again
  world_.Pass(Millis(1));
  ASSERT_EQ(world_.slow.signals.size(), 2U);
  EXPECT_TRUE(world_.slow.signals[1].second);
  EXPECT_TRUE(world_.results.empty()) << "not cancelled before it is dead";
  world_.End(id, {.error = "Towline.ProgramKilled", .cause = "signal 9"});
  ASSERT_EQ(world_.results.size(), 1U);
  EXPECT_EQ(Last().outcome, Outcomes::kCancelled);
  EXPECT_EQ(Last().error, "Towline.Cancelled");
  EXPECT_EQ(Last().cause, "cancelled: timed out; Towline.ProgramKilled: signal 9");
}

TEST_F(AgentRulesTest, TheConfirmationOfACancelSaysWhatWasKilledAndWhatIsLeft) {
  world_.Give({OfferOf("a", "slow")});
  Cancel("a", 0);
  world_.End(world_.slow.started[0].id,
             {.error = "Towline.ProgramKilled", .cause = "signal 9", .killed = 3, .left = 0});
  EXPECT_EQ(Last().cause,
            "cancelled: timed out; Towline.ProgramKilled: signal 9; processes killed: 3, left: 0");
}

TEST_F(AgentRulesTest, AJobThatRunsLongerThanTheSiteAllowsIsStoppedAndFails) {
  Offer offer = OfferOf("a", "bounded");
  offer.grace_seconds = 5;
  world_.Give({offer});
  world_.Pass(Seconds(29));
  EXPECT_TRUE(world_.slow.signals.empty());
  world_.Pass(Seconds(1));
  ASSERT_EQ(world_.slow.signals.size(), 1U);
  EXPECT_FALSE(world_.slow.signals[0].second) << "softly first";
  world_.Pass(Seconds(5));
  ASSERT_EQ(world_.slow.signals.size(), 2U);
  EXPECT_TRUE(world_.slow.signals[1].second);
  world_.End(world_.slow.started[0].id, {.error = "Towline.ProgramKilled", .cause = "signal 9"});
  EXPECT_EQ(Last().outcome, Outcomes::kFailed);
  EXPECT_EQ(Last().error, "Towline.WallClockLimit");
  EXPECT_EQ(Last().cause,
            "it ran longer than limits.wall_clock_seconds = 30; Towline.ProgramKilled: signal 9");
}

TEST_F(AgentRulesTest, AJobThatEndsInTimeIsNotStopped) {
  world_.Give({OfferOf("a", "bounded")});
  world_.Pass(Seconds(29));
  world_.End(world_.slow.started[0].id, Success());
  world_.Pass(Seconds(60));
  EXPECT_TRUE(world_.slow.signals.empty());
  EXPECT_EQ(Last().outcome, Outcomes::kSucceeded);
}

TEST_F(AgentRulesTest, TheSitesGraceWinsOverTheCentres) {
  world_.Give({OfferOf("a", "patient")});
  Cancel("a", 0);
  ASSERT_EQ(world_.slow.signals.size(), 1U);
  EXPECT_FALSE(world_.slow.signals[0].second);
  world_.Pass(Seconds(59));
  EXPECT_EQ(world_.slow.signals.size(), 1U);
  world_.Pass(Seconds(1));
  EXPECT_EQ(world_.slow.signals.size(), 2U);
}

TEST_F(AgentRulesTest, AJobThatWaitsForItsGrantIsCancelledWithoutAStart) {
  world_.Give({Once(OfferOf("a", "slow"))});
  Cancel("a");
  world_.Tell({.grants = {{"a", 1, true}}});
  EXPECT_TRUE(world_.slow.started.empty());
  EXPECT_EQ(Last().outcome, Outcomes::kCancelled);
  EXPECT_EQ(world_.agent->held(), 0U);
}

TEST_F(AgentRulesTest, ACancelOfAnUnknownJobIsConfirmedAndItsLateOfferIgnored) {
  Cancel("a");
  ASSERT_EQ(world_.results.size(), 1U);
  EXPECT_EQ(Last().outcome, Outcomes::kCancelled);
  EXPECT_EQ(world_.partition_of_last_result, 2);
  world_.Give({OfferOf("a", "slow")});
  world_.Ack("a");
  world_.Give({OfferOf("a", "slow")});
  EXPECT_TRUE(world_.slow.started.empty());
}

TEST_F(AgentRulesTest, ACancelOfAFinishedJobPublishesItsResultAgain) {
  world_.Give({OfferOf("a", "quick")});
  Cancel("a");
  ASSERT_EQ(world_.results.size(), 2U);
  EXPECT_EQ(Last().outcome, Outcomes::kSucceeded);
}

TEST_F(AgentRulesTest, AStaleAckOfARunningJobStopsIt) {
  world_.Give({OfferOf("a", "slow")});
  world_.Ack("a", 1, /*recorded=*/false);
  EXPECT_EQ(world_.slow.signals.size(), 1U);
}

TEST_F(AgentRulesTest, AutomaticHeartbeatsComeAtAThirdAndShareAMessage) {
  Offer a = OfferOf("a", "slow");
  Offer b = OfferOf("b", "slow");
  a.heartbeat_seconds = b.heartbeat_seconds = 9;
  world_.Give({a, b, OfferOf("c", "slow")});
  world_.Pass(Millis(2999));
  EXPECT_EQ(world_.Count(Kind::kHeartbeat), 0);
  world_.Pass(Millis(1));
  ASSERT_EQ(world_.Count(Kind::kHeartbeat), 1);
  EXPECT_EQ(world_.events.back().beats.size(), 2U);
  world_.End(world_.slow.started[0].id, Success());
  world_.Pass(Seconds(3));
  ASSERT_EQ(world_.Count(Kind::kHeartbeat), 2);
  ASSERT_EQ(world_.events.back().beats.size(), 1U);
  EXPECT_EQ(world_.events.back().beats[0].first, "b");
}

TEST_F(AgentRulesTest, OfAManualJobOnlyItsOwnHeartbeatsCount) {
  Offer offer = OfferOf("a", "manual");
  offer.heartbeat_seconds = 3;
  world_.Give({offer});
  world_.Pass(Seconds(30));
  EXPECT_EQ(world_.Count(Kind::kHeartbeat), 0);
  const JobId id = world_.slow.started[0].id;
  for (int i = 0; i < 100; i++) world_.agent->OnHeartbeat(id, world_.now);
  world_.Run();
  EXPECT_EQ(world_.Count(Kind::kHeartbeat), 1);
  world_.Pass(Millis(250));
  EXPECT_EQ(world_.Count(Kind::kHeartbeat), 2) << "a flood is thinned, its end not lost";
  world_.Pass(Seconds(30));
  EXPECT_EQ(world_.Count(Kind::kHeartbeat), 2);
  world_.agent->OnProgress(id, {.percent = 5}, world_.now);
  world_.Run();
  EXPECT_EQ(world_.Count(Kind::kProgress), 1) << "which is a sign of life to the server";
}

TEST_F(AgentRulesTest, ProgressIsThinnedAndItsLatestIsTold) {
  world_.Give({OfferOf("a", "slow")});
  const JobId id = world_.slow.started[0].id;
  for (int i = 1; i <= 50; i++) {
    world_.agent->OnProgress(id, {.percent = i, .checkpoint = std::to_string(i)}, world_.now);
  }
  world_.Run();
  ASSERT_EQ(world_.Count(Kind::kProgress), 1);
  EXPECT_EQ(world_.events.back().percent, 1);
  world_.Pass(Seconds(10));
  ASSERT_EQ(world_.Count(Kind::kProgress), 2);
  EXPECT_EQ(world_.events.back().percent, 50);
  EXPECT_EQ(world_.events.back().checkpoint, "50");
}

TEST_F(AgentRulesTest, ACheckpointAbove8KiBIsDroppedAndTheRestTold) {
  world_.Give({OfferOf("a", "slow")});
  world_.agent->OnProgress(world_.slow.started[0].id,
                           {.message = "m", .checkpoint = '"' + std::string(8192, 'x') + '"'},
                           world_.now);
  world_.Run();
  ASSERT_EQ(world_.Count(Kind::kProgress), 1);
  EXPECT_EQ(world_.events.back().message, "m");
  EXPECT_FALSE(world_.events.back().checkpoint);
}

TEST_F(AgentRulesTest, TheLatestCheckpointIsToldAgainAtEachConnect) {
  world_.Give({OfferOf("a", "slow")});
  const JobId id = world_.slow.started[0].id;
  world_.Disconnect();
  world_.agent->OnProgress(id, {.checkpoint = "1"}, world_.now);
  world_.agent->OnProgress(id, {.checkpoint = "2"}, world_.now);
  world_.Run();
  for (int i = 0; i < 2; i++) {
    world_.events.clear();
    world_.Connect();
    ASSERT_EQ(world_.Count(Kind::kProgress), 1);
    EXPECT_EQ(world_.events.back().checkpoint, "2");
    world_.Disconnect();
  }
}

TEST_F(AgentRulesTest, WhatAJobHasSavedIsToldBeforeItsEnd) {
  world_.Give({OfferOf("a", "slow")});
  const JobId id = world_.slow.started[0].id;
  world_.agent->OnProgress(id, {.checkpoint = "1"}, world_.now);
  world_.agent->OnProgress(id, {.checkpoint = "2"}, world_.now);
  world_.End(id, {.error = "E"});
  EXPECT_EQ(world_.events.back().checkpoint, "2");
}

TEST_F(AgentRulesTest, WhatAJobHasSavedGoesWithItsFailure) {
  world_.Give({OfferOf("a", "slow"), OfferOf("b", "slow")});
  world_.Disconnect();
  for (const auto& started : world_.slow.started) {
    world_.agent->OnProgress(started.id, {.checkpoint = "7"}, world_.now);
  }
  world_.End(world_.slow.started[0].id, {.error = "E"});
  world_.End(world_.slow.started[1].id, {.succeeded = true, .output = "1"});
  world_.Connect();
  ASSERT_EQ(world_.results.size(), 2U);
  EXPECT_EQ(world_.results[0].checkpoint, "7");
  EXPECT_FALSE(world_.results[1].checkpoint) << "nobody needs it";
}

TEST_F(AgentRulesTest, WhatAJobHasSavedSurvivesARestartOfTheAgent) {
  world_.Give({OfferOf("a", "slow"), OfferOf("b", "rerun")});
  world_.Disconnect();
  for (const auto& started : world_.slow.started) {
    world_.agent->OnProgress(started.id, {.checkpoint = "6"}, world_.now);
    world_.agent->OnProgress(started.id, {.checkpoint = "7"}, world_.now);
  }
  world_.Pass(Seconds(1));
  world_.Boot();
  world_.events.clear();
  world_.Connect();
  ASSERT_EQ(world_.results.size(), 1U);
  EXPECT_EQ(Last().token, "a");
  EXPECT_EQ(Last().checkpoint, "7");
  ASSERT_EQ(world_.Count(Kind::kProgress), 1) << "of the one that is given back";
  EXPECT_EQ(world_.events.back().token, "b");
  EXPECT_EQ(world_.events.back().checkpoint, "7");
  world_.Boot();
  world_.events.clear();
  world_.Connect();
  EXPECT_EQ(world_.Count(Kind::kProgress), 0) << "told once";
}

TEST_F(AgentRulesTest, WhatAJobHasSavedSurvivesAStopOfTheAgentWithoutALink) {
  world_.Give({OfferOf("a", "rerun")});
  world_.Disconnect();
  world_.agent->OnProgress(world_.slow.started[0].id, {.checkpoint = "7"}, world_.now);
  world_.Pass(Seconds(1));
  world_.agent->Stop(world_.now);
  world_.Pass(world_.settings.stop_timeout);
  world_.End(world_.slow.started[0].id, {.error = "E"});
  world_.Pass(Seconds(10));
  world_.Boot();
  world_.Connect();
  ASSERT_EQ(world_.Count(Kind::kProgress), 1);
  EXPECT_EQ(world_.events.back().checkpoint, "7");
}

TEST_F(AgentRulesTest, TheCheckpointOfAnEarlierAttemptReachesTheJob) {
  Offer offer = OfferOf("a", "slow", 2);
  offer.checkpoint = "{\"at\":7}";
  world_.Give({offer});
  EXPECT_EQ(world_.slow.started[0].checkpoint, "{\"at\":7}");
}

TEST_F(AgentRulesTest, EachConnectAnnouncesWhoAndWhat) {
  ASSERT_EQ(world_.presence.size(), 1U);
  const jobs::Presence& presence = world_.presence[0];
  EXPECT_EQ(presence.state, jobs::WorkerState::kOnline);
  EXPECT_EQ(presence.incarnation, world_.agent->incarnation());
  EXPECT_EQ(presence.connection, world_.connection);
  EXPECT_EQ(presence.slots, 4);
  EXPECT_EQ(presence.types.size(), 8U);
  EXPECT_EQ(presence.queues, std::vector<std::string>{"default"});
  world_.seq = 41;
  world_.Give({OfferOf("a", "slow")});
  world_.Tell({.roll_call = true});
  EXPECT_EQ(world_.presence.back().seen, 42U);
}

// The broker may have lost it, and the server talks to the connection that it knows.
TEST_F(AgentRulesTest, PresenceIsToldAgainNowAndThenAndSoonWhenTheServerKnowsAnOlderOne) {
  world_.Pass(Seconds(61));
  EXPECT_EQ(world_.presence.size(), 2U);
  world_.Tell({.connection = world_.connection - 1, .roll_call = true});
  world_.Pass(Seconds(5));
  EXPECT_EQ(world_.presence.size(), 3U);
  EXPECT_EQ(world_.presence.back().connection, world_.connection);
  world_.Pass(Seconds(50));
  EXPECT_EQ(world_.presence.size(), 3U);
}

TEST_F(AgentRulesTest, ARollCallListsRunningJobsAndRepeatsResults) {
  world_.Give({OfferOf("a", "slow"), Once(OfferOf("b", "slow")), OfferOf("c", "quick")});
  Cancel("a");
  world_.results.clear();
  world_.Tell({.roll_call = true});
  std::map<std::string, std::string> held;
  for (const jobs::Held& each : world_.presence.back().held) held[each.token] = each.state;
  EXPECT_EQ(held, (std::map<std::string, std::string>{{"a", "cancelling"}, {"b", "waiting"}}));
  ASSERT_EQ(world_.results.size(), 1U) << "results announce themselves";
  EXPECT_EQ(Last().token, "c");
}

TEST_F(AgentRulesTest, ALongRollCallIsPaged) {
  world_.settings.slots = 1000;
  world_.now += Seconds(1);
  world_.Boot();
  world_.Connect();
  std::vector<Offer> offers;
  for (int i = 0; i < 600; i++) {
    offers.push_back(OfferOf(std::string(250, 'x') + std::to_string(i), "slow"));
    if (offers.size() == 100) world_.Give(std::exchange(offers, {}));
  }
  world_.presence.clear();
  world_.Tell({.roll_call = true});
  std::size_t held = 0;
  for (std::size_t i = 0; i < world_.presence.size(); i++) {
    const jobs::Presence& page = world_.presence[i];
    EXPECT_LE(jobs::Encode(page).size(), jobs::kMessageBytesMax);
    EXPECT_EQ(page.part, static_cast<int>(i) + 1);
    EXPECT_EQ(page.parts, static_cast<int>(world_.presence.size()));
    held += page.held.size();
  }
  EXPECT_EQ(held, 600U);
  EXPECT_GT(world_.presence.size(), 1U);
}

TEST_F(AgentRulesTest, ARestartReportsJobsThatWereCutOff) {
  world_.slow.next_group = ProcessGroup{4711, "boot:1"};
  world_.Give({OfferOf("a", "slow")});
  world_.now += Seconds(5);
  world_.Boot();
  ASSERT_EQ(world_.killed.size(), 1U);
  EXPECT_EQ(world_.killed[0].first, "a");
  EXPECT_EQ(world_.killed[0].second, (ProcessGroup{4711, "boot:1"}));
  world_.Connect();
  ASSERT_EQ(world_.results.size(), 1U);
  EXPECT_EQ(Last().error, "Towline.WorkerRestarted");
  EXPECT_EQ(Last().cause, "the worker restarted while the job was running");
  EXPECT_TRUE(world_.presence.back().held.empty());
  world_.Boot();
  world_.Connect();
  EXPECT_EQ(world_.results.size(), 2U) << "the report is in the journal too";
  EXPECT_EQ(world_.killed.size(), 1U);
}

TEST_F(AgentRulesTest, ARestartForgetsWhatMayBeRunAgainSoThatTheRollCallGivesItBack) {
  world_.slow.next_group = ProcessGroup{4711, "boot:1"};
  world_.Give({OfferOf("a", "rerun")});
  world_.Boot();
  EXPECT_EQ(world_.killed.size(), 1U);
  world_.Connect();
  EXPECT_TRUE(world_.results.empty());
  EXPECT_TRUE(world_.presence.back().held.empty());
  world_.Give({OfferOf("a", "rerun")});
  EXPECT_EQ(world_.slow.started.size(), 1U) << "not again under the same attempt";
  world_.Give({OfferOf("a", "rerun", 2)});
  EXPECT_EQ(world_.slow.started.size(), 2U);
  world_.Pass(Seconds(1));
  EXPECT_EQ(world_.journal.size(), 1U);
}

TEST_F(AgentRulesTest, AtMostOnceIsNeverForgottenNorStartedByALaterLife) {
  world_.Give({Once(OfferOf("a", "rerun")), Once(OfferOf("b", "slow"))});
  world_.Tell({.grants = {{"a", 1, true}}});
  world_.Boot(/*power_loss=*/true);
  world_.Connect();
  ASSERT_EQ(world_.results.size(), 2U);
  for (const JobResult& result : world_.results) EXPECT_EQ(result.error, "Towline.WorkerRestarted");
  world_.Tell({.grants = {{"a", 1, true}, {"b", 1, true}}});
  EXPECT_EQ(world_.slow.started.size(), 1U);
}

TEST_F(AgentRulesTest, ResultsSurviveARestart) {
  world_.Give({OfferOf("a", "quick")});
  world_.Boot();
  world_.Connect();
  ASSERT_EQ(world_.results.size(), 2U);
  EXPECT_EQ(Last().output, "57");
  world_.Ack("a");
  world_.Pass(Seconds(1));
  EXPECT_EQ(world_.journal.size(), 0U);
}

TEST_F(AgentRulesTest, AnIncarnationIsAboveAllEarlierOnesAndFollowsTheClock) {
  const std::uint64_t first = world_.agent->incarnation();
  world_.Boot();
  EXPECT_EQ(world_.agent->incarnation(), first + 1);
  world_.now += Seconds(100);
  world_.Boot();
  EXPECT_EQ(world_.agent->incarnation(), 1'700'000'100'000U);
  world_.now -= Seconds(5000);
  world_.Boot();
  EXPECT_EQ(world_.agent->incarnation(), 1'700'000'100'001U) << "the site's clock was set back";
}

TEST_F(AgentRulesTest, ADrainedWorkerDeclinesAndSaysSo) {
  world_.Give({OfferOf("a", "slow")});
  world_.Tell({.drain = true});
  EXPECT_EQ(world_.presence.back().state, jobs::WorkerState::kDraining);
  world_.Give({OfferOf("b", "slow")});
  EXPECT_EQ(world_.declined(), "draining");
  world_.End(world_.slow.started[0].id, Success());
  EXPECT_EQ(world_.results.size(), 1U) << "what runs may end";
  world_.Tell({.drain = false});
  EXPECT_EQ(world_.presence.back().state, jobs::WorkerState::kOnline);
  world_.Give({OfferOf("b", "slow", 2)});
  EXPECT_EQ(world_.slow.started.size(), 2U);
}

TEST_F(AgentRulesTest, AStopLetsRunningJobsEndAndLeavesCleanly) {
  world_.Give({OfferOf("a", "slow"), Once(OfferOf("b", "slow"))});
  world_.agent->Stop(world_.now);
  world_.Run();
  EXPECT_EQ(world_.presence.back().state, jobs::WorkerState::kDraining);
  EXPECT_EQ(world_.declined(), "draining") << "what has not begun goes elsewhere";
  world_.Tell({.grants = {{"b", 1, true}}});
  world_.Pass(Seconds(5));
  EXPECT_EQ(world_.slow.started.size(), 1U);
  EXPECT_FALSE(world_.agent->stopped());
  world_.End(world_.slow.started[0].id, Success());
  EXPECT_FALSE(world_.agent->stopped()) << "its result is not acknowledged yet";
  world_.Ack("a");
  EXPECT_TRUE(world_.agent->stopped());
  EXPECT_EQ(world_.presence.back().state, jobs::WorkerState::kOffline);
  EXPECT_EQ(world_.journal.size(), 0U);
}

TEST_F(AgentRulesTest, AStopThatTakesTooLongEndsTheJobs) {
  world_.Give({OfferOf("a", "slow"), OfferOf("b", "rerun")});
  world_.agent->Stop(world_.now);
  world_.Pass(world_.settings.stop_timeout - Millis(1));
  EXPECT_TRUE(world_.slow.signals.empty());
  world_.Pass(Millis(1));
  EXPECT_EQ(world_.slow.signals.size(), 2U);
  for (const Job& job : std::vector(world_.slow.started)) world_.End(job.id, {.error = "E"});
  ASSERT_EQ(world_.results.size(), 1U) << "the other one may run again";
  EXPECT_EQ(Last().token, "a");
  EXPECT_EQ(Last().error, "Towline.WorkerRestarted");
  world_.Pass(world_.settings.flush_timeout);
  EXPECT_TRUE(world_.agent->stopped()) << "what is not acknowledged waits in the journal";
  EXPECT_EQ(world_.journal.size(), 1U);
}

TEST_F(AgentRulesTest, AStopWithoutALinkDoesNotWaitForOne) {
  world_.Give({OfferOf("a", "quick")});
  world_.Disconnect();
  world_.agent->Stop(world_.now);
  world_.Run();
  EXPECT_TRUE(world_.agent->stopped());
}

TEST_F(AgentRulesTest, ALocalRequestIsForwardedRepeatedAndAnswered) {
  world_.agent->OnRequest(7, {.task_token = "t", .output = "1"}, world_.now);
  world_.Run();
  ASSERT_EQ(world_.callbacks.size(), 1U);
  EXPECT_EQ(world_.callbacks[0].output, "1");
  world_.Pass(Seconds(2));
  EXPECT_EQ(world_.callbacks.size(), 2U);
  const std::string reply_to = world_.callbacks[0].reply_to;
  EXPECT_EQ(world_.callbacks[1].reply_to, reply_to);
  const std::string reply = jobs::Encode(jobs::CallbackReply{jobs::CallbackReply::Verdict::kStale});
  world_.agent->OnMessage(reply_to, reply, world_.now);
  world_.agent->OnMessage(reply_to, reply, world_.now);
  world_.Pass(Seconds(60));
  EXPECT_EQ(world_.replies.at(7).kind, Ports::Answer::Kind::kStale);
  EXPECT_EQ(world_.callbacks.size(), 2U);
}

TEST_F(AgentRulesTest, ALocalRequestThatNobodyAnswersIsUnavailable) {
  world_.Disconnect();
  world_.agent->OnRequest(1, {.task_token = "t", .heartbeat = true}, world_.now);
  world_.Pass(Seconds(5));
  EXPECT_TRUE(world_.replies.empty());
  world_.Pass(Seconds(5));
  EXPECT_EQ(world_.replies.at(1).kind, Ports::Answer::Kind::kUnavailable);
  EXPECT_EQ(world_.replies.at(1).message, "there is no connection to the broker");
}

TEST_F(AgentRulesTest, AnIdleAgentSaysThatItIsThereEverMoreSeldom) {
  world_.presence.clear();
  world_.Pass(Seconds(61));
  EXPECT_EQ(world_.presence.size(), 1U) << "what was lost is soon said again";
  world_.presence.clear();
  world_.Pass(Seconds(3600));
  EXPECT_GE(world_.presence.size(), 3U);
  EXPECT_LE(world_.presence.size(), 7U);
}

TEST_F(AgentRulesTest, TheWillIsOfflineAndHoldsNoJobs) {
  const auto will = jobs::DecodePresence(Agent::Will(world_.settings, 5, 6));
  ASSERT_TRUE(will);
  EXPECT_EQ(will->state, jobs::WorkerState::kOffline);
  EXPECT_EQ(will->incarnation, 5U);
  EXPECT_EQ(will->connection, 6U);
  EXPECT_TRUE(will->held.empty());
}

}  // namespace
}  // namespace towline::worker::testing
