#include "statemachines/base/digest.h"

#include <openssl/evp.h>

#include <array>

#include "statemachines/base/check.h"

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

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  CHECK(context_ != nullptr && EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::Add(std::string_view piece) {
  CHECK(EVP_DigestUpdate(context_, piece.data(), piece.size()) == 1);
}

std::string Sha256::End() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  CHECK(EVP_DigestFinal_ex(context_, digest.data(), &size) == 1);
  return Hex(digest.data(), size);
}

}  // namespace towline
