#include "worker/handlers/input.h"

#include <algorithm>

#include "proto/jobs/json_text.h"

namespace towline::handlers {
namespace {

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

bool IsUtf8(std::string_view text) { return jobs::ToUtf8(text) == text; }

}  // namespace towline::handlers
