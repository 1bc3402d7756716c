#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/store/store.h"

namespace towline::store {

// Passes every call on to a real store; a test overrides what shall fail.
class ForwardingStore : public Store {
 public:
  explicit ForwardingStore(std::unique_ptr<Store> real) : real_(std::move(real)) {}

  void Commit(const Batch& batch) override { real_->Commit(batch); }
  void Recover() override { real_->Recover(); }
  void OpenTasks(const std::function<void(const TaskRow&)>& visit) override {
    real_->OpenTasks(visit);
  }
  void OpenMapRuns(const std::function<void(const MapRunRow&)>& visit) override {
    real_->OpenMapRuns(visit);
  }
  std::vector<TimerRow> TimersDue(Timestamp until, int limit) override {
    return real_->TimersDue(until, limit);
  }
  std::vector<ExecutionKey> ClosedBefore(Timestamp before, int limit) override {
    return real_->ClosedBefore(before, limit);
  }
  ExecutionKey LastKey() override { return real_->LastKey(); }
  void Checkpoint() override { real_->Checkpoint(); }

  std::optional<ExecutionRow> Find(std::string_view tenant, std::string_view machine,
                                   std::string_view name) override {
    return real_->Find(tenant, machine, name);
  }
  std::optional<ExecutionRow> Get(ExecutionKey key) override { return real_->Get(key); }
  void Steps(ExecutionKey key, std::uint64_t from,
             const std::function<bool(const StepRow&)>& visit) override {
    real_->Steps(key, from, visit);
  }
  void StepsBackwards(ExecutionKey key, std::uint64_t from,
                      const std::function<bool(const StepRow&)>& visit) override {
    real_->StepsBackwards(key, from, visit);
  }
  std::optional<SnapshotRow> Snapshot(ExecutionKey key) override { return real_->Snapshot(key); }
  std::optional<TaskRow> Task(TaskKey key) override { return real_->Task(key); }
  std::vector<TaskRow> Tasks(ExecutionKey key) override { return real_->Tasks(key); }
  std::vector<TimerRow> Timers(ExecutionKey key) override { return real_->Timers(key); }
  std::vector<EvidenceRow> Evidence(ExecutionKey key) override { return real_->Evidence(key); }
  std::optional<MapRunRow> MapRun(MapRunKey key) override { return real_->MapRun(key); }
  std::optional<MapRunRow> FindMapRun(std::string_view id) override {
    return real_->FindMapRun(id);
  }
  std::vector<MapRunRow> MapRuns(ExecutionKey key) override { return real_->MapRuns(key); }
  void Children(MapRunKey run, std::uint64_t from,
                const std::function<bool(const ExecutionRow&)>& visit) override {
    real_->Children(run, from, visit);
  }
  std::vector<ExecutionRow> List(const ListFilter& filter) override { return real_->List(filter); }
  std::int64_t CountRunning(std::string_view tenant, std::string_view machine) override {
    return real_->CountRunning(tenant, machine);
  }
  bool RevisionInUse(std::string_view revision) override { return real_->RevisionInUse(revision); }
  bool PayloadInUse(std::string_view sha256) override { return real_->PayloadInUse(sha256); }

 private:
  const std::unique_ptr<Store> real_;
};

}  // namespace towline::store
