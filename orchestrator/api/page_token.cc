#include "orchestrator/api/page_token.h"

#include <charconv>
#include <chrono>
#include <optional>

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

// FNV-1a: any change of the token or of the question shows.
std::uint64_t CheckSum(std::string_view body, std::string_view question) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    hash = (hash ^ 0x1FF) * 0x100000001B3ULL;
  };
  add(body);
  add(question);
  return hash;
}

std::optional<std::uint64_t> TakeNumber(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || length >= text.size() || text[length] != '.') return std::nullopt;
  text.remove_prefix(length + 1);
  return number;
}

// "sum.time.count.number.number.….text"
std::optional<PageToken> Decode(std::string_view bytes, std::string_view question, Timestamp now) {
  const auto sum = TakeNumber(bytes);
  if (!sum || *sum != CheckSum(bytes, question)) return std::nullopt;
  const auto time = TakeNumber(bytes);
  const auto count = TakeNumber(bytes);
  if (!time || !count || *count > bytes.size()) return std::nullopt;
  const Timestamp made{Millis(static_cast<std::int64_t>(*time))};
  if (now - made > kLifetime) return std::nullopt;
  PageToken token;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto number = TakeNumber(bytes);
    if (!number) return std::nullopt;
    token.numbers.push_back(*number);
  }
  token.text = std::string(bytes);
  return token;
}

}  // namespace

std::string EncodeToken(const PageToken& token, std::string_view question, Timestamp now) {
  std::string body = std::to_string(now.time_since_epoch().count()) + "." +
                     std::to_string(token.numbers.size()) + ".";
  for (const std::uint64_t number : token.numbers) body += std::to_string(number) + ".";
  body += token.text;
  return ToBase64Url(std::to_string(CheckSum(body, question)) + "." + body);
}

Result<PageToken> DecodeToken(std::string_view text, std::string_view question, Timestamp now) {
  const auto bytes = FromBase64Url(text);
  std::optional<PageToken> token;
  if (bytes) token = Decode(*bytes, question, now);
  if (!token) {
    return Error{Error::Code::kInvalidArgument,
                 "Invalid Token: 'nextToken' is damaged, older than 24 hours or was given for "
                 "another question; list from the start",
                 "InvalidToken"};
  }
  return std::move(*token);
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
