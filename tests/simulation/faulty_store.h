#pragma once

// A store that fails: before a commit, in the middle of it (half of those are durable all the
// same), after it; and one in whose commit the whole server dies.

#include <functional>
#include <memory>
#include <string>

#include "tests/simulation/checker.h"
#include "tests/simulation/world.h"
#include "tests/store/forwarding_store.h"

namespace towline::sim {

// Unwinds everything up to the simulated server, which is then gone.
struct ServerDied {};

class FaultyStore final : public store::ForwardingStore {
 public:
  using BeforeCommit = std::function<void(const store::Batch&)>;
  FaultyStore(World& world, Checker& checker, int partition, std::unique_ptr<store::Store> inner,
              BeforeCommit before_commit)
      : ForwardingStore(std::move(inner)),
        world_(world),
        checker_(checker),
        partition_(partition),
        before_commit_(std::move(before_commit)) {}

  void Commit(const store::Batch& batch) override;
  void Recover() override;

  std::optional<store::ExecutionRow> Find(std::string_view tenant, std::string_view machine,
                                          std::string_view name) override {
    MayFail();
    return ForwardingStore::Find(tenant, machine, name);
  }
  std::optional<store::ExecutionRow> Get(store::ExecutionKey key) override {
    MayFail();
    return ForwardingStore::Get(key);
  }
  void Steps(store::ExecutionKey key, std::uint64_t from,
             const std::function<bool(const store::StepRow&)>& visit) override {
    MayFail();
    ForwardingStore::Steps(key, from, visit);
  }
  void StepsBackwards(store::ExecutionKey key, std::uint64_t from,
                      const std::function<bool(const store::StepRow&)>& visit) override {
    MayFail();
    ForwardingStore::StepsBackwards(key, from, visit);
  }
  std::optional<store::TaskRow> Task(store::TaskKey key) override {
    MayFail();
    return ForwardingStore::Task(key);
  }
  std::optional<store::MapRunRow> MapRun(store::MapRunKey key) override {
    MayFail();
    return ForwardingStore::MapRun(key);
  }
  void Children(store::MapRunKey run, std::uint64_t from,
                const std::function<bool(const store::ExecutionRow&)>& visit) override {
    MayFail();
    ForwardingStore::Children(run, from, visit);
  }
  void OpenMapRuns(const std::function<void(const store::MapRunRow&)>& visit) override {
    MayFail();
    ForwardingStore::OpenMapRuns(visit);
  }
  void OpenTasks(const std::function<void(const store::TaskRow&)>& visit) override {
    MayFail();
    ForwardingStore::OpenTasks(visit);
  }
  std::vector<store::TimerRow> TimersDue(Timestamp until, int limit) override {
    MayFail();
    return ForwardingStore::TimersDue(until, limit);
  }

 private:
  void MayFail();
  void Apply(const store::Batch& batch);
  [[noreturn]] void Fail(const std::string& how);

  World& world_;
  Checker& checker_;
  const int partition_;
  const BeforeCommit before_commit_;
  bool broken_ = false;  // until Recover succeeds
  Timestamp broken_until_{};
};

}  // namespace towline::sim
