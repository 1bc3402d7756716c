#include "orchestrator/api/sensitive.h"

#include <algorithm>

#include "orchestrator/store/event_codec.h"
#include "statemachines/asl/sensitive.h"

namespace towline::api {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::size_t kValuesMax = 200;     // looked for in every text
constexpr std::size_t kExecutionsMax = 64;  // whose masks are kept

// Calls hit(value) for whatever stands at one of the paths, in any part of `value`.
template <class Value, class Hit>
void Visit(const std::vector<std::string>& pointers, Value& value, const Hit& hit) {
  for (const std::string& pointer : pointers) {
    boost::json::error_code ignored;
    if (auto* const found = value.find_pointer(pointer, ignored)) hit(*found);
  }
  if (auto* const items = value.if_array()) {
    for (auto& item : *items) Visit(pointers, item, hit);
  } else if (auto* const members = value.if_object()) {
    for (auto& member : *members) Visit(pointers, member.value(), hit);
  }
}

bool IsData(std::string_view key) {
  return key == "input" || key == "output" || key == "parameters" || key == "checkpoint";
}
bool IsText(std::string_view key) { return key == "error" || key == "cause"; }
constexpr std::string_view kVariables = "assignedVariables";  // each of them is JSON text

// The variables of an event, as one document.
json::value Variables(const json::object& details) {
  json::object variables;
  const json::value* const found = details.if_contains(kVariables);
  if (found == nullptr || !found->is_object()) return variables;
  for (const auto& member : found->get_object()) {
    if (!member.value().is_string()) continue;
    if (const auto parsed = ParseJson(member.value().get_string())) {
      variables[member.key()] = **parsed;
    }
  }
  return variables;
}

}  // namespace

SensitiveMask::SensitiveMask(const asl::Definition& definition)
    : pointers_(asl::SensitivePointers(definition)) {}

void SensitiveMask::Remember(const json::value& value) {
  if (const auto* const items = value.if_array()) {
    for (const json::value& item : *items) Remember(item);
    return;
  }
  if (const auto* const members = value.if_object()) {
    for (const auto& member : *members) Remember(member.value());
    return;
  }
  if (!value.is_string() && !value.is_number()) return;
  std::string text = value.is_string() ? std::string(value.get_string()) : PrintJson(value);
  if (text.size() < Blot::kSecretBytesMin || !known_.insert(text).second) return;
  too_many_ = known_.size() > kValuesMax;
  if (too_many_) {
    known_.clear();
    blot_ = {};
  } else {
    blot_.Add(text);
  }
}

void SensitiveMask::LearnValue(const json::value& value) {
  if (empty()) return;
  Visit(pointers_, value, [this](const json::value& found) {
    if (!too_many_) Remember(found);
  });
}

void SensitiveMask::LearnDetails(const json::object& details) {
  for (const auto& member : details) {
    if (!IsData(member.key()) || !member.value().is_string()) continue;
    if (const auto parsed = ParseJson(member.value().get_string())) LearnValue(**parsed);
  }
  if (details.contains(kVariables)) LearnValue(Variables(details));
}

void SensitiveMask::HideIn(json::value& value) const {
  if (too_many_) {
    value = kHidden;
    return;
  }
  Visit(pointers_, value, [](json::value& found) { found = kHidden; });
  blot_.InValue(value);
}

std::string SensitiveMask::Value(std::string json_text) const {
  if (empty()) return json_text;
  const auto parsed = ParseJson(json_text);
  if (!parsed) return Text(std::move(json_text));
  json::value value = **parsed;
  HideIn(value);
  return PrintJson(value);
}

std::string SensitiveMask::Text(std::string text) const {
  if (empty() || text.empty()) return text;
  return too_many_ ? std::string(kHidden) : blot_.Excerpt(std::move(text));
}

void SensitiveMask::HideIn(json::object& details) const {
  if (empty()) return;
  for (auto& member : details) {
    if (!member.value().is_string()) continue;
    std::string text(member.value().get_string());
    if (IsData(member.key())) {
      member.value() = Value(std::move(text));
    } else if (IsText(member.key())) {
      member.value() = Text(std::move(text));
    }
  }
  if (!details.contains(kVariables)) return;
  json::value variables = Variables(details);
  if (too_many_) {
    for (auto& member : variables.get_object()) member.value() = kHidden;
  } else {
    HideIn(variables);
  }
  for (auto& member : variables.get_object()) member.value() = PrintJson(member.value());
  details[kVariables] = std::move(variables);
}

std::shared_ptr<SensitiveMasks::Entry> SensitiveMasks::Find(
    const std::shared_ptr<const asl::Definition>& definition, Key key, SensitiveMask empty) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(lately_.begin(), lately_.end(),
                                  [&](const auto& each) { return each.first == key; });
  if (found != lately_.end() && found->second->definition == definition) {
    lately_.splice(lately_.begin(), lately_, found);
    return found->second;
  }
  if (found != lately_.end()) lately_.erase(found);
  lately_.emplace_front(key, std::make_shared<Entry>(definition, std::move(empty)));
  if (lately_.size() > kExecutionsMax) lately_.pop_back();
  return lately_.front().second;
}

SensitiveMask SensitiveMasks::Of(const std::shared_ptr<const asl::Definition>& definition,
                                 store::Queries& reader, int partition, store::ExecutionKey key) {
  SensitiveMask empty(*definition);
  if (empty.empty()) return empty;
  const auto entry = Find(definition, {partition, key}, std::move(empty));
  const std::lock_guard lock(entry->mutex);
  reader.Steps(key, entry->read + 1, [&](const store::StepRow& step) {
    std::vector<interpreter::HistoryEvent> events;
    for (const interpreter::EventRecord& record : store::DecodeStep(step.events)) {
      if (record.seq <= entry->read) continue;
      entry->read = record.seq;
      entry->projection.Project(record, true, events);
    }
    for (const auto& event : events) entry->mask.LearnDetails(event.details);
    return true;
  });
  return entry->mask;
}

}  // namespace towline::api
