#include "orchestrator/objects/local_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "orchestrator/objects/local_files.h"
#include "orchestrator/objects/local_listing.h"
#include "orchestrator/objects/local_writer.h"

namespace towline::objects {
namespace {

constexpr std::size_t kChunkBytes = 256 << 10;

class LocalReader : public ObjectReader {
 public:
  LocalReader(ObjectName name, Descriptor fd, std::uint64_t offset, std::string version)
      : name_(std::move(name)),
        fd_(std::move(fd)),
        offset_(offset),
        version_(std::move(version)),
        buffer_(kChunkBytes, '\0') {}

  Result<std::string_view> Next() override {
    for (;;) {
      const ssize_t got =
          pread(fd_.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(offset_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return FileError(name_, "read", errno);
      offset_ += static_cast<std::uint64_t>(got);
      return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
    }
  }
  const std::string& version() const override { return version_; }

 private:
  const ObjectName name_;
  const Descriptor fd_;
  std::uint64_t offset_;
  const std::string version_;
  std::string buffer_;
};

}  // namespace

Result<std::unique_ptr<LocalStore>> LocalStore::Open(const std::string& root) {
  std::error_code failed;
  std::filesystem::create_directories(root, failed);
  // The root itself may be a link: it is the operator's choice.
  Descriptor fd(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return Error{Error::Code::kFailedPrecondition, "objects.root: cannot open the directory " +
                                                       root + ": " + std::strerror(errno)};
  }
  return std::unique_ptr<LocalStore>(new LocalStore(root, std::move(fd)));
}

Result<Descriptor> LocalStore::OpenBucket(const std::string& bucket) const {
  const std::string hint = "it would be the folder " + root_ + "/" + bucket;
  if (!IsBucketName(bucket)) return NoSuchBucket(bucket, "a bucket is the name of a folder");
  Descriptor fd = OpenDirectoryAt(root_fd_.get(), bucket);
  if (fd) return fd;
  if (errno == ENOENT) return NoSuchBucket(bucket, hint);
  // A link opened as a directory without following it is "not a directory".
  return errno == ENOTDIR ? NoSuchBucket(bucket, hint + ", and no file or link")
                          : FileError({.bucket = bucket}, "open", errno);
}

Result<Descriptor> LocalStore::OpenFile(const ObjectName& name) const {
  auto folder = OpenBucket(name.bucket);
  if (!folder) return folder.error();
  const std::vector<std::string> parts = KeyParts(name.key);
  if (parts.empty()) return NoSuchKey(name);
  Descriptor at = std::move(*folder);
  for (std::size_t i = 0; i + 1 < parts.size(); i++) {
    at = OpenDirectoryAt(at.get(), parts[i]);
    if (!at) break;
  }
  // Non-blocking: a pipe that somebody has put there must not hold us.
  Descriptor file;
  if (at) {
    file = Descriptor(openat(at.get(), parts.back().c_str(),
                             O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  }
  if (!file) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    return missing ? NoSuchKey(name) : FileError(name, "read", errno);
  }
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return FileError(name, "read", errno);
  if (!S_ISREG(status.st_mode)) return NoSuchKey(name);
  return file;
}

Result<std::unique_ptr<ObjectReader>> LocalStore::Get(const ObjectName& name,
                                                      const GetOptions& options) {
  if (!options.version_id.empty()) {
    return Error{.code = Error::Code::kInvalidArgument,
                 .message = Uri(name) + ": a directory keeps no versions; leave out VersionId",
                 .name = "InvalidArgument"};
  }
  auto file = OpenFile(name);
  if (!file) return file.error();
  struct stat status {};
  if (fstat(file->get(), &status) != 0) return FileError(name, "read", errno);
  std::string version = VersionOf(status);
  if (!options.version.empty() && options.version != version) return Changed(name);
  return std::unique_ptr<ObjectReader>(std::make_unique<LocalReader>(
      name, std::move(*file), options.offset, std::move(version)));
}

Result<std::unique_ptr<ObjectWriter>> LocalStore::Put(const ObjectName& name, const PutOptions&) {
  auto bucket = OpenBucket(name.bucket);
  if (!bucket) return bucket.error();
  return LocalWriter::Open(name, std::move(*bucket));
}

Result<std::unique_ptr<Listing>> LocalStore::List(const ListOptions& options) {
  auto bucket = OpenBucket(options.bucket);
  if (!bucket) return bucket.error();
  return std::unique_ptr<Listing>(std::make_unique<LocalListing>(std::move(*bucket), options));
}

Result<ObjectInfo> LocalStore::Head(const ObjectName& name) {
  auto file = OpenFile(name);
  if (!file) return file.error();
  struct stat status {};
  if (fstat(file->get(), &status) != 0) return FileError(name, "read", errno);
  auto etag = EtagOf(file->get(), status);
  if (!etag) return FileError(name, "read", EIO);
  return ObjectInfo{.key = name.key,
                    .size = static_cast<std::uint64_t>(status.st_size),
                    .etag = std::move(*etag),
                    .last_modified = ModifiedAt(status)};
}

}  // namespace towline::objects
