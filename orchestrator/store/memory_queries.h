#pragma once

// One partition's data in memory, and what may be asked of it. `Interface` is Queries or Store.

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "orchestrator/store/store.h"

namespace towline::store {

struct MemoryPartition {
  std::mutex mutex;
  // guarded by mutex
  std::map<ExecutionKey, ExecutionRow> executions;
  std::map<std::tuple<std::string, std::string, std::string>, ExecutionKey> names;
  std::map<std::pair<ExecutionKey, std::uint64_t>, StepRow> steps;
  std::map<TaskKey, TaskRow> tasks;
  std::map<std::tuple<ExecutionKey, std::uint64_t, std::uint8_t>, Timestamp> timers;
  std::map<ExecutionKey, SnapshotRow> snapshots;
  std::map<MapRunKey, MapRunRow> map_runs;
  std::map<std::pair<MapRunKey, std::uint64_t>, ExecutionKey> children;
  std::map<TaskKey, std::vector<EvidenceRow>> evidence;
  std::set<PayloadUse> payload_uses;
  ExecutionKey last_key = 0;
};

template <class Interface>
class MemoryQueries : public Interface {
 public:
  explicit MemoryQueries(std::shared_ptr<MemoryPartition> data) : data_(std::move(data)) {}

  std::optional<ExecutionRow> Find(std::string_view tenant, std::string_view machine,
                                   std::string_view name) override {
    const std::lock_guard lock(data_->mutex);
    const auto found = data_->names.find(
        std::tuple(std::string(tenant), std::string(machine), std::string(name)));
    if (found == data_->names.end()) return std::nullopt;
    return data_->executions.at(found->second);
  }

  std::optional<ExecutionRow> Get(ExecutionKey key) override {
    const std::lock_guard lock(data_->mutex);
    const auto found = data_->executions.find(key);
    if (found == data_->executions.end()) return std::nullopt;
    return found->second;
  }

  void Steps(ExecutionKey key, std::uint64_t from,
             const std::function<bool(const StepRow&)>& visit) override {
    std::unique_lock lock(data_->mutex);
    for (auto next = data_->steps.lower_bound({key, from});
         next != data_->steps.end() && next->first.first == key;) {
      const StepRow row = next->second;
      lock.unlock();
      if (!visit(row)) return;
      lock.lock();
      next = data_->steps.upper_bound({key, row.first_seq});
    }
  }

  void StepsBackwards(ExecutionKey key, std::uint64_t from,
                      const std::function<bool(const StepRow&)>& visit) override {
    std::unique_lock lock(data_->mutex);
    auto next = data_->steps.upper_bound({key, from});
    while (next != data_->steps.begin()) {
      const StepRow row = std::prev(next)->second;
      if (row.execution != key) return;
      lock.unlock();
      if (!visit(row)) return;
      lock.lock();
      next = data_->steps.lower_bound({key, row.first_seq});
    }
  }

  std::optional<SnapshotRow> Snapshot(ExecutionKey key) override {
    const std::lock_guard lock(data_->mutex);
    const auto found = data_->snapshots.find(key);
    if (found == data_->snapshots.end()) return std::nullopt;
    return found->second;
  }

  std::optional<TaskRow> Task(TaskKey key) override {
    const std::lock_guard lock(data_->mutex);
    const auto found = data_->tasks.find(key);
    if (found == data_->tasks.end()) return std::nullopt;
    return found->second;
  }

  std::vector<TaskRow> Tasks(ExecutionKey key) override {
    const std::lock_guard lock(data_->mutex);
    std::vector<TaskRow> rows;
    for (auto next = data_->tasks.lower_bound({key, 0});
         next != data_->tasks.end() && next->first.execution == key; ++next) {
      rows.push_back(next->second);
    }
    return rows;
  }

  std::vector<TimerRow> Timers(ExecutionKey key) override {
    const std::lock_guard lock(data_->mutex);
    std::vector<TimerRow> rows;
    for (auto next = data_->timers.lower_bound({key, 0, 0});
         next != data_->timers.end() && std::get<0>(next->first) == key; ++next) {
      const auto& [execution, seq, kind] = next->first;
      rows.push_back({.execution = execution, .seq = seq, .kind = kind, .due = next->second});
    }
    return rows;
  }

  std::vector<EvidenceRow> Evidence(ExecutionKey key) override {
    const std::lock_guard lock(data_->mutex);
    std::vector<EvidenceRow> rows;
    for (auto next = data_->evidence.lower_bound({key, 0});
         next != data_->evidence.end() && next->first.execution == key; ++next) {
      rows.insert(rows.end(), next->second.begin(), next->second.end());
    }
    return rows;
  }

  std::optional<MapRunRow> MapRun(MapRunKey key) override {
    const std::lock_guard lock(data_->mutex);
    const auto found = data_->map_runs.find(key);
    if (found == data_->map_runs.end()) return std::nullopt;
    return found->second;
  }

  std::optional<MapRunRow> FindMapRun(std::string_view id) override {
    const std::lock_guard lock(data_->mutex);
    for (const auto& [key, row] : data_->map_runs) {
      if (row.id == id) return row;
    }
    return std::nullopt;
  }

  std::vector<MapRunRow> MapRuns(ExecutionKey execution) override {
    const std::lock_guard lock(data_->mutex);
    std::vector<MapRunRow> rows;
    for (auto next = data_->map_runs.lower_bound({execution, 0});
         next != data_->map_runs.end() && next->first.execution == execution; ++next) {
      rows.push_back(next->second);
    }
    return rows;
  }

  void Children(MapRunKey run, std::uint64_t from,
                const std::function<bool(const ExecutionRow&)>& visit) override {
    std::unique_lock lock(data_->mutex);
    for (auto next = data_->children.lower_bound({run, from});
         next != data_->children.end() && next->first.first == run;) {
      const std::uint64_t index = next->first.second;
      const ExecutionRow row = data_->executions.at(next->second);
      lock.unlock();
      if (!visit(row)) return;
      lock.lock();
      next = data_->children.upper_bound({run, index});
    }
  }

  std::vector<ExecutionRow> List(const Queries::ListFilter& filter) override {
    const std::lock_guard lock(data_->mutex);
    std::vector<ExecutionRow> rows;
    auto next = filter.before > 0 ? data_->executions.lower_bound(filter.before)
                                  : data_->executions.end();
    while (next != data_->executions.begin() && static_cast<int>(rows.size()) < filter.limit) {
      const ExecutionRow& row = (--next)->second;
      if (!Matches(row, filter)) continue;
      if (filter.status && row.status != *filter.status) continue;
      rows.push_back(row);
    }
    return rows;
  }

  std::int64_t CountRunning(std::string_view tenant, std::string_view machine) override {
    const std::lock_guard lock(data_->mutex);
    return std::count_if(data_->executions.begin(), data_->executions.end(), [&](const auto& at) {
      const ExecutionRow& row = at.second;
      const bool meant = machine.empty() ? !row.child_of : row.machine == machine;
      return row.tenant == tenant && meant && row.status == Status::kRunning;
    });
  }

  bool RevisionInUse(std::string_view revision) override {
    const std::lock_guard lock(data_->mutex);
    return std::any_of(data_->executions.begin(), data_->executions.end(),
                       [&](const auto& at) { return at.second.revision == revision; });
  }

  bool PayloadInUse(std::string_view sha256) override {
    const std::lock_guard lock(data_->mutex);
    return std::any_of(data_->payload_uses.begin(), data_->payload_uses.end(),
                       [&](const PayloadUse& use) { return use.sha256 == sha256; });
  }

 protected:
  MemoryPartition& data() { return *data_; }

 private:
  static bool Matches(const ExecutionRow& row, const Queries::ListFilter& filter) {
    if (filter.map_run) return row.child_of && row.child_of->map_run == *filter.map_run;
    if (row.tenant != filter.tenant) return false;
    return filter.machine.empty() ? !row.child_of : row.machine == filter.machine;
  }

  std::shared_ptr<MemoryPartition> data_;
};

}  // namespace towline::store
