#include "statemachines/asl/fields.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <iterator>
#include <limits>
#include <utility>

namespace towline::asl {
namespace {

constexpr std::string_view kTypeNames[] = {"Task", "Wait",   "Pass",     "Succeed",
                                           "Fail", "Choice", "Parallel", "Map"};

std::string_view NameOf(QueryLanguage language) {
  return language == QueryLanguage::kJsonata ? "JSONata" : "JSONPath";
}

bool Knows(Languages languages, QueryLanguage language) {
  if (languages == Languages::kBoth) return true;
  return (languages == Languages::kJsonataOnly) == (language == QueryLanguage::kJsonata);
}

}  // namespace

std::optional<StateType> StateTypeOf(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kTypeNames); i++) {
    if (kTypeNames[i] == name) return static_cast<StateType>(i);
  }
  return std::nullopt;
}

std::string ExpectedType(ValueType type) {
  static constexpr std::string_view names[] = {"",        "STRING",  "STRING", "INTEGER",
                                               "NUMBER", "BOOLEAN", "OBJECT", "ARRAY"};
  return "Expected value of type [" + std::string(names[static_cast<std::size_t>(type)]) + "]";
}

bool HasType(const json::value& value, ValueType type) {
  switch (type) {
    case ValueType::kAny: return true;
    case ValueType::kString: return value.is_string();
    case ValueType::kStringOrNull: return value.is_string() || value.is_null();
    case ValueType::kInteger: return value.is_int64() || value.is_uint64();
    case ValueType::kNumber: return value.is_number();
    case ValueType::kBoolean: return value.is_bool();
    case ValueType::kObject: return value.is_object();
    case ValueType::kArray: return value.is_array();
  }
  return false;
}

bool IsOneOf(std::string_view value, const std::vector<std::string_view>& allowed,
             const Place& place, Findings& findings) {
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return true;
  findings.Schema(place, "Value should be one of the following: " + Bracketed(allowed));
  return false;
}

Fields::Fields(const json::object& object, Place place, const std::vector<FieldRule>& rules,
               QueryLanguage language, Findings& findings)
    : object_(object), place_(std::move(place)), language_(language), findings_(findings) {
  for (const json::key_value_pair& member : object_) {
    const std::string_view name = member.key();
    const auto rule = std::find_if(rules.begin(), rules.end(),
                                   [name](const FieldRule& r) { return r.name == name; });
    if (rule == rules.end()) {
      findings_.Schema(place_, "Field '" + std::string(name) + "' is not supported");
      broken_.push_back(name);
    } else if (!Check(*rule, member.value())) {
      broken_.push_back(name);
    }
  }
}

bool Fields::Check(const FieldRule& rule, const json::value& value) {
  if (!Knows(rule.languages, language_)) {
    const auto other = language_ == QueryLanguage::kJsonata ? QueryLanguage::kJsonPath
                                                            : QueryLanguage::kJsonata;
    findings_.Schema(place_, "The QueryLanguage is set to '" + std::string(NameOf(language_)) +
                                 "', but field '" + std::string(rule.name) +
                                 "' is only supported for the '" + std::string(NameOf(other)) +
                                 "' QueryLanguage");
    return false;
  }
  if (rule.query && language_ == QueryLanguage::kJsonata && IsQuery(value)) {
    queries_.push_back(rule.name);
    return false;
  }
  if (HasType(value, rule.type)) return true;
  findings_.Schema(At(rule.name), ExpectedType(rule.type));
  return false;
}

const json::value* Fields::Find(std::string_view name) const {
  if (std::find(broken_.begin(), broken_.end(), name) != broken_.end()) return nullptr;
  return object_.if_contains(name);
}

std::optional<std::string_view> Fields::String(std::string_view name) const {
  const json::value* value = Find(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string());
}

const json::object* Fields::Object(std::string_view name) const {
  const json::value* value = Find(name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* Fields::Array(std::string_view name) const {
  const json::value* value = Find(name);
  return value == nullptr ? nullptr : value->if_array();
}

std::optional<std::string_view> Fields::Query(std::string_view name) const {
  if (std::find(queries_.begin(), queries_.end(), name) == queries_.end()) return std::nullopt;
  return std::string_view(object_.at(name).get_string());
}

bool Fields::True(std::string_view name) const {
  const json::value* value = Find(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<std::int64_t> Fields::Integer(std::string_view name, std::int64_t min,
                                            std::int64_t max) const {
  const json::value* value = Find(name);
  if (value == nullptr) return std::nullopt;
  const bool huge = value->is_uint64() &&
                    value->get_uint64() > static_cast<std::uint64_t>(max);
  const std::int64_t number = huge              ? max
                              : value->is_int64() ? value->get_int64()
                                                  : static_cast<std::int64_t>(value->get_uint64());
  if (number < min) {
    findings_.Schema(At(name), "Minimum value is " + std::to_string(min));
    return std::nullopt;
  }
  if (huge || number > max) {
    findings_.Schema(At(name), "Maximum value is " + std::to_string(max));
    return std::nullopt;
  }
  return number;
}

void Fields::Require(const std::vector<std::string_view>& names) const {
  std::vector<std::string_view> missing;
  for (const std::string_view name : names) {
    if (!Has(name)) missing.push_back(name);
  }
  if (missing.empty()) return;
  findings_.Schema(place_, "These fields are required: " + Bracketed(missing));
}

bool Fields::OnlyOne(const std::vector<std::string_view>& names, bool required) const {
  const auto count = std::count_if(names.begin(), names.end(),
                                   [this](std::string_view name) { return Has(name); });
  if (count > 1) {
    findings_.Schema(place_,
                     "There should only be one of the following fields: " + Bracketed(names));
    return false;
  }
  if (count == 0 && required) {
    findings_.Schema(place_, "This object should have only one of the following fields: " +
                                 Bracketed(names));
    return false;
  }
  return true;
}

}  // namespace towline::asl
