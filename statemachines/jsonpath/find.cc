#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "statemachines/jsonpath/bounds.h"
#include "statemachines/jsonpath/dead_end.h"
#include "statemachines/jsonpath/path_node.h"

namespace towline::jsonpath {

const json::value* Follower::Follow(const json::value& value) {
  const auto content = opened_.Open(value);
  if (content) return *content == nullptr ? nullptr : &***content;
  broken_ = EvalError{EvalError::Kind::kUnreadable, content.error().message};
  return nullptr;
}

namespace {

// Where one step leads; null: nowhere.
const json::value* Next(const Step& step, const json::value& from, bool lenient) {
  if (step.kind == Step::Kind::kName) {
    const json::object* const object = from.if_object();
    return object == nullptr ? nullptr : object->if_contains(step.name);
  }
  const json::array* const array = from.if_array();
  if (array == nullptr) return nullptr;
  const json::value* const element = ElementAt(*array, step.index);
  return element == nullptr && lenient ? &NullPastTheEnd() : element;
}

EvalError DeadEnd(const PathNode& path, std::size_t at, const json::value& model) {
  const bool name = path.steps[at].kind == Step::Kind::kName;
  if (name && !model.is_object()) return NotAnObject(path, at, model);
  if (!name && !model.is_array()) return NotAnArray(path, at, model);
  return Missing(path, at);
}

}  // namespace

const json::value* FindPlain(const PathNode& path, const json::value& start,
                             const SelectOptions& options, EvalError* error) {
  const json::value* value = &start;
  for (std::size_t at = 0; at < path.steps.size(); at++) {
    const Step& step = path.steps[at];
    const json::value* next = Next(step, *value, options.lenient);
    if (next == nullptr && options.follower != nullptr) {
      if (const json::value* const followed = options.follower->Follow(*value)) {
        value = followed;
        next = Next(step, *value, options.lenient);
      }
    }
    if (next == nullptr) {
      if (error == nullptr) return nullptr;
      const bool broken = options.follower != nullptr && options.follower->broken();
      *error = broken ? *options.follower->broken() : DeadEnd(path, at, *value);
      return nullptr;
    }
    value = next;
  }
  return value;
}

const Json* RootOf(const PathNode& path, const Scope& scope) {
  switch (path.root) {
    case PathNode::Root::kContext:
      return &scope.context.Context();
    case PathNode::Root::kVariable:
      return scope.variables == nullptr ? nullptr : scope.variables->Find(path.variable);
    case PathNode::Root::kInput:
    case PathNode::Root::kItem:
      return &scope.input;
  }
  return nullptr;
}

const json::value* Find(const PathNode& path, const Scope& scope, json::value& made,
                        EvalError& error) {
  const Json* root = RootOf(path, scope);
  if (root == nullptr) {
    error = {EvalError::Kind::kNoResults, "The variable $" + path.variable + " is not defined"};
    return nullptr;
  }
  Follower follower(scope.references);
  const SelectOptions options{.lenient = scope.lenient, .follower = &follower};
  if (path.plain) {
    const json::value* const found = FindPlain(path, **root, options, &error);
    if (found == nullptr || !follower.used()) return found;
    made = *found;  // nobody keeps the whole
    return &made;
  }
  Selection selection;
  if (!Select(path, **root, **root, options, selection, error)) {
    const bool forgiven =
        scope.lenient && !path.definite && error.kind == EvalError::Kind::kNoResults;
    if (!forgiven) return nullptr;
    selection.values.clear();
  }
  if (path.definite) {
    const json::value* last = selection.values.back();
    if (selection.made.empty() && !follower.used()) return last;
    made = *last;  // it may lie inside of what was made, or of what nobody keeps
    return &made;
  }
  json::array all;
  all.reserve(selection.values.size());
  Allowance allowance;
  for (const json::value* value : selection.values) {
    if (!allowance.Take(*value, 1)) {
      error = allowance.error();
      return nullptr;
    }
    all.push_back(*value);
  }
  made = std::move(all);
  return &made;
}

}  // namespace towline::jsonpath
