#include "orchestrator/store/sqlite_store.h"

#include "orchestrator/store/event_codec.h"
#include "orchestrator/store/sqlite_schema.h"
#include "statemachines/base/check.h"

namespace towline::store {
namespace {

// Right edges of all tables and the busy part of the index by name.
constexpr int kWriterCacheKib = 8 << 10;

std::int64_t Signed(std::uint64_t number) { return static_cast<std::int64_t>(number); }
std::int64_t Ms(Timestamp time) { return time.time_since_epoch().count(); }

}  // namespace

SqliteWriteStatements::SqliteWriteStatements(SqliteConnection& c)
    : begin(c, "BEGIN IMMEDIATE"),
      commit(c, "COMMIT"),
      rollback(c, "ROLLBACK"),
      probe(c, "UPDATE meta SET value=value+1 WHERE name='recoveries'"),
      add_machine(c, "INSERT INTO machines(tenant, machine) VALUES(?, ?)"),
      add_revision(c, "INSERT INTO revisions(hash, uses) VALUES(?, 0)"),
      use_revision(c, "UPDATE revisions SET uses=uses+? WHERE id=?"),
      revision_id(c, "SELECT id FROM revisions WHERE hash=?"),
      add_execution(c,
                    "INSERT INTO executions(key, machine, name, revision, status, started, "
                    "stopped, map_execution, map_run, item) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      reopen_execution(c,
                       "UPDATE executions SET status=0, stopped=NULL, redrives=?, redriven=? "
                       "WHERE key=?"),
      close_execution(c, "UPDATE executions SET status=?, stopped=? WHERE key=?"),
      add_step(c, "INSERT INTO steps VALUES(?, ?, ?)"),
      add_step_far(c, "INSERT INTO steps_far VALUES(?, ?, ?, ?)"),
      add_task(c, "INSERT INTO tasks VALUES(?, ?, ?, ?, ?, ?, ?, ?)"),
      update_task(c,
                  "UPDATE tasks SET state=?, attempt=?, worker=?, incarnation=? "
                  "WHERE execution=? AND task=?"),
      update_task_spec(c,
                       "UPDATE tasks SET state=?, attempt=?, worker=?, incarnation=?, head=?, "
                       "body=? WHERE execution=? AND task=?"),
      delete_task(c, "DELETE FROM tasks WHERE execution=? AND task=?"),
      add_map_run(c, "INSERT INTO map_runs VALUES(?, ?, ?, ?, ?, ?)"),
      update_map_run(c, "UPDATE map_runs SET open=?, progress=? WHERE execution=? AND run=?"),
      set_timer(c, "INSERT OR REPLACE INTO timers VALUES(?, ?, ?, ?)"),
      clear_timer(c, "DELETE FROM timers WHERE execution=? AND seq=? AND kind=?"),
      put_snapshot(c, "INSERT OR REPLACE INTO snapshots VALUES(?, ?, ?)"),
      drop_snapshot(c, "DELETE FROM snapshots WHERE execution=?"),
      add_evidence(c,
                   "INSERT INTO evidence SELECT ?1, ?2, n, ?3, ?4, ?5, ?6, ?7 FROM "
                   "(SELECT count(*) AS n FROM evidence WHERE execution=?1 AND task=?2) "
                   "WHERE n < ?8"),
      add_payload_use(c, "INSERT OR IGNORE INTO payload_uses VALUES(?, ?)"),
      raise_last_key(c, "UPDATE meta SET value=max(value, ?) WHERE name='last_key'"),
      revision_of(c, "SELECT revision FROM executions WHERE key=?"),
      delete_execution(c, "DELETE FROM executions WHERE key=?"),
      delete_steps(c, "DELETE FROM steps WHERE id BETWEEN ? AND ?"),
      delete_steps_far(c, "DELETE FROM steps_far WHERE execution=?"),
      delete_tasks(c, "DELETE FROM tasks WHERE execution=?"),
      delete_timers(c, "DELETE FROM timers WHERE execution=?"),
      delete_evidence(c, "DELETE FROM evidence WHERE execution=?"),
      delete_map_runs(c, "DELETE FROM map_runs WHERE execution=?"),
      delete_payload_uses(c, "DELETE FROM payload_uses WHERE execution=?"),
      open_tasks(c,
                 "SELECT execution, task, state, attempt, worker, incarnation, head FROM tasks "
                 "ORDER BY execution, task"),
      open_map_runs(c,
                    "SELECT execution, run, id, open, progress, spec FROM map_runs WHERE open "
                    "ORDER BY execution, run"),
      timers_due(c,
                 "SELECT execution, seq, kind, due FROM timers WHERE due<? "
                 "ORDER BY due, execution, seq, kind LIMIT ?"),
      closed_before(c,
                    "SELECT key FROM executions WHERE stopped<? ORDER BY stopped, key LIMIT ?"),
      last_key(c,
               "SELECT max(coalesce((SELECT max(key) FROM executions), 0), "
               "(SELECT value FROM meta WHERE name='last_key'))") {}

SqliteStore::SqliteStore(std::string path)
    : SqliteQueries(std::move(path),
                    {.writer = true, .create = false, .cache_kib = kWriterCacheKib}, true),
      write_(std::make_unique<SqliteWriteStatements>(connection())) {}

void SqliteStore::Commit(const Batch& batch) {
  uses_.clear();
  if (!connection().in_transaction()) write_->begin.Run();
  Apply(batch);
  write_->commit.Run();
}

void SqliteStore::Apply(const Batch& batch) {
  for (const ExecutionRow& row : batch.started) Start(row);
  for (const StepRow& row : batch.steps) AddStep(row);
  for (const TaskRow& row : batch.tasks_opened) OpenTask(row);
  for (const TaskUpdate& update : batch.tasks_updated) UpdateTask(update);
  for (const TaskKey& key : batch.tasks_closed) {
    write_->delete_task.Run(key.execution, Signed(key.task));
  }
  for (const MapRunRow& row : batch.map_runs_started) {
    write_->add_map_run.Run(row.key.execution, Signed(row.key.run), row.id,
                            std::int64_t{row.open}, SqliteBlob{row.progress},
                            SqliteBlob{row.spec});
  }
  for (const MapRunUpdate& update : batch.map_runs_updated) {
    write_->update_map_run.Run(std::int64_t{update.open}, SqliteBlob{update.progress},
                               update.key.execution, Signed(update.key.run));
  }
  for (const TimerRow& row : batch.timers_set) {
    write_->set_timer.Run(row.execution, Signed(row.seq), std::int64_t{row.kind}, Ms(row.due));
  }
  for (const TimerRow& row : batch.timers_cleared) {
    write_->clear_timer.Run(row.execution, Signed(row.seq), std::int64_t{row.kind});
  }
  for (const SnapshotRow& row : batch.snapshots) {
    write_->put_snapshot.Run(row.execution, Signed(row.last_seq), SqliteBlob{row.state});
  }
  for (const EvidenceRow& row : batch.evidence) {
    write_->add_evidence.Run(row.task.execution, Signed(row.task.task), Ms(row.time), row.worker,
                             std::int64_t{row.attempt}, row.what, row.data,
                             std::int64_t{kEvidencePerTask});
  }
  for (const PayloadUse& use : batch.payload_uses) {
    write_->add_payload_use.Run(use.sha256, use.execution);
  }
  for (const ExecutionReopen& reopen : batch.reopened) {
    write_->reopen_execution.Run(std::int64_t{reopen.redrives}, Ms(reopen.redriven), reopen.key);
  }
  for (const ExecutionClose& close : batch.closed) Close(close);
  for (const ExecutionKey key : batch.deleted) Delete(key);
  CountRevisionUses();
}

// The failed transaction goes with its connection. A write of our own then proves that the disk
// works again, and settles the unknown outcome: should the commit record of the failed one have
// reached the file after all, either it counts already or this one overwrites it.
void SqliteStore::Recover() {
  write_.reset();
  revision_ids_.clear();
  Reopen();
  write_ = std::make_unique<SqliteWriteStatements>(connection());
  write_->begin.Run();
  write_->probe.Run();
  write_->commit.Run();
}

void SqliteStore::Start(const ExecutionRow& row) {
  CHECK(row.key > 0 && row.key <= kExecutionKeyMax);
  const std::int64_t revision = RevisionId(row.revision);
  uses_[revision]++;
  std::optional<std::int64_t> stopped;
  if (row.stopped) stopped = Ms(*row.stopped);
  std::optional<std::int64_t> map_execution, map_run, item;
  if (row.child_of) {
    map_execution = row.child_of->map_run.execution;
    map_run = Signed(row.child_of->map_run.run);
    item = Signed(row.child_of->index);
  }
  write_->add_execution.Run(row.key, NewMachineId(row.tenant, row.machine), row.name, revision,
                            static_cast<std::int64_t>(row.status), Ms(row.started), stopped,
                            map_execution, map_run, item);
}

void SqliteStore::AddStep(const StepRow& row) {
  if (row.first_seq < kNearSeqs) {
    write_->add_step.Run(StepId(row.execution, row.first_seq), Signed(row.first_id),
                         SqliteBlob{row.events});
  } else {
    write_->add_step_far.Run(row.execution, Signed(row.first_seq), Signed(row.first_id),
                             SqliteBlob{row.events});
  }
}

void SqliteStore::OpenTask(const TaskRow& row) {
  const std::string_view spec = row.spec;
  const std::size_t head = TaskHeadSize(spec);
  write_->add_task.Run(row.execution, Signed(row.task), static_cast<std::int64_t>(row.state),
                       std::int64_t{row.attempt}, row.worker, Signed(row.incarnation),
                       SqliteBlob{spec.substr(0, head)}, SqliteBlob{spec.substr(head)});
}

void SqliteStore::UpdateTask(const TaskUpdate& update) {
  const auto state = static_cast<std::int64_t>(update.state);
  const std::int64_t attempt = update.attempt;
  if (!update.spec) {
    write_->update_task.Run(state, attempt, update.worker, Signed(update.incarnation),
                            update.key.execution, Signed(update.key.task));
    return;
  }
  const std::string_view spec = *update.spec;
  const std::size_t head = TaskHeadSize(spec);
  write_->update_task_spec.Run(state, attempt, update.worker, Signed(update.incarnation),
                               SqliteBlob{spec.substr(0, head)}, SqliteBlob{spec.substr(head)},
                               update.key.execution, Signed(update.key.task));
}

void SqliteStore::Close(const ExecutionClose& close) {
  write_->close_execution.Run(static_cast<std::int64_t>(close.status), Ms(close.stopped),
                              close.key);
  write_->drop_snapshot.Run(close.key);
}

void SqliteStore::Delete(ExecutionKey key) {
  {
    SqliteCursor revision = write_->revision_of.Query(key);
    if (!revision.Next()) return;
    uses_[revision.Int(0)]--;
  }
  write_->raise_last_key.Run(key);  // a key is never given out twice
  write_->delete_execution.Run(key);
  write_->delete_steps.Run(StepId(key, 0), StepId(key, kNearSeqs - 1));
  write_->delete_steps_far.Run(key);
  write_->delete_tasks.Run(key);
  write_->delete_timers.Run(key);
  write_->drop_snapshot.Run(key);
  write_->delete_evidence.Run(key);
  write_->delete_map_runs.Run(key);
  write_->delete_payload_uses.Run(key);
}

std::int64_t SqliteStore::NewMachineId(const std::string& tenant, const std::string& machine) {
  if (const auto id = MachineId(tenant, machine)) return *id;
  write_->add_machine.Run(tenant, machine);
  return MachineId(tenant, machine).value();
}

std::int64_t SqliteStore::RevisionId(const std::string& hash) {
  const auto known = revision_ids_.find(hash);
  if (known != revision_ids_.end()) return known->second;
  const auto find = [&]() -> std::int64_t {
    SqliteCursor cursor = write_->revision_id.Query(hash);
    return cursor.Next() ? cursor.Int(0) : 0;
  };
  std::int64_t id = find();
  if (id == 0) {
    write_->add_revision.Run(hash);
    id = find();
  }
  return revision_ids_.emplace(hash, id).first->second;
}

// Once for each revision rather than for each execution.
void SqliteStore::CountRevisionUses() {
  for (const auto& [revision, more] : uses_) {
    if (more != 0) write_->use_revision.Run(more, revision);
  }
}

void SqliteStore::OpenTasks(const std::function<void(const TaskRow&)>& visit) {
  const View view(*this);
  SqliteCursor cursor = write_->open_tasks.Query();
  TaskRow row;
  while (cursor.Next()) {
    row.execution = cursor.Int(0);
    row.task = static_cast<std::uint64_t>(cursor.Int(1));
    row.state = static_cast<TaskState>(cursor.Int(2));
    row.attempt = static_cast<std::uint32_t>(cursor.Int(3));
    row.worker.assign(cursor.Bytes(4));
    row.incarnation = static_cast<std::uint64_t>(cursor.Int(5));
    row.spec.assign(cursor.Bytes(6));
    visit(row);
  }
}

void SqliteStore::OpenMapRuns(const std::function<void(const MapRunRow&)>& visit) {
  const View view(*this);
  SqliteCursor cursor = write_->open_map_runs.Query();
  while (cursor.Next()) visit(ReadMapRun(cursor));
}

std::vector<TimerRow> SqliteStore::TimersDue(Timestamp until, int limit) {
  const View view(*this);
  std::vector<TimerRow> rows;
  SqliteCursor cursor = write_->timers_due.Query(Ms(until), std::int64_t{limit});
  while (cursor.Next()) {
    rows.push_back({.execution = cursor.Int(0),
                    .seq = static_cast<std::uint64_t>(cursor.Int(1)),
                    .kind = static_cast<std::uint8_t>(cursor.Int(2)),
                    .due = Timestamp(Millis(cursor.Int(3)))});
  }
  return rows;
}

std::vector<ExecutionKey> SqliteStore::ClosedBefore(Timestamp before, int limit) {
  const View view(*this);
  std::vector<ExecutionKey> keys;
  SqliteCursor cursor = write_->closed_before.Query(Ms(before), std::int64_t{limit});
  while (cursor.Next()) keys.push_back(cursor.Int(0));
  return keys;
}

ExecutionKey SqliteStore::LastKey() {
  const View view(*this);
  SqliteCursor cursor = write_->last_key.Query();
  return cursor.Next() ? cursor.Int(0) : 0;
}

void SqliteStore::Checkpoint() {
  if (connection().in_transaction()) write_->commit.Run();
  connection().Checkpoint();
}

}  // namespace towline::store
