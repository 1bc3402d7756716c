#include "statemachines/interpreter/map_run.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace towline::interpreter {
namespace {

// What a limit of 0 means: as many as the service runs at once.
constexpr std::uint64_t kConcurrencyMax = 10'000;

void Move(std::uint64_t& from, std::uint64_t& to, std::uint64_t count) {
  CHECK(from >= count);
  from -= count;
  to += count;
}

std::uint64_t& EndsIn(MapRunCounts& counts, ExecutionStatus status) {
  switch (status) {
    case ExecutionStatus::kSucceeded: return counts.succeeded;
    case ExecutionStatus::kFailed: return counts.failed;
    case ExecutionStatus::kTimedOut: return counts.timed_out;
    case ExecutionStatus::kAborted: return counts.aborted;
    case ExecutionStatus::kRunning: break;
  }
  CHECK(false);
  return counts.aborted;
}

void Revive(MapRunCounts& counts) {
  counts.pending_redrive += counts.unsuccessful() - counts.not_redrivable;
  counts.failed = counts.not_redrivable;
  counts.timed_out = counts.aborted = 0;
}

}  // namespace

bool Equal(const MapRunState& a, const MapRunState& b) {
  return a.status == b.status && a.stopping == b.stopping &&
         a.max_concurrency == b.max_concurrency && a.tolerated_count == b.tolerated_count &&
         a.tolerated_percentage == b.tolerated_percentage && a.next_child == b.next_child &&
         a.cursor == b.cursor && a.exhausted == b.exhausted && a.executions == b.executions &&
         a.items == b.items && a.results_written == b.results_written &&
         a.redrive_count == b.redrive_count && a.started == b.started && a.stopped == b.stopped &&
         a.redriven == b.redriven;
}

std::uint64_t ItemCount(const MapRunSpec& spec) {
  if (const auto* array = spec.items->if_array()) return array->size();
  if (const auto* object = spec.items->if_object()) return object->size();
  return 0;
}

MapRunState BeginMapRun(const MapRunSpec& spec, Timestamp now) {
  MapRunState run;
  run.max_concurrency = spec.max_concurrency;
  run.tolerated_count = spec.tolerated_count;
  run.tolerated_percentage = spec.tolerated_percentage;
  run.started = now;
  return run;
}

std::uint64_t Room(const MapRunState& run) {
  if (run.status != MapRunStatus::kRunning) return 0;
  const std::uint64_t limit = run.max_concurrency == 0 ? kConcurrencyMax : run.max_concurrency;
  return limit > run.executions.running ? limit - run.executions.running : 0;
}

bool IsDrained(const MapRunState& run) {
  return run.exhausted && run.executions.running == 0 && run.executions.pending_redrive == 0;
}

bool ToleranceExceeded(const MapRunState& run) {
  const std::uint64_t failed = run.items.unsuccessful();
  if (failed == 0) return false;
  if (!run.tolerated_count && !run.tolerated_percentage) return true;
  if (run.tolerated_count && failed > *run.tolerated_count) return true;
  if (!run.tolerated_percentage || !run.exhausted) return false;
  const auto share = static_cast<double>(failed) / static_cast<double>(run.items.total());
  return share * 100 > *run.tolerated_percentage;
}

void ChildStarted(MapRunState& run, std::uint64_t items) {
  run.next_child++;
  run.executions.running++;
  run.items.running += items;
}

void ChildEnded(MapRunState& run, const ChildEnd& end) {
  Move(run.executions.running, EndsIn(run.executions, end.status), 1);
  Move(run.items.running, EndsIn(run.items, end.status), end.items);
  if (end.redrivable) return;
  CHECK(end.status == ExecutionStatus::kFailed);
  run.executions.not_redrivable++;
  run.items.not_redrivable += end.items;
}

void ChildRedriven(MapRunState& run, std::uint64_t items) {
  Move(run.executions.pending_redrive, run.executions.running, 1);
  Move(run.items.pending_redrive, run.items.running, items);
}

void EndMapRun(MapRunState& run, MapRunStatus status, Timestamp now) {
  CHECK(run.status == MapRunStatus::kRunning);
  run.status = status;
  run.stopped = now;
  run.stopping = run.executions.running > 0;
}

void RedriveMapRun(MapRunState& run, Timestamp now) {
  CHECK(run.status != MapRunStatus::kRunning);
  run.status = MapRunStatus::kRunning;
  run.stopping = false;
  run.results_written = false;
  run.stopped.reset();
  run.redriven = now;
  run.redrive_count++;
  Revive(run.executions);
  Revive(run.items);
}

}  // namespace towline::interpreter
