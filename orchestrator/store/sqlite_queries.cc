#include "orchestrator/store/sqlite_queries.h"

#include <algorithm>

#include "orchestrator/store/sqlite_schema.h"

namespace towline::store {
namespace {

constexpr std::int64_t kStatuses = 5;

Timestamp At(std::int64_t ms) { return Timestamp(Millis(ms)); }

// Columns: task, state, attempt, worker, incarnation, head, body.
TaskRow ReadTask(ExecutionKey execution, const SqliteCursor& cursor) {
  return {.execution = execution,
          .task = static_cast<std::uint64_t>(cursor.Int(0)),
          .state = static_cast<TaskState>(cursor.Int(1)),
          .attempt = static_cast<std::uint32_t>(cursor.Int(2)),
          .worker = cursor.String(3),
          .incarnation = static_cast<std::uint64_t>(cursor.Int(4)),
          .spec = cursor.String(5).append(cursor.Bytes(6))};
}

// Of a row of `steps`, whose first column is its id.
std::int64_t NearSeq(const SqliteCursor& cursor) {
  return cursor.Int(0) & static_cast<std::int64_t>(kNearSeqs - 1);
}

StepRow ReadStep(ExecutionKey execution, const SqliteCursor& cursor, std::int64_t seq) {
  return {.execution = execution,
          .first_seq = static_cast<std::uint64_t>(seq),
          .first_id = static_cast<std::uint64_t>(cursor.Int(1)),
          .events = cursor.String(2)};
}

std::int64_t FarSeq(std::uint64_t seq) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(seq, INT64_MAX));
}

}  // namespace

MapRunRow ReadMapRun(const SqliteCursor& cursor) {
  return {.key = {cursor.Int(0), static_cast<std::uint64_t>(cursor.Int(1))},
          .id = cursor.String(2),
          .open = cursor.Int(3) != 0,
          .spec = cursor.String(5),
          .progress = cursor.String(4)};
}

template <class Interface>
SqliteQueries<Interface>::SqliteQueries(std::string path, const SqliteOptions& options,
                                        bool keep_view)
    : path_(std::move(path)), options_(options), keep_view_(keep_view) {
  Reopen();
}

template <class Interface>
void SqliteQueries<Interface>::Reopen() {
  statements_.reset();
  connection_.reset();
  connection_ = std::make_unique<SqliteConnection>(path_, PartitionSchema(), options_);
  statements_ = std::make_unique<SqliteQueryStatements>(*connection_);
}

template <class Interface>
SqliteQueries<Interface>::View::View(SqliteQueries& queries)
    : queries_(queries), opened_(!queries.connection_->in_transaction()) {
  if (opened_) queries_.statements_->begin.Run();
}

template <class Interface>
SqliteQueries<Interface>::View::~View() {
  if (!opened_ || queries_.keep_view_) return;
  try {
    queries_.statements_->end.Run();
  } catch (const StoreError&) {
    // The end of a read changes nothing; a broken connection shows at the next query.
  }
}

template <class Interface>
std::optional<std::int64_t> SqliteQueries<Interface>::MachineId(std::string_view tenant,
                                                                std::string_view machine) {
  std::pair<std::string, std::string> name(tenant, machine);
  auto& known = statements_->machine_ids;
  if (const auto found = known.find(name); found != known.end()) return found->second;
  SqliteCursor cursor = statements_->machine_id.Query(name.first, name.second);
  if (!cursor.Next()) return std::nullopt;
  return known.emplace(std::move(name), cursor.Int(0)).first->second;
}

template <class Interface>
const SqliteQueryStatements::Machine& SqliteQueries<Interface>::MachineName(std::int64_t id) {
  auto& known = statements_->machines;
  if (const auto found = known.find(id); found != known.end()) return found->second;
  SqliteCursor cursor = statements_->machine_name.Query(id);
  if (!cursor.Next()) throw StoreError(path_ + ": the database is damaged: a machine is missing");
  return known.emplace(id, SqliteQueryStatements::Machine{cursor.String(0), cursor.String(1)})
      .first->second;
}

template <class Interface>
const std::string& SqliteQueries<Interface>::RevisionHash(std::int64_t id) {
  auto& known = statements_->revisions;
  if (const auto found = known.find(id); found != known.end()) return found->second;
  SqliteCursor cursor = statements_->revision_hash.Query(id);
  if (!cursor.Next()) throw StoreError(path_ + ": the database is damaged: a revision is missing");
  return known.emplace(id, cursor.String(0)).first->second;
}

template <class Interface>
ExecutionRow SqliteQueries<Interface>::ReadExecution(const SqliteCursor& cursor) {
  const SqliteQueryStatements::Machine& machine = MachineName(cursor.Int(1));
  ExecutionRow row{.key = cursor.Int(0),
                   .tenant = machine.tenant,
                   .machine = machine.machine,
                   .name = cursor.String(2),
                   .revision = RevisionHash(cursor.Int(3)),
                   .status = static_cast<Status>(cursor.Int(4)),
                   .started = At(cursor.Int(5)),
                   .stopped = {},
                   .redrives = static_cast<std::uint32_t>(cursor.Int(7)),
                   .redriven = {},
                   .child_of = {}};
  if (!cursor.IsNull(9)) {
    row.child_of = ChildOf{{cursor.Int(9), static_cast<std::uint64_t>(cursor.Int(10))},
                           static_cast<std::uint64_t>(cursor.Int(11))};
  }
  if (!cursor.IsNull(6)) row.stopped = At(cursor.Int(6));
  if (!cursor.IsNull(8)) row.redriven = At(cursor.Int(8));
  return row;
}

template <class Interface>
std::optional<ExecutionRow> SqliteQueries<Interface>::Find(std::string_view tenant,
                                                           std::string_view machine,
                                                           std::string_view name) {
  const View view(*this);
  const auto id = MachineId(tenant, machine);
  if (!id) return std::nullopt;
  const std::string text(name);
  SqliteCursor cursor = statements_->find.Query(*id, text);
  if (!cursor.Next()) return std::nullopt;
  return ReadExecution(cursor);
}

template <class Interface>
std::optional<ExecutionRow> SqliteQueries<Interface>::Get(ExecutionKey key) {
  const View view(*this);
  SqliteCursor cursor = statements_->get.Query(key);
  if (!cursor.Next()) return std::nullopt;
  return ReadExecution(cursor);
}

template <class Interface>
void SqliteQueries<Interface>::Steps(ExecutionKey key, std::uint64_t from,
                                     const std::function<bool(const StepRow&)>& visit) {
  const View view(*this);
  if (from < kNearSeqs) {
    SqliteCursor near = statements_->steps.Query(StepId(key, from), StepId(key, kNearSeqs - 1));
    while (near.Next()) {
      if (!visit(ReadStep(key, near, NearSeq(near)))) return;
    }
  }
  SqliteCursor far = statements_->steps_far.Query(key, FarSeq(from));
  while (far.Next()) {
    if (!visit(ReadStep(key, far, far.Int(0)))) return;
  }
}

template <class Interface>
void SqliteQueries<Interface>::StepsBackwards(ExecutionKey key, std::uint64_t from,
                                              const std::function<bool(const StepRow&)>& visit) {
  const View view(*this);
  if (from >= kNearSeqs) {
    SqliteCursor far = statements_->steps_far_backwards.Query(key, FarSeq(from));
    while (far.Next()) {
      if (!visit(ReadStep(key, far, far.Int(0)))) return;
    }
  }
  SqliteCursor near = statements_->steps_backwards.Query(
      StepId(key, 0), StepId(key, std::min(from, kNearSeqs - 1)));
  while (near.Next()) {
    if (!visit(ReadStep(key, near, NearSeq(near)))) return;
  }
}

template <class Interface>
std::optional<SnapshotRow> SqliteQueries<Interface>::Snapshot(ExecutionKey key) {
  const View view(*this);
  SqliteCursor cursor = statements_->snapshot.Query(key);
  if (!cursor.Next()) return std::nullopt;
  return SnapshotRow{key, static_cast<std::uint64_t>(cursor.Int(0)), cursor.String(1)};
}

template <class Interface>
std::optional<TaskRow> SqliteQueries<Interface>::Task(TaskKey key) {
  const View view(*this);
  SqliteCursor cursor =
      statements_->task.Query(key.execution, static_cast<std::int64_t>(key.task));
  if (!cursor.Next()) return std::nullopt;
  return ReadTask(key.execution, cursor);
}

template <class Interface>
std::vector<TaskRow> SqliteQueries<Interface>::Tasks(ExecutionKey key) {
  const View view(*this);
  std::vector<TaskRow> rows;
  SqliteCursor cursor = statements_->tasks.Query(key);
  while (cursor.Next()) rows.push_back(ReadTask(key, cursor));
  return rows;
}

template <class Interface>
std::vector<TimerRow> SqliteQueries<Interface>::Timers(ExecutionKey key) {
  const View view(*this);
  std::vector<TimerRow> rows;
  SqliteCursor cursor = statements_->timers.Query(key);
  while (cursor.Next()) {
    rows.push_back({.execution = key,
                    .seq = static_cast<std::uint64_t>(cursor.Int(0)),
                    .kind = static_cast<std::uint8_t>(cursor.Int(1)),
                    .due = At(cursor.Int(2))});
  }
  return rows;
}

template <class Interface>
std::vector<EvidenceRow> SqliteQueries<Interface>::Evidence(ExecutionKey key) {
  const View view(*this);
  std::vector<EvidenceRow> rows;
  SqliteCursor cursor = statements_->evidence.Query(key);
  while (cursor.Next()) {
    rows.push_back({.task = {key, static_cast<std::uint64_t>(cursor.Int(0))},
                    .time = At(cursor.Int(1)),
                    .worker = cursor.String(2),
                    .attempt = static_cast<std::uint32_t>(cursor.Int(3)),
                    .what = cursor.String(4),
                    .data = cursor.String(5)});
  }
  return rows;
}

template <class Interface>
std::optional<MapRunRow> SqliteQueries<Interface>::MapRun(MapRunKey key) {
  const View view(*this);
  SqliteCursor cursor =
      statements_->map_run.Query(key.execution, static_cast<std::int64_t>(key.run));
  if (!cursor.Next()) return std::nullopt;
  return ReadMapRun(cursor);
}

template <class Interface>
std::optional<MapRunRow> SqliteQueries<Interface>::FindMapRun(std::string_view id) {
  const View view(*this);
  const std::string text(id);
  SqliteCursor cursor = statements_->map_run_by_id.Query(text);
  if (!cursor.Next()) return std::nullopt;
  return ReadMapRun(cursor);
}

template <class Interface>
std::vector<MapRunRow> SqliteQueries<Interface>::MapRuns(ExecutionKey execution) {
  const View view(*this);
  std::vector<MapRunRow> rows;
  SqliteCursor cursor = statements_->map_runs.Query(execution);
  while (cursor.Next()) rows.push_back(ReadMapRun(cursor));
  return rows;
}

template <class Interface>
void SqliteQueries<Interface>::Children(MapRunKey run, std::uint64_t from,
                                        const std::function<bool(const ExecutionRow&)>& visit) {
  const View view(*this);
  SqliteCursor cursor = statements_->children.Query(
      run.execution, static_cast<std::int64_t>(run.run), FarSeq(from));
  while (cursor.Next()) {
    if (!visit(ReadExecution(cursor))) return;
  }
}

template <class Interface>
std::vector<std::int64_t> SqliteQueries<Interface>::MachinesOf(std::string_view tenant,
                                                               std::string_view machine) {
  std::vector<std::int64_t> ids;
  if (!machine.empty()) {
    if (const auto id = MachineId(tenant, machine)) ids.push_back(*id);
    return ids;
  }
  const std::string text(tenant);
  SqliteCursor cursor = statements_->machines_of_tenant.Query(text);
  while (cursor.Next()) ids.push_back(cursor.Int(0));
  return ids;
}

// Each (machine, status) gives its newest keys from the index alone; the newest of them all are
// the page.
template <class Interface>
std::vector<ExecutionKey> SqliteQueries<Interface>::ListKeys(const Queries::ListFilter& filter) {
  const std::int64_t before = filter.before > 0 ? filter.before : INT64_MAX;
  const std::int64_t limit = filter.limit;
  std::vector<ExecutionKey> keys;
  for (const std::int64_t machine : MachinesOf(filter.tenant, filter.machine)) {
    for (std::int64_t status = 0; status < kStatuses; status++) {
      if (filter.status && static_cast<std::int64_t>(*filter.status) != status) continue;
      SqliteCursor cursor = statements_->list.Query(machine, status, before, limit);
      while (cursor.Next()) keys.push_back(cursor.Int(0));
    }
  }
  std::sort(keys.begin(), keys.end(), std::greater<>());
  if (keys.size() > static_cast<std::size_t>(limit)) keys.resize(static_cast<std::size_t>(limit));
  return keys;
}

// Children of a Map Run are numbered in the order of their keys, and the index is by number.
template <class Interface>
std::vector<ExecutionKey> SqliteQueries<Interface>::ListChildren(
    const Queries::ListFilter& filter) {
  std::vector<ExecutionKey> keys;
  std::int64_t before = INT64_MAX;
  if (filter.before > 0) {
    const auto last = Get(filter.before);
    if (!last || !last->child_of) return keys;
    before = static_cast<std::int64_t>(last->child_of->index);
  }
  std::int64_t least = 0;
  std::int64_t most = kStatuses - 1;
  if (filter.status) least = most = static_cast<std::int64_t>(*filter.status);
  const std::int64_t limit = filter.limit;
  SqliteCursor cursor = statements_->list_children.Query(
      filter.map_run->execution, static_cast<std::int64_t>(filter.map_run->run), before, least,
      most, limit);
  while (cursor.Next()) keys.push_back(cursor.Int(0));
  return keys;
}

template <class Interface>
std::vector<ExecutionRow> SqliteQueries<Interface>::List(const Queries::ListFilter& filter) {
  std::vector<ExecutionRow> rows;
  if (filter.limit <= 0) return rows;
  const View view(*this);
  for (const ExecutionKey key : filter.map_run ? ListChildren(filter) : ListKeys(filter)) {
    if (auto row = Get(key)) rows.push_back(*std::move(row));
  }
  return rows;
}

template <class Interface>
std::int64_t SqliteQueries<Interface>::CountRunning(std::string_view tenant,
                                                    std::string_view machine) {
  const View view(*this);
  std::int64_t count = 0;
  for (const std::int64_t id : MachinesOf(tenant, machine)) {
    SqliteCursor cursor = statements_->count.Query(id);
    if (cursor.Next()) count += cursor.Int(0);
  }
  return count;
}

template <class Interface>
bool SqliteQueries<Interface>::RevisionInUse(std::string_view revision) {
  const View view(*this);
  const std::string hash(revision);
  SqliteCursor cursor = statements_->revision_uses.Query(hash);
  return cursor.Next() && cursor.Int(0) > 0;
}

template <class Interface>
bool SqliteQueries<Interface>::PayloadInUse(std::string_view sha256) {
  const View view(*this);
  const std::string hash(sha256);
  SqliteCursor cursor = statements_->payload_in_use.Query(hash);
  return cursor.Next();
}

template class SqliteQueries<Queries>;
template class SqliteQueries<Store>;

}  // namespace towline::store
