#pragma once

// The writer of one partition's file.
//
// Called from the partition's thread only. After a crash: whatever Commit() has returned from is
// there, and of a commit that had not returned all or nothing.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/store/sqlite_queries.h"

namespace towline::store {

struct SqliteWriteStatements {
  explicit SqliteWriteStatements(SqliteConnection& connection);

  SqliteStatement begin, commit, rollback, probe;
  SqliteStatement add_machine, add_revision, use_revision, revision_id;
  SqliteStatement add_execution, reopen_execution, close_execution, add_step, add_step_far;
  SqliteStatement add_task, update_task, update_task_spec, delete_task;
  SqliteStatement add_map_run, update_map_run;
  SqliteStatement set_timer, clear_timer, put_snapshot, drop_snapshot, add_evidence,
      add_payload_use;
  SqliteStatement raise_last_key, revision_of, delete_execution, delete_steps, delete_steps_far,
      delete_tasks, delete_timers, delete_evidence, delete_map_runs, delete_payload_uses;
  SqliteStatement open_tasks, open_map_runs, timers_due, closed_before, last_key;
};

class SqliteStore final : public SqliteQueries<Store> {
 public:
  explicit SqliteStore(std::string path);

  void Commit(const Batch& batch) override;
  void Recover() override;
  void OpenTasks(const std::function<void(const TaskRow&)>& visit) override;
  void OpenMapRuns(const std::function<void(const MapRunRow&)>& visit) override;
  std::vector<TimerRow> TimersDue(Timestamp until, int limit) override;
  std::vector<ExecutionKey> ClosedBefore(Timestamp before, int limit) override;
  ExecutionKey LastKey() override;
  void Checkpoint() override;

 private:
  void Apply(const Batch& batch);
  void Start(const ExecutionRow& row);
  void AddStep(const StepRow& row);
  void OpenTask(const TaskRow& row);
  void UpdateTask(const TaskUpdate& update);
  void Close(const ExecutionClose& close);
  void Delete(ExecutionKey key);
  std::int64_t NewMachineId(const std::string& tenant, const std::string& machine);
  std::int64_t RevisionId(const std::string& hash);
  void CountRevisionUses();

  std::unique_ptr<SqliteWriteStatements> write_;
  std::map<std::string, std::int64_t, std::less<>> revision_ids_;
  std::map<std::int64_t, std::int64_t> uses_;  // of revisions, more or fewer by this commit
};

}  // namespace towline::store
