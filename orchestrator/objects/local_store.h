#pragma once

#include "orchestrator/objects/descriptor.h"
#include "orchestrator/objects/object_store.h"

namespace towline::objects {

// Objects that are files: bucket B, key a/b.csv is ROOT/B/a/b.csv. People may put files there and
// take them away by any means.
//
// Nothing outside of the root is ever reached: keys with empty, "." or ".." parts are refused, and
// no symbolic link is followed, not even inside. A file is written beside its place under a name
// that listings pass over (".towline-put-…"), synced, and renamed; a crash can leave such a file.
//
// An ETag is the MD5 of the content, in quotes. For files beyond 8 MiB it is, as S3's own for
// objects that were uploaded in parts, no MD5 but another mark with "-PARTS" behind it, which
// changes with size and time of change: a listing does not read terabytes.
class LocalStore : public ObjectStore {
 public:
  // `root` is made when it is missing.
  static Result<std::unique_ptr<LocalStore>> Open(const std::string& root);

  Result<std::unique_ptr<ObjectReader>> Get(const ObjectName& name,
                                            const GetOptions& options) override;
  Result<std::unique_ptr<ObjectWriter>> Put(const ObjectName& name,
                                            const PutOptions& options) override;
  Result<std::unique_ptr<Listing>> List(const ListOptions& options) override;
  Result<ObjectInfo> Head(const ObjectName& name) override;

 private:
  LocalStore(std::string root, Descriptor fd) : root_(std::move(root)), root_fd_(std::move(fd)) {}
  Result<Descriptor> OpenBucket(const std::string& bucket) const;
  Result<Descriptor> OpenFile(const ObjectName& name) const;

  const std::string root_;
  const Descriptor root_fd_;
};

}  // namespace towline::objects
