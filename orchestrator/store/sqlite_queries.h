#pragma once

// What may be asked of a partition's file, over one connection. The writer and every reader have
// their own; `Interface` is Queries or Store.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/store/sqlite_connection.h"
#include "orchestrator/store/store.h"

namespace towline::store {

// Prepared statements of the queries and what they have learnt. Machines and revisions are never
// renumbered, so what was read once stays true; the writer forgets after a failed commit.
struct SqliteQueryStatements {
  explicit SqliteQueryStatements(SqliteConnection& connection);

  SqliteStatement begin, end;
  SqliteStatement machine_id, machine_name, machines_of_tenant, revision_hash, revision_uses;
  SqliteStatement find, get, list, children, list_children, map_run, map_run_by_id, map_runs, count;
  SqliteStatement steps, steps_far, steps_backwards, steps_far_backwards;
  SqliteStatement snapshot, task, tasks, timers, evidence, payload_in_use;

  struct Machine {
    std::string tenant;
    std::string machine;
  };
  std::map<std::pair<std::string, std::string>, std::int64_t, std::less<>> machine_ids;
  std::map<std::int64_t, Machine> machines;
  std::map<std::int64_t, std::string> revisions;
};

// Columns: execution, run, id, open, progress, spec.
MapRunRow ReadMapRun(const SqliteCursor& cursor);

template <class Interface>
class SqliteQueries : public Interface {
 public:
  std::optional<ExecutionRow> Find(std::string_view tenant, std::string_view machine,
                                   std::string_view name) override;
  std::optional<ExecutionRow> Get(ExecutionKey key) override;
  void Steps(ExecutionKey key, std::uint64_t from,
             const std::function<bool(const StepRow&)>& visit) override;
  void StepsBackwards(ExecutionKey key, std::uint64_t from,
                      const std::function<bool(const StepRow&)>& visit) override;
  std::optional<SnapshotRow> Snapshot(ExecutionKey key) override;
  std::optional<TaskRow> Task(TaskKey key) override;
  std::vector<TaskRow> Tasks(ExecutionKey key) override;
  std::vector<TimerRow> Timers(ExecutionKey key) override;
  std::vector<EvidenceRow> Evidence(ExecutionKey key) override;
  std::optional<MapRunRow> MapRun(MapRunKey key) override;
  std::optional<MapRunRow> FindMapRun(std::string_view id) override;
  std::vector<MapRunRow> MapRuns(ExecutionKey execution) override;
  void Children(MapRunKey run, std::uint64_t from,
                const std::function<bool(const ExecutionRow&)>& visit) override;
  std::vector<ExecutionRow> List(const Queries::ListFilter& filter) override;
  std::int64_t CountRunning(std::string_view tenant, std::string_view machine) override;
  bool RevisionInUse(std::string_view revision) override;
  bool PayloadInUse(std::string_view sha256) override;

 protected:
  // `keep_view`: a query leaves its transaction open, so that many of them share one; the writer
  // ends it by its next commit.
  SqliteQueries(std::string path, const SqliteOptions& options, bool keep_view);

  // All queries of one call see one state of the database.
  class View {
   public:
    explicit View(SqliteQueries& queries);
    ~View();
    View(const View&) = delete;
    View& operator=(const View&) = delete;

   private:
    SqliteQueries& queries_;
    bool opened_;
  };

  void Reopen();
  SqliteConnection& connection() { return *connection_; }
  SqliteQueryStatements& statements() { return *statements_; }
  std::optional<std::int64_t> MachineId(std::string_view tenant, std::string_view machine);

 private:
  const SqliteQueryStatements::Machine& MachineName(std::int64_t id);
  const std::string& RevisionHash(std::int64_t id);
  // The columns of `find` and `get`.
  ExecutionRow ReadExecution(const SqliteCursor& cursor);
  std::vector<ExecutionKey> ListKeys(const Queries::ListFilter& filter);
  std::vector<ExecutionKey> ListChildren(const Queries::ListFilter& filter);
  std::vector<std::int64_t> MachinesOf(std::string_view tenant, std::string_view machine);

  const std::string path_;
  const SqliteOptions options_;
  const bool keep_view_;
  std::unique_ptr<SqliteConnection> connection_;
  std::unique_ptr<SqliteQueryStatements> statements_;
};

class SqliteReader final : public SqliteQueries<Queries> {
 public:
  explicit SqliteReader(std::string path)
      : SqliteQueries(std::move(path), {.writer = false, .create = false, .cache_kib = 1024},
                      false) {}
};

}  // namespace towline::store
