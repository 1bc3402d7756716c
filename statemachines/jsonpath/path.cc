#include "statemachines/jsonpath/path.h"

#include "statemachines/jsonpath/path_node.h"

namespace towline::jsonpath {

Path::Path(std::shared_ptr<const PathNode> node) : node_(std::move(node)) {}

Result<Path> Path::Parse(std::string_view text) {
  auto node = ParsePath(text, PathPlace::kExpression);
  if (!node) return node.error();
  return Path(*std::move(node));
}

const Path& Path::Root() {
  static const Path root = *Parse("$");
  return root;
}

Eval<Json> Path::Evaluate(const Scope& scope) const {
  EvalError error;
  const Json* root = RootOf(*node_, scope);
  if (root != nullptr && node_->steps.empty()) return *root;
  json::value made;
  const json::value* found = Find(*node_, scope, made, error);
  if (found == nullptr) return error;
  if (found == &made) return Json(std::move(made));
  return Json::Part(*root, *found);
}

bool Path::is_root() const { return node_->root == PathNode::Root::kInput && node_->steps.empty(); }
bool Path::is_definite() const { return node_->definite; }
bool Path::is_context() const { return node_->root == PathNode::Root::kContext; }
bool Path::is_variable() const { return node_->root == PathNode::Root::kVariable; }
const std::string& Path::text() const { return node_->text; }
void Path::CollectVariables(std::set<std::string>& names) const {
  if (is_variable()) names.insert(node_->variable);
}

}  // namespace towline::jsonpath
