#include "statemachines/jsonpath/dead_end.h"

#include <boost/json/array.hpp>

namespace towline::jsonpath {

const json::value& NullPastTheEnd() {
  static const json::value null;
  return null;
}

const char* KindName(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
    default:
      return "number";
  }
}

const json::value* ElementAt(const json::array& array, int index) {
  const auto size = static_cast<std::ptrdiff_t>(array.size());
  const std::ptrdiff_t at = index < 0 ? size + index : index;
  return at >= 0 && at < size ? &array[static_cast<std::size_t>(at)] : nullptr;
}

EvalError NotAnObject(const PathNode& path, std::size_t at, const json::value& model) {
  return {EvalError::Kind::kNoResults, "Expected to find an object with property " +
                                           path.steps[at].text + " in path " + path.Spell(at) +
                                           " but found '" + KindName(model) + "'"};
}

EvalError NotAnArray(const PathNode& path, std::size_t at, const json::value& model) {
  if (model.is_null()) {
    return {EvalError::Kind::kNoResults, "The path " + path.Spell(at) + " is null"};
  }
  return {EvalError::Kind::kNoResults,
          "Filter: " + path.steps[at].text + " can only be applied to arrays. The path " +
              path.Spell(at) + " leads to a value of type '" + KindName(model) + "'"};
}

EvalError Missing(const PathNode& path, std::size_t at) {
  if (at + 1 < path.steps.size() && path.steps[at].kind == Step::Kind::kName) {
    return {EvalError::Kind::kNoResults, "Missing property in path " + path.Spell(at + 1)};
  }
  return {EvalError::Kind::kNoResults, "No results for path: " + path.Spell()};
}

}  // namespace towline::jsonpath
