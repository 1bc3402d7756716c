// How jobs begin and end: offers, grants, results, limits.

#include "tests/worker/agent_world.h"

namespace towline::worker::testing {
namespace {

using Kind = WorkerEvent::Kind;

class AgentJobsTest : public ::testing::Test {
 protected:
  AgentJobsTest() { world_.Connect(); }
  World world_;
};

TEST_F(AgentJobsTest, AShortJobCostsTwoMessages) {
  world_.Give({OfferOf("t", "quick")});
  ASSERT_EQ(world_.quick.started.size(), 1U);
  EXPECT_EQ(world_.quick.started[0].input, "{}");
  ASSERT_EQ(world_.results.size(), 1U);
  EXPECT_EQ(world_.results[0].output, "57");
  EXPECT_EQ(world_.results[0].attempt, 1U);
  world_.Pass(Millis(900));
  EXPECT_TRUE(world_.events.empty());
}

TEST_F(AgentJobsTest, ResultsOfOneBatchShareAMessage) {
  world_.Give({OfferOf("a", "quick"), OfferOf("b", "quick"), OfferOf("c", "quick")});
  EXPECT_EQ(world_.results.size(), 3U);
  EXPECT_EQ(world_.result_messages, 1);
  EXPECT_EQ(world_.journal.writes(), 1);
}

TEST_F(AgentJobsTest, ResultsGoToTheTopicOfTheirPartition) {
  Offer offer = OfferOf("a", "quick");
  offer.partition = 3;
  world_.Give({offer});
  EXPECT_EQ(world_.partition_of_last_result, 3);
}

TEST_F(AgentJobsTest, AcceptedIsSentOnlyWhenTheResultIsNotReadyIn200Ms) {
  world_.Give({OfferOf("a", "slow"), OfferOf("b", "slow")});
  world_.Pass(Millis(199));
  EXPECT_EQ(world_.accepted(), 0);
  world_.End(world_.slow.started[0].id, Success());
  world_.Pass(Millis(1));
  ASSERT_EQ(world_.accepted(), 1);
  EXPECT_EQ(world_.events[0].token, "b");
  world_.Pass(Seconds(100));
  EXPECT_EQ(world_.accepted(), 1);
}

TEST_F(AgentJobsTest, AnAtLeastOnceJobStartsOnTheOffer) {
  world_.Give({OfferOf("a", "slow")});
  EXPECT_EQ(world_.slow.started.size(), 1U);
  EXPECT_EQ(world_.journal.size(), 1U) << "a program may outlive the agent";
  EXPECT_EQ(world_.journal.syncs(), 0);
}

TEST_F(AgentJobsTest, AnAtMostOnceJobIsSyncedThenAcceptedAndStartsOnlyOnAGrant) {
  world_.Give({Once(OfferOf("a", "slow"))});
  EXPECT_EQ(world_.journal.syncs(), 1);
  EXPECT_EQ(world_.accepted(), 1);
  EXPECT_TRUE(world_.slow.started.empty());
  world_.Tell({.grants = {{"a", 2, true}, {"other", 1, true}}});
  EXPECT_TRUE(world_.slow.started.empty()) << "the grant of another attempt";
  world_.Tell({.grants = {{"a", 1, true}}});
  EXPECT_EQ(world_.slow.started.size(), 1U);
  world_.Tell({.grants = {{"a", 1, true}}});
  EXPECT_EQ(world_.slow.started.size(), 1U) << "a grant may be repeated";
  const int syncs = world_.journal.syncs();
  world_.End(world_.slow.started[0].id, Success());
  EXPECT_EQ(world_.journal.syncs(), syncs + 1) << "its result is synced before it is published";
  EXPECT_EQ(world_.results.size(), 1U);
}

TEST_F(AgentJobsTest, AcceptedOfAnAtMostOnceJobIsRepeatedUntilGranted) {
  world_.Give({Once(OfferOf("a", "quick"))});
  world_.Pass(Seconds(20));
  EXPECT_GE(world_.accepted(), 4);
  world_.Tell({.grants = {{"a", 1, true}}});
  EXPECT_EQ(world_.quick.started.size(), 1U);
  const int said = world_.accepted();
  world_.Ack("a");
  world_.Pass(Seconds(60));
  EXPECT_EQ(world_.accepted(), said);
}

TEST_F(AgentJobsTest, AnAtMostOnceJobThatIsForgottenNeverStarts) {
  world_.Give({Once(OfferOf("a", "slow"))});
  world_.Tell({.grants = {{"a", 1, false}}});
  const int said = world_.accepted();
  world_.Tell({.grants = {{"a", 1, true}}});
  world_.Give({Once(OfferOf("a", "slow"))});
  world_.Pass(Seconds(30));
  EXPECT_TRUE(world_.slow.started.empty());
  EXPECT_EQ(world_.accepted(), said);
  EXPECT_EQ(world_.agent->held(), 0U);
  EXPECT_EQ(world_.journal.size(), 0U);
}

TEST_F(AgentJobsTest, ARepeatedOfferIsAnsweredFromMemoryAndNeverStartsAgain) {
  world_.Give({OfferOf("a", "slow")});
  world_.Give({OfferOf("a", "slow")});
  EXPECT_EQ(world_.accepted(), 1) << "answered at once";
  world_.End(world_.slow.started[0].id, Success());
  world_.Give({OfferOf("a", "slow")});
  EXPECT_EQ(world_.results.size(), 2U) << "the result is published again";
  world_.Ack("a");
  world_.Give({OfferOf("a", "slow")});
  EXPECT_EQ(world_.slow.started.size(), 1U) << "overtaken by its own acknowledgement";
  EXPECT_EQ(world_.results.size(), 2U);
}

TEST_F(AgentJobsTest, AnEarlierAttemptIsIgnored) {
  world_.Give({OfferOf("a", "slow", 2)});
  world_.Give({OfferOf("a", "slow", 1)});
  EXPECT_EQ(world_.slow.started.size(), 1U);
  world_.End(world_.slow.started[0].id, Success());
  world_.Ack("a", 2);
  world_.Give({OfferOf("a", "slow", 1)});
  EXPECT_EQ(world_.slow.started.size(), 1U);
}

TEST_F(AgentJobsTest, ALaterAttemptStartsWhenTheEarlierOneIsDead) {
  world_.Give({OfferOf("a", "slow", 1)});
  world_.Give({OfferOf("a", "slow", 2)});
  ASSERT_EQ(world_.slow.signals.size(), 1U);
  EXPECT_FALSE(world_.slow.signals[0].second) << "softly first";
  EXPECT_EQ(world_.slow.started.size(), 1U);
  world_.End(world_.slow.started[0].id, {.error = "E"});
  ASSERT_EQ(world_.slow.started.size(), 2U);
  EXPECT_EQ(world_.slow.started[1].attempt, 2U);
  ASSERT_EQ(world_.results.size(), 1U);
  EXPECT_EQ(world_.results[0].outcome, JobResult::Outcome::kCancelled);
}

TEST_F(AgentJobsTest, ALaterAttemptTakesOverTheSlotOfTheEarlierOne) {
  world_.Give({OfferOf("a", "single", 1)});
  world_.Give({OfferOf("a", "single", 2)});
  EXPECT_EQ(world_.Count(Kind::kDeclined), 0);
}

TEST_F(AgentJobsTest, MoreThanTheSlotsIsDeclinedAsBusy) {
  world_.Give({OfferOf("a", "slow"), OfferOf("b", "slow"), OfferOf("c", "slow"),
               Once(OfferOf("d", "slow")), OfferOf("e", "slow")});
  EXPECT_EQ(world_.declined(), "busy");
  EXPECT_EQ(world_.agent->held(), 4U) << "a job that waits for its grant holds a slot";
  world_.End(world_.slow.started[0].id, Success());
  world_.Give({OfferOf("e", "slow", 2)});
  EXPECT_EQ(world_.slow.started.size(), 4U) << "a result that waits for its ack holds none";
}

TEST_F(AgentJobsTest, ATypesOwnSlotsBoundItToo) {
  world_.Give({OfferOf("a", "single"), OfferOf("b", "single"), OfferOf("c", "slow")});
  EXPECT_EQ(world_.slow.started.size(), 2U);
  EXPECT_EQ(world_.declined(), "busy");
}

TEST_F(AgentJobsTest, AnUnknownTypeIsDeclined) {
  world_.Give({OfferOf("a", "bake-bread")});
  EXPECT_EQ(world_.declined(), "unknown type");
  EXPECT_EQ(world_.events[0].attempt, 1U);
}

TEST_F(AgentJobsTest, OffersAndControlOfAnotherConnectionAreDropped) {
  world_.Give({OfferOf("a", "quick")}, world_.connection - 1);
  world_.Give({OfferOf("a", "quick")}, world_.connection + 1);
  EXPECT_TRUE(world_.quick.started.empty());
  world_.Tell({.connection = world_.connection - 1, .roll_call = true});
  EXPECT_EQ(world_.presence.size(), 1U);
  EXPECT_EQ(world_.agent->counters().fenced, 3U);
}

TEST_F(AgentJobsTest, OffersOfAnEarlierLifeAreDropped) {
  const std::uint64_t before = world_.connection;
  world_.now += Millis(1);
  world_.Boot();
  world_.Connect();
  EXPECT_GT(world_.connection, before);
  world_.Give({OfferOf("a", "quick")}, before);
  EXPECT_TRUE(world_.quick.started.empty());
}

TEST_F(AgentJobsTest, AResultIsRepeatedWithBackoffUntilItIsAcknowledged) {
  world_.Give({OfferOf("a", "quick")});
  world_.Pass(Millis(999));
  EXPECT_EQ(world_.results.size(), 1U);
  EXPECT_EQ(world_.journal.syncs(), 0);
  world_.Pass(Millis(501));
  EXPECT_EQ(world_.results.size(), 2U);
  EXPECT_EQ(world_.journal.syncs(), 1) << "it has waited long enough to be worth a sync";
  world_.Pass(Seconds(600));
  EXPECT_GE(world_.results.size(), 12U);
  EXPECT_LE(world_.results.size(), 22U);
  EXPECT_EQ(world_.journal.syncs(), 1);
  world_.Ack("a");
  const auto published = world_.results.size();
  world_.Pass(Seconds(600));
  EXPECT_EQ(world_.results.size(), published);
  EXPECT_EQ(world_.journal.size(), 0U);
}

TEST_F(AgentJobsTest, AStaleResultIsDroppedAsWell) {
  world_.Give({OfferOf("a", "quick")});
  world_.Ack("a", 1, /*recorded=*/false);
  EXPECT_EQ(world_.agent->unacknowledged(), 0U);
  EXPECT_EQ(world_.agent->counters().acked_stale, 1U);
}

TEST_F(AgentJobsTest, AnAckOfAnotherAttemptChangesNothing) {
  world_.Give({OfferOf("a", "quick", 2)});
  world_.Ack("a", 1);
  EXPECT_EQ(world_.agent->unacknowledged(), 1U);
}

TEST_F(AgentJobsTest, AcknowledgedEntriesAreDeletedInBatches) {
  for (const char* token : {"a", "b", "c"}) {
    world_.Give({OfferOf(token, "quick")});
    world_.Ack(token);
  }
  EXPECT_EQ(world_.journal.writes(), 3) << "each deletion rode with the next result";
  EXPECT_EQ(world_.journal.size(), 1U);
  world_.Pass(Seconds(1));
  EXPECT_EQ(world_.journal.size(), 0U);
}

TEST_F(AgentJobsTest, AnOutputAbove64KiBFails) {
  world_.quick.outcome.output = '"' + std::string(jobs::kPayloadBytesMax - 2, 'x') + '"';
  world_.Give({OfferOf("a", "quick")});
  EXPECT_EQ(world_.results[0].outcome, JobResult::Outcome::kSucceeded);
  world_.quick.outcome.output = '"' + std::string(jobs::kPayloadBytesMax - 1, 'x') + '"';
  world_.Give({OfferOf("b", "quick")});
  EXPECT_EQ(world_.results[1].outcome, JobResult::Outcome::kFailed);
  EXPECT_EQ(world_.results[1].error, "States.DataLimitExceeded");
  EXPECT_EQ(world_.results[1].cause,
            "the output of 65537 bytes is above the limit of 65536; a worker that has enrolled "
            "could send it (towline-worker enrol)");
}

TEST_F(AgentJobsTest, ErrorAndCauseAreBoundedAndUtf8) {
  world_.quick.outcome = {.error = std::string(1000, 'e'),
                          .cause = "\xff" + std::string(100'000, '\x01')};
  world_.Give({OfferOf("a", "quick")});
  ASSERT_EQ(world_.results.size(), 1U);
  EXPECT_EQ(world_.results[0].error.size(), 256U);
  EXPECT_EQ(world_.results[0].cause.substr(0, 3), "\xEF\xBF\xBD");
  EXPECT_LE(world_.results[0].cause.size(), 8200U);
}

TEST_F(AgentJobsTest, LargeResultsAreSplitIntoMessages) {
  world_.quick.outcome.output = '"' + std::string(60'000, 'x') + '"';
  world_.Give({OfferOf("a", "quick"), OfferOf("b", "quick"), OfferOf("c", "quick")});
  EXPECT_EQ(world_.results.size(), 3U);
  EXPECT_EQ(world_.result_messages, 3);
}

TEST_F(AgentJobsTest, JobsGoOnWhileTheLinkIsDownAndAreReportedAfterwards) {
  world_.Give({OfferOf("a", "slow"), OfferOf("b", "slow")});
  world_.Disconnect();
  world_.Pass(Seconds(60));
  world_.End(world_.slow.started[0].id, Success());
  world_.Pass(Seconds(60));
  EXPECT_TRUE(world_.results.empty());
  EXPECT_TRUE(world_.events.empty());
  world_.Connect();
  ASSERT_EQ(world_.results.size(), 1U);
  EXPECT_EQ(world_.accepted(), 1) << "of the job that still runs";
  ASSERT_EQ(world_.presence.back().held.size(), 1U);
  EXPECT_EQ(world_.presence.back().held[0].token, "b");
  EXPECT_EQ(world_.presence.back().held[0].state, "running");
}

TEST_F(AgentJobsTest, AFullDiskDeclinesProgramsAndTakesNoMoreUntilItIsWellAgain) {
  world_.journal.Fail("disk is full");
  world_.Give({OfferOf("a", "slow"), Once(OfferOf("b", "quick"))});
  EXPECT_TRUE(world_.slow.started.empty());
  EXPECT_EQ(world_.Count(Kind::kDeclined), 2);
  EXPECT_EQ(world_.accepted(), 0);
  EXPECT_EQ(world_.declined(), "journal: disk is full");
  world_.Pass(Millis(1));
  EXPECT_EQ(world_.presence.back().state, jobs::WorkerState::kDraining);
  world_.Give({OfferOf("c", "quick")});
  EXPECT_EQ(world_.Count(Kind::kDeclined), 3);
  world_.journal.Fail({});
  world_.Pass(Seconds(2));
  EXPECT_EQ(world_.presence.back().state, jobs::WorkerState::kOnline);
  world_.Give({OfferOf("a", "slow", 2)});
  EXPECT_EQ(world_.slow.started.size(), 1U);
}

TEST_F(AgentJobsTest, AFullDiskDoesNotHoldBackTheResultOfARunningJob) {
  world_.Give({OfferOf("a", "slow")});
  world_.journal.Fail("disk is full");
  world_.End(world_.slow.started[0].id, Success());
  EXPECT_EQ(world_.results.size(), 1U);
  world_.journal.Fail({});
  world_.Pass(Seconds(2));
  world_.Boot();
  world_.Connect();
  EXPECT_EQ(world_.results.back().outcome, JobResult::Outcome::kSucceeded) << "journaled later";
}

TEST_F(AgentJobsTest, AGrantedJobWhoseStartCannotBeJournaledFails) {
  world_.Give({Once(OfferOf("a", "slow"))});
  world_.journal.Fail("disk is full");
  world_.Tell({.grants = {{"a", 1, true}}});
  EXPECT_TRUE(world_.slow.started.empty());
  ASSERT_EQ(world_.results.size(), 1U);
  EXPECT_EQ(world_.results[0].error, "Towline.JournalFailed");
}

TEST_F(AgentJobsTest, RubbishIsCountedAndHarmless) {
  for (const char* payload : {"", "{", "[]", "{\"v\":2}", "{\"v\":1,\"jobs\":7}", "\xff"}) {
    world_.agent->OnMessage(jobs::JobsTopic(kW), payload, world_.now);
    world_.agent->OnMessage(jobs::ControlTopic(kW), payload, world_.now);
    world_.agent->OnMessage("towline/1/" + kW + "/replies/1", payload, world_.now);
  }
  world_.agent->OnMessage(jobs::JobsTopic("other_w"), "{}", world_.now);
  world_.Run();
  EXPECT_EQ(world_.agent->counters().malformed, 18U);
  world_.Give({OfferOf("a", "quick")});
  EXPECT_EQ(world_.results.size(), 1U);
}

}  // namespace
}  // namespace towline::worker::testing
