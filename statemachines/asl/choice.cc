#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "statemachines/asl/comparisons.h"
#include "statemachines/asl/compiler.h"

namespace towline::asl {
namespace {

bool IsTimestampOperator(Condition::Op op) {
  return op >= Condition::Op::kTimestampEquals && op <= Condition::Op::kTimestampGreaterThanEquals;
}

// A backslash escapes the character after it, so a pattern cannot end in a lone one.
bool EndsInLoneBackslash(std::string_view pattern) {
  const std::size_t last = pattern.find_last_not_of('\\');
  const std::size_t begin = last == std::string_view::npos ? 0 : last + 1;
  return (pattern.size() - begin) % 2 == 1;
}

}  // namespace

StateKind Compiler::CompileChoice(Work& work) {
  Choice choice;
  const Fields& fields = work.fields;
  fields.Require({"Choices"});
  const json::array* rules = fields.Array("Choices");
  if (rules != nullptr && rules->empty()) {
    findings_.Schema(fields.At("Choices"), "Value cannot be empty");
  }
  for (std::size_t i = 0; rules != nullptr && i < rules->size(); i++) {
    CompileRule(work, (*rules)[i], fields.At("Choices").Item(i), choice);
  }
  if (rules == nullptr) work.draft.sound = false;
  if (const auto target = fields.String("Default")) {
    choice.otherwise = 0;
    work.draft.transitions.push_back({.from = work.index,
                                      .slot = Slot::kDefault,
                                      .target = std::string(*target),
                                      .place = fields.At("Default")});
  } else if (fields.Has("Default")) {
    work.draft.sound = false;
  }
  return choice;
}

void Compiler::CompileRule(Work& work, const json::value& value, const Place& place,
                           Choice& choice) {
  const json::object* object = value.if_object();
  if (object == nullptr) {
    findings_.Schema(place, ExpectedType(ValueType::kObject));
    work.draft.sound = false;
    return;
  }
  const Fields fields(*object, place, TopRuleFields(), work.fields.language(), findings_);
  fields.Require({"Next"});
  ChoiceRule rule;
  rule.assign = CompileAssign(fields, work, Sees::kInput);
  if (work.jsonata()) {
    rule.condition = CompileQueryCondition(fields);
    rule.output = CompileTemplate(fields, "Output");
  } else {
    rule.condition = CompileCondition(fields);
  }
  if (const auto target = fields.String("Next")) {
    work.draft.transitions.push_back({.from = work.index,
                                      .slot = Slot::kRule,
                                      .position = choice.rules.size(),
                                      .target = std::string(*target),
                                      .place = fields.At("Next")});
  } else {
    work.draft.sound = false;
  }
  choice.rules.push_back(std::move(rule));
}

Condition Compiler::CompileQueryCondition(const Fields& rule) {
  Condition condition;
  rule.Require({"Condition"});
  const json::value* value = rule.Find("Condition");
  if (value == nullptr) return condition;
  if (IsQuery(*value)) {
    condition.op = Condition::Op::kQuery;
    condition.query = CompileQuery(value->get_string(), rule.At("Condition"), Sees::kInput);
  } else if (value->is_bool()) {
    condition.op = Condition::Op::kConstant;
    condition.literal = Json(*value);
  } else {
    findings_.Schema(rule.At("Condition"), ExpectedType(ValueType::kBoolean));
  }
  return condition;
}

Condition Compiler::CompileCondition(const Fields& rule) {
  constexpr std::string_view kForms[] = {"And", "Or", "Not", "Variable", "Condition"};
  const auto forms = std::count_if(std::begin(kForms), std::end(kForms),
                                   [&rule](std::string_view form) { return rule.Has(form); });
  if (forms != 1) {
    findings_.Schema(rule.place(),
                     "The object must have only one of the following fields, [And, Or, Not, "
                     "Variable, Condition]");
    return {};
  }
  Condition condition;
  if (rule.Has("Variable")) return CompileComparison(rule);
  if (const json::array* all = rule.Array("And")) {
    condition.op = Condition::Op::kAnd;
    condition.operands = CompileOperands(*all, rule.At("And"));
  } else if (const json::array* any = rule.Array("Or")) {
    condition.op = Condition::Op::kOr;
    condition.operands = CompileOperands(*any, rule.At("Or"));
  } else if (const json::value* negated = rule.Find("Not")) {
    condition.op = Condition::Op::kNot;
    condition.operands.push_back(CompileNested(*negated, rule.At("Not")));
  }
  return condition;
}

std::vector<Condition> Compiler::CompileOperands(const json::array& operands,
                                                 const Place& place) {
  std::vector<Condition> conditions;
  if (operands.empty()) findings_.Schema(place, "Value cannot be empty");
  for (std::size_t i = 0; i < operands.size(); i++) {
    conditions.push_back(CompileNested(operands[i], place.Item(i)));
  }
  return conditions;
}

Condition Compiler::CompileNested(const json::value& value, const Place& place) {
  const json::object* object = value.if_object();
  if (object == nullptr) {
    findings_.Schema(place, ExpectedType(ValueType::kObject));
    return {};
  }
  return CompileCondition(
      Fields(*object, place, NestedRuleFields(), QueryLanguage::kJsonPath, findings_));
}

Condition Compiler::CompileComparison(const Fields& rule) {
  Condition condition;
  if (const auto text = rule.String("Variable")) {
    condition.variable = CompileChoicePath(*text, rule.At("Variable"));
  }
  std::vector<std::string_view> used;
  const Comparison* comparison = nullptr;
  for (const Comparison& known : Comparisons()) {
    if (!rule.Has(known.name)) continue;
    used.push_back(known.name);
    comparison = &known;
  }
  if (used.size() > 1) {
    findings_.Schema(rule.place(),
                     "There should only be one of the following fields: " + Bracketed(used));
    return condition;
  }
  if (comparison == nullptr) {
    findings_.Schema(rule.place(),
                     "A rule with 'Variable' needs one comparison operator, e.g. 'StringEquals'");
    return condition;
  }
  condition.op = comparison->op;
  const json::value* operand = rule.Find(comparison->name);
  if (operand == nullptr) return condition;
  const Place place = rule.At(comparison->name);
  if (comparison->path) {
    condition.operand_path = CompileChoicePath(operand->get_string(), place);
    return condition;
  }
  condition.literal = Json(*operand);
  if (operand->is_string()) {
    const std::string_view text = operand->get_string();
    if (condition.op != Condition::Op::kStringMatches) {
      WarnAboutLiteral(text, comparison->name, rule);
    }
    if (IsTimestampOperator(condition.op)) {
      condition.timestamp = ParseTimestamp(text);
      if (!condition.timestamp) {
        findings_.Schema(place, "String does not match RFC3339 timestamp");
      }
    } else if (condition.op == Condition::Op::kStringMatches && EndsInLoneBackslash(text)) {
      findings_.Schema(place, "The pattern ends in a lone backslash; write \\\\ for one");
    }
  }
  return condition;
}

// The service speaks of a Reference Path here, but takes any path.
std::optional<jsonpath::Path> Compiler::CompileChoicePath(std::string_view text,
                                                          const Place& place) {
  if (text.empty() || text.front() != '$') {
    findings_.Schema(place,
                     "Value is not a Reference Path: Reference path didn't start with '$'");
    return std::nullopt;
  }
  return CompilePath(text, place);
}

}  // namespace towline::asl
