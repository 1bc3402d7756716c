#include "tests/simulation/simulation.h"

#include <gtest/gtest.h>

namespace towline::sim {
namespace {

// The whole installation in 200 kinds of bad weather: messages lost, repeated, late and out of
// order, a broker, a server and workers that die, a store that fails around its commits, clocks
// that jump. Whatever the seed: every execution ends, and ends right.
TEST(SimulationTest, NothingIsLostAndNothingHappensTwice) {
  std::uint64_t jobs = 0;
  int failures = 0;
  for (std::uint64_t seed = 1; seed <= 200 && failures < 5; seed++) {
    const Report report = SimulateApart({.seed = seed});
    jobs += report.jobs;
    if (report.violation.empty()) continue;
    failures++;
    ADD_FAILURE() << "seed " << seed << ": " << report.violation
                  << "\n  again: tests/simulation/run --seed " << seed << " --verbose";
  }
  EXPECT_GT(jobs, 1000u) << "the weather was so bad that nothing was done";
}

// Every site, or the server, reaches no broker for a day: jobs run on, results wait, nothing new
// is begun, and all is reported in its order when the network is back.
TEST(SimulationTest, ADayWithoutANetworkLosesNothing) {
  std::uint64_t jobs = 0;
  for (std::uint64_t seed = 1; seed <= 25; seed++) {
    for (const auto outage : {Options::Outage::kSites, Options::Outage::kServer}) {
      const Report report = SimulateApart({.seed = seed, .outage = outage});
      jobs += report.jobs;
      EXPECT_EQ(report.violation, "")
          << "seed " << seed << "; again: tests/simulation/run --seed " << seed << " --outage "
          << (outage == Options::Outage::kSites ? "sites" : "server") << " --verbose";
    }
  }
  EXPECT_GT(jobs, 200u);
}

TEST(SimulationTest, TheSameSeedGivesTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 5; seed++) {
    const Report once = SimulateApart({.seed = seed});
    const Report again = SimulateApart({.seed = seed});
    EXPECT_EQ(once.trace_hash, again.trace_hash) << "seed " << seed;
    EXPECT_EQ(once.steps, again.steps) << "seed " << seed;
  }
}

// A simulation that cannot find a bug proves nothing: each of these must be found soon.
void ExpectFound(Bug bug, const char* what) {
  constexpr std::uint64_t kSeeds = 40;
  for (std::uint64_t seed = 1; seed <= kSeeds; seed++) {
    const Report report = SimulateApart({.seed = seed, .bug = bug});
    if (report.violation.empty()) continue;
    std::printf("%s: found by seed %llu: %s\n", what, static_cast<unsigned long long>(seed),
                report.violation.substr(0, 300).c_str());
    return;
  }
  ADD_FAILURE() << what << ": not found within " << kSeeds << " seeds";
}

TEST(PlantedBugTest, ADroppedAttemptCheckIsFound) {
  ExpectFound(Bug::kDropAttemptCheck, "the attempt of an answer is not checked");
}
TEST(PlantedBugTest, PublishingBeforeTheCommitIsFound) {
  ExpectFound(Bug::kPublishBeforeCommit, "jobs are offered before the commit");
}
TEST(PlantedBugTest, AForgottenReofferIsFound) {
  ExpectFound(Bug::kForgetToReoffer, "a requeued job is not offered again");
}
TEST(PlantedBugTest, ALostChildIsFound) {
  ExpectFound(Bug::kLoseChild, "a child of a Map Run is never started");
}

}  // namespace
}  // namespace towline::sim
