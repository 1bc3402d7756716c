#include "tests/simulation/faulty_store.h"

namespace towline::sim {

void FaultyStore::Commit(const store::Batch& batch) {
  if (broken_) throw store::StoreError("simulated: not recovered");
  if (before_commit_) before_commit_(batch);
  const Weather& weather = world_.weather();
  if (world_.Strikes(weather.crash_at_commit)) {
    const bool durable = world_.random().Chance(0.5);
    if (durable) Apply(batch);
    world_.Trace(durable ? "store: the server dies right after a commit"
                         : "store: the server dies right before a commit");
    throw ServerDied{};
  }
  if (world_.Strikes(weather.store_fails)) {
    switch (world_.random().Between(0, 3)) {
      case 0: Fail("before a commit");
      case 1: Fail("in the middle of a commit: not durable");
      case 2: Apply(batch); Fail("in the middle of a commit: durable");
      default: Apply(batch); Fail("after a commit");
    }
  }
  Apply(batch);
}

void FaultyStore::Apply(const store::Batch& batch) {
  ForwardingStore::Commit(batch);
  checker_.OnCommit(partition_, batch);
}

void FaultyStore::Fail(const std::string& how) {
  world_.Trace("store: partition " + std::to_string(partition_) + " fails " + how);
  broken_ = true;
  if (world_.random().Chance(0.4)) {
    broken_until_ = world_.now() + world_.random().Delay(Millis(10), Millis(20'000));
  }
  throw store::StoreError("simulated: the disk failed " + how);
}

void FaultyStore::Recover() {
  if (world_.now() < broken_until_) throw store::StoreError("simulated: the disk is still broken");
  ForwardingStore::Recover();
  broken_ = false;
}

void FaultyStore::MayFail() {
  if (broken_) throw store::StoreError("simulated: not recovered");
  if (world_.Strikes(world_.weather().store_fails / 20)) Fail("during a read");
}

}  // namespace towline::sim
