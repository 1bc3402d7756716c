#include "statemachines/base/digest.h"

#include <openssl/evp.h>

#include <array>

namespace towline {
namespace {

const EVP_MD* DigestNamed(std::string_view name) {
  if (name == "MD5") return EVP_md5();
  if (name == "SHA-1") return EVP_sha1();
  if (name == "SHA-256") return EVP_sha256();
  if (name == "SHA-384") return EVP_sha384();
  if (name == "SHA-512") return EVP_sha512();
  return nullptr;
}

}  // namespace

std::string Hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * size);
  for (std::size_t i = 0; i < size; i++) {
    hex += kDigits[bytes[i] >> 4U];
    hex += kDigits[bytes[i] & 15U];
  }
  return hex;
}

std::optional<std::string> HexDigest(std::string_view algorithm, std::string_view text) {
  const EVP_MD* const known = DigestNamed(algorithm);
  if (known == nullptr) return std::nullopt;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, known, nullptr) != 1) {
    return std::nullopt;
  }
  return Hex(digest.data(), size);
}

}  // namespace towline
