#include "statemachines/base/blot.h"

#include <algorithm>
#include <utility>

#include "statemachines/base/base64.h"
#include "statemachines/base/check.h"
#include "statemachines/base/text.h"

namespace towline {
namespace {

constexpr std::string_view kBlotted = "***";

std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != std::string_view::npos;
    if (plain) {
      encoded += c;
    } else {
      encoded.append(1, '%').append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    }
  }
  return encoded;
}

// The part of its base64 that does not depend on what stands around it, `offset` bytes behind a
// multiple of three.
std::string Base64Core(std::string_view secret, std::size_t offset) {
  const std::string whole = ToBase64(std::string(offset, '\0') + std::string(secret));
  const std::size_t first = offset == 0 ? 0 : offset + 1;
  const std::size_t last = (offset + secret.size()) * 8 / 6;
  return whole.substr(first, last - first);
}

std::string UrlSafe(std::string base64) {
  std::replace(base64.begin(), base64.end(), '+', '-');
  std::replace(base64.begin(), base64.end(), '/', '_');
  return base64;
}

}  // namespace

void Blot::AddForm(std::string form) {
  if (form.size() < kSecretBytesMin) return;
  if (std::find(forms_.begin(), forms_.end(), form) != forms_.end()) return;
  const auto shorter = [&](const std::string& other) { return other.size() < form.size(); };
  forms_.insert(std::find_if(forms_.begin(), forms_.end(), shorter), std::move(form));
}

void Blot::Add(std::string_view secret) {
  CHECK(secret.size() >= kSecretBytesMin);
  AddForm(std::string(secret));
  const std::string in_json = PrintJson(json::value(secret));
  AddForm(in_json.substr(1, in_json.size() - 2));
  AddForm(PercentEncoded(secret));
  for (std::size_t offset = 0; offset < 3; offset++) {
    AddForm(Base64Core(secret, offset));
    AddForm(UrlSafe(Base64Core(secret, offset)));
  }
  const std::size_t line = secret.find_first_of("\r\n");
  if (line != std::string_view::npos) {
    for (std::string_view left = secret; !left.empty();) {
      const std::size_t end = std::min(left.find_first_of("\r\n"), left.size());
      AddForm(std::string(left.substr(0, end)));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
    return;
  }
  const std::size_t space = secret.find(' ');
  if (space == std::string_view::npos || space != secret.rfind(' ')) return;
  const std::string_view credentials = secret.substr(space + 1);
  if (credentials.size() >= kSecretBytesMin) Add(credentials);
}

bool Blot::Finds(std::string_view text) const {
  return std::any_of(forms_.begin(), forms_.end(), [&](const std::string& form) {
    return FindText(text, form) != std::string_view::npos;
  });
}

std::string Blot::operator()(std::string text) const {
  for (const std::string& form : forms_) {
    std::size_t at = FindText(text, form);
    if (at == std::string_view::npos) continue;
    std::string blotted;
    std::size_t done = 0;
    for (; at != std::string_view::npos; at = FindText(text, form, done)) {
      blotted.append(text, done, at - done).append(kBlotted);
      done = at + form.size();
    }
    text = blotted.append(text, done);
  }
  return text;
}

std::string Blot::Excerpt(std::string text) const {
  text = (*this)(std::move(text));
  std::size_t head = 0;
  std::size_t tail = 0;
  for (const std::string& form : forms_) {
    const bool inside = text.size() >= kSecretBytesMin && FindText(form, text) != std::string::npos;
    if (inside) return std::string(kBlotted);
    const std::size_t most = std::min(form.size() - 1, text.size());
    for (std::size_t size = most; size >= kSecretBytesMin && size > head; size--) {
      if (text.compare(0, size, form, form.size() - size) == 0) head = size;
    }
    for (std::size_t size = most; size >= kSecretBytesMin && size > tail; size--) {
      if (text.compare(text.size() - size, size, form, 0, size) == 0) tail = size;
    }
  }
  if (tail > 0) text.replace(text.size() - tail, tail, kBlotted);
  if (head > 0) text.replace(0, std::min(head, text.size()), kBlotted);
  return text;
}

bool Blot::InValue(json::value& value) const {
  bool changed = false;
  if (value.is_string()) {
    const json::string& text = value.get_string();
    changed = Finds(text);
    if (changed) value = (*this)(std::string(text));
  } else if (value.is_array()) {
    for (json::value& item : value.get_array()) changed |= InValue(item);
  } else if (value.is_number()) {
    changed = Finds(PrintJson(value));
    if (changed) value = kBlotted;
  } else if (value.is_object()) {
    json::object blotted;
    for (auto& member : value.get_object()) {
      std::string name(member.key());
      changed |= Finds(name);
      changed |= InValue(member.value());
      blotted[(*this)(std::move(name))] = std::move(member.value());
    }
    value = std::move(blotted);
  }
  return changed;
}

std::string Blot::InJson(std::string json_text) const {
  if (empty()) return json_text;
  const Result<Json> parsed = ParseJson(json_text);
  if (!parsed) return Excerpt(std::move(json_text));
  json::value value = **parsed;
  return InValue(value) ? PrintJson(value) : json_text;
}

std::size_t Blot::Unfinished(std::string_view text) const {
  std::size_t most = 0;
  for (const std::string& form : forms_) {
    for (std::size_t size = std::min(form.size() - 1, text.size()); size > most; size--) {
      if (text.substr(text.size() - size) == std::string_view(form).substr(0, size)) most = size;
    }
  }
  return most;
}

}  // namespace towline
