#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace towline {

// Lower-case hexadecimal digits of `size` bytes.
std::string Hex(const unsigned char* bytes, std::size_t size);

// Digest of the text's bytes as Hex(). `algorithm` is one of MD5, SHA-1, SHA-256, SHA-384, SHA-512;
// nothing for any other, or if this system's OpenSSL does not provide it.
std::optional<std::string> HexDigest(std::string_view algorithm, std::string_view text);
// For messages.
inline constexpr std::string_view kDigestAlgorithms = "MD5, SHA-1, SHA-256, SHA-384, SHA-512";

// Of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Add(std::string_view piece);
  std::string End();  // of all that was added, as Hex(); nothing may follow

 private:
  evp_md_ctx_st* const context_;  // OpenSSL's
};

}  // namespace towline
