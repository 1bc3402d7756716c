// The link, or the server, away for long: what has ended waits, and nothing new is begun.

#include "tests/worker/agent_world.h"

namespace towline::worker::testing {
namespace {

// Ends jobs in the dark, in another order than they were begun.
void EndInTheDark(World& world, const std::vector<std::string>& order) {
  std::map<std::string, JobId> ids;
  for (const Job& job : world.slow.started) ids[job.token] = job.id;
  for (const std::string& token : order) {
    world.now += Seconds(3'600);
    world.End(ids.at(token), Success("\"" + token + "\""));
  }
}

std::string Tokens(const World& world) {
  std::string text;
  for (const JobResult& result : world.results) text += result.token + " ";
  return text;
}

TEST(OutageTest, ResultsAreToldInTheOrderInWhichTheyCame) {
  World world;
  world.Connect();
  world.Give({OfferOf("a", "slow"), OfferOf("b", "slow"), OfferOf("c", "slow"),
              OfferOf("d", "slow")});
  world.Disconnect();
  EndInTheDark(world, {"c", "a", "d", "b"});
  EXPECT_TRUE(world.results.empty());
  world.Connect();
  EXPECT_EQ(Tokens(world), "c a d b ");
}

TEST(OutageTest, AlsoAfterARestartOfTheAgent) {
  World world;
  world.Connect();
  world.Give({OfferOf("a", "slow"), OfferOf("b", "slow"), OfferOf("c", "slow")});
  world.Disconnect();
  EndInTheDark(world, {"c", "a"});
  world.now += Seconds(3'600);
  world.Boot();
  world.Connect();
  EXPECT_EQ(Tokens(world), "c a b ");
  EXPECT_EQ(world.results.back().error, "Towline.WorkerRestarted");
}

TEST(OutageTest, WithTooManyResultsWaitingNoJobIsTakenAndNoneIsDropped) {
  World world;
  world.settings.results_bytes_max = 100'000;
  world.Boot();
  world.Connect();
  const std::string output = "\"" + std::string(40'000, 'x') + "\"";
  for (const char* const token : {"a", "b", "c"}) {
    world.Give({OfferOf(token, "slow")});
    world.End(world.slow.started.back().id, Success(output));
  }
  EXPECT_GT(world.agent->unacknowledged_bytes(), 100'000U);
  EXPECT_EQ(world.presence.back().state, jobs::WorkerState::kDraining);
  world.Give({OfferOf("d", "slow")});
  EXPECT_EQ(world.declined(), "too many results wait for the server");
  world.results.clear();
  world.Disconnect();
  world.Connect();
  EXPECT_EQ(Tokens(world), "a b c ");
  world.Ack("a");
  EXPECT_EQ(world.presence.back().state, jobs::WorkerState::kOnline);
  world.Give({OfferOf("d", "slow", 2)});
  EXPECT_EQ(world.slow.started.size(), 4U);
}

}  // namespace
}  // namespace towline::worker::testing
