#include <algorithm>

#include "statemachines/jsonpath/expression_node.h"

namespace towline::jsonpath {
namespace {

using Kind = ExpressionNode::Kind;

// AWS's words for whatever goes wrong within a call.
EvalError InCall(const ExpressionNode& call, EvalError::Kind kind, const std::string& problem) {
  return {kind, "The function '" + call.text + "' had the following error: " + problem};
}

EvalError MissingArgument(const ExpressionNode& call, const ExpressionNode& argument,
                          const Scope& scope) {
  return InCall(call, EvalError::Kind::kInvalid,
                "The JsonPath argument for the field '" + argument.text +
                    "' could not be found in the input '" + PrintJson(*scope.input) + "'");
}

const json::value* EvaluateCall(const ExpressionNode& node, const Scope& scope,
                                Allowance& allowance, json::value& made, EvalError& error) {
  std::vector<json::value> storage(node.arguments.size());
  std::vector<const json::value*> arguments(node.arguments.size());
  Follower follower(node.function->keeps_references ? nullptr : scope.references);
  for (std::size_t i = 0; i < node.arguments.size(); i++) {
    const ExpressionNode& argument = node.arguments[i];
    arguments[i] = Evaluate(argument, scope, allowance, storage[i], error);
    if (arguments[i] == nullptr) {
      if (error.kind == EvalError::Kind::kNoResults) error = MissingArgument(node, argument, scope);
      return nullptr;
    }
    const json::value* const content = follower.Follow(*arguments[i]);
    if (content != nullptr) arguments[i] = content;
    if (follower.broken()) {
      error = InCall(node, follower.broken()->kind, follower.broken()->detail);
      return nullptr;
    }
    std::string_view wanted;
    if (!FitsArgument(*node.function, i, *arguments[i], wanted)) {
      error = InCall(node, EvalError::Kind::kIntrinsic,
                     "Argument " + std::to_string(i + 1) + " must be " + std::string(wanted) +
                         ", but '" + argument.text + "' is not");
      return nullptr;
    }
  }
  Invocation call{.call = node, .arguments = arguments, .allowance = allowance, .seed = scope.seed};
  if (node.function->run(call, made)) return &made;
  error = InCall(node, call.failure, call.problem);
  return nullptr;
}

bool MentionsToken(const PathNode& path) {
  if (path.root != PathNode::Root::kContext) return false;
  const auto& steps = path.steps;
  if (steps.empty() || steps[0].kind != Step::Kind::kName) return true;  // all of it, or a search
  if (steps[0].name != "Task") return false;
  return steps.size() == 1 || steps[1].kind != Step::Kind::kName || steps[1].name == "Token";
}

}  // namespace

const json::value* Evaluate(const ExpressionNode& node, const Scope& scope, Allowance& allowance,
                            json::value& made, EvalError& error) {
  switch (node.kind) {
    case Kind::kLiteral:
      return &node.literal;
    case Kind::kPath:
      return Find(*node.path, scope, made, error);
    case Kind::kCall:
      return EvaluateCall(node, scope, allowance, made, error);
  }
  return nullptr;
}

bool UsesTaskToken(const ExpressionNode& node) {
  if (node.kind == Kind::kPath) return MentionsToken(*node.path);
  return std::any_of(node.arguments.begin(), node.arguments.end(), UsesTaskToken);
}

void CollectVariables(const ExpressionNode& node, std::set<std::string>& names) {
  const bool path = node.kind == Kind::kPath;
  if (path && node.path->root == PathNode::Root::kVariable) names.insert(node.path->variable);
  for (const ExpressionNode& argument : node.arguments) CollectVariables(argument, names);
}

Expression::Expression(std::shared_ptr<const ExpressionNode> node) : node_(std::move(node)) {}

Result<Expression> Expression::Parse(std::string_view text) {
  auto node = ParseExpression(text);
  if (!node) return node.error();
  return Expression(*std::move(node));
}

Eval<Json> Expression::Evaluate(const Scope& scope) const {
  EvalError error;
  json::value made;
  if (node_->kind == Kind::kPath) {
    const Json* root = RootOf(*node_->path, scope);
    if (root != nullptr && node_->path->steps.empty()) return *root;
    const json::value* found = Find(*node_->path, scope, made, error);
    if (found == nullptr) return error;
    return found == &made ? Json(std::move(made)) : Json::Part(*root, *found);
  }
  Allowance allowance;
  const json::value* found = jsonpath::Evaluate(*node_, scope, allowance, made, error);
  if (found == nullptr) return error;
  return Json(std::move(made));
}

const std::string& Expression::text() const { return node_->text; }

std::optional<std::string> Expression::function() const {
  if (node_->kind != Kind::kCall) return std::nullopt;
  return "States." + std::string(node_->function->name);
}

bool Expression::uses_task_token() const { return UsesTaskToken(*node_); }

void Expression::CollectVariables(std::set<std::string>& names) const {
  jsonpath::CollectVariables(*node_, names);
}

}  // namespace towline::jsonpath
