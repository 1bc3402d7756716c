#include "statemachines/base/reference.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include "statemachines/base/text.h"

namespace towline {
namespace {

constexpr std::size_t kDigits = 64;

}  // namespace

bool IsSha256(std::string_view text) {
  return text.size() == kDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<Reference> ReferenceOf(const json::value& value) {
  const json::object* const object = value.if_object();
  if (object == nullptr || object->size() != 1) return std::nullopt;
  const auto& member = *object->begin();
  const json::object* const facts = member.value().if_object();
  if (member.key() != kReferenceKey || facts == nullptr) return std::nullopt;
  const json::value* const sha256 = facts->if_contains("sha256");
  const json::value* const size = facts->if_contains("size");
  if (sha256 == nullptr || !sha256->is_string() || size == nullptr) return std::nullopt;
  const std::string_view text = sha256->get_string();
  if (!IsSha256(text)) return std::nullopt;
  boost::system::error_code inexact;
  const auto bytes = size->to_number<std::uint64_t>(inexact);
  if (inexact) return std::nullopt;
  return Reference{.sha256 = std::string(text), .size = bytes};
}

json::object ReferenceValue(const Reference& reference) {
  return {{kReferenceKey, {{"sha256", reference.sha256}, {"size", reference.size}}}};
}

void ForEachReference(const json::value& value,
                      const std::function<void(const Reference&)>& visit) {
  if (const json::array* const array = value.if_array()) {
    for (const json::value& element : *array) ForEachReference(element, visit);
  } else if (const json::object* const object = value.if_object()) {
    if (const auto reference = ReferenceOf(value)) return visit(*reference);
    for (const auto& member : *object) ForEachReference(member.value(), visit);
  }
}

Result<const Json*> OpenReferences::Open(const json::value& value) {
  const Json* content = nullptr;
  for (const json::value* at = &value; references_ != nullptr; at = &**content) {
    const auto reference = ReferenceOf(*at);
    if (!reference) break;
    auto known = contents_.find(*reference);
    if (known == contents_.end()) {
      bytes_ += std::max(reference->size, kBytesLeast);
      if (bytes_ > kBytesMax) {
        return Error{Error::Code::kResourceExhausted,
                     "One expression looks into at most " + std::to_string(kBytesMax >> 20) +
                         " MiB of large payloads: look into fewer at once, as each item of a Map "
                         "into its own, or let a job do it"};
      }
      auto loaded = references_->Load(*reference);
      if (!loaded) return loaded.error();
      known = contents_.emplace(*reference, *std::move(loaded)).first;
    }
    content = &known->second;
  }
  return content;
}

bool OpenReferences::Holds(const Json& content) const {
  return std::any_of(contents_.begin(), contents_.end(),
                     [&](const auto& known) { return known.second.SameAs(content); });
}

bool MentionsReference(std::string_view text) {
  return FindText(text, kReferenceKey) != std::string_view::npos;
}

}  // namespace towline
