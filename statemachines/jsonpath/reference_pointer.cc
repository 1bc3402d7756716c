#include "statemachines/jsonpath/reference_pointer.h"

#include "statemachines/base/check.h"
#include "statemachines/jsonpath/path.h"
#include "statemachines/jsonpath/path_node.h"

namespace towline::jsonpath {

Result<std::string> ReferencePointer(std::string_view text) {
  const auto path = ReferencePath::Parse(text);
  if (!path) return path.error();
  if (path->is_context() || path->is_variable()) {
    return Error{Error::Code::kInvalidArgument,
                 "Invalid path '" + std::string(text) + "': it must start with '$.'"};
  }
  const auto node = ParsePath(text, PathPlace::kExpression);
  CHECK(node);
  std::string pointer;
  for (const Step& step : (*node)->steps) {
    pointer += '/';
    if (step.kind == Step::Kind::kIndex) {
      pointer += std::to_string(step.index);
      continue;
    }
    for (const char c : step.name) {
      if (c == '~' || c == '/') {
        pointer += c == '~' ? "~0" : "~1";
      } else {
        pointer += c;
      }
    }
  }
  return pointer;
}

}  // namespace towline::jsonpath
