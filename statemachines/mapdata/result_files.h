#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/mapdata/result_writer.h"

namespace towline::mapdata {

// What the results of a Map Run look like in an object store:
//
//   PREFIX/ID-OF-THE-MAP-RUN/[Redrive-N/]SUCCEEDED_0.json   children that succeeded
//                                        FAILED_0.json      failed, timed out, aborted
//                                        PENDING_0.json     inputs whose child never started
//                                        manifest.json      names the files, is written last
enum class ResultKind { kSucceeded, kFailed, kPending };
inline constexpr std::array<ResultKind, 3> kResultKinds = {
    ResultKind::kSucceeded, ResultKind::kFailed, ResultKind::kPending};

ResultKind KindOf(ChildResult::Status status);

// Ends in "/". The id is the last part of the Map Run's ARN.
std::string ResultFolder(std::string_view prefix, std::string_view map_run_arn,
                         std::uint32_t redrive_count);
// E.g. "SUCCEEDED_0.json".
std::string ResultFileName(ResultKind kind, std::uint64_t index, OutputType type);

// Frames the texts of one file.
class ResultFile {
 public:
  explicit ResultFile(OutputType type) : type_(type) {}

  // What to write so that the file goes on with `text`, or ends.
  std::string Next(std::string_view text);
  std::string End();

  // Bytes so far, and with `text` and the end added.
  std::uint64_t size() const { return size_; }
  std::uint64_t SizeWith(std::string_view text) const { return size_ + text.size() + 2; }
  bool Empty() const { return size_ == 0; }

 private:
  const OutputType type_;
  std::uint64_t size_ = 0;
};

struct StoredResultFile {
  std::string key{};
  std::uint64_t size = 0;
};
using StoredResultFiles = std::array<std::vector<StoredResultFile>, kResultKinds.size()>;

std::string ManifestText(std::string_view bucket, std::string_view map_run_arn,
                         const StoredResultFiles& files);

// {"MapRunArn":…,"ResultWriterDetails":{"Bucket":…,"Key":…}}: the output of the Map state.
Json ExportedOutput(std::string_view bucket, std::string_view map_run_arn,
                    std::string_view manifest_key);

}  // namespace towline::mapdata
