#include <openssl/evp.h>

#include <algorithm>
#include <boost/json/string.hpp>
#include <optional>
#include <utility>

#include "statemachines/base/digest.h"
#include "statemachines/base/random.h"
#include "statemachines/jsonpath/intrinsics.h"
#include "statemachines/jsonpath/text.h"

namespace towline::jsonpath {
namespace {

constexpr std::size_t kCodedCharactersMax = 10'000;

std::string_view TextOf(const json::value& value) {
  const json::string& text = value.get_string();
  return {text.data(), text.size()};
}

bool WithinLimit(Invocation& call, std::string_view text) {
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
  if (static_cast<std::size_t>(characters) <= kCodedCharactersMax) return true;
  return call.TooLarge("The string has more than " + std::to_string(kCodedCharactersMax) +
                       " characters");
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool IsUtf8(const std::string& text) {
  std::string quoted;
  AppendJson(quoted, json::value(text));
  return ParseJson(quoted).has_value();
}

}  // namespace

bool Base64Encode(Invocation& call, json::value& result) {
  const std::string_view text = TextOf(call[0]);
  if (!WithinLimit(call, text)) return false;
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), Bytes(text),
                                   static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  result = std::string_view(out);
  return true;
}

bool Base64Decode(Invocation& call, json::value& result) {
  const std::string_view text = TextOf(call[0]);
  if (!WithinLimit(call, text)) return false;
  // Padding may be left out, as Java's decoder allows; nothing else may be missing.
  std::string padded(text);
  const std::size_t content = std::min(text.find('='), text.size());
  while (padded.size() % 4 != 0 && content == text.size()) padded += '=';
  const auto is_code = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  const std::size_t padding = padded.size() - content;
  const bool shaped =
      padded.size() % 4 == 0 && padding <= 2 &&
      std::all_of(padded.begin(), padded.begin() + static_cast<std::ptrdiff_t>(content), is_code) &&
      padded.find_first_not_of('=', content) == std::string::npos;
  if (!shaped) return call.Fail("The string is not valid Base64");
  std::string out(padded.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), Bytes(padded),
                                   static_cast<int>(padded.size()));
  if (size < 0) return call.Fail("The string is not valid Base64");
  out.resize(static_cast<std::size_t>(size) - padding);
  if (!IsUtf8(out)) return call.Fail("The decoded bytes are not a UTF-8 string");
  result = std::string_view(out);
  return true;
}

bool Hash(Invocation& call, json::value& result) {
  const std::string_view text = TextOf(call[0]);
  if (!WithinLimit(call, text)) return false;
  const std::optional<std::string> digest = HexDigest(TextOf(call[1]), text);
  if (!digest) {
    return call.Fail("The algorithm must be one of " + std::string(kDigestAlgorithms));
  }
  result = std::string_view(*digest);
  return true;
}

bool Uuid(Invocation& call, json::value& result) {
  std::uint64_t none = 0;
  result = std::string_view(NextUuid(call.seed == nullptr ? none : *call.seed));
  return true;
}

bool MathRandom(Invocation& call, json::value& result) {
  std::int64_t start = 0;
  std::int64_t end = 0;
  if (!RoundToInt(call[0], start) || !RoundToInt(call[1], end)) {
    return call.Fail("The bounds must be integers of at most 2147483647");
  }
  if (start >= end) return call.Fail("The start must be less than the end");
  std::uint64_t own_seed = 0;
  if (call.arguments.size() == 3) {
    std::int64_t seed = 0;
    if (!RoundToInt(call[2], seed)) return call.Fail("The seed must be an integer");
    own_seed = static_cast<std::uint64_t>(seed);
    call.seed = &own_seed;
  }
  // The high half of the product: uniform to one part in 2^32 without a division.
  const auto width = static_cast<std::uint64_t>(end - start);
  const std::uint64_t offset = ((call.Random() >> 32U) * width) >> 32U;
  result = start + static_cast<std::int64_t>(offset);
  return true;
}

bool MathAdd(Invocation& call, json::value& result) {
  constexpr std::int64_t kMax = 2147483647;
  std::int64_t a = 0;
  std::int64_t b = 0;
  if (!RoundToInt(call[0], a) || !RoundToInt(call[1], b)) {
    return call.Fail("The arguments must be integers of at most 2147483647");
  }
  if (a + b < -kMax || a + b > kMax) {
    return call.Fail("The sum must lie between -2147483647 and 2147483647");
  }
  result = a + b;
  return true;
}

}  // namespace towline::jsonpath
