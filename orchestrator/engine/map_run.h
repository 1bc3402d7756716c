#pragma once

// What goes into a partition and comes out of it about Map Runs. The children of a Map Run live in
// the partition of their parent, so that starting, counting and ending them is one transaction.
//
// A runner (orchestrator/children) reads the items and asks for children to be started as long as
// there is room, asks for the rest to be stopped when a run has ended early, and gathers the
// results. Everything that it must not forget is in the run's row.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/store/map_run_codec.h"
#include "orchestrator/store/store.h"
#include "statemachines/base/json.h"
#include "statemachines/interpreter/errors.h"
#include "statemachines/interpreter/map_run.h"

namespace towline::engine {

// Names one Map Run anywhere in the installation.
struct MapRunRef {
  int partition = 0;
  store::MapRunKey key;
  auto operator<=>(const MapRunRef&) const = default;
};

// Where it stands after a commit.
struct MapRunView {
  interpreter::MapRunState state;
  bool open = true;  // its row: the runner still has something to do for it
};

// All of these answer, on the partition's thread after the commit, with the view; kNotFound when
// the run is not open any more, kUnavailable when the outcome is unknown.
using MapRunReply = std::function<void(Result<MapRunView>)>;

// Starts the next children, unless the run has ended or `from` is not the next child's number:
// then it only answers. `cursor` is where reading goes on behind them.
struct StartChildren {
  struct Child {
    Json input;
    std::uint32_t items = 1;
  };
  MapRunRef run;
  std::uint64_t from = 0;
  std::vector<Child> children{};
  Json cursor{};
  bool exhausted = false;  // these are the last
  MapRunReply reply{};
};
// Lets children that had not succeeded go on, from number `from` on, as many as there is room for.
// The answer's `next` says where to ask from next; it is `from` at the end of the children.
struct RedriveChildren {
  MapRunRef run;
  std::uint64_t from = 0;
  std::size_t limit = 100;
  std::function<void(Result<MapRunView>, std::uint64_t next)> reply{};
};
// Stops running children of a run that has ended, from number `from` on.
struct StopChildren {
  MapRunRef run;
  std::uint64_t from = 0;
  std::size_t limit = 100;
  std::function<void(Result<MapRunView>, std::uint64_t next)> reply{};
};
// The runner's last word: the result of a drained run, a failure, or neither for a run that has
// ended before and whose children have all stopped.
struct FinishMapRun {
  MapRunRef run;
  std::uint32_t redrive_count = 0;  // as it was when the word was found: it is void after a redrive
  std::optional<Json> output{};
  std::optional<interpreter::Failure> failure{};
  MapRunReply reply{};
};
// Changes a running one. Absent members stay as they are.
struct UpdateMapRun {
  MapRunRef run;
  std::optional<std::uint32_t> max_concurrency{};
  std::optional<std::uint64_t> tolerated_count{};
  std::optional<double> tolerated_percentage{};
  MapRunReply reply{};
};

// To the runner, after a commit that changed them: what is new of open runs.
struct MapRunNotice {
  MapRunRef run;
  std::string revision;           // of the parent's definition
  std::shared_ptr<const store::MapRunOrder> order;  // null: as told before
  MapRunView view;
};
class MapRunSink {
 public:
  virtual ~MapRunSink() = default;
  // On the partition's thread; must only hand over. `reset`: forget all of the partition's runs
  // first; those that are open follow.
  virtual void Post(int partition, bool reset, std::vector<MapRunNotice> notices) = 0;
};

}  // namespace towline::engine
