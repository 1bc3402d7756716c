// Assign: which variables a definition makes, and where they may be made.

#include <algorithm>
#include <boost/json/object.hpp>
#include <optional>
#include <unordered_map>
#include <utility>

#include "statemachines/asl/compiler.h"

namespace towline::asl {
namespace {

constexpr std::size_t kNameCharactersMax = 80;

// A letter, then letters, digits and '_'. Whatever is not ASCII counts as a letter.
bool IsIdentifier(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  if (name.empty() || !letter(name.front())) return false;
  for (const char c : name) {
    if (!letter(c) && (c < '0' || c > '9')) return false;
  }
  return true;
}

}  // namespace

bool Compiler::AcceptVariable(std::string_view name, const Place& place) {
  const auto refuse = [&](std::string why) {
    findings_.Schema(place, "The variable name '" + std::string(name) + "' " + std::move(why));
    return false;
  };
  if (!IsIdentifier(name)) {
    return refuse("is not valid: a letter, then letters, digits and '_'; a part of a variable "
                  "cannot be assigned");
  }
  if (Characters(name) > kNameCharactersMax) return refuse("is longer than 80 characters");
  if (name == "states") return refuse("is reserved");
  return true;
}

std::optional<Template> Compiler::CompileAssign(const Fields& fields, const Work& work,
                                                Sees sees) {
  const json::object* assign = fields.Object("Assign");
  if (assign == nullptr || assign->empty()) return std::nullopt;
  const Place place = fields.At("Assign");
  const bool path = fields.language() == QueryLanguage::kJsonPath;
  for (const json::key_value_pair& member : *assign) {
    std::string_view name = member.key();
    if (path && name.size() > 2 && name.substr(name.size() - 2) == ".$") name.remove_suffix(2);
    if (!AcceptVariable(name, place.Member(member.key()))) continue;
    assigned_.push_back({work.index, std::string(name), place.Member(member.key())});
  }
  return CompileTemplate(fields, "Assign", sees);
}

std::optional<StateIndex> Compiler::OwnerOf(StateIndex state) const {
  const Scope& scope = definition_.scopes[definition_.states[state].scope];
  return scope.isolated ? std::nullopt : scope.owner;
}

// A scope reads the variables around it, but neither assigns nor hides them. What the Parallel or
// Map around it assigns itself is no conflict: by then the inner scope is gone.
void Compiler::RefuseShadowing() {
  struct Outer {
    std::string_view name;
    StateIndex by;
  };
  std::unordered_map<ScopeIndex, std::vector<Outer>> known;
  for (const Assigned& assigned : assigned_) {
    known[definition_.states[assigned.by].scope].push_back({assigned.name, assigned.by});
  }
  for (const Assigned& assigned : assigned_) {
    for (auto owner = OwnerOf(assigned.by); owner.has_value(); owner = OwnerOf(*owner)) {
      const std::vector<Outer>& around = known[definition_.states[*owner].scope];
      const bool taken = std::any_of(around.begin(), around.end(), [&](const Outer& outer) {
        return outer.name == assigned.name && outer.by != *owner;
      });
      if (!taken) continue;
      findings_.Error("DUPLICATE_VARIABLE_NAME", assigned.place,
                      "The variable name '" + assigned.name +
                          "' was already defined in a parent scope.");
      break;
    }
  }
}

}  // namespace towline::asl
