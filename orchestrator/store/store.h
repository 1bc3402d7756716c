#pragma once

// Durable state. One Store per partition, used by one thread; one Catalogue per node; Readers for
// everybody else, each with its own read-only view.
//
// History is the only truth: `steps` hold the events. Every other row is either an index into
// them (executions, tasks, timers: what is open now, written in the same transaction) or a cache
// (snapshots: may be dropped at any time).
//
// Failures of the disk or the database are exceptions (StoreError). A Commit that throws has an
// unknown outcome: the caller drops its memory and reads again.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/time.h"

namespace towline::store {

// Row id of an execution in its partition: grows with start order, never reused.
using ExecutionKey = std::int64_t;

class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Mirrors interpreter::ExecutionStatus.
enum class Status : std::uint8_t { kRunning, kSucceeded, kFailed, kTimedOut, kAborted };

// A Map Run, by the execution it belongs to and the number of its MapRunStarted.
struct MapRunKey {
  ExecutionKey execution = 0;
  std::uint64_t run = 0;
  auto operator<=>(const MapRunKey&) const = default;
};
struct ChildOf {
  MapRunKey map_run;
  std::uint64_t index = 0;  // of its item, or batch of items
  bool operator==(const ChildOf&) const = default;
};

struct ExecutionRow {
  ExecutionKey key = 0;
  std::string tenant{};
  std::string machine{};
  std::string name{};
  std::string revision{};  // content hash of its definition
  Status status = Status::kRunning;
  Timestamp started{};
  std::optional<Timestamp> stopped{};
  std::uint32_t redrives = 0;
  std::optional<Timestamp> redriven{};  // the last time
  // A child of a Distributed Map: of which Map Run, and its number there.
  std::optional<ChildOf> child_of{};
};

// The events of one step, encoded by event_codec.h. Steps of an execution are ordered by
// first_seq, which is the sequence number of the step's first event; first_id the history id
// that the next history event from here on has.
struct StepRow {
  ExecutionKey execution = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t first_id = 0;
  std::string events{};
};

// A task that is open, or ended and not yet confirmed cancelled. `spec` is what dispatch needs to
// offer it (encoded by event_codec.h); its payload lies in the step of its TaskScheduled as well,
// but is kept here so that an offer costs one look-up.
enum class TaskState : std::uint8_t { kWaiting, kAccepted, kSubmitted, kCancelling };
struct TaskRow {
  ExecutionKey execution = 0;
  std::uint64_t task = 0;
  TaskState state = TaskState::kWaiting;
  std::uint32_t attempt = 1;
  std::string worker{};              // the recorded holder: "tenant_worker"; empty: none
  std::uint64_t incarnation = 0;   // of the holder
  std::string spec{};
};
struct TaskKey {
  ExecutionKey execution = 0;
  std::uint64_t task = 0;
  auto operator<=>(const TaskKey&) const = default;
};
// The parts of a task row that change.
struct TaskUpdate {
  TaskKey key;
  TaskState state = TaskState::kWaiting;
  std::uint32_t attempt = 1;
  std::string worker{};
  std::uint64_t incarnation = 0;
  std::optional<std::string> spec{};  // absent: unchanged
};

struct TimerRow {
  ExecutionKey execution = 0;
  std::uint64_t seq = 0;
  std::uint8_t kind = 0;
  Timestamp due{};
};

// A Map Run. Open until none of its children runs and its result is with the parent. The order
// lies in the step of its MapRunStarted as well; the progress is the sum of its children, kept so
// that nobody has to add it up again (encoded by map_run_codec.h).
struct MapRunRow {
  MapRunKey key;
  std::string id{};        // the UUID in its ARN
  bool open = true;
  std::string spec{};
  std::string progress{};
};
struct MapRunUpdate {
  MapRunKey key;
  bool open = true;
  std::string progress{};
};

struct SnapshotRow {
  ExecutionKey execution = 0;
  std::uint64_t last_seq = 0;
  std::string state{};  // encoded by event_codec.h
};

// A late or refused answer of a worker, kept for people: never part of the history.
struct EvidenceRow {
  TaskKey task;
  Timestamp time{};
  std::string worker{};
  std::uint32_t attempt = 0;
  std::string what{};  // "result succeeded", "declined: busy", …
  std::string data{};  // JSON text, cut at 4 KiB
};

// The history of an execution refers to a large payload, which is kept as long as the execution is.
struct PayloadUse {
  ExecutionKey execution = 0;
  std::string sha256{};
  auto operator<=>(const PayloadUse&) const = default;
};

// Redriven: runs again.
struct ExecutionReopen {
  ExecutionKey key = 0;
  std::uint32_t redrives = 1;
  Timestamp redriven{};
};
struct ExecutionClose {
  ExecutionKey key = 0;
  Status status = Status::kSucceeded;
  Timestamp stopped{};
};

// One transaction. Applied in the order of the members. A task or timer that is opened and closed
// in one batch must not be in it at all.
struct Batch {
  std::vector<ExecutionRow> started{};
  std::vector<StepRow> steps{};
  std::vector<TaskRow> tasks_opened{};
  std::vector<TaskUpdate> tasks_updated{};
  std::vector<TaskKey> tasks_closed{};
  std::vector<MapRunRow> map_runs_started{};
  std::vector<MapRunUpdate> map_runs_updated{};
  std::vector<TimerRow> timers_set{};
  std::vector<TimerRow> timers_cleared{};  // `due` is not looked at
  std::vector<SnapshotRow> snapshots{};
  std::vector<PayloadUse> payload_uses{};  // said again: nothing
  std::vector<EvidenceRow> evidence{};     // at most kEvidencePerTask are kept per task
  std::vector<ExecutionReopen> reopened{};
  std::vector<ExecutionClose> closed{};    // also drops the execution's snapshot
  std::vector<ExecutionKey> deleted{};     // retention: everything of these executions

  bool empty() const;
  void Clear();
};
inline constexpr int kEvidencePerTask = 20;

// What both the partition and the readers may ask.
class Queries {
 public:
  virtual ~Queries() = default;

  virtual std::optional<ExecutionRow> Find(std::string_view tenant, std::string_view machine,
                                           std::string_view name) = 0;
  virtual std::optional<ExecutionRow> Get(ExecutionKey key) = 0;
  // Steps with first_seq >= from, oldest first; stops when `visit` returns false. `visit` must
  // not call back into the same object.
  virtual void Steps(ExecutionKey key, std::uint64_t from,
                     const std::function<bool(const StepRow&)>& visit) = 0;
  // Steps with first_seq <= from, newest first; stops when `visit` returns false.
  virtual void StepsBackwards(ExecutionKey key, std::uint64_t from,
                              const std::function<bool(const StepRow&)>& visit) = 0;
  virtual std::optional<SnapshotRow> Snapshot(ExecutionKey key) = 0;
  virtual std::optional<TaskRow> Task(TaskKey key) = 0;
  virtual std::vector<TaskRow> Tasks(ExecutionKey key) = 0;
  virtual std::vector<TimerRow> Timers(ExecutionKey key) = 0;
  virtual std::vector<EvidenceRow> Evidence(ExecutionKey key) = 0;

  virtual std::optional<MapRunRow> MapRun(MapRunKey key) = 0;
  virtual std::optional<MapRunRow> FindMapRun(std::string_view id) = 0;
  virtual std::vector<MapRunRow> MapRuns(ExecutionKey execution) = 0;  // oldest first
  // Children of a Map Run with index >= from, by index; stops when `visit` returns false. `visit`
  // must not call back into the same object.
  virtual void Children(MapRunKey run, std::uint64_t from,
                        const std::function<bool(const ExecutionRow&)>& visit) = 0;

  // Children of Map Runs are listed only by `machine`, which is "{machine}/{label}" for them.
  struct ListFilter {
    std::string tenant{};
    std::string machine{};             // empty: all
    // Children of this Map Run instead; then `tenant` and `machine` are not looked at.
    std::optional<MapRunKey> map_run{};
    std::optional<Status> status{};
    ExecutionKey before = 0;           // page: keys below this one; 0: from the newest
    int limit = 100;
  };
  virtual std::vector<ExecutionRow> List(const ListFilter& filter) = 0;  // newest first
  virtual std::int64_t CountRunning(std::string_view tenant, std::string_view machine) = 0;
  virtual bool RevisionInUse(std::string_view revision) = 0;  // by any execution kept
  virtual bool PayloadInUse(std::string_view sha256) = 0;     // likewise
};

// The one writer of a partition. Not thread-safe: its thread owns it.
class Store : public Queries {
 public:
  // Makes the whole batch durable, or throws StoreError and has perhaps done so.
  virtual void Commit(const Batch& batch) = 0;
  // After a throw: leaves any open transaction, reopens what is needed. Throws while broken.
  virtual void Recover() = 0;

  // For start-up, each in one pass over an index; `visit` must not call back into the store. The
  // rows' `spec` is cut to what DecodeTask needs without the payload.
  virtual void OpenTasks(const std::function<void(const TaskRow&)>& visit) = 0;
  virtual void OpenMapRuns(const std::function<void(const MapRunRow&)>& visit) = 0;
  // Timers due before `until`, earliest first, at most `limit`.
  virtual std::vector<TimerRow> TimersDue(Timestamp until, int limit) = 0;
  // Closed before `before`, oldest first: for retention.
  virtual std::vector<ExecutionKey> ClosedBefore(Timestamp before, int limit) = 0;
  virtual ExecutionKey LastKey() = 0;  // 0 when there is none
  virtual void Checkpoint() = 0;       // of the WAL, at shutdown
};

// Definitions, activities and keys of the whole node. Thread-safe; every change is durable when
// the call returns.
struct MachineRow {
  std::string tenant{};
  std::string name{};
  std::string revision{};    // content hash of the current definition
  Timestamp created{};
  Timestamp updated{};
  bool deleting = false;
};
struct ActivityRow {
  std::string tenant{};
  std::string name{};
  Timestamp created{};
};
struct MacKey {
  int id = 0;         // 0 to 255, in each token
  std::string bytes{};  // 32
};

// Who may do what: a principal has a role in a tenant.
struct GrantRow {
  std::string principal{};
  std::string role{};
  std::string tenant{};           // "*": every one
  std::string machine_prefix{};   // only state machines whose names begin so; empty: all
  bool operator==(const GrantRow&) const = default;
  auto operator<=>(const GrantRow&) const = default;
};

// A secret with which a principal proves who it is.
struct ApiTokenRow {
  std::string id{};
  std::string hash{};  // SHA-256 of the secret; the secret itself is kept nowhere
  std::string principal{};
  Timestamp created{};
  Timestamp expires{};
  bool operator==(const ApiTokenRow&) const = default;
};

// Lets somebody who knows its secret enrol workers.
struct InvitationRow {
  std::string id{};
  std::string hash{};    // SHA-256 of the secret, which is kept nowhere
  std::string tenant{};
  std::string name{};    // the only name that may enrol; empty: any
  std::string labels{};  // of the workers: a JSON object of strings
  Timestamp created{};
  Timestamp expires{};
  int uses_left = 1;
  std::string by{};        // who has made it
  std::string enrolled{};  // a JSON object: a worker's name to the fingerprint of its key
  bool operator==(const InvitationRow&) const = default;
};

// A worker whose word counts no more.
struct RevokedWorkerRow {
  std::string tenant{};
  std::string name{};
  Timestamp time{};
  std::string by{};
  bool operator==(const RevokedWorkerRow&) const = default;
};

class Catalogue {
 public:
  virtual ~Catalogue() = default;
  virtual std::optional<MachineRow> Machine(std::string_view tenant, std::string_view name) = 0;
  // By name; names greater than `after` ("" from the start).
  virtual std::vector<MachineRow> Machines(std::string_view tenant, std::string_view after,
                                           int limit) = 0;
  virtual std::vector<MachineRow> DeletingMachines() = 0;
  virtual void PutMachine(const MachineRow& row) = 0;  // insert or replace
  virtual void DeleteMachine(std::string_view tenant, std::string_view name) = 0;

  // Content-addressed and immutable; putting one twice is nothing.
  virtual void PutRevision(std::string_view hash, std::string_view definition) = 0;
  virtual std::optional<std::string> Revision(std::string_view hash) = 0;

  virtual std::optional<ActivityRow> Activity(std::string_view tenant, std::string_view name) = 0;
  virtual std::vector<ActivityRow> Activities(std::string_view tenant, std::string_view after,
                                              int limit) = 0;
  virtual void PutActivity(const ActivityRow& row) = 0;
  virtual bool DeleteActivity(std::string_view tenant, std::string_view name) = 0;

  // In their order. Few: they are read at start-up and kept by whoever decides.
  virtual std::vector<GrantRow> Grants() = 0;
  virtual void PutGrant(const GrantRow& row) = 0;
  virtual bool DeleteGrant(const GrantRow& row) = 0;
  virtual std::vector<ApiTokenRow> ApiTokens() = 0;  // by id
  virtual void PutApiToken(const ApiTokenRow& row) = 0;
  virtual bool DeleteApiToken(std::string_view id) = 0;

  virtual std::vector<InvitationRow> Invitations() = 0;  // by id
  virtual void PutInvitation(const InvitationRow& row) = 0;
  virtual bool DeleteInvitation(std::string_view id) = 0;
  virtual std::vector<RevokedWorkerRow> RevokedWorkers() = 0;  // by tenant and name
  virtual void PutRevokedWorker(const RevokedWorkerRow& row) = 0;
  virtual bool DeleteRevokedWorker(std::string_view tenant, std::string_view name) = 0;

  // Made at first start (random, 32 bytes); the last one signs, all verify.
  virtual std::vector<MacKey> MacKeys() = 0;
  virtual int Partitions() = 0;      // fixed when the catalogue was made
  // Raised when a backup is restored: lifts the base of attempts above what the lost part may
  // have given out.
  virtual std::int64_t Epoch() = 0;
};

// What server.cc opens; the doors and dispatch get readers from it.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual Catalogue& catalogue() = 0;
  virtual std::unique_ptr<Store> OpenPartition(int partition) = 0;
  // A read-only view of its own, for one thread at a time.
  virtual std::unique_ptr<Queries> OpenReader(int partition) = 0;
};

// Everything in memory; gone at the end of the process. For tests and the simulation. Behaves
// like the durable ones: the data outlive a Store, so that another may be opened on them.
std::unique_ptr<Backend> OpenMemoryBackend(int partitions);

// A directory: catalogue.db, partition-N.db, server.lock. Throws StoreError with one clear line:
// in use by another server, made by a newer version, not writable, damaged.
std::unique_ptr<Backend> OpenSqliteBackend(const std::string& directory, int partitions_if_new);

}  // namespace towline::store
