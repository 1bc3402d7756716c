#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "statemachines/jsonpath/bounds.h"
#include "statemachines/jsonpath/path_node.h"

namespace towline::jsonpath {
namespace {

Error NotAReference(std::string_view text, const std::string& why) {
  return {.code = Error::Code::kInvalidArgument,
          .message = "'" + std::string(text) + "' is not a reference path: " + why +
                     "; only fields ($.a, $['a']) and indexes ($.a[0]) may be used"};
}

}  // namespace

Result<ReferencePath> ReferencePath::Parse(std::string_view text) {
  auto node = ParsePath(text, PathPlace::kExpression);
  if (!node) return node.error();
  for (const Step& step : (*node)->steps) {
    const bool place = step.kind == Step::Kind::kName || step.kind == Step::Kind::kIndex;
    if (!place) return NotAReference(text, "'" + step.text + "' does not name one place");
    if (step.index < 0) return NotAReference(text, "an index must not be negative");
    if (step.special) {
      return NotAReference(text, "the operators @ , : ? * need a backslash in a name");
    }
  }
  auto path = Path::Parse(text);
  if (!path) return path.error();
  return ReferencePath(*std::move(path), *std::move(node));
}

Eval<Json> ReferencePath::Evaluate(const Scope& scope) const { return path_.Evaluate(scope); }

Eval<Json> ReferencePath::Insert(const Json& document, const Json& value) const {
  if (node_->steps.empty()) return value;
  Allowance allowance;
  if (!allowance.Take(*value, node_->steps.size())) return allowance.error();
  const auto refuse = [&](const std::string& why = {}) {
    return EvalError{EvalError::Kind::kInvalid, "Unable to apply ReferencePath " + text() +
                                                    " to input " + PrintJson(*document) + why};
  };
  json::value copy = *document;
  json::value* place = &copy;
  bool made = false;  // everything from here on is new
  for (const Step& step : node_->steps) {
    if (ReferenceOf(*place)) {
      return refuse(": nothing can be written into a large payload; put it next to that");
    }
    if (step.kind == Step::Kind::kIndex) {
      json::array* array = place->if_array();
      const auto index = static_cast<std::size_t>(step.index);
      if (array == nullptr || index >= array->size()) return refuse();
      place = &(*array)[index];
      continue;
    }
    if (made) place->emplace_object();
    json::object* object = place->if_object();
    if (object == nullptr) return refuse();
    json::value* member = object->if_contains(step.name);
    made = member == nullptr;
    place = made ? &object->emplace(step.name, nullptr).first->value() : member;
  }
  *place = *value;
  return Json(std::move(copy));
}

bool ReferencePath::is_root() const { return path_.is_root(); }
bool ReferencePath::is_context() const { return path_.is_context(); }
bool ReferencePath::is_variable() const { return path_.is_variable(); }
const std::string& ReferencePath::text() const { return path_.text(); }

}  // namespace towline::jsonpath
