// From an open task to its acknowledged result.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dispatch/world.h"

namespace towline::dispatch {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// A world whose link is up, with one worker of two slots.
class OfferTest : public testing::Test {
 protected:
  void SetUp() override {
    world.dispatcher.OnLink(true, world.now);
    world.Say(kWorker);
    world.Run();
    world.published.clear();
  }
  jobs::Offer OfferedOne() {
    auto offers = world.Offers(kWorker);
    EXPECT_THAT(offers, SizeIs(1));
    return offers.empty() ? jobs::Offer{} : offers.front();
  }

  const std::string kWorker = "default_ams-1";
  World world;
};

TEST_F(OfferTest, AJobIsOfferedWithEverythingTheWorkerNeeds) {
  const auto task = world.Open({.payload = R"({"a":15,"token":"towline-task-token:4"})"});
  world.Run();
  EXPECT_EQ(world.published.front().expiry, 10U);
  const jobs::Offer offer = OfferedOne();
  EXPECT_EQ(offer.token, world.Token(task));
  EXPECT_EQ(offer.attempt, 1U);
  EXPECT_EQ(offer.type, "add");
  EXPECT_EQ(offer.state, "Compute");
  EXPECT_EQ(offer.execution, "arn:1");
  EXPECT_EQ(offer.input, R"({"a":15,"token":")" + world.Token(task) + "\"}");
  EXPECT_EQ(world.loads, 0) << "the payload was at hand";
}

TEST_F(OfferTest, AResultIsRecordedAndThenAcknowledged) {
  const auto task = world.Open();
  world.Run();
  const jobs::Offer offer = OfferedOne();
  world.Result(kWorker, offer.token, 1, R"({"sum":57})");
  EXPECT_THAT(world.Controls(kWorker).acks, SizeIs(0)) << "nothing before the commit";
  world.Run();
  EXPECT_EQ(world.outcomes[task], R"(succeeded {"sum":57})");
  const jobs::Control control = world.Controls(kWorker);
  ASSERT_THAT(control.acks, SizeIs(1));
  EXPECT_EQ(control.acks[0].token, offer.token);
  EXPECT_TRUE(control.acks[0].recorded);
  EXPECT_EQ(control.connection, 1U);
}

TEST_F(OfferTest, ARepeatedResultIsRecordedAndADifferentOneStaleAndKeptAsEvidence) {
  const auto task = world.Open();
  world.Run();
  const jobs::Offer offer = OfferedOne();
  for (const char* output : {"1", "1", "2"}) {
    world.Result(kWorker, offer.token, 1, output);
    world.Run();
  }
  const auto acks = world.Controls(kWorker).acks;
  ASSERT_THAT(acks, SizeIs(3));
  EXPECT_TRUE(acks[0].recorded);
  EXPECT_TRUE(acks[1].recorded);
  EXPECT_FALSE(acks[2].recorded);
  EXPECT_EQ(world.outcomes[task], "succeeded 1");
  ASSERT_THAT(world.evidence, SizeIs(1));
  EXPECT_EQ(world.evidence[0].what, "result succeeded");
  EXPECT_EQ(world.evidence[0].data, "2");
  EXPECT_EQ(world.evidence[0].worker, kWorker);
}

TEST_F(OfferTest, NeverMoreOffersThanSlots) {
  for (int i = 0; i < 5; i++) world.Open();
  world.Run();
  EXPECT_THAT(world.Offers(kWorker), SizeIs(2));
  world.Pass(Seconds{5});
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
}

// The next job goes out in the very round that takes the result in, before its commit.
TEST_F(OfferTest, AResultFreesItsSlotAtOnce) {
  for (int i = 0; i < 3; i++) world.Open();
  world.Run();
  const auto offers = world.Offers(kWorker);
  ASSERT_THAT(offers, SizeIs(2));
  world.Result(kWorker, offers[0].token, 1);
  world.dispatcher.RunOnce(world.now);
  EXPECT_THAT(world.Offers(kWorker), SizeIs(1));
}

TEST_F(OfferTest, WhatWaitsTogetherGoesInOneBatch) {
  world.Open();
  world.Open();
  world.Run();
  ASSERT_THAT(world.published, SizeIs(1));
  EXPECT_THAT(world.Offers(kWorker), SizeIs(2));
}

TEST_F(OfferTest, BatchesAreSplitByTheLimitOfMessages) {
  world.Say(kWorker, {.slots = 8});
  for (int i = 0; i < 4; i++) world.Open({.payload = "\"" + std::string(60'000, 'x') + "\""});
  world.Run();
  EXPECT_THAT(world.published, SizeIs(4));
  EXPECT_THAT(world.Offers(kWorker), SizeIs(4));
}

TEST_F(OfferTest, AnOfferThatFitsNoMessageFailsTheTask) {
  const auto task = world.Open({.payload = "\"" + std::string(99'000, 'x') + "\""});
  world.Run();
  EXPECT_THAT(world.outcomes[task], HasSubstr("failed States.DataLimitExceeded: The job's input"));
  world.Open();
  world.Open();
  world.Run();
  EXPECT_THAT(world.Offers(kWorker), SizeIs(2)) << "its slot is free again";
}

TEST_F(OfferTest, AnUnansweredOfferIsRepeatedWithTheSameAttempt) {
  world.Open();
  world.Run();
  const jobs::Offer first = OfferedOne();
  world.Pass(Seconds{9});
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
  world.Pass(Seconds{2});
  const jobs::Offer second = OfferedOne();
  EXPECT_EQ(second.token, first.token);
  EXPECT_EQ(second.attempt, 1U);
  EXPECT_EQ(world.dispatcher.counters().requeues, 0U);
}

TEST_F(OfferTest, AnAcceptedJobIsNotOfferedAgain) {
  const auto task = world.Open();
  world.Run();
  world.Accepted(kWorker, OfferedOne());
  world.Pass(Seconds{300});
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0));
  EXPECT_EQ(world.At(task).worker, kWorker);
  EXPECT_THAT(world.Controls(kWorker).grants, SizeIs(0));
}

TEST_F(OfferTest, AtMostOnceStartsOnAGrantAfterTheCommit) {
  const auto task = world.Open({.at_most_once = true});
  world.Run();
  const jobs::Offer offer = OfferedOne();
  EXPECT_EQ(offer.start, jobs::StartMode::kAtMostOnce);
  world.store_broken = true;
  world.Accepted(kWorker, offer);
  world.Run();
  EXPECT_THAT(world.Controls(kWorker).grants, SizeIs(0)) << "the outcome of the commit is unknown";
  world.store_broken = false;
  world.Accepted(kWorker, offer);
  world.Run();
  const auto grants = world.Controls(kWorker).grants;
  ASSERT_THAT(grants, SizeIs(1));
  EXPECT_TRUE(grants[0].start);
  EXPECT_EQ(world.At(task).worker, kWorker);
  world.Accepted(kWorker, offer);  // the grant was lost
  world.Run();
  EXPECT_THAT(world.Controls(kWorker).grants, SizeIs(1));
}

TEST_F(OfferTest, AnAcceptOfAnOlderAttemptIsToBeForgotten) {
  const auto task = world.Open();
  world.Run();
  const jobs::Offer offer = OfferedOne();
  world.At(task).attempt = 2;
  world.Accepted(kWorker, offer);
  world.Run();
  const jobs::Control control = world.Controls(kWorker);
  ASSERT_THAT(control.grants, SizeIs(1));
  EXPECT_FALSE(control.grants[0].start);
  EXPECT_EQ(control.grants[0].attempt, 1U);
}

TEST_F(OfferTest, ADeclinedJobGoesOutWithTheNextAttemptCommittedFirst) {
  world.Say("default_ber-1", {.slots = 0});
  const auto task = world.Open();
  world.Run();
  const jobs::Offer offer = OfferedOne();
  world.Declined(kWorker, offer, "busy");
  world.dispatcher.RunOnce(world.now);
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0)) << "not before the commit";
  world.Run();
  EXPECT_THAT(world.Offers(kWorker), SizeIs(0)) << "it has just said no";
  EXPECT_THAT(world.Why(task), HasSubstr("declined"));
  ASSERT_THAT(world.evidence, SizeIs(1));
  EXPECT_EQ(world.evidence[0].what, "declined: busy");
  world.Pass(Seconds{2});
  EXPECT_EQ(OfferedOne().attempt, 2U);
}

TEST_F(OfferTest, ADeclinedJobGoesToAnotherWorkerAtOnce) {
  world.Open();
  world.Run();
  const jobs::Offer offer = OfferedOne();
  world.Say("default_ber-1");
  world.Declined(kWorker, offer, "busy");
  world.Run();
  const auto offers = world.Offers("default_ber-1");
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_EQ(offers[0].attempt, 2U);
}

TEST_F(OfferTest, AFullInboxLeavesTheResultUnacknowledged) {
  const auto task = world.Open();
  world.Run();
  const jobs::Offer offer = OfferedOne();
  world.inbox_full = true;
  world.Result(kWorker, offer.token, 1);
  world.Run();
  EXPECT_THAT(world.Controls(kWorker).acks, SizeIs(0));
  world.inbox_full = false;
  world.Result(kWorker, offer.token, 1);
  world.Run();
  EXPECT_THAT(world.Controls(kWorker).acks, SizeIs(1));
  EXPECT_EQ(world.outcomes.count(task), 1U);
}

TEST_F(OfferTest, ABrokenStoreLeavesTheResultUnacknowledged) {
  world.Open();
  world.Run();
  const jobs::Offer offer = OfferedOne();
  world.store_broken = true;
  world.Result(kWorker, offer.token, 1);
  world.Run();
  EXPECT_THAT(world.Controls(kWorker).acks, SizeIs(0));
  EXPECT_THAT(world.evidence, SizeIs(0));
}

TEST_F(OfferTest, ABusyBrokerPutsJobsBackWithTheirAttempt) {
  world.broker_busy = true;
  world.Open();
  world.Run();
  world.broker_busy = false;
  world.Pass(Millis{200});
  EXPECT_EQ(OfferedOne().attempt, 1U);
  EXPECT_EQ(world.dispatcher.counters().offers, 1U);
}

TEST_F(OfferTest, PayloadsBeyondTheBudgetAreLoadedWhenTheyAreNeeded) {
  Settings settings;
  settings.payload_budget_bytes = 1'500;
  World small(settings);
  small.dispatcher.OnLink(true, small.now);
  for (int i = 0; i < 5; i++) small.Open({.payload = std::to_string(i)});
  small.Run();
  EXPECT_EQ(small.loads, 0);
  small.Say(kWorker, {.slots = 5});
  small.Run();
  const auto offers = small.Offers(kWorker);
  ASSERT_THAT(offers, SizeIs(5));
  for (std::size_t i = 0; i < offers.size(); i++) {
    EXPECT_EQ(offers[i].input, std::to_string(i));
    EXPECT_EQ(offers[i].execution, "arn:" + std::to_string(i + 1));
  }
  EXPECT_EQ(small.loads, 3);
}

}  // namespace
}  // namespace towline::dispatch
