#include "orchestrator/blobs/blob_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

#include "statemachines/base/digest.h"

namespace towline::blobs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigits = 64;
constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::size_t kLoadedBytesMax = 8 << 20;  // as texts
constexpr std::string_view kPart = ".part";
constexpr std::string_view kHex = "0123456789abcdef";

Error Failed(const std::string& what, const fs::path& path) {
  return {Error::Code::kUnavailable,
          "cannot " + what + " " + path.string() + ": " + std::strerror(errno),
          "ServiceUnavailable"};
}

Result<std::string> DigestOf(int fd) {
  Sha256 digest;
  std::vector<char> piece(kReadBytes);
  for (off_t at = 0;;) {
    const ssize_t got = pread(fd, piece.data(), piece.size(), at);
    if (got < 0) return Failed("read", "an upload");
    if (got == 0) return digest.End();
    digest.Add({piece.data(), static_cast<std::size_t>(got)});
    at += got;
  }
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

// Its time is what Sweep goes by.
void Touch(const fs::path& path) { utimensat(AT_FDCWD, path.c_str(), nullptr, 0); }

}  // namespace

void ForEachMention(std::string_view text, const std::function<void(std::string_view)>& visit) {
  if (!MentionsReference(text)) return;
  std::size_t start = 0;
  for (std::size_t at = 0; at <= text.size(); at++) {
    if (at < text.size() && kHex.find(text[at]) != std::string_view::npos) continue;
    // What stands before a text in stored events may be a digit as well: its end counts.
    if (at - start >= kDigits) visit(text.substr(at - kDigits, kDigits));
    if (at - start > kDigits) visit(text.substr(start, kDigits));
    start = at + 1;
  }
}

BlobStore::BlobStore(Settings settings) : settings_(std::move(settings)) {
  fs::create_directories(settings_.directory);
  fs::permissions(settings_.directory, fs::perms::owner_all);
  for (const auto& tenant : fs::directory_iterator(settings_.directory)) {
    if (!tenant.is_directory()) continue;
    std::uint64_t& used = used_[tenant.path().filename()];
    for (const auto& file : fs::directory_iterator(tenant.path())) used += file.file_size();
  }
}

fs::path BlobStore::PathOf(const std::string& tenant, const std::string& sha256) const {
  return settings_.directory / tenant / sha256;
}

fs::path BlobStore::PartOf(const std::string& tenant, const std::string& sha256) const {
  return settings_.directory / tenant / (sha256 + std::string(kPart));
}

Status BlobStore::Reserve(const std::string& tenant, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  std::uint64_t& used = used_[tenant];
  if (settings_.tenant_bytes_max > 0 && used + bytes > settings_.tenant_bytes_max) {
    return Error{Error::Code::kResourceExhausted,
                 "Tenant " + tenant + " has " + std::to_string(used) +
                     " bytes of large payloads, " + std::to_string(bytes) +
                     " more are above its quota of " + std::to_string(settings_.tenant_bytes_max) +
                     " ([payloads] tenant_mb)",
                 "QuotaExceeded"};
  }
  used += bytes;
  return Ok();
}

void BlobStore::Release(const std::string& tenant, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  std::uint64_t& used = used_[tenant];
  used -= std::min(used, bytes);
}

Result<std::unique_ptr<BlobStore::Upload>> BlobStore::Begin(const std::string& tenant,
                                                            const Reference& blob,
                                                            std::uint64_t offset) {
  const fs::path part = PartOf(tenant, blob.sha256);
  std::error_code ignored;
  fs::create_directory(settings_.directory / tenant, ignored);
  const int fd = open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Failed("write", part);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return Error{Error::Code::kAlreadyExists, "another connection is uploading this", "Busy"};
  }
  struct stat facts {};
  const auto stored =
      fstat(fd, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size) : std::uint64_t{0};
  std::unique_ptr<Upload> upload(new Upload(*this, tenant, blob, fd, stored));
  if (offset != stored || stored > blob.size) {
    return Error{Error::Code::kAlreadyExists,
                 "there are " + std::to_string(stored) + " bytes: go on there", "OffsetMismatch"};
  }
  // What the rest will take; what does not come is given back.
  if (Status room = Reserve(tenant, blob.size - stored); !room) return room.error();
  Release(tenant, blob.size - stored);
  lseek(fd, 0, SEEK_END);
  return upload;
}

BlobStore::Upload::Upload(BlobStore& store, std::string tenant, Reference blob, int fd,
                          std::uint64_t stored)
    : store_(store), tenant_(std::move(tenant)), blob_(std::move(blob)), fd_(fd), stored_(stored) {}

BlobStore::Upload::~Upload() { close(fd_); }

Status BlobStore::Upload::Append(std::string_view piece) {
  if (stored_ + piece.size() > blob_.size) {
    return Error{Error::Code::kInvalidArgument,
                 "more bytes came than the " + std::to_string(blob_.size) + " announced",
                 "InvalidRequest"};
  }
  if (Status room = store_.Reserve(tenant_, piece.size()); !room) return room;
  if (!WriteAll(fd_, piece)) return Failed("write", store_.PartOf(tenant_, blob_.sha256));
  stored_ += piece.size();
  return Ok();
}

Result<bool> BlobStore::Upload::Finish() {
  if (stored_ < blob_.size) return false;
  const fs::path part = store_.PartOf(tenant_, blob_.sha256);
  const auto digest = DigestOf(fd_);
  if (!digest) return digest.error();
  if (*digest != blob_.sha256) {
    unlink(part.c_str());
    store_.Release(tenant_, stored_);
    return Error{Error::Code::kInvalidArgument,
                 "the content's SHA-256 is " + *digest + " and not " + blob_.sha256 +
                     ": send it again from the beginning",
                 "ContentMismatch"};
  }
  const fs::path whole = store_.PathOf(tenant_, blob_.sha256);
  if (fsync(fd_) != 0 || rename(part.c_str(), whole.c_str()) != 0) return Failed("keep", whole);
  const int folder = open(whole.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && fsync(folder) == 0;
  if (folder >= 0) close(folder);
  if (!synced) return Failed("sync", whole.parent_path());
  return true;
}

std::uint64_t BlobStore::Stored(const std::string& tenant, const std::string& sha256) const {
  std::error_code missing;
  const auto size = fs::file_size(PartOf(tenant, sha256), missing);
  return missing ? 0 : size;
}

std::optional<std::uint64_t> BlobStore::Find(const std::string& tenant,
                                             const std::string& sha256) const {
  if (!IsSha256(sha256)) return std::nullopt;
  std::error_code missing;
  const auto size = fs::file_size(PathOf(tenant, sha256), missing);
  if (missing) return std::nullopt;
  return size;
}

int BlobStore::Open(const std::string& tenant, const std::string& sha256) const {
  if (!IsSha256(sha256)) return -1;
  const fs::path path = PathOf(tenant, sha256);
  Touch(path);
  return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

std::optional<std::string> BlobStore::Load(const std::string& tenant, const std::string& sha256,
                                           std::size_t bytes_max) const {
  const auto size = Find(tenant, sha256);
  if (!size || *size > bytes_max) return std::nullopt;
  const int fd = Open(tenant, sha256);
  if (fd < 0) return std::nullopt;
  std::string content(*size, '\0');
  std::size_t at = 0;
  while (at < content.size()) {
    const ssize_t got = read(fd, content.data() + at, content.size() - at);
    if (got <= 0) break;
    at += static_cast<std::size_t>(got);
  }
  close(fd);
  if (at < content.size()) return std::nullopt;
  return content;
}

// Not synced: who puts it can make it again.
Result<Reference> BlobStore::Put(const std::string& tenant, std::string_view content) {
  Reference blob{.sha256 = *HexDigest("SHA-256", content), .size = content.size()};
  const fs::path path = PathOf(tenant, blob.sha256);
  if (Has(tenant, blob)) {
    Touch(path);
    return blob;
  }
  std::error_code ignored;
  fs::create_directory(settings_.directory / tenant, ignored);
  if (Status room = Reserve(tenant, blob.size); !room) return room.error();
  const fs::path fresh = path.string() + ".put";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  const bool written = fd >= 0 && WriteAll(fd, content);
  if (fd >= 0) close(fd);
  if (written && rename(fresh.c_str(), path.c_str()) == 0) return blob;
  Error failed = Failed("write", path);
  Release(tenant, blob.size);
  unlink(fresh.c_str());
  return failed;
}

bool BlobStore::Share(const std::string& from, const std::string& to, const std::string& sha256) {
  const auto size = Find(from, sha256);
  if (!size) return false;
  if (from == to || Find(to, sha256)) return true;
  std::error_code ignored;
  fs::create_directory(settings_.directory / to, ignored);
  if (link(PathOf(from, sha256).c_str(), PathOf(to, sha256).c_str()) != 0) return errno == EEXIST;
  const std::lock_guard lock(mutex_);
  used_[to] += *size;
  return true;
}

int BlobStore::Sweep(Millis age, const std::function<bool(const std::string&)>& is_referred_to) {
  const auto oldest = fs::file_time_type::clock::now() - age;
  int deleted = 0;
  std::error_code ignored;
  for (const auto& tenant : fs::directory_iterator(settings_.directory, ignored)) {
    for (const auto& file : fs::directory_iterator(tenant.path(), ignored)) {
      const std::string name = file.path().filename();
      std::error_code gone;
      const auto touched = file.last_write_time(gone);
      if (gone || touched > oldest) continue;
      if (IsSha256(name) && is_referred_to(name)) continue;
      const auto size = file.file_size(gone);
      if (gone || !fs::remove(file.path(), gone)) continue;
      Release(tenant.path().filename(), size);
      deleted++;
    }
  }
  return deleted;
}

Result<Json> TenantReferences::Load(const Reference& reference) const {
  const auto known = loaded_.find(reference);
  if (known != loaded_.end()) return known->second;
  const std::string name = "the large payload " + reference.sha256;
  const auto size = store_.Find(tenant_, reference.sha256);
  if (!size) {
    return Error{Error::Code::kNotFound,
                 name + " is not on the server: it never was, or nothing has referred to it for "
                        "too long"};
  }
  if (*size != reference.size) {
    return Error{Error::Code::kInvalidArgument,
                 name + " has " + std::to_string(*size) + " bytes, not " +
                     std::to_string(reference.size) + " as the reference says"};
  }
  if (*size > bytes_max_) {
    return Error{Error::Code::kResourceExhausted,
                 name + " has " + std::to_string(*size) + " bytes; a path looks into at most " +
                     std::to_string(bytes_max_) + ": let a job do that"};
  }
  const auto content = store_.Load(tenant_, reference.sha256, bytes_max_);
  if (!content) return Error{Error::Code::kUnavailable, name + " cannot be read"};
  auto value = ParseJson(*content);
  if (!value) {
    return Error{Error::Code::kInvalidArgument, name + " is no JSON: " + value.error().message};
  }
  if (loaded_bytes_ + content->size() > kLoadedBytesMax) {
    loaded_.clear();
    loaded_bytes_ = 0;
  }
  loaded_bytes_ += content->size();
  return loaded_.emplace(reference, *std::move(value)).first->second;
}

std::uint64_t BlobStore::Used(const std::string& tenant) const {
  const std::lock_guard lock(mutex_);
  const auto found = used_.find(tenant);
  return found == used_.end() ? 0 : found->second;
}

}  // namespace towline::blobs
