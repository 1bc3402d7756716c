#pragma once

// A Map Run: the items of a Distributed Map, each an execution of its own.
//
// The parent execution holds no more of it than its number; the children's own histories say what
// became of them. A MapRunState is the sum of that, kept so that nobody has to add it up again,
// and how far the items have been read. Pure: the partition applies these functions to it in the
// transaction that starts or ends the children.

#include <cstdint>
#include <optional>
#include <string>

#include "statemachines/interpreter/event.h"
#include "statemachines/interpreter/state.h"

namespace towline::interpreter {

// How many, by what became of them; of executions or of items (a batch holds several).
struct MapRunCounts {
  std::uint64_t running = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t aborted = 0;
  std::uint64_t pending_redrive = 0;  // ended otherwise before, and to run again
  std::uint64_t not_redrivable = 0;   // of `failed`: their history is full
  std::uint64_t total() const {
    return running + succeeded + failed + timed_out + aborted + pending_redrive;
  }
  std::uint64_t unsuccessful() const { return failed + timed_out + aborted; }
  bool operator==(const MapRunCounts&) const = default;
};

enum class MapRunStatus : std::uint8_t { kRunning, kSucceeded, kFailed, kAborted };

struct MapRunState {
  MapRunStatus status = MapRunStatus::kRunning;
  // Ended, but some children still run: they are being stopped.
  bool stopping = false;
  // 0: no limit. May change while it runs, as may the tolerance.
  std::uint32_t max_concurrency = 0;
  std::optional<std::uint64_t> tolerated_count{};
  std::optional<double> tolerated_percentage{};
  // The next child's number: as many have been started.
  std::uint64_t next_child = 0;
  Json cursor{};           // where the reader goes on; null: at the beginning
  bool exhausted = false;  // all items have become children
  MapRunCounts executions{};
  MapRunCounts items{};
  bool results_written = false;  // all that ended is in its output, or in its files
  std::uint32_t redrive_count = 0;
  Timestamp started{};
  std::optional<Timestamp> stopped{};
  std::optional<Timestamp> redriven{};
};
bool Equal(const MapRunState& a, const MapRunState& b);

// How many there are of the state's own data, an array or the members of an object; 0 when they
// are read from elsewhere.
std::uint64_t ItemCount(const MapRunSpec& spec);

// At the start, as the definition says.
MapRunState BeginMapRun(const MapRunSpec& spec, Timestamp now);

// How many children may start (or be redriven) now.
std::uint64_t Room(const MapRunState& run);
// Nothing runs and nothing is left to run.
bool IsDrained(const MapRunState& run);
// More have failed than is tolerated. A percentage is judged once all items are known.
bool ToleranceExceeded(const MapRunState& run);

void ChildStarted(MapRunState& run, std::uint64_t items);
struct ChildEnd {
  ExecutionStatus status = ExecutionStatus::kSucceeded;
  std::uint64_t items = 1;
  bool redrivable = true;  // unless it has succeeded
};
void ChildEnded(MapRunState& run, const ChildEnd& end);
// A child that had not succeeded runs again.
void ChildRedriven(MapRunState& run, std::uint64_t items);
void EndMapRun(MapRunState& run, MapRunStatus status, Timestamp now);
// The parent is redriven: what had not succeeded is to run again, if it can.
void RedriveMapRun(MapRunState& run, Timestamp now);

}  // namespace towline::interpreter
