#pragma once

// Where the files of a Distributed Map are: buckets of objects, as Amazon S3 names them, with two
// things behind one interface.
//
//   LocalStore  a directory: a bucket is a folder in it, a key the path of a file below that
//   S3Store     any S3-compatible endpoint over HTTP
//
// An object is written as a whole and replaced as a whole: readers see the old content or the new
// one. It is read as a stream, from any byte on, and a version mark tells a reader that comes back
// whether it is still the same. Calls block; nothing here may be called from a partition's thread.
//
// ItemSource and ResultExport drive statemachines/mapdata over a store.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::objects {

struct ObjectName {
  std::string bucket{};
  std::string key{};
};
std::string Uri(const ObjectName& name);  // "s3://bucket/key"

struct ObjectInfo {
  std::string key{};
  std::uint64_t size = 0;
  std::string etag{};  // in quotes, as S3 writes it
  Timestamp last_modified{};
  std::string storage_class = "STANDARD";
};

// One object being read. Used by one thread at a time.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  // The next bytes, valid until the next call; empty at the end.
  virtual Result<std::string_view> Next() = 0;
  // Changes when the content does; what GetOptions::version takes.
  virtual const std::string& version() const = 0;
};

// One object being written. Nothing of it can be seen before Commit(), and nothing remains if that
// is never called.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Status Write(std::string_view bytes) = 0;
  // Durable when it returns. Nothing may be called afterwards.
  virtual Result<ObjectInfo> Commit() = 0;
};

struct GetOptions {
  std::uint64_t offset = 0;  // the first byte wanted; at or beyond the end: no bytes
  std::string version{};     // refuse any other content (kFailedPrecondition)
  std::string version_id{};  // of a bucket that keeps versions
};

struct PutOptions {
  std::string content_type = "application/octet-stream";
};

struct ListOptions {
  std::string bucket{};
  std::string prefix{};
  std::string start_after{};  // only keys behind it, in byte order
  bool etags = true;          // false: they may be left empty, where finding them out is costly
};

// A listing in byte order of the keys, page by page, as ListObjectsV2 with its continuation tokens.
class Listing {
 public:
  virtual ~Listing() = default;
  // At most 1,000 objects; none at the end.
  virtual Result<std::vector<ObjectInfo>> NextPage() = 0;
};

// Any thread may call. Errors carry the service's name and words: NoSuchKey and NoSuchBucket
// (kNotFound), AccessDenied (kPermissionDenied), and say which object was meant.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  virtual Result<std::unique_ptr<ObjectReader>> Get(const ObjectName& name,
                                                    const GetOptions& options) = 0;
  virtual Result<std::unique_ptr<ObjectWriter>> Put(const ObjectName& name,
                                                    const PutOptions& options) = 0;
  virtual Result<std::unique_ptr<Listing>> List(const ListOptions& options) = 0;
  virtual Result<ObjectInfo> Head(const ObjectName& name) = 0;
};

// The service's errors.
Error NoSuchKey(const ObjectName& name);
Error NoSuchBucket(const std::string& bucket, const std::string& hint);
Error AccessDenied(const ObjectName& name, const std::string& reason);
Error Changed(const ObjectName& name);  // PreconditionFailed

}  // namespace towline::objects
