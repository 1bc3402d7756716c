#include "worker/payload_file.h"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <vector>

#include "statemachines/base/check.h"

namespace towline::worker {
namespace {

constexpr std::size_t kBlock = 256 << 10;

class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new()) {
    CHECK(context_ != nullptr && EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
  }
  ~Digest() { EVP_MD_CTX_free(context_); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void Add(const void* data, std::size_t size) {
    CHECK(EVP_DigestUpdate(context_, data, size) == 1);
  }
  std::string Hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    CHECK(EVP_DigestFinal_ex(context_, bytes.data(), &size) == 1);
    constexpr const char* kDigits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; i++) {
      text += kDigits[bytes[i] >> 4];
      text += kDigits[bytes[i] & 15];
    }
    return text;
  }

 private:
  EVP_MD_CTX* const context_;
};

}  // namespace

std::optional<Reference> Summed(int file, const std::stop_token& stop) {
  Digest digest;
  std::vector<char> block(kBlock);
  std::uint64_t size = 0;
  while (!stop.stop_requested()) {
    const ssize_t got = pread(file, block.data(), block.size(), static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return Reference{.sha256 = digest.Hex(), .size = size};
    digest.Add(block.data(), static_cast<std::size_t>(got));
    size += static_cast<std::uint64_t>(got);
  }
  errno = ECANCELED;
  return std::nullopt;
}

bool WriteAll(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(file, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

}  // namespace towline::worker
