#pragma once

// The compiled form of an expression. Private to this room.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "statemachines/jsonpath/bounds.h"
#include "statemachines/jsonpath/intrinsics.h"
#include "statemachines/jsonpath/path_node.h"

namespace towline::jsonpath {

struct ExpressionNode {
  enum class Kind { kLiteral, kPath, kCall };
  Kind kind = Kind::kLiteral;
  std::string text{};
  json::value literal{};
  // Of a string literal: where in it an unescaped "{}" stands.
  std::vector<std::size_t> placeholders{};
  std::shared_ptr<const PathNode> path{};
  const Intrinsic* function = nullptr;
  std::vector<ExpressionNode> arguments{};
};

Result<std::shared_ptr<const ExpressionNode>> ParseExpression(std::string_view text);

// The value of `node`: a pointer into the scope, the node or `made`. Null: `error` says why.
const json::value* Evaluate(const ExpressionNode& node, const Scope& scope, Allowance& allowance,
                            json::value& made, EvalError& error);

bool UsesTaskToken(const ExpressionNode& node);
void CollectVariables(const ExpressionNode& node, std::set<std::string>& names);

}  // namespace towline::jsonpath
