#include "orchestrator/objects/local_files.h"

#include <fcntl.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "statemachines/base/check.h"
#include "statemachines/base/digest.h"

namespace towline::objects {
namespace {

constexpr std::uint64_t kHashedBytesMax = 8 << 20;
constexpr std::size_t kKeyBytesMax = 1024;
constexpr std::size_t kNameBytesMax = 255;

EVP_MD_CTX* Context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

std::vector<std::string> KeyParts(const std::string& key) {
  if (key.empty() || key.size() > kKeyBytesMax || key.find('\0') != std::string::npos) return {};
  std::vector<std::string> parts(1);
  for (const char c : key) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  for (const std::string& part : parts) {
    const bool names_a_file = !part.empty() && part != "." && part != ".." &&
                              part.size() <= kNameBytesMax &&
                              part.compare(0, kUnfinishedPrefix.size(), kUnfinishedPrefix) != 0;
    if (!names_a_file) return {};
  }
  return parts;
}

bool IsBucketName(const std::string& bucket) {
  return bucket.find('/') == std::string::npos && !KeyParts(bucket).empty();
}

Descriptor OpenDirectoryAt(int at, const std::string& name) {
  return Descriptor(openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

Timestamp ModifiedAt(const struct stat& status) {
  return Timestamp(Seconds(status.st_mtim.tv_sec) + Millis(status.st_mtim.tv_nsec / 1'000'000));
}

std::string VersionOf(const struct stat& status) {
  return std::to_string(status.st_ino) + "-" + std::to_string(status.st_size) + "-" +
         std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

Result<std::string> EtagOf(int fd, const struct stat& status) {
  Md5 md5;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > kHashedBytesMax) {
    md5.Add(VersionOf(status));
    std::string etag = md5.Etag();
    const std::uint64_t parts = (size + kHashedBytesMax - 1) / kHashedBytesMax;
    etag.insert(etag.size() - 1, "-" + std::to_string(parts));
    return etag;
  }
  std::array<char, 64 << 10> buffer;
  off_t at = 0;
  for (;;) {
    const ssize_t got = pread(fd, buffer.data(), buffer.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{Error::Code::kInternal, std::strerror(errno)};
    if (got == 0) break;
    md5.Add(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    at += got;
  }
  return md5.Etag();
}

Md5::Md5() : context_(EVP_MD_CTX_new()) {
  CHECK(context_ != nullptr && EVP_DigestInit_ex(Context(context_), EVP_md5(), nullptr) == 1);
}
Md5::~Md5() { EVP_MD_CTX_free(Context(context_)); }

void Md5::Add(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(Context(context_), bytes.data(), bytes.size()) == 1);
}

std::string Md5::Etag() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  CHECK(EVP_DigestFinal_ex(Context(context_), digest.data(), &size) == 1);
  return "\"" + Hex(digest.data(), size) + "\"";
}

Error FileError(const ObjectName& name, const char* doing, int code) {
  if (code == EACCES || code == EPERM || code == ELOOP) {
    return AccessDenied(name, code == ELOOP ? "symbolic links are not followed"
                                            : "the server may not read or write the file");
  }
  if (code == EISDIR || code == ENOTDIR) {
    return Error{.code = Error::Code::kFailedPrecondition,
                 .message = std::string("cannot ") + doing + " " + Uri(name) +
                            ": a folder has the name of the key, or a file that of a folder on "
                            "the way",
                 .name = "InvalidArgument"};
  }
  const bool full = code == ENOSPC || code == EDQUOT;
  return Error{.code = full ? Error::Code::kResourceExhausted : Error::Code::kUnavailable,
               .message = std::string("cannot ") + doing + " " + Uri(name) + ": " +
                          std::strerror(code),
               .name = "InternalError"};
}

}  // namespace towline::objects
