#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/objects/object_store.h"
#include "statemachines/mapdata/result_files.h"

namespace towline::objects {

// Writes the results of a Map Run to the store: a file for each kind of outcome, another one when a
// file has reached its size, and the manifest last. Until Finish() has returned nothing points to
// the files: an export that was interrupted is simply made again from the first result.
//
// Errors are States.ResultWriterFailed with the cause to show; kUnavailable and kDeadlineExceeded
// are the store's, and the export may be tried again.
class ResultExport {
 public:
  struct Options {
    mapdata::ResultWriter writer{};
    std::string map_run_arn{};
    std::uint32_t redrive_count = 0;
    // Files of earlier attempts: a redrive's manifest names their successes too.
    std::vector<mapdata::StoredResultFile> succeeded_before{};
    std::uint64_t file_bytes_max = 5'000'000'000;
  };
  struct Exported {
    Json output{};  // of the Map state
    mapdata::StoredResultFiles files{};
    std::string manifest_key{};
  };

  ResultExport(ObjectStore& store, Options options);

  Status Add(const mapdata::ChildResult& result);
  Result<Exported> Finish();  // once

 private:
  struct File {
    std::string key{};
    mapdata::ResultFile frame;
    std::unique_ptr<ObjectWriter> writer{};
  };
  Status AddText(mapdata::ResultKind kind, std::string_view text);
  Status Open(mapdata::ResultKind kind);
  Status Close(mapdata::ResultKind kind);
  Status WriteManifest(const std::string& key);

  ObjectStore& store_;
  const Options options_;
  const std::string folder_;
  std::array<std::unique_ptr<File>, mapdata::kResultKinds.size()> open_;
  std::array<std::uint64_t, mapdata::kResultKinds.size()> opened_{};
  mapdata::StoredResultFiles files_;
};

}  // namespace towline::objects
