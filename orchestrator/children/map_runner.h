#pragma once

// The runner of Map Runs: reads their items, has children started as long as there is room, has
// the rest stopped when a run has ended early, gathers the results.
//
// It decides nothing that a restart would miss: a run's row says how far its items have been read
// and what became of the children. What it does for one run is done by one thread at a time, in
// pieces, so that a slow object store holds up nobody else; RunOnce() may be called from several
// threads. It owns no thread and reads no clock.

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "orchestrator/blobs/blob_store.h"
#include "orchestrator/children/run_source.h"
#include "orchestrator/engine/definitions.h"
#include "orchestrator/engine/map_run.h"
#include "orchestrator/engine/request.h"
#include "orchestrator/objects/object_store.h"
#include "orchestrator/store/store.h"
#include "statemachines/interpreter/advance.h"

namespace towline::children {

struct MapRunnerSettings {
  interpreter::Limits limits{};
  std::size_t children_per_request = 200;
  std::size_t bytes_per_request = 1 << 20;  // of the children's inputs
  std::uint64_t seed = 0;                   // of what ItemSelector draws at random
  const blobs::BlobStore* blobs = nullptr;  // outlives it; none: references are plain values
};

class MapRunner final : public engine::MapRunSink {
 public:
  // `objects` may be null: then there is no object store, and a run that needs it fails.
  MapRunner(MapRunnerSettings settings, engine::RequestPort& partitions, store::Backend& backend,
            engine::Definitions& definitions, objects::ObjectStore* objects);
  ~MapRunner() override;

  void Post(int partition, bool reset, std::vector<engine::MapRunNotice> notices) override;

  // One piece of work for the run that has been due longest. Returns when to be called again:
  // `now` when there is more to do at once.
  Timestamp RunOnce(Timestamp now);
  // Blocks until there is something new, `timeout` is over or stop is requested.
  void Wait(const std::stop_token& stop, Millis timeout);

 private:
  struct Run;
  struct Work;

  void Act(const std::shared_ptr<Run>& run, Work& work);
  void Feed(const std::shared_ptr<Run>& run, Work& work);
  void Halt(const std::shared_ptr<Run>& run, Work& work, const RunSource::Stop& stop);
  void Gather(const std::shared_ptr<Run>& run, Work& work);
  void Sweep(const std::shared_ptr<Run>& run, Work& work, bool stop);
  template <class Request>
  void Ask(const std::shared_ptr<Run>& run, Work& work, Request request);
  bool Prepare(Run& run, Work& work);
  engine::MapRunReply ReplyTo(const std::shared_ptr<Run>& run);
  void Answered(const std::shared_ptr<Run>& run, Result<engine::MapRunView> view);

  const MapRunnerSettings settings_;
  engine::RequestPort& partitions_;
  store::Backend& backend_;
  engine::Definitions& definitions_;
  objects::ObjectStore* const objects_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_:
  std::map<engine::MapRunRef, std::shared_ptr<Run>> runs_;
  std::multimap<Timestamp, std::weak_ptr<Run>> due_;
  Timestamp now_{};
};

}  // namespace towline::children
