// Which worker takes which job, in which order, and why none does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dispatch/world.h"

namespace towline::dispatch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class PlacementTest : public testing::Test {
 protected:
  void SetUp() override { world.dispatcher.OnLink(true, world.now); }
  std::vector<std::string> Inputs(const std::string& worker) {
    std::vector<std::string> inputs;
    for (const jobs::Offer& offer : world.Offers(worker)) inputs.push_back(offer.input);
    return inputs;
  }

  World world;
};

TEST_F(PlacementTest, PriorityComesFirstThenAge) {
  world.Open({.priority = 5, .payload = "1"});
  world.Pass(Seconds{1});
  world.Open({.priority = 5, .payload = "2"});
  world.Open({.priority = 0, .payload = "3"});
  world.Open({.priority = 9, .payload = "4"});
  world.Say("default_w", {.slots = 4});
  world.Run();
  EXPECT_THAT(Inputs("default_w"), ElementsAre("4", "1", "2", "3"));
}

TEST_F(PlacementTest, AHighPriorityJobOvertakesAThousandQueuedOnes) {
  for (int i = 0; i < 1000; i++) world.Open({.payload = "0"});
  world.Pass(Seconds{60});
  world.Open({.priority = 9, .payload = "9"});
  world.Say("default_w", {.slots = 1});
  world.Run();
  EXPECT_THAT(Inputs("default_w"), ElementsAre("9"));
}

TEST_F(PlacementTest, WaitingLiftsAJobAboveYoungerOnesOfHigherPriority) {
  world.Open({.priority = 0, .payload = "0"});
  world.Pass(std::chrono::minutes{46});
  world.Open({.priority = 9, .payload = "9"});
  world.Say("default_w", {.slots = 1});
  world.Run();
  EXPECT_THAT(Inputs("default_w"), ElementsAre("0"));
}

TEST_F(PlacementTest, PriorityHoldsAcrossQueuesThatShareAWorker) {
  world.Open({.queue = "slow", .priority = 3, .payload = "3"});
  world.Open({.type = "sub", .priority = 8, .payload = "8"});
  world.Open({.labels = {{"site", "ams"}}, .priority = 6, .payload = "6"});
  world.Say("default_w", {.slots = 3,
                          .types = {"add", "sub"},
                          .queues = {"default", "slow"},
                          .labels = {{"site", "ams"}}});
  world.Run();
  EXPECT_THAT(Inputs("default_w"), ElementsAre("8", "6", "3"));
}

TEST_F(PlacementTest, AnUnplaceableJobBlocksNobody) {
  world.Open({.labels = {{"gpu", "yes"}}, .priority = 9, .payload = "1"});
  world.Open({.type = "other", .priority = 9, .payload = "2"});
  world.Open({.queue = "nobody", .priority = 9, .payload = "3"});
  world.Open({.priority = 0, .payload = "4"});
  world.Say("default_w");
  world.Run();
  EXPECT_THAT(Inputs("default_w"), ElementsAre("4"));
}

TEST_F(PlacementTest, JobsSpreadOverFreeWorkers) {
  world.Say("default_a", {.slots = 4});
  world.Say("default_b", {.slots = 4});
  for (int i = 0; i < 6; i++) world.Open();
  world.Run();
  EXPECT_THAT(Inputs("default_a"), SizeIs(3));
  EXPECT_THAT(Inputs("default_b"), SizeIs(3));
}

TEST_F(PlacementTest, AFreedWorkerTakesTheNextJobAlthoughAllWereBusy) {
  for (int i = 0; i < 50; i++) world.Say("default_w" + std::to_string(i), {.slots = 1});
  for (int i = 0; i < 60; i++) world.Open();
  world.Run();
  const auto offers = world.Offers("default_w17");
  ASSERT_THAT(offers, SizeIs(1));
  world.Result("default_w17", offers[0].token, 1);
  world.Run();
  EXPECT_THAT(world.Offers("default_w17"), SizeIs(1));
}

TEST_F(PlacementTest, AWorkerOfAnotherTenantNeedsAGrant) {
  Settings settings;
  settings.grants = {{"acme", "plant"}};
  World granted(settings);
  granted.dispatcher.OnLink(true, granted.now);
  granted.Say("plant_w");
  granted.Open({.tenant = "acme", .workers_of = "plant"});
  const auto refused = granted.Open({.tenant = "other", .workers_of = "plant"});
  granted.Run();
  EXPECT_THAT(granted.Offers("plant_w"), SizeIs(1));
  EXPECT_THAT(granted.outcomes[refused],
              HasSubstr("failed Towline.TenantNotGranted: Tenant other may not use the workers of "
                        "tenant plant"));
}

TEST_F(PlacementTest, TheLimitOfATypeHoldsBesideTheWorkersOwn) {
  jobs::Presence presence;
  presence.incarnation = presence.connection = 1;
  presence.slots = 8;
  presence.types = {{.name = "add", .slots = 1}, {.name = "sub"}};
  world.Raw(jobs::PresenceTopic("default_w"), jobs::Encode(presence));
  const auto first = world.Open();
  const auto second = world.Open();
  world.Open({.type = "sub"});
  world.Run();
  EXPECT_THAT(world.Offers("default_w"), SizeIs(2));
  EXPECT_THAT(world.Why(second), HasSubstr("as its own limit for the type allows"));
  world.Result("default_w", world.Token(first), 1);
  world.Run();
  EXPECT_THAT(world.Offers("default_w"), SizeIs(1));
}

TEST_F(PlacementTest, ADrainingWorkerGetsNothingNew) {
  world.Say("default_w");
  EXPECT_TRUE(world.dispatcher.SetDrain("default", "w", true, world.now).has_value());
  const auto task = world.Open();
  world.Run();
  EXPECT_THAT(world.Offers("default_w"), SizeIs(0));
  EXPECT_EQ(world.Controls("default_w").drain, true);
  EXPECT_THAT(world.Why(task), HasSubstr("worker w could take it but is draining"));
  EXPECT_TRUE(world.dispatcher.SetDrain("default", "w", false, world.now).has_value());
  world.Run();
  EXPECT_THAT(world.Offers("default_w"), SizeIs(1));
  EXPECT_EQ(world.Controls("default_w").drain, false);
  EXPECT_FALSE(world.dispatcher.SetDrain("default", "nobody", true, world.now).has_value());
}

TEST_F(PlacementTest, ADrainIsToldAgainWhenTheWorkerComesBackWithoutIt) {
  world.Say("default_w");
  EXPECT_TRUE(world.dispatcher.SetDrain("default", "w", true, world.now).has_value());
  world.Run();
  world.Controls("default_w");
  world.Say("default_w", {.incarnation = 2});
  world.Run();
  EXPECT_EQ(world.Controls("default_w").drain, true);
}

TEST_F(PlacementTest, SaysWhyAJobWaits) {
  const auto job = world.Open({.labels = {{"site", "ams"}}});
  world.Run();
  EXPECT_EQ(world.Why(job),
            "waiting: no worker of tenant default has ever announced job type add; start a worker "
            "that serves it, or correct the name");
  world.Say("default_w", {.queues = {"other"}});
  world.Run();
  EXPECT_THAT(world.Why(job), HasSubstr("no worker that serves add listens on queue default"));
  world.Say("default_w", {.labels = {{"site", "ber"}}});
  world.Run();
  EXPECT_THAT(world.Why(job), HasSubstr("labels site=ams match no online worker"));
  world.Say("default_w", {.slots = 1, .labels = {{"site", "ams"}}});
  world.Run();
  EXPECT_THAT(world.Why(job), HasSubstr("offered to worker w, which has not answered yet"));
  const auto next = world.Open({.labels = {{"site", "ams"}}});
  const auto last = world.Open({.labels = {{"site", "ams"}}});
  world.Run();
  EXPECT_EQ(world.Why(next), "waiting: all 1 slots of worker w are busy");
  EXPECT_THAT(world.Why(last), HasSubstr("1 jobs come before it"));
  EXPECT_EQ(world.dispatcher.Describe(last, world.now)->ahead, 1U);
  world.Will("default_w");
  world.Run();
  EXPECT_THAT(world.Why(next), HasSubstr("the only worker that serves add, w, is offline since "
                                         "2026-11-23T00:00:00.000Z"));
  world.Say("default_w", {.types = {}});
  world.Run();
  EXPECT_THAT(world.Why(next), HasSubstr("announces job type add any more"));
  EXPECT_TRUE(world.dispatcher.TypeAnnounced("default", "add"));
  EXPECT_FALSE(world.dispatcher.TypeAnnounced("default", "mul"));
  world.dispatcher.OnLink(false, world.now);
  EXPECT_THAT(world.Why(next), HasSubstr("no link to the MQTT broker"));
}

TEST_F(PlacementTest, PresenceFromThePastChangesNothing) {
  world.Say("default_w", {.slots = 4, .incarnation = 5, .connection = 3});
  world.Say("default_w", {.slots = 9, .incarnation = 4, .connection = 9});
  world.Say("default_w", {.slots = 9, .incarnation = 5, .connection = 2});
  world.Will("default_w", 4, 9);
  world.Will("default_w", 5, 2);
  const auto views = world.dispatcher.Workers("default");
  ASSERT_THAT(views, SizeIs(1));
  EXPECT_EQ(views[0].slots, 4);
  EXPECT_EQ(views[0].state, "online");
  EXPECT_EQ(views[0].incarnation, 5U);
  EXPECT_THAT(world.dispatcher.Workers("other"), SizeIs(0));
  EXPECT_THAT(world.dispatcher.Workers(""), SizeIs(1));
}

// Groups come and go with their labels: neither memory nor order suffers.
TEST_F(PlacementTest, ManyLabelSetsComeAndGo) {
  world.Say("default_w", {.slots = 1, .labels = {{"n", "1"}}});
  for (int i = 0; i < 20'000; i++) {
    const auto task = world.Open({.labels = {{"n", std::to_string(i)}}});
    world.dispatcher.RunOnce(world.now);
    if (i == 1) continue;
    world.Close(task);
    world.rows.erase(task);
    world.Run();
  }
  EXPECT_THAT(world.Offers("default_w"), SizeIs(1));
}

}  // namespace
}  // namespace towline::dispatch
