#include "orchestrator/objects/result_export.h"

namespace towline::objects {
namespace {

using mapdata::ResultKind;

std::size_t Slot(ResultKind kind) { return static_cast<std::size_t>(kind); }

Error AsWriterFailure(const Error& error) {
  return Error{error.code, error.message, mapdata::WriterFailed("").name};
}

}  // namespace

ResultExport::ResultExport(ObjectStore& store, Options options)
    : store_(store),
      options_(std::move(options)),
      folder_(mapdata::ResultFolder(options_.writer.prefix, options_.map_run_arn,
                                    options_.redrive_count)) {
  files_[Slot(ResultKind::kSucceeded)] = options_.succeeded_before;
}

Status ResultExport::Add(const mapdata::ChildResult& result) {
  const ResultKind kind = mapdata::KindOf(result.status);
  for (const std::string& text :
       mapdata::ResultTexts(result, options_.writer.config.transformation)) {
    if (Status added = AddText(kind, text); !added) return AsWriterFailure(added.error());
  }
  return Ok();
}

Status ResultExport::AddText(ResultKind kind, std::string_view text) {
  std::unique_ptr<File>& file = open_[Slot(kind)];
  const bool full = file && !file->frame.Empty() &&
                    file->frame.SizeWith(text) > options_.file_bytes_max;
  if (full) {
    if (Status closed = Close(kind); !closed) return closed;
  }
  if (!file) {
    if (Status opened = Open(kind); !opened) return opened;
  }
  return file->writer->Write(file->frame.Next(text));
}

Status ResultExport::Open(ResultKind kind) {
  const mapdata::OutputType type = options_.writer.config.output_type;
  const std::string key = folder_ + mapdata::ResultFileName(kind, opened_[Slot(kind)]++, type);
  auto writer = store_.Put({.bucket = options_.writer.bucket, .key = key},
                           {.content_type = type == mapdata::OutputType::kJson
                                                ? "application/json"
                                                : "application/x-ndjson"});
  if (!writer) return writer.error();
  open_[Slot(kind)] = std::make_unique<File>(
      File{.key = key, .frame = mapdata::ResultFile(type), .writer = std::move(*writer)});
  return Ok();
}

Status ResultExport::Close(ResultKind kind) {
  const std::unique_ptr<File> file = std::move(open_[Slot(kind)]);
  if (Status written = file->writer->Write(file->frame.End()); !written) return written;
  const auto stored = file->writer->Commit();
  if (!stored) return stored.error();
  files_[Slot(kind)].push_back({.key = file->key, .size = file->frame.size()});
  return Ok();
}

Status ResultExport::WriteManifest(const std::string& key) {
  auto writer = store_.Put({.bucket = options_.writer.bucket, .key = key},
                           {.content_type = "application/json"});
  if (!writer) return writer.error();
  const std::string text =
      mapdata::ManifestText(options_.writer.bucket, options_.map_run_arn, files_);
  if (Status written = (*writer)->Write(text); !written) return written;
  const auto stored = (*writer)->Commit();
  return stored ? Ok() : Status(stored.error());
}

Result<ResultExport::Exported> ResultExport::Finish() {
  for (const ResultKind kind : mapdata::kResultKinds) {
    if (!open_[Slot(kind)]) continue;
    if (Status closed = Close(kind); !closed) return AsWriterFailure(closed.error());
  }
  const std::string key = folder_ + "manifest.json";
  if (Status written = WriteManifest(key); !written) return AsWriterFailure(written.error());
  return Exported{
      .output = mapdata::ExportedOutput(options_.writer.bucket, options_.map_run_arn, key),
      .files = files_,
      .manifest_key = key};
}

}  // namespace towline::objects
