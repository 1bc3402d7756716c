#include "statemachines/jsonata/encoding.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "statemachines/base/digest.h"
#include "statemachines/base/json.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kHexDigits = "0123456789ABCDEF";
constexpr std::string_view kUnescapedInComponents = "-_.!~*'()";
constexpr std::string_view kReservedInUrls = ";/?:@&=+$,#";

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The six bits that a character of either alphabet stands for.
std::optional<std::uint32_t> Sextet(char c) {
  if (c == '-') return 62;
  if (c == '_') return 63;
  const std::size_t at = kAlphabet.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint32_t>(at);
}

std::optional<unsigned> HexValue(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

Problem Malformed(std::string_view function, std::string_view text) {
  return {.code = "D3140",
          .message = "Malformed URL passed to $" + std::string(function) +
                     "(): " + PrintJson(json::value(text)),
          .token = std::string(function)};
}

bool IsLoneSurrogate(char32_t code) { return code >= 0xD800 && code <= 0xDFFF; }

OrProblem<std::string> Encode(std::string_view text, std::string_view unescaped,
                              std::string_view function) {
  std::string encoded;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    if (IsLoneSurrogate(TakeCodePoint(text, at))) return Malformed(function, text);
    for (const char c : text.substr(start, at - start)) {
      if (IsAlphanumeric(c) || unescaped.find(c) != std::string_view::npos) {
        encoded += c;
      } else {
        encoded += '%';
        encoded += kHexDigits[static_cast<unsigned char>(c) >> 4U];
        encoded += kHexDigits[static_cast<unsigned char>(c) & 15U];
      }
    }
  }
  return encoded;
}

// Takes the byte of the escape "%XX" at `at`.
std::optional<char> TakeEscape(std::string_view text, std::size_t& at) {
  if (at + 3 > text.size() || text[at] != '%') return std::nullopt;
  const auto high = HexValue(text[at + 1]);
  const auto low = HexValue(text[at + 2]);
  if (!high || !low) return std::nullopt;
  at += 3;
  return static_cast<char>(*high << 4U | *low);
}

std::size_t SequenceLength(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

// Whether `bytes` are the UTF-8 of one code point, in its shortest form.
bool IsOneCodePoint(std::string_view bytes) {
  std::size_t at = 0;
  const char32_t code = TakeCodePoint(bytes, at);
  if (at != bytes.size() || IsLoneSurrogate(code) || code > 0x10FFFF) return false;
  std::string again;
  AppendCodePoint(again, code);
  return again == bytes;
}

OrProblem<std::string> Decode(std::string_view text, std::string_view kept,
                              std::string_view function) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '%') {
      decoded += text[at++];
      continue;
    }
    const std::size_t start = at;
    std::string bytes;
    for (std::size_t length = 1; bytes.size() < length; length = SequenceLength(bytes[0])) {
      const std::optional<char> byte = TakeEscape(text, at);
      if (!byte) return Malformed(function, text);
      bytes += *byte;
    }
    if (!IsOneCodePoint(bytes)) return Malformed(function, text);
    const bool keep = bytes.size() == 1 && kept.find(bytes[0]) != std::string_view::npos;
    decoded += keep ? text.substr(start, at - start) : std::string_view(bytes);
  }
  return decoded;
}

}  // namespace

std::string Base64Encode(std::string_view text) {
  std::string encoded;
  std::uint32_t bits = 0;
  unsigned count = 0;
  const std::u16string units = ToUtf16(text);
  encoded.reserve((units.size() + 2) / 3 * 4);
  for (const char16_t unit : units) {
    bits = bits << 8U | (unit & 0xFFU);
    for (count += 8; count >= 6; count -= 6) encoded += kAlphabet[(bits >> (count - 6)) & 63U];
  }
  if (count > 0) encoded += kAlphabet[(bits << (6 - count)) & 63U];
  while (encoded.size() % 4 != 0) encoded += '=';
  return encoded;
}

std::string Base64Decode(std::string_view text) {
  std::string decoded;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char16_t unit : ToUtf16(text)) {
    const char c = static_cast<char>(unit & 0xFFU);
    if (c == '=') break;
    const std::optional<std::uint32_t> sextet = Sextet(c);
    if (!sextet) continue;
    bits = bits << 6U | *sextet;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    AppendCodePoint(decoded, (bits >> count) & 0xFFU);
  }
  return decoded;
}

OrProblem<std::string> EncodeUrlComponent(std::string_view text) {
  return Encode(text, kUnescapedInComponents, "encodeUrlComponent");
}

OrProblem<std::string> EncodeUrl(std::string_view text) {
  static const std::string kUnescaped =
      std::string(kUnescapedInComponents) + std::string(kReservedInUrls);
  return Encode(text, kUnescaped, "encodeUrl");
}

OrProblem<std::string> DecodeUrlComponent(std::string_view text) {
  return Decode(text, "", "decodeUrlComponent");
}

OrProblem<std::string> DecodeUrl(std::string_view text) {
  return Decode(text, kReservedInUrls, "decodeUrl");
}

OrProblem<std::string> Hash(std::string_view text, std::string_view algorithm) {
  std::optional<std::string> digest = HexDigest(algorithm, text);
  if (digest) return std::move(*digest);
  return Problem{.code = "D3141",
                 .message = "The algorithm of $hash must be one of " +
                            std::string(kDigestAlgorithms) + ", not " + std::string(algorithm)};
}

}  // namespace towline::jsonata
