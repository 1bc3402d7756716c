#include "orchestrator/engine/timers.h"

#include <gtest/gtest.h>

namespace towline::engine {
namespace {

constexpr Timestamp kStart{Millis{1'000'000}};

Heartbeats::Terms Terms(std::uint32_t attempt, const std::string& worker = "") {
  return {.attempt = attempt,
          .period = Seconds{10},
          .owner = {.execution_tenant = "acme", .workers_tenant = "site", .worker = worker}};
}

TEST(HeartbeatsTest, ARenewedClockIsNotMissed) {
  Heartbeats beats;
  beats.Arm({1, 1}, Terms(1, "site_w1"), kStart);
  EXPECT_EQ(beats.Renew({1, 1}, 1, "acme", kStart + Seconds{9}), Heartbeats::Beat::kRenewed);
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{18}), std::nullopt);
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{19}), (store::TaskKey{1, 1}));
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{99}), std::nullopt);
}

TEST(HeartbeatsTest, AnOlderAttemptDoesNotRenew) {
  Heartbeats beats;
  beats.Arm({1, 1}, Terms(2, "site_w1"), kStart);
  EXPECT_EQ(beats.Renew({1, 1}, 1, "acme", kStart), Heartbeats::Beat::kOlderAttempt);
  EXPECT_EQ(beats.Renew({1, 1}, 0, "acme", kStart), Heartbeats::Beat::kRenewed);
  EXPECT_EQ(beats.Renew({9, 9}, 1, "acme", kStart), Heartbeats::Beat::kUnknown);
}

TEST(HeartbeatsTest, OnlyTheTenantsOfATaskRenewIt) {
  Heartbeats beats;
  beats.Arm({1, 1}, Terms(1, "site_w1"), kStart);
  const Timestamp later = kStart + Seconds{9};
  EXPECT_EQ(beats.Renew({1, 1}, 0, "other", later), Heartbeats::Beat::kForbidden);
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{10}), (store::TaskKey{1, 1})) << "it counts nothing";
  beats.Arm({1, 1}, Terms(1, "site_w1"), kStart);
  EXPECT_EQ(beats.Renew({1, 1}, 0, "site", later), Heartbeats::Beat::kRenewed);
  EXPECT_EQ(beats.Renew({1, 1}, 0, "acme", later), Heartbeats::Beat::kRenewed);
  EXPECT_EQ(beats.Renew({1, 1}, 0, "", later), Heartbeats::Beat::kRenewed) << "the server itself";
}

TEST(HeartbeatsTest, WithoutABrokerLinkJobsKeepTheirTimeAndCallbacksDoNot) {
  Heartbeats beats;
  beats.Arm({1, 1}, Terms(1, "site_w1"), kStart);
  beats.Arm({2, 2}, Terms(1), kStart);
  beats.Hold(true, {}, kStart + Seconds{5});
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{60}), (store::TaskKey{2, 2}));
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{60}), std::nullopt);
  beats.Hold(false, {}, kStart + Seconds{60});
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{69}), std::nullopt);
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{70}), (store::TaskKey{1, 1}));
}

// After our own reconnect: who has not answered cannot have been heard.
TEST(HeartbeatsTest, AClockStandsStillUntilItsOwnWorkerIsThere) {
  Heartbeats beats;
  beats.Arm({1, 1}, Terms(1, "site_w1"), kStart);
  beats.Arm({2, 2}, Terms(1, "site_w2"), kStart);
  beats.Hold(true, {}, kStart + Seconds{5});
  beats.Hold(false, {"site_w1", "site_w2"}, kStart + Seconds{20});
  beats.Arm({3, 3}, Terms(1, "site_w1"), kStart + Seconds{21});  // its `accepted` came first
  beats.Hold(false, {"site_w1"}, kStart + Seconds{25});
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{34}), std::nullopt);
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{35}), (store::TaskKey{2, 2}));
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{50}), std::nullopt);
  beats.Hold(false, {}, kStart + Seconds{50});
  EXPECT_EQ(beats.Renew({1, 1}, 1, "site", kStart + Seconds{55}), Heartbeats::Beat::kRenewed);
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{60}), (store::TaskKey{3, 3})) << "a full period";
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{64}), std::nullopt);
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{65}), (store::TaskKey{1, 1}));
}

TEST(HeartbeatsTest, ADisarmedClockNeverFires) {
  Heartbeats beats;
  beats.Arm({1, 1}, Terms(1), kStart);
  beats.Disarm({1, 1});
  EXPECT_EQ(beats.TakeMissed(kStart + Seconds{99}), std::nullopt);
}

class TimerQueueTest : public testing::Test {
 protected:
  void Store(store::TimerRow row) {
    store::Batch batch;
    batch.timers_set.push_back(row);
    store_->Commit(batch);
  }
  std::unique_ptr<store::Backend> backend_ = store::OpenMemoryBackend(1);
  std::unique_ptr<store::Store> store_ = backend_->OpenPartition(0);
};

TEST_F(TimerQueueTest, TimersBeyondTheHorizonWaitInTheStore) {
  TimerQueue timers(Seconds{60});
  Store({1, 1, 1, kStart + Seconds{10}});
  Store({2, 1, 1, kStart + Seconds{100}});
  timers.Refill(*store_, kStart);
  EXPECT_EQ(timers.size(), 1u);
  EXPECT_EQ(timers.TakeDue(kStart + Seconds{9}), std::nullopt);
  EXPECT_EQ(timers.TakeDue(kStart + Seconds{10})->execution, 1);
  store::Batch fired;
  fired.timers_cleared.push_back({1, 1, 1, {}});
  store_->Commit(fired);
  timers.Refill(*store_, kStart + Seconds{50});
  EXPECT_EQ(timers.TakeDue(kStart + Seconds{100})->execution, 2);
}

TEST_F(TimerQueueTest, ANewTimerWithinTheHorizonNeedsNoRefill) {
  TimerQueue timers(Seconds{60});
  timers.Refill(*store_, kStart);
  timers.Set({1, 1, 1, kStart + Seconds{5}});
  EXPECT_EQ(timers.Next(kStart), kStart + Seconds{5});
  timers.Clear({1, 1, 1, {}});
  EXPECT_EQ(timers.TakeDue(kStart + Seconds{60}), std::nullopt);
}

// A wall clock that is stepped moves only what names a time of day.
TEST_F(TimerQueueTest, TimesOfDayFollowTheWallClock) {
  TimerQueue timers(Seconds{60});
  Store({1, 1, 1, kStart + Seconds{10}});
  Store({2, 1, kWallTimer, kStart + Seconds{10}});
  timers.Refill(*store_, kStart);
  const auto at = [](int now, int wall) {
    return Moment(kStart + Seconds{now}, kStart + Seconds{wall});
  };
  EXPECT_EQ(timers.Next(at(4, 8)), kStart + Seconds{6}) << "in two seconds, whatever the node says";
  EXPECT_EQ(timers.Next(at(8, 4)), kStart + Seconds{10});
  EXPECT_EQ(timers.TakeDue(at(9, 9)), std::nullopt);
  EXPECT_EQ(timers.TakeDue(at(0, 10))->execution, 2);
  EXPECT_EQ(timers.TakeDue(at(0, 3600)), std::nullopt);
  EXPECT_EQ(timers.TakeDue(at(10, 0))->execution, 1);
}

TEST_F(TimerQueueTest, AStepFarAheadFindsWhatIsStillInTheStore) {
  TimerQueue timers(Seconds{60});
  Store({1, 1, kWallTimer, kStart + Seconds{7200}});
  timers.Refill(*store_, kStart);
  const Moment later(kStart + Seconds{1}, kStart + Seconds{7200});
  EXPECT_LE(timers.Next(later), later.now);
  timers.Refill(*store_, later);
  EXPECT_EQ(timers.TakeDue(later)->execution, 1);
}

// More timers at one instant than a refill takes at once: none may be left behind.
TEST_F(TimerQueueTest, ACrowdAtOneInstantIsLoadedWhole) {
  store::Batch batch;
  for (int i = 1; i <= 25'000; i++) batch.timers_set.push_back({i, 1, 1, kStart + Seconds{5}});
  store_->Commit(batch);
  TimerQueue timers(Seconds{60});
  timers.Refill(*store_, kStart);
  EXPECT_EQ(timers.size(), 25'000u);
  EXPECT_GT(timers.Next(kStart), kStart);
}

}  // namespace
}  // namespace towline::engine
