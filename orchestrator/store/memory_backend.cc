// The store in memory, for tests and the simulation. The data live in the backend: a Store may be
// thrown away and opened again, as a server's is by a crash.

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "orchestrator/store/event_codec.h"
#include "orchestrator/store/memory_catalogue.h"
#include "orchestrator/store/memory_queries.h"
#include "orchestrator/store/store.h"
#include "statemachines/base/check.h"

namespace towline::store {
namespace {

class MemoryStore final : public MemoryQueries<Store> {
 public:
  using MemoryQueries::MemoryQueries;

  void Commit(const Batch& batch) override {
    const std::lock_guard lock(data().mutex);
    CheckUnique(batch);
    for (const ExecutionRow& row : batch.started) {
      data().names.emplace(std::tuple(row.tenant, row.machine, row.name), row.key);
      data().executions.emplace(row.key, row);
      data().last_key = std::max(data().last_key, row.key);
      if (row.child_of) {
        data().children.emplace(std::pair(row.child_of->map_run, row.child_of->index), row.key);
      }
    }
    for (const StepRow& row : batch.steps) {
      data().steps.emplace(std::pair(row.execution, row.first_seq), row);
    }
    ApplyTasks(batch);
    for (const MapRunRow& row : batch.map_runs_started) data().map_runs.emplace(row.key, row);
    for (const MapRunUpdate& update : batch.map_runs_updated) {
      const auto found = data().map_runs.find(update.key);
      if (found == data().map_runs.end()) continue;
      found->second.open = update.open;
      found->second.progress = update.progress;
    }
    for (const TimerRow& row : batch.timers_set) {
      data().timers.insert_or_assign({row.execution, row.seq, row.kind}, row.due);
    }
    for (const TimerRow& row : batch.timers_cleared) {
      data().timers.erase({row.execution, row.seq, row.kind});
    }
    for (const SnapshotRow& row : batch.snapshots) {
      data().snapshots.insert_or_assign(row.execution, row);
    }
    for (const EvidenceRow& row : batch.evidence) {
      auto& kept = data().evidence[row.task];
      if (kept.size() < kEvidencePerTask) kept.push_back(row);
    }
    data().payload_uses.insert(batch.payload_uses.begin(), batch.payload_uses.end());
    for (const ExecutionReopen& reopen : batch.reopened) {
      const auto found = data().executions.find(reopen.key);
      if (found == data().executions.end()) continue;
      found->second.status = Status::kRunning;
      found->second.stopped.reset();
      found->second.redrives = reopen.redrives;
      found->second.redriven = reopen.redriven;
    }
    for (const ExecutionClose& close : batch.closed) {
      data().snapshots.erase(close.key);
      const auto found = data().executions.find(close.key);
      if (found == data().executions.end()) continue;
      found->second.status = close.status;
      found->second.stopped = close.stopped;
    }
    for (const ExecutionKey key : batch.deleted) Delete(key);
  }

  void Recover() override {}

  void OpenTasks(const std::function<void(const TaskRow&)>& visit) override {
    const std::lock_guard lock(data().mutex);
    for (const auto& [key, row] : data().tasks) {
      TaskRow cut = row;
      cut.spec.resize(TaskHeadSize(cut.spec));
      visit(cut);
    }
  }

  void OpenMapRuns(const std::function<void(const MapRunRow&)>& visit) override {
    const std::lock_guard lock(data().mutex);
    for (const auto& [key, row] : data().map_runs) {
      if (row.open) visit(row);
    }
  }

  std::vector<TimerRow> TimersDue(Timestamp until, int limit) override {
    const std::lock_guard lock(data().mutex);
    std::vector<TimerRow> rows;
    for (const auto& [key, due] : data().timers) {
      const auto& [execution, seq, kind] = key;
      if (due < until) rows.push_back({execution, seq, kind, due});
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const TimerRow& a, const TimerRow& b) { return a.due < b.due; });
    if (rows.size() > static_cast<std::size_t>(limit)) rows.resize(static_cast<std::size_t>(limit));
    return rows;
  }

  std::vector<ExecutionKey> ClosedBefore(Timestamp before, int limit) override {
    const std::lock_guard lock(data().mutex);
    std::vector<std::pair<Timestamp, ExecutionKey>> closed;
    for (const auto& [key, row] : data().executions) {
      if (row.stopped && *row.stopped < before) closed.emplace_back(*row.stopped, key);
    }
    std::sort(closed.begin(), closed.end());
    std::vector<ExecutionKey> keys;
    for (const auto& [stopped, key] : closed) {
      if (static_cast<int>(keys.size()) < limit) keys.push_back(key);
    }
    return keys;
  }

  ExecutionKey LastKey() override {
    const std::lock_guard lock(data().mutex);
    return data().last_key;
  }
  void Checkpoint() override {}

 private:
  // All or nothing: what a database refuses by its keys is refused before anything changes.
  void CheckUnique(const Batch& batch) {
    const auto refuse = [](const char* what) {
      throw StoreError(std::string("in memory: there is already such ") + what);
    };
    std::set<ExecutionKey> keys;
    std::set<std::tuple<std::string, std::string, std::string>> names;
    for (const ExecutionRow& row : batch.started) {
      CHECK(row.key > 0);
      const std::tuple name(row.tenant, row.machine, row.name);
      if (data().executions.count(row.key) != 0 || !keys.insert(row.key).second) {
        refuse("an execution key");
      }
      if (data().names.count(name) != 0 || !names.insert(name).second) {
        refuse("an execution name");
      }
    }
    std::set<std::pair<ExecutionKey, std::uint64_t>> steps;
    for (const StepRow& row : batch.steps) {
      const std::pair id(row.execution, row.first_seq);
      if (data().steps.count(id) != 0 || !steps.insert(id).second) refuse("a step");
    }
    std::set<TaskKey> tasks;
    for (const TaskRow& row : batch.tasks_opened) {
      const TaskKey key{row.execution, row.task};
      if (data().tasks.count(key) != 0 || !tasks.insert(key).second) refuse("a task");
    }
  }

  void ApplyTasks(const Batch& batch) {
    for (const TaskRow& row : batch.tasks_opened) {
      data().tasks.emplace(TaskKey{row.execution, row.task}, row);
    }
    for (const TaskUpdate& update : batch.tasks_updated) {
      const auto found = data().tasks.find(update.key);
      if (found == data().tasks.end()) continue;
      TaskRow& row = found->second;
      row.state = update.state;
      row.attempt = update.attempt;
      row.worker = update.worker;
      row.incarnation = update.incarnation;
      if (update.spec) row.spec = *update.spec;
    }
    for (const TaskKey& key : batch.tasks_closed) data().tasks.erase(key);
  }

  void Delete(ExecutionKey key) {
    const auto found = data().executions.find(key);
    if (found != data().executions.end()) {
      const ExecutionRow& row = found->second;
      data().names.erase(std::tuple(row.tenant, row.machine, row.name));
      if (row.child_of) {
        data().children.erase(std::pair(row.child_of->map_run, row.child_of->index));
      }
      data().executions.erase(found);
    }
    const auto of_execution = [key](auto& rows, auto first, auto execution_of) {
      auto at = rows.lower_bound(first);
      while (at != rows.end() && execution_of(at->first) == key) at = rows.erase(at);
    };
    of_execution(data().steps, std::pair(key, std::uint64_t{0}),
                 [](const auto& id) { return id.first; });
    const auto task_execution = [](const TaskKey& id) { return id.execution; };
    of_execution(data().tasks, TaskKey{key, 0}, task_execution);
    of_execution(data().evidence, TaskKey{key, 0}, task_execution);
    for (auto use = data().payload_uses.begin(); use != data().payload_uses.end();) {
      use = use->execution == key ? data().payload_uses.erase(use) : std::next(use);
    }
    of_execution(data().timers, std::tuple(key, std::uint64_t{0}, std::uint8_t{0}),
                 [](const auto& id) { return std::get<0>(id); });
    of_execution(data().map_runs, MapRunKey{key, 0},
                 [](const MapRunKey& id) { return id.execution; });
    data().snapshots.erase(key);
  }
};

class MemoryBackend final : public Backend {
 public:
  explicit MemoryBackend(int partitions) : catalogue_(MakeMemoryCatalogue(partitions)) {
    for (int i = 0; i < partitions; i++) partitions_.push_back(std::make_shared<MemoryPartition>());
  }
  Catalogue& catalogue() override { return *catalogue_; }
  std::unique_ptr<Store> OpenPartition(int partition) override {
    return std::make_unique<MemoryStore>(partitions_.at(static_cast<std::size_t>(partition)));
  }
  std::unique_ptr<Queries> OpenReader(int partition) override {
    return std::make_unique<MemoryQueries<Queries>>(
        partitions_.at(static_cast<std::size_t>(partition)));
  }

 private:
  std::unique_ptr<Catalogue> catalogue_;
  std::vector<std::shared_ptr<MemoryPartition>> partitions_;
};

}  // namespace

std::unique_ptr<Backend> OpenMemoryBackend(int partitions) {
  return std::make_unique<MemoryBackend>(partitions);
}

}  // namespace towline::store
