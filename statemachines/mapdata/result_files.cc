#include "statemachines/mapdata/result_files.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace towline::mapdata {
namespace {

constexpr std::array<const char*, kResultKinds.size()> kKindNames = {"SUCCEEDED", "FAILED",
                                                                     "PENDING"};

const char* NameOf(ResultKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

json::array Entries(const std::vector<StoredResultFile>& files) {
  json::array entries;
  for (const StoredResultFile& file : files) {
    entries.push_back({{"Key", file.key}, {"Size", file.size}});
  }
  return entries;
}

}  // namespace

ResultKind KindOf(ChildResult::Status status) {
  switch (status) {
    case ChildResult::Status::kSucceeded: return ResultKind::kSucceeded;
    case ChildResult::Status::kPending: return ResultKind::kPending;
    default: return ResultKind::kFailed;
  }
}

std::string ResultFolder(std::string_view prefix, std::string_view map_run_arn,
                         std::uint32_t redrive_count) {
  std::string folder(prefix);
  if (!folder.empty() && folder.back() != '/') folder += '/';
  folder += map_run_arn.substr(map_run_arn.rfind(':') + 1);
  folder += '/';
  if (redrive_count > 0) folder += "Redrive-" + std::to_string(redrive_count) + "/";
  return folder;
}

std::string ResultFileName(ResultKind kind, std::uint64_t index, OutputType type) {
  return std::string(NameOf(kind)) + "_" + std::to_string(index) +
         (type == OutputType::kJson ? ".json" : ".jsonl");
}

std::string ResultFile::Next(std::string_view text) {
  std::string out;
  if (type_ == OutputType::kJson) out = Empty() ? "[" : ",";
  out += text;
  if (type_ == OutputType::kJsonl) out += '\n';
  size_ += out.size();
  return out;
}

std::string ResultFile::End() {
  std::string out = type_ == OutputType::kJson ? (Empty() ? "[]" : "]") : "";
  size_ += out.size();
  return out;
}

std::string ManifestText(std::string_view bucket, std::string_view map_run_arn,
                         const StoredResultFiles& files) {
  json::object by_kind;
  for (const ResultKind kind :
       {ResultKind::kFailed, ResultKind::kPending, ResultKind::kSucceeded}) {
    by_kind[NameOf(kind)] = Entries(files[static_cast<std::size_t>(kind)]);
  }
  const json::object manifest{{"DestinationBucket", bucket},
                              {"MapRunArn", map_run_arn},
                              {"ResultFiles", std::move(by_kind)}};
  return PrintJson(manifest);
}

Json ExportedOutput(std::string_view bucket, std::string_view map_run_arn,
                    std::string_view manifest_key) {
  return Json(json::value{{"MapRunArn", map_run_arn},
                          {"ResultWriterDetails", {{"Bucket", bucket}, {"Key", manifest_key}}}});
}

}  // namespace towline::mapdata
