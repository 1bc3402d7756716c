#include "worker/handlers/input.h"

#include <algorithm>

#include "proto/jobs/json_text.h"

namespace towline::handlers {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string Quoted(std::string_view key) { return "'" + jobs::ToUtf8(key) + "'"; }

}  // namespace

Input::Input(const json::value& input, std::initializer_list<std::string_view> known)
    : object_(input.if_object()) {
  if (object_ == nullptr) {
    Refuse("the input must be an object");
    return;
  }
  for (const auto& member : *object_) {
    const std::string_view key(member.key().data(), member.key().size());
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string names;
    for (const std::string_view name : known) names.append(names.empty() ? "" : ", ").append(name);
    Refuse(Quoted(key) + " is unknown; there are: " + names);
  }
}

const json::value* Input::Find(std::string_view key) const {
  return object_ == nullptr ? nullptr : object_->if_contains(key);
}

void Input::Refuse(const std::string& why) {
  if (why_.empty()) why_ = why;
}

std::optional<std::string> Input::MaybeText(std::string_view key) {
  const json::value* const value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    Refuse(Quoted(key) + " must be a string");
    return std::nullopt;
  }
  const std::string text(value->get_string().data(), value->get_string().size());
  if (text.find('\0') != std::string::npos) Refuse(Quoted(key) + " must not hold a zero byte");
  return text;
}

std::string Input::Text(std::string_view key) {
  if (Find(key) == nullptr) Refuse(Quoted(key) + " is missing");
  return MaybeText(key).value_or("");
}

std::int64_t Input::Integer(std::string_view key, std::int64_t absent, std::int64_t least,
                            std::int64_t most) {
  const json::value* const value = Find(key);
  if (value == nullptr) return absent;
  const std::int64_t* const number = value->if_int64();
  if (number != nullptr && *number >= least && *number <= most) return *number;
  Refuse(Quoted(key) + " must be an integer from " + std::to_string(least) + " to " +
         std::to_string(most));
  return absent;
}

std::string ToBase64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(bytes.size() - i, 3);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; k++) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; k++) {
      text += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::size_t digits = 4;
    if (i + 4 == text.size()) {
      while (digits > 2 && text[i + digits - 1] == '=') digits--;
    }
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; k++) {
      const std::size_t digit = k < digits ? kDigits.find(text[i + k]) : 0;
      if (digit == std::string_view::npos) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t k = 0; k + 1 < digits; k++) {
      bytes += static_cast<char>(group >> (16 - 8 * k) & 0xFF);
    }
  }
  return bytes;
}

bool IsUtf8(std::string_view text) { return jobs::ToUtf8(text) == text; }

}  // namespace towline::handlers
