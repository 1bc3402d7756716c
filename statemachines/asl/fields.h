#pragma once

// Which fields may stand where, and of which type: the field matrix of the language.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "statemachines/asl/definition.h"
#include "statemachines/asl/findings.h"

namespace towline::asl {

enum class StateType { kTask, kWait, kPass, kSucceed, kFail, kChoice, kParallel, kMap };

std::optional<StateType> StateTypeOf(std::string_view name);

enum class ValueType {
  kAny, kString, kStringOrNull, kInteger, kNumber, kBoolean, kObject, kArray,
};

enum class Languages { kBoth, kJsonPathOnly, kJsonataOnly };

struct FieldRule {
  std::string_view name;
  ValueType type = ValueType::kAny;
  Languages languages = Languages::kBoth;
  bool query = false;  // in a JSONata state, an expression may stand instead
};

// The fields of a state of this type, those common to all states included.
const std::vector<FieldRule>& StateFields(StateType type);
const std::vector<FieldRule>& MachineFields();
const std::vector<FieldRule>& BranchFields();
const std::vector<FieldRule>& ProcessorFields();
const std::vector<FieldRule>& ProcessorConfigFields();
const std::vector<FieldRule>& ItemReaderFields();
const std::vector<FieldRule>& ReaderConfigFields();
const std::vector<FieldRule>& ItemBatcherFields();
const std::vector<FieldRule>& ResultWriterFields();
const std::vector<FieldRule>& WriterConfigFields();
const std::vector<FieldRule>& RetrierFields();
const std::vector<FieldRule>& CatcherFields();
const std::vector<FieldRule>& TopRuleFields();     // a Choice rule
const std::vector<FieldRule>& NestedRuleFields();  // an operand of And, Or, Not

// One object of a definition, checked against its table when made: unknown fields, fields of the
// other query language and values of the wrong type are reported once and then count as absent.
class Fields {
 public:
  // `object` must outlive this.
  Fields(const json::object& object, Place place, const std::vector<FieldRule>& rules,
         QueryLanguage language, Findings& findings);

  const Place& place() const { return place_; }
  Place At(std::string_view name) const { return place_.Member(name); }
  QueryLanguage language() const { return language_; }

  // Written down at all, right or wrong.
  bool Has(std::string_view name) const { return object_.contains(name); }
  // Present and of its type; else null.
  const json::value* Find(std::string_view name) const;
  std::optional<std::string_view> String(std::string_view name) const;
  const json::object* Object(std::string_view name) const;
  const json::array* Array(std::string_view name) const;
  bool True(std::string_view name) const;
  // A JSONata expression, "{% … %}", that stands where a value of the field's type would; then
  // none of the others finds anything.
  std::optional<std::string_view> Query(std::string_view name) const;

  // The value of an integer field within its bounds; out of them is reported.
  std::optional<std::int64_t> Integer(std::string_view name, std::int64_t min,
                                      std::int64_t max) const;

  // "These fields are required: [...]" for those that are missing.
  void Require(const std::vector<std::string_view>& names) const;
  // At most one of them; with `required`, exactly one.
  bool OnlyOne(const std::vector<std::string_view>& names, bool required) const;

  Findings& findings() const { return findings_; }

 private:
  bool Check(const FieldRule& rule, const json::value& value);

  const json::object& object_;
  Place place_;
  QueryLanguage language_;
  Findings& findings_;
  std::vector<std::string_view> broken_;   // reported, or queries: count as absent
  std::vector<std::string_view> queries_;
};

// A whole text "{% … %}".
bool IsQuery(const json::value& value);
// "Expected value of type [STRING]"
std::string ExpectedType(ValueType type);
bool HasType(const json::value& value, ValueType type);

// Reads a text that must be one of a few; anything else is reported and gives nothing.
bool IsOneOf(std::string_view value, const std::vector<std::string_view>& allowed,
             const Place& place, Findings& findings);

}  // namespace towline::asl
