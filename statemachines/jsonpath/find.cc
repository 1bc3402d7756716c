#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "statemachines/jsonpath/bounds.h"
#include "statemachines/jsonpath/dead_end.h"
#include "statemachines/jsonpath/path_node.h"

namespace towline::jsonpath {

const json::value* FindPlain(const PathNode& path, const json::value& start, bool lenient,
                             EvalError* error) {
  const json::value* value = &start;
  for (std::size_t at = 0; at < path.steps.size(); at++) {
    const Step& step = path.steps[at];
    if (step.kind == Step::Kind::kName) {
      const json::object* object = value->if_object();
      if (object == nullptr) {
        if (error != nullptr) *error = NotAnObject(path, at, *value);
        return nullptr;
      }
      value = object->if_contains(step.name);
    } else {
      const json::array* array = value->if_array();
      if (array == nullptr) {
        if (error != nullptr) *error = NotAnArray(path, at, *value);
        return nullptr;
      }
      value = ElementAt(*array, step.index);
      if (value == nullptr && lenient) value = &NullPastTheEnd();
    }
    if (value == nullptr) {
      if (error != nullptr) *error = Missing(path, at);
      return nullptr;
    }
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
  if (path.plain) return FindPlain(path, **root, scope.lenient, &error);
  Selection selection;
  const SelectOptions options{.lenient = scope.lenient};
  if (!Select(path, **root, **root, options, selection, error)) {
    const bool forgiven =
        scope.lenient && !path.definite && error.kind == EvalError::Kind::kNoResults;
    if (!forgiven) return nullptr;
    selection.values.clear();
  }
  if (path.definite) {
    const json::value* last = selection.values.back();
    if (selection.made.empty()) return last;
    made = *last;  // it may lie inside of what was made
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
