#include "statemachines/teststate/subject.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <set>

#include "statemachines/asl/parser.h"
#include "statemachines/teststate/refusal.h"

namespace towline::teststate {
namespace {

constexpr std::string_view kStateName = "StateName";

// The names in Next, Default, Choices and Catch.
void CollectTargets(const json::object& state, std::set<std::string, std::less<>>& targets) {
  for (const char* field : {"Next", "Default"}) {
    const json::value* target = state.if_contains(field);
    if (target != nullptr && target->is_string()) targets.emplace(target->get_string());
  }
  for (const char* field : {"Choices", "Catch"}) {
    const json::value* rules = state.if_contains(field);
    if (rules == nullptr || !rules->is_array()) continue;
    for (const json::value& rule : rules->get_array()) {
      if (rule.is_object()) CollectTargets(rule.get_object(), targets);
    }
  }
}

// The state's text stands in it as it is, so that everything the parser says of it is true.
std::string MachineOf(const json::object& state, const std::string& text) {
  std::set<std::string, std::less<>> targets;
  CollectTargets(state, targets);
  targets.erase(std::string(kStateName));
  std::string machine = R"({"StartAt":"StateName","States":{"StateName":)" + text;
  for (const std::string& target : targets) {
    machine += "," + PrintJson(json::value(target)) + R"(:{"Type":"Succeed"})";
  }
  return machine + "}}";
}

}  // namespace

bool Subject::Holds(std::string_view name) const {
  for (const asl::State& inner : definition->states) {
    if (inner.name != name) continue;
    for (auto owner = definition->scopes[inner.scope].owner; owner.has_value();
         owner = definition->scopes[definition->state(*owner).scope].owner) {
      if (*owner == index) return true;
    }
  }
  return false;
}

Result<Subject> FindSubject(const Request& request) {
  if (request.state_name.has_value() && request.state_name->empty()) {
    return Refused("stateName is empty: give the name of a state of the definition");
  }
  std::string text = request.definition;
  const std::string name = request.state_name.value_or(std::string(kStateName));
  if (!request.state_name.has_value()) {
    const Result<Json> parsed = ParseJson(text);
    const json::object* state = parsed ? (*parsed)->if_object() : nullptr;
    if (state != nullptr && state->contains("States")) {
      return Refused("the definition is a state machine: stateName must say which of its states "
                     "is to be tested");
    }
    if (state != nullptr) text = MachineOf(*state, text);
  }
  const asl::ParseResult parsed = asl::Parse(text);
  if (!parsed.ok()) return BadDefinition(asl::DescribeErrors(parsed.diagnostics));
  Subject subject{.definition = parsed.definition};
  for (const asl::State& state : parsed.definition->states) {
    if (state.name == name) return subject;
    subject.index++;
  }
  return Refused("State not found in definition");
}

}  // namespace towline::teststate
