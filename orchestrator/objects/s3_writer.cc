#include "orchestrator/objects/s3_writer.h"

#include "orchestrator/objects/s3_xml.h"

namespace towline::objects {
namespace {

std::string EtagOf(const net::HttpResponse& response) {
  const auto found = response.headers.find("etag");
  return found == response.headers.end() ? std::string() : found->second;
}

}  // namespace

S3Writer::~S3Writer() {
  if (upload_id_.empty()) return;
  // What cannot be aborted now is for the bucket's life cycle rules.
  (void)client_.Send({.method = "DELETE", .name = name_, .query = {{"uploadId", upload_id_}}});
}

Status S3Writer::Write(std::string_view bytes) {
  const std::size_t part_bytes = client_.options().part_bytes;
  while (!bytes.empty()) {
    if (part_.size() == part_bytes) {
      if (Status uploaded = UploadPart(); !uploaded) return uploaded;
    }
    const std::string_view fits = bytes.substr(0, part_bytes - part_.size());
    part_ += fits;
    bytes.remove_prefix(fits.size());
  }
  return Ok();
}

Status S3Writer::UploadPart() {
  if (upload_id_.empty()) {
    const auto begun = client_.Send({.method = "POST",
                                     .name = name_,
                                     .query = {{"uploads", ""}},
                                     .headers = {{"content-type", content_type_}}});
    if (!begun) return begun.error();
    auto id = ReadUploadId(begun->body);
    if (!id) return id.error();
    upload_id_ = std::move(*id);
  }
  const std::string number = std::to_string(part_etags_.size() + 1);
  const auto sent = client_.Send({.method = "PUT",
                                  .name = name_,
                                  .query = {{"partNumber", number}, {"uploadId", upload_id_}},
                                  .body = part_});
  if (!sent) return sent.error();
  part_etags_.push_back(EtagOf(*sent));
  size_ += part_.size();
  part_.clear();
  return Ok();
}

Result<ObjectInfo> S3Writer::Commit() {
  if (upload_id_.empty()) return PutWhole();
  if (Status uploaded = UploadPart(); !uploaded) return uploaded.error();
  auto info = CompleteUpload();
  if (info) upload_id_.clear();
  return info;
}

Result<ObjectInfo> S3Writer::PutWhole() {
  const auto sent = client_.Send({.method = "PUT",
                                  .name = name_,
                                  .headers = {{"content-type", content_type_}},
                                  .body = part_});
  if (!sent) return sent.error();
  return ObjectInfo{.key = name_.key, .size = part_.size(), .etag = EtagOf(*sent)};
}

Result<ObjectInfo> S3Writer::CompleteUpload() {
  const std::string body = CompleteUploadXml(part_etags_);
  const auto sent = client_.Send({.method = "POST",
                                  .name = name_,
                                  .query = {{"uploadId", upload_id_}},
                                  .headers = {{"content-type", "application/xml"}},
                                  .body = body});
  ObjectInfo info{.key = name_.key, .size = size_};
  if (sent) {
    auto etag = ReadCompletedEtag(sent->body);
    if (!etag) return etag.error();
    info.etag = std::move(*etag);
    return info;
  }
  if (sent.error().name != "NoSuchUpload") return sent.error();
  // The first answer may have been lost after the upload had been completed.
  const auto head = client_.Send({.method = "HEAD", .name = name_});
  if (!head) return sent.error();
  info.etag = EtagOf(*head);
  const std::string ending = "-" + std::to_string(part_etags_.size()) + "\"";
  const bool ours = info.etag.size() > ending.size() &&
                    info.etag.compare(info.etag.size() - ending.size(), ending.size(), ending) == 0;
  if (!ours) return sent.error();
  return info;
}

}  // namespace towline::objects
