#pragma once

#include <string>
#include <vector>

#include "orchestrator/objects/s3_client.h"

namespace towline::objects {

// Holds one part. An object that is no larger is one PUT; else each full part is uploaded.
class S3Writer : public ObjectWriter {
 public:
  S3Writer(S3Client& client, ObjectName name, std::string content_type)
      : client_(client), name_(std::move(name)), content_type_(std::move(content_type)) {}
  ~S3Writer() override;
  S3Writer(const S3Writer&) = delete;
  S3Writer& operator=(const S3Writer&) = delete;

  Status Write(std::string_view bytes) override;
  Result<ObjectInfo> Commit() override;

 private:
  Status UploadPart();
  Result<ObjectInfo> PutWhole();
  Result<ObjectInfo> CompleteUpload();

  S3Client& client_;
  const ObjectName name_;
  const std::string content_type_;
  std::string part_;
  std::string upload_id_;                // once a part has been sent
  std::vector<std::string> part_etags_;
  std::uint64_t size_ = 0;
};

}  // namespace towline::objects
