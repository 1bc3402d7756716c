#include "orchestrator/objects/local_writer.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "statemachines/base/check.h"

namespace towline::objects {
namespace {

constexpr std::size_t kBufferBytes = 256 << 10;
constexpr mode_t kFolderMode = 0777;  // less the umask
constexpr mode_t kFileMode = 0666;

std::string RandomName() {
  std::array<unsigned char, 8> bytes;
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  std::string name(kUnfinishedPrefix);
  for (const unsigned char byte : bytes) {
    name += static_cast<char>('a' + (byte >> 4U));
    name += static_cast<char>('a' + (byte & 15U));
  }
  return name;
}

// Opens the folder `name` in `at`, which is made and made durable when it is missing.
Descriptor EnterFolder(int at, const std::string& name) {
  Descriptor folder = OpenDirectoryAt(at, name);
  if (folder || errno != ENOENT) return folder;
  if (mkdirat(at, name.c_str(), kFolderMode) != 0 && errno != EEXIST) return folder;
  if (fsync(at) != 0) return folder;
  return OpenDirectoryAt(at, name);
}

}  // namespace

Result<std::unique_ptr<ObjectWriter>> LocalWriter::Open(const ObjectName& name,
                                                        Descriptor bucket) {
  const std::vector<std::string> parts = KeyParts(name.key);
  if (parts.empty()) {
    return Error{.code = Error::Code::kInvalidArgument,
                 .message = "the key of " + Uri(name) +
                            " cannot be a file's path: each part between slashes must be a name",
                 .name = "InvalidArgument"};
  }
  Descriptor folder = std::move(bucket);
  for (std::size_t i = 0; i + 1 < parts.size(); i++) {
    folder = EnterFolder(folder.get(), parts[i]);
    if (!folder) return FileError(name, "make the folder of", errno);
  }
  std::unique_ptr<LocalWriter> writer(new LocalWriter(name, parts.back(), std::move(folder)));
  writer->unfinished_ = RandomName();
  writer->file_ = Descriptor(openat(writer->folder_.get(), writer->unfinished_.c_str(),
                                    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (!writer->file_) {
    const int code = errno;
    writer->unfinished_.clear();
    return FileError(name, "write", code);
  }
  return std::unique_ptr<ObjectWriter>(std::move(writer));
}

LocalWriter::~LocalWriter() {
  if (!unfinished_.empty()) unlinkat(folder_.get(), unfinished_.c_str(), 0);
}

Status LocalWriter::Write(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < kBufferBytes ? Ok() : Flush();
}

Status LocalWriter::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t put = write(file_.get(), rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return FileError(name_, "write", errno);
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  buffer_.clear();
  return Ok();
}

Result<ObjectInfo> LocalWriter::Commit() {
  if (Status written = Flush(); !written) return written.error();
  if (fsync(file_.get()) != 0) return FileError(name_, "write", errno);
  struct stat status {};
  if (fstat(file_.get(), &status) != 0) return FileError(name_, "write", errno);
  auto etag = EtagOf(file_.get(), status);
  if (!etag) return FileError(name_, "write", EIO);
  if (renameat(folder_.get(), unfinished_.c_str(), folder_.get(), file_name_.c_str()) != 0) {
    return FileError(name_, "write", errno);
  }
  unfinished_.clear();
  if (fsync(folder_.get()) != 0) return FileError(name_, "write", errno);
  return ObjectInfo{.key = name_.key,
                    .size = static_cast<std::uint64_t>(status.st_size),
                    .etag = std::move(*etag),
                    .last_modified = ModifiedAt(status)};
}

}  // namespace towline::objects
