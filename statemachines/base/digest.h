#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace towline {

// Lower-case hexadecimal digits of `size` bytes.
std::string Hex(const unsigned char* bytes, std::size_t size);

// Digest of the text's bytes as Hex(). `algorithm` is one of MD5, SHA-1, SHA-256, SHA-384, SHA-512;
// nothing for any other, or if this system's OpenSSL does not provide it.
std::optional<std::string> HexDigest(std::string_view algorithm, std::string_view text);
// For messages.
inline constexpr std::string_view kDigestAlgorithms = "MD5, SHA-1, SHA-256, SHA-384, SHA-512";

}  // namespace towline
