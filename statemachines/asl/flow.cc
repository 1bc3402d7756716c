#include <algorithm>
#include <map>
#include <utility>

#include "statemachines/asl/compiler.h"

namespace towline::asl {

// Resolves the transitions of one scope. A dangling one, and a workflow that cannot end or that
// has states which nothing leads to, are told in the service's words.
void Compiler::Connect(Draft& draft) {
  std::map<std::string_view, StateIndex> by_name;
  for (const Member& member : draft.members) by_name.emplace(member.name, member.index);
  std::map<StateIndex, std::vector<StateIndex>> leads_to;
  const auto missing = [this](const std::string& target, const Place& place) {
    findings_.Error("MISSING_TRANSITION_TARGET", place, "Missing 'Next' target: " + target);
  };
  for (const Transition& transition : draft.transitions) {
    const auto target = by_name.find(transition.target);
    if (target == by_name.end()) {
      missing(transition.target, transition.place);
      continue;
    }
    Resolve(transition, target->second);
    leads_to[transition.from].push_back(target->second);
  }
  std::vector<StateIndex> reached;
  const auto start = by_name.find(draft.start_at);
  if (start != by_name.end()) {
    definition_.scopes[draft.scope].start_at = start->second;
    reached.push_back(start->second);
  } else if (draft.sound || !draft.start_at.empty()) {
    missing(draft.start_at, draft.start_at_place);
  }
  if (!draft.sound) return;
  if (std::none_of(draft.members.begin(), draft.members.end(),
                   [](const Member& member) { return member.terminal; })) {
    const std::string message = "Workflow has no terminal state";
    if (draft.scope == kRootScope) {
      findings_.WholeError("MISSING_END_STATE", message);
    } else {
      findings_.Error("MISSING_END_STATE", draft.place, message);
    }
    return;  // what is unreachable is no news then
  }
  std::unordered_set<StateIndex> seen(reached.begin(), reached.end());
  while (!reached.empty()) {
    const StateIndex state = reached.back();
    reached.pop_back();
    for (const StateIndex next : leads_to[state]) {
      if (seen.insert(next).second) reached.push_back(next);
    }
  }
  for (const Member& member : draft.members) {
    if (seen.count(member.index) != 0) continue;
    findings_.Error("MISSING_TRANSITION_TARGET", member.place,
                    "State \"" + member.name + "\" is not reachable.");
  }
}

void Compiler::Resolve(const Transition& transition, StateIndex target) {
  State& state = definition_.states[transition.from];
  switch (transition.slot) {
    case Slot::kNext:
      state.next = target;
      break;
    case Slot::kCatch:
      state.catchers[transition.position].next = target;
      break;
    case Slot::kDefault:
      std::get<Choice>(state.kind).otherwise = target;
      break;
    case Slot::kRule:
      std::get<Choice>(state.kind).rules[transition.position].next = target;
      break;
  }
}

}  // namespace towline::asl
