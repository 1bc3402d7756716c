#pragma once

// Rows as tests need them, and their comparison.

#include <string>
#include <tuple>
#include <vector>

#include "orchestrator/store/store.h"

namespace towline::store {

inline Timestamp At(std::int64_t ms) { return Timestamp(Millis(1'700'000'000'000 + ms)); }

inline ExecutionRow Execution(ExecutionKey key, std::string machine = "m", std::string name = {}) {
  return {.key = key,
          .tenant = "default",
          .machine = std::move(machine),
          .name = name.empty() ? "run-" + std::to_string(key) : std::move(name),
          .revision = "hash-1",
          .started = At(key)};
}
inline ExecutionRow Child(ExecutionKey key, MapRunKey run, std::uint64_t index) {
  ExecutionRow row = Execution(key, "m/rows");
  row.child_of = ChildOf{run, index};
  return row;
}
inline StepRow AStep(ExecutionKey key, std::uint64_t first_seq, std::string events = "events") {
  return {.execution = key, .first_seq = first_seq, .first_id = first_seq, .events = events};
}
inline TaskRow ATask(ExecutionKey key, std::uint64_t task, std::string spec = "\x03" "abcpayload") {
  return {.execution = key, .task = task, .spec = std::move(spec)};
}
inline TimerRow ATimer(ExecutionKey key, std::uint64_t seq, std::uint8_t kind, std::int64_t due) {
  return {.execution = key, .seq = seq, .kind = kind, .due = At(due)};
}

inline auto Tie(const ExecutionRow& r) {
  return std::tie(r.key, r.tenant, r.machine, r.name, r.revision, r.status, r.started, r.stopped,
                  r.redrives, r.redriven, r.child_of);
}
inline auto Tie(const StepRow& r) {
  return std::tie(r.execution, r.first_seq, r.first_id, r.events);
}
inline auto Tie(const TaskRow& r) {
  return std::tie(r.execution, r.task, r.state, r.attempt, r.worker, r.incarnation, r.spec);
}
inline auto Tie(const TimerRow& r) { return std::tie(r.execution, r.seq, r.kind, r.due); }
inline auto Tie(const MapRunRow& r) {
  return std::tie(r.key, r.id, r.open, r.spec, r.progress);
}
inline auto Tie(const SnapshotRow& r) { return std::tie(r.execution, r.last_seq, r.state); }
inline auto Tie(const EvidenceRow& r) {
  return std::tie(r.task, r.time, r.worker, r.attempt, r.what, r.data);
}
inline auto Tie(const MachineRow& r) {
  return std::tie(r.tenant, r.name, r.revision, r.created, r.updated, r.deleting);
}
inline auto Tie(const ActivityRow& r) { return std::tie(r.tenant, r.name, r.created); }

template <class Row>
  requires requires(const Row& row) { Tie(row); }
bool operator==(const Row& a, const Row& b) {
  return Tie(a) == Tie(b);
}

inline std::vector<StepRow> AllSteps(Queries& queries, ExecutionKey key, std::uint64_t from = 0) {
  std::vector<StepRow> rows;
  queries.Steps(key, from, [&](const StepRow& row) {
    rows.push_back(row);
    return true;
  });
  return rows;
}
inline std::vector<std::uint64_t> SeqsBackwards(Queries& queries, ExecutionKey key,
                                                std::uint64_t from, std::size_t limit = 1000) {
  std::vector<std::uint64_t> seqs;
  queries.StepsBackwards(key, from, [&](const StepRow& row) {
    seqs.push_back(row.first_seq);
    return seqs.size() < limit;
  });
  return seqs;
}
inline std::vector<TaskRow> AllOpenTasks(Store& store) {
  std::vector<TaskRow> rows;
  store.OpenTasks([&](const TaskRow& row) { rows.push_back(row); });
  return rows;
}
inline std::vector<MapRunRow> AllOpenMapRuns(Store& store) {
  std::vector<MapRunRow> rows;
  store.OpenMapRuns([&](const MapRunRow& row) { rows.push_back(row); });
  return rows;
}
inline std::vector<ExecutionKey> Keys(const std::vector<ExecutionRow>& rows) {
  std::vector<ExecutionKey> keys;
  for (const ExecutionRow& row : rows) keys.push_back(row.key);
  return keys;
}

}  // namespace towline::store
