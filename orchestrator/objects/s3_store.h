#pragma once

#include "orchestrator/objects/object_store.h"
#include "orchestrator/objects/s3_client.h"

namespace towline::objects {

// Objects behind an S3-compatible endpoint. A reader fetches a chunk a request, each bound to the
// ETag of the first, so that a lost connection is just tried again and content that was replaced in
// the meantime is noticed. A writer sends small objects in one request and larger ones in parts; an
// upload that is not committed is aborted.
class S3Store : public ObjectStore {
 public:
  explicit S3Store(S3Options options) : client_(std::move(options)) {}

  Result<std::unique_ptr<ObjectReader>> Get(const ObjectName& name,
                                            const GetOptions& options) override;
  Result<std::unique_ptr<ObjectWriter>> Put(const ObjectName& name,
                                            const PutOptions& options) override;
  Result<std::unique_ptr<Listing>> List(const ListOptions& options) override;
  Result<ObjectInfo> Head(const ObjectName& name) override;

 private:
  S3Client client_;
};

}  // namespace towline::objects
