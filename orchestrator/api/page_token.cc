#include "orchestrator/api/page_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>
#include <chrono>
#include <optional>

#include "statemachines/base/check.h"

namespace towline::api {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::chrono::hours kLifetime{24};

std::string ToBase64Url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[(bits >> (count - 6)) & 63];
  }
  if (count > 0) text += kAlphabet[(bits << (6 - count)) & 63];
  return text;
}

std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>((bits >> count) & 0xFF);
    }
  }
  return bytes;
}

constexpr std::size_t kSealBytes = 16;

// HMAC-SHA256 of the body and its question, shortened.
std::string Seal(const store::MacKey& key, std::string_view body, std::string_view question) {
  // The key seals other things too: task tokens never begin like this.
  std::string text("page token\0", 11);
  text += body;
  text += '\0';
  text += question;
  unsigned char seal[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  CHECK(HMAC(EVP_sha256(), key.bytes.data(), static_cast<int>(key.bytes.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), seal,
             &length) != nullptr);
  return std::string(reinterpret_cast<const char*>(seal), kSealBytes);
}

std::optional<std::uint64_t> TakeNumber(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || length >= text.size() || text[length] != '.') return std::nullopt;
  text.remove_prefix(length + 1);
  return number;
}

// "time.count.number.number.….text"
std::optional<PageToken> Read(std::string_view body, Timestamp now) {
  const auto time = TakeNumber(body);
  const auto count = TakeNumber(body);
  if (!time || !count || *count > body.size()) return std::nullopt;
  const Timestamp made{Millis(static_cast<std::int64_t>(*time))};
  if (now - made > kLifetime) return std::nullopt;
  PageToken token;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto number = TakeNumber(body);
    if (!number) return std::nullopt;
    token.numbers.push_back(*number);
  }
  token.text = std::string(body);
  return token;
}

}  // namespace

std::string PageTokens::Encode(const PageToken& token, std::string_view question,
                               Timestamp now) const {
  std::string body = std::to_string(now.time_since_epoch().count()) + "." +
                     std::to_string(token.numbers.size()) + ".";
  for (const std::uint64_t number : token.numbers) body += std::to_string(number) + ".";
  body += token.text;
  return ToBase64Url(Seal(keys_.back(), body, question) + body);
}

Result<PageToken> PageTokens::Decode(std::string_view text, std::string_view question,
                                     Timestamp now) const {
  const auto bytes = FromBase64Url(text);
  if (bytes && bytes->size() > kSealBytes) {
    const std::string_view seal = std::string_view(*bytes).substr(0, kSealBytes);
    const std::string_view body = std::string_view(*bytes).substr(kSealBytes);
    for (const store::MacKey& key : keys_) {
      if (CRYPTO_memcmp(seal.data(), Seal(key, body, question).data(), kSealBytes) != 0) continue;
      if (auto token = Read(body, now)) return std::move(*token);
    }
  }
  return Error{Error::Code::kInvalidArgument,
               "Invalid Token: 'nextToken' is damaged, older than 24 hours or was given for "
               "another question; list from the start",
               "InvalidToken"};
}

Result<int> PageSize(int max_results) {
  if (max_results == 0) return 100;
  if (max_results >= 1 && max_results <= 1000) return max_results;
  const bool low = max_results < 1;
  return Error{Error::Code::kInvalidArgument,
               "1 validation error detected: Value '" + std::to_string(max_results) +
                   "' at 'maxResults' failed to satisfy constraint: Member must have value " +
                   (low ? "greater than or equal to 0" : "less than or equal to 1000"),
               "ValidationException"};
}

}  // namespace towline::api
