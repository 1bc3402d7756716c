#pragma once

// A store that fails: before a commit, in the middle of it (half of those are durable all the
// same), after it; and one in whose commit the whole server dies.

#include <functional>
#include <memory>
#include <string>

#include "orchestrator/store/store.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/world.h"

namespace towline::sim {

// Unwinds everything up to the simulated server, which is then gone.
struct ServerDied {};

class FaultyStore final : public store::Store {
 public:
  using BeforeCommit = std::function<void(const store::Batch&)>;
  FaultyStore(World& world, Checker& checker, int partition, std::unique_ptr<store::Store> inner,
              BeforeCommit before_commit)
      : world_(world),
        checker_(checker),
        partition_(partition),
        inner_(std::move(inner)),
        before_commit_(std::move(before_commit)) {}

  void Commit(const store::Batch& batch) override;
  void Recover() override;

  std::optional<store::ExecutionRow> Find(std::string_view tenant, std::string_view machine,
                                          std::string_view name) override {
    MayFail();
    return inner_->Find(tenant, machine, name);
  }
  std::optional<store::ExecutionRow> Get(store::ExecutionKey key) override {
    MayFail();
    return inner_->Get(key);
  }
  void Steps(store::ExecutionKey key, std::uint64_t from,
             const std::function<bool(const store::StepRow&)>& visit) override {
    MayFail();
    inner_->Steps(key, from, visit);
  }
  void StepsBackwards(store::ExecutionKey key, std::uint64_t from,
                      const std::function<bool(const store::StepRow&)>& visit) override {
    MayFail();
    inner_->StepsBackwards(key, from, visit);
  }
  std::optional<store::SnapshotRow> Snapshot(store::ExecutionKey key) override {
    return inner_->Snapshot(key);
  }
  std::optional<store::TaskRow> Task(store::TaskKey key) override {
    MayFail();
    return inner_->Task(key);
  }
  std::vector<store::TaskRow> Tasks(store::ExecutionKey key) override {
    return inner_->Tasks(key);
  }
  std::vector<store::TimerRow> Timers(store::ExecutionKey key) override {
    return inner_->Timers(key);
  }
  std::vector<store::EvidenceRow> Evidence(store::ExecutionKey key) override {
    return inner_->Evidence(key);
  }
  std::optional<store::MapRunRow> MapRun(store::MapRunKey key) override {
    MayFail();
    return inner_->MapRun(key);
  }
  std::optional<store::MapRunRow> FindMapRun(std::string_view id) override {
    return inner_->FindMapRun(id);
  }
  std::vector<store::MapRunRow> MapRuns(store::ExecutionKey key) override {
    return inner_->MapRuns(key);
  }
  void Children(store::MapRunKey run, std::uint64_t from,
                const std::function<bool(const store::ExecutionRow&)>& visit) override {
    MayFail();
    inner_->Children(run, from, visit);
  }
  void OpenMapRuns(const std::function<void(const store::MapRunRow&)>& visit) override {
    MayFail();
    inner_->OpenMapRuns(visit);
  }
  std::vector<store::ExecutionRow> List(const ListFilter& filter) override {
    return inner_->List(filter);
  }
  std::int64_t CountRunning(std::string_view tenant, std::string_view machine) override {
    return inner_->CountRunning(tenant, machine);
  }
  bool RevisionInUse(std::string_view revision) override {
    return inner_->RevisionInUse(revision);
  }
  void OpenTasks(const std::function<void(const store::TaskRow&)>& visit) override {
    MayFail();
    inner_->OpenTasks(visit);
  }
  std::vector<store::TimerRow> TimersDue(Timestamp until, int limit) override {
    MayFail();
    return inner_->TimersDue(until, limit);
  }
  std::vector<store::ExecutionKey> ClosedBefore(Timestamp before, int limit) override {
    return inner_->ClosedBefore(before, limit);
  }
  store::ExecutionKey LastKey() override { return inner_->LastKey(); }
  void Checkpoint() override { inner_->Checkpoint(); }

 private:
  void MayFail();
  void Apply(const store::Batch& batch);
  [[noreturn]] void Fail(const std::string& how);

  World& world_;
  Checker& checker_;
  const int partition_;
  const std::unique_ptr<store::Store> inner_;
  const BeforeCommit before_commit_;
  bool broken_ = false;  // until Recover succeeds
  Timestamp broken_until_{};
};

}  // namespace towline::sim
