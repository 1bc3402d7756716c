#include "orchestrator/engine/tokens.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "orchestrator/engine/hide_tokens.h"
#include "statemachines/base/check.h"
#include "statemachines/interpreter/event.h"

namespace towline::engine {
namespace {

constexpr std::size_t kMacBytes = 16;
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<signed char, 256> MakeReverse() {
  std::array<signed char, 256> reverse{};
  for (auto& entry : reverse) entry = -1;
  for (int i = 0; i < 64; i++) {
    reverse[static_cast<unsigned char>(kAlphabet[i])] = static_cast<signed char>(i);
  }
  return reverse;
}
constexpr std::array<signed char, 256> kReverse = MakeReverse();

std::string ToBase64Url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  unsigned held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = (held << 8) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) text += kAlphabet[(held >> (bits - 6)) & 63];
  }
  if (bits > 0) text += kAlphabet[(held << (6 - bits)) & 63];
  return text;
}

// Strict: one text per value, so that a token cannot be varied.
std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  unsigned held = 0;
  int bits = 0;
  for (const char c : text) {
    const int digit = kReverse[static_cast<unsigned char>(c)];
    if (digit < 0) return std::nullopt;
    held = (held << 6) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((held >> bits) & 255);
    }
  }
  if (bits >= 6 || (held & ((1U << bits) - 1)) != 0) return std::nullopt;
  return bytes;
}

void PutVarint(std::string& out, std::uint64_t number) {
  for (; number >= 128; number >>= 7) out += static_cast<char>((number & 127) | 128);
  out += static_cast<char>(number);
}

bool TakeVarint(std::string_view& bytes, std::uint64_t& number) {
  number = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 127) << shift;
    if (byte < 128) return true;
  }
  return false;
}

constexpr std::size_t kTokenLengthMin = 27;  // of one with single digits
constexpr std::size_t kTokenLengthMax = 64;

// How long a token would be that `text` begins with; 0: it does not.
std::size_t LengthOfToken(std::string_view text) {
  text = text.substr(0, std::min(text.size(), kTokenLengthMax) / 4 * 4);
  const auto bytes = FromBase64Url(text);
  if (!bytes || bytes->size() < 2) return 0;
  std::string_view left(*bytes);
  left.remove_prefix(1);
  std::uint64_t number = 0;
  for (int i = 0; i < 3; i++) {
    if (!TakeVarint(left, number)) return 0;
  }
  const std::size_t size = bytes->size() - left.size() + kMacBytes;
  return (size * 8 + 5) / 6;
}

struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMac>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

struct Tokens::Impl {
  std::map<int, MacContext> keys;  // each keyed and ready to be duplicated
  int signing = 0;

  bool Mac(int key, std::string_view body, unsigned char out[kMacBytes]) const {
    const auto found = keys.find(key);
    if (found == keys.end()) return false;
    const MacContext context(EVP_MAC_CTX_dup(found->second.get()));
    unsigned char digest[SHA256_DIGEST_LENGTH];
    std::size_t size = 0;
    CHECK(context != nullptr);
    CHECK(EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(body.data()),
                         body.size()) == 1);
    CHECK(EVP_MAC_final(context.get(), digest, &size, sizeof digest) == 1);
    std::copy_n(digest, kMacBytes, out);
    return true;
  }
};

Tokens::Tokens(std::vector<store::MacKey> keys) : impl_(std::make_unique<Impl>()) {
  CHECK(!keys.empty());
  EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  CHECK(hmac != nullptr);
  char digest_name[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
      OSSL_PARAM_construct_end()};
  for (const store::MacKey& key : keys) {
    MacContext context(EVP_MAC_CTX_new(hmac));
    CHECK(EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(key.bytes.data()),
                       key.bytes.size(), parameters) == 1);
    impl_->keys[key.id] = std::move(context);
    impl_->signing = key.id;
  }
  EVP_MAC_free(hmac);
}

Tokens::~Tokens() = default;

std::string Tokens::Mint(const TaskRef& ref) const {
  std::string bytes(1, static_cast<char>(impl_->signing));
  PutVarint(bytes, static_cast<std::uint64_t>(ref.partition));
  PutVarint(bytes, static_cast<std::uint64_t>(ref.execution));
  PutVarint(bytes, ref.task);
  unsigned char mac[kMacBytes];
  CHECK(impl_->Mac(impl_->signing, bytes, mac));
  bytes.append(reinterpret_cast<const char*>(mac), kMacBytes);
  return ToBase64Url(bytes);
}

std::optional<TaskRef> Tokens::Verify(std::string_view token) const {
  if (token.empty() || token.size() > 256) return std::nullopt;
  const std::optional<std::string> bytes = FromBase64Url(token);
  if (!bytes || bytes->size() < kMacBytes + 4) return std::nullopt;
  const std::string_view body = std::string_view(*bytes).substr(0, bytes->size() - kMacBytes);
  unsigned char mac[kMacBytes];
  if (!impl_->Mac(static_cast<unsigned char>(body.front()), body, mac)) return std::nullopt;
  if (CRYPTO_memcmp(mac, bytes->data() + body.size(), kMacBytes) != 0) return std::nullopt;
  std::string_view rest = body.substr(1);
  std::uint64_t partition = 0, execution = 0, task = 0;
  if (!TakeVarint(rest, partition) || !TakeVarint(rest, execution) || !TakeVarint(rest, task) ||
      !rest.empty()) {
    return std::nullopt;
  }
  return TaskRef{static_cast<int>(partition), static_cast<store::ExecutionKey>(execution), task};
}

std::string Tokens::Fingerprint(std::string_view token) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  for (int i = 0; i < 6; i++) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

std::string PutToken(std::string text, std::uint64_t task, std::string_view token) {
  const std::string placeholder = interpreter::TokenPlaceholder(task);
  std::size_t at = text.find(placeholder);
  if (at == std::string::npos) return text;
  std::string out;
  std::size_t copied = 0;
  for (; at != std::string::npos; at = text.find(placeholder, at + 1)) {
    const std::size_t end = at + placeholder.size();
    if (end < text.size() && IsDigit(text[end])) continue;  // of another task: 17 within 171
    out.append(text, copied, at - copied);
    out.append(token);
    copied = end;
  }
  out.append(text, copied);
  return out;
}

std::string HideTokens(const Tokens& tokens, std::string text) {
  const auto in_alphabet = [](char c) { return kReverse[static_cast<unsigned char>(c)] >= 0; };
  for (std::size_t begin = 0; begin < text.size(); begin++) {
    if (!in_alphabet(text[begin])) continue;
    std::size_t end = begin;
    while (end < text.size() && in_alphabet(text[end])) end++;
    // Somebody may have written something in front of it.
    for (; end - begin >= kTokenLengthMin; begin++) {
      const std::string_view left = std::string_view(text).substr(begin, end - begin);
      const std::size_t length = LengthOfToken(left);
      if (length == 0 || !tokens.Verify(left.substr(0, length))) continue;
      const std::string shown = "token:" + Tokens::Fingerprint(left.substr(0, length));
      text.replace(begin, length, shown);
      begin += shown.size() - 1;
      end = end + shown.size() - length;
    }
    begin = end;
  }
  return text;
}

}  // namespace towline::engine
