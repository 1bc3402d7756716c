#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/store/store.h"

namespace towline::engine {

// Passes everything on; throws from Commit when told, before or after the real one.
class FaultyStore final : public store::Store {
 public:
  enum class Fault { kNone, kBefore, kAfter };
  FaultyStore(std::unique_ptr<store::Store> real, Fault& fault)
      : real_(std::move(real)), fault_(fault) {}
  void Commit(const store::Batch& batch) override {
    const Fault fault = std::exchange(fault_, Fault::kNone);
    if (fault == Fault::kBefore) throw store::StoreError("disk full");
    real_->Commit(batch);
    if (fault == Fault::kAfter) throw store::StoreError("fsync failed");
  }
  void Recover() override { real_->Recover(); }
  void OpenTasks(const std::function<void(const store::TaskRow&)>& v) override {
    real_->OpenTasks(v);
  }
  std::vector<store::TimerRow> TimersDue(Timestamp until, int limit) override {
    return real_->TimersDue(until, limit);
  }
  std::vector<store::ExecutionKey> ClosedBefore(Timestamp before, int limit) override {
    return real_->ClosedBefore(before, limit);
  }
  store::ExecutionKey LastKey() override { return real_->LastKey(); }
  void Checkpoint() override { real_->Checkpoint(); }
  std::optional<store::ExecutionRow> Find(std::string_view t, std::string_view m,
                                          std::string_view n) override {
    return real_->Find(t, m, n);
  }
  std::optional<store::ExecutionRow> Get(store::ExecutionKey key) override {
    return real_->Get(key);
  }
  void Steps(store::ExecutionKey key, std::uint64_t from,
             const std::function<bool(const store::StepRow&)>& v) override {
    real_->Steps(key, from, v);
  }
  void StepsBackwards(store::ExecutionKey key, std::uint64_t from,
                      const std::function<bool(const store::StepRow&)>& v) override {
    real_->StepsBackwards(key, from, v);
  }
  std::optional<store::SnapshotRow> Snapshot(store::ExecutionKey key) override {
    return real_->Snapshot(key);
  }
  std::optional<store::TaskRow> Task(store::TaskKey key) override { return real_->Task(key); }
  std::vector<store::TaskRow> Tasks(store::ExecutionKey key) override { return real_->Tasks(key); }
  std::vector<store::TimerRow> Timers(store::ExecutionKey key) override {
    return real_->Timers(key);
  }
  std::vector<store::EvidenceRow> Evidence(store::ExecutionKey key) override {
    return real_->Evidence(key);
  }
  std::optional<store::MapRunRow> MapRun(store::MapRunKey key) override {
    return real_->MapRun(key);
  }
  std::optional<store::MapRunRow> FindMapRun(std::string_view id) override {
    return real_->FindMapRun(id);
  }
  std::vector<store::MapRunRow> MapRuns(store::ExecutionKey key) override {
    return real_->MapRuns(key);
  }
  void Children(store::MapRunKey run, std::uint64_t from,
                const std::function<bool(const store::ExecutionRow&)>& v) override {
    real_->Children(run, from, v);
  }
  void OpenMapRuns(const std::function<void(const store::MapRunRow&)>& v) override {
    real_->OpenMapRuns(v);
  }
  std::vector<store::ExecutionRow> List(const ListFilter& filter) override {
    return real_->List(filter);
  }
  std::int64_t CountRunning(std::string_view t, std::string_view m) override {
    return real_->CountRunning(t, m);
  }
  bool RevisionInUse(std::string_view revision) override { return real_->RevisionInUse(revision); }

 private:
  std::unique_ptr<store::Store> real_;
  Fault& fault_;
};

}  // namespace towline::engine
