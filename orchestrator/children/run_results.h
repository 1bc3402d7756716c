#pragma once

#include "orchestrator/engine/map_run.h"
#include "orchestrator/objects/object_store.h"
#include "orchestrator/store/store.h"
#include "statemachines/asl/definition.h"
#include "statemachines/mapdata/result_writer.h"

namespace towline::children {

// What a Map Run's children came to: as the Map state's output, or as files in the object store.
// Memory holds one page of children, and the output.
class RunResults {
 public:
  RunResults(store::Backend& backend, objects::ObjectStore* objects, std::size_t output_bytes_max)
      : backend_(backend), objects_(objects), output_bytes_max_(output_bytes_max) {}

  // The state's output. An error with a States.… name is the workflow's; kUnavailable is worth
  // trying again. Throws StoreError.
  Result<Json> Gather(const engine::MapRunRef& run, const asl::Definition* definition,
                      const store::MapRunOrder& order, const interpreter::MapRunState& state);

 private:
  Result<Json> ToOutput(const engine::MapRunRef& run, const asl::Distributed& distributed);
  Result<Json> ToFiles(const engine::MapRunRef& run, const mapdata::ResultWriter& writer,
                       const std::string& arn, std::uint32_t redrive_count);
  // Calls `visit` with each child by its number, until it fails.
  Status ForEach(const engine::MapRunRef& run, bool whole,
                 const std::function<Status(mapdata::ChildResult)>& visit);

  store::Backend& backend_;
  objects::ObjectStore* const objects_;
  const std::size_t output_bytes_max_;
};

}  // namespace towline::children
