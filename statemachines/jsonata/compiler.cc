#include "statemachines/jsonata/compiler.h"

#include <algorithm>
#include <string_view>

namespace towline::jsonata {
namespace {

// Of a long chain like 1+1+1+... each operator is one level; each level takes some stack.
constexpr int kTreeDepthMax = 2'000;

// The step that what stands behind an expression belongs to.
Node* LastStep(Node* node) { return node->kind == NodeKind::kPath ? node->list.back() : node; }

// A call whose value is the value of its function is made by that function's caller, so that
// recursion in this place needs no stack.
void MarkTailCalls(Node* node) {
  if (node->kind == NodeKind::kCall && node->predicates.empty()) {
    node->tail = true;
  } else if (node->kind == NodeKind::kCondition) {
    MarkTailCalls(node->right);
    if (node->other != nullptr) MarkTailCalls(node->other);
  } else if (node->kind == NodeKind::kBlock && node->predicates.empty() &&
             node->group == nullptr && !node->list.empty()) {
    MarkTailCalls(node->list.back());
  }
}

bool IsPlainStep(const Node& step) {
  return step.predicates.empty() && step.stages.empty() && step.group == nullptr &&
         step.focus == kNoSymbol && step.index == kNoSymbol && step.ancestor == nullptr &&
         !step.keep_array && !step.tuple;
}

bool IsPlainPath(const Node& path) {
  if (path.keep_array || path.keep_singleton_array || path.group != nullptr || path.tuple) {
    return false;
  }
  const Node& first = *path.list.front();
  if (first.kind != NodeKind::kName && first.kind != NodeKind::kVariable) return false;
  return std::all_of(path.list.begin(), path.list.end(), [&](const Node* step) {
    return IsPlainStep(*step) && (step == &first || step->kind == NodeKind::kName);
  });
}

}  // namespace

Node* Compiler::Refuse(const char* code, std::string message, const Node* node, std::string token) {
  if (!problem_) {
    problem_ = Problem{.code = code,
                       .message = std::move(message),
                       .position = node->position,
                       .token = std::move(token)};
  }
  return nullptr;
}

OrProblem<Node*> Compiler::Compile(Node* parsed) {
  Node* const root = CompileNode(parsed);
  if (root != nullptr && (root->kind == NodeKind::kParent || !root->seeking.empty())) {
    Refuse("S0217", "Nothing in the expression is the parent that % refers to", root);
  }
  if (problem_) return *problem_;
  for (Node& node : program_.nodes) {
    if (node.kind != NodeKind::kPath) continue;
    node.plain = IsPlainPath(node);
    Node& first = *node.list[0];
    first.lazy = program_.dialect == Dialect::kStepFunctions && first.kind == NodeKind::kVariable &&
                 first.text == "states" && IsPlainStep(first) && node.list.size() > 1 &&
                 node.list[1]->kind == NodeKind::kName;
  }
  return root;
}

Node* Compiler::CompileNode(Node* node) {
  if (++depth_ > kTreeDepthMax) return Refuse("U1001", "The expression nests too deeply", node);
  const bool keep_array = node->keep_array;
  Node* const compiled = CompileKind(node);
  if (compiled != nullptr && keep_array) compiled->keep_array = true;
  depth_--;
  return compiled;
}

Node* Compiler::CompileKind(Node* node) {
  switch (node->kind) {
    case NodeKind::kName:
      return CompileName(node);
    case NodeKind::kOperator:
      node->kind = NodeKind::kName;
      return CompileName(node);
    case NodeKind::kParent:
      return CompileParent(node);
    case NodeKind::kEnd:
      return Refuse("S0207", "The expression ends where something is still expected", node);
    case NodeKind::kBinary:
    case NodeKind::kBind:
    case NodeKind::kApply:
    case NodeKind::kCondition:
      return CompileOperands(node);
    case NodeKind::kNegate:
      return CompileNegation(node);
    case NodeKind::kArray:
      return CompileList(node);
    case NodeKind::kObject:
      return CompilePairs(node->pairs, node) ? node : nullptr;
    case NodeKind::kCall:
    case NodeKind::kPartial:
      return CompileCall(node);
    case NodeKind::kLambda:
      return CompileLambda(node);
    case NodeKind::kBlock:
      return CompileBlock(node);
    case NodeKind::kTransform:
      return CompileTransform(node);
    case NodeKind::kDot:
      return CompileDot(node);
    case NodeKind::kFilter:
      return CompileFilter(node);
    case NodeKind::kGroup:
      return CompileGroup(node);
    case NodeKind::kOrder:
      return CompileOrder(node);
    case NodeKind::kFocus:
      return CompileFocus(node);
    case NodeKind::kIndex:
      return CompileIndex(node);
    default:
      return node;  // stands for itself
  }
}

Node* Compiler::PathOf(Node* step) {
  Node* const path = program_.NewNode(NodeKind::kPath, step->position);
  path->list.push_back(step);
  return path;
}

Node* Compiler::CompileName(Node* name) {
  Node* const path = PathOf(name);
  path->keep_singleton_array = name->keep_array;
  return path;
}

Node* Compiler::CompileParent(Node* parent) {
  parent->slot = &program_.slots.emplace_back();
  parent->slot->symbol = program_.NewSymbol();
  return parent;
}

Node* Compiler::CompileOperands(Node* node) {
  for (Node** const operand : {&node->left, &node->right, &node->other}) {
    if (*operand == nullptr) continue;
    *operand = CompileNode(*operand);
    if (*operand == nullptr) return nullptr;
    const bool assigned_name = node->kind == NodeKind::kBind && operand == &node->left;
    if (node->kind != NodeKind::kApply && !assigned_name) Adopt(node, *operand);
  }
  if (node->kind == NodeKind::kApply) {
    node->keep_array = node->left->keep_array || node->right->keep_array;
  }
  return node;
}

Node* Compiler::CompileNegation(Node* negation) {
  Node* const operand = CompileNode(negation->left);
  if (operand == nullptr) return nullptr;
  if (operand->kind == NodeKind::kLiteral && operand->literal.is_number()) {
    operand->literal = Value::Number(-operand->literal.number());
    return operand;
  }
  negation->left = operand;
  Adopt(negation, operand);
  return negation;
}

Node* Compiler::CompileList(Node* node) {
  for (Node*& element : node->list) {
    element = CompileNode(element);
    if (element == nullptr) return nullptr;
    Adopt(node, element);
  }
  return node;
}

Node* Compiler::CompileCall(Node* call) {
  if (CompileList(call) == nullptr) return nullptr;
  call->left = CompileNode(call->left);
  if (call->left == nullptr) return nullptr;
  if (call->left->kind == NodeKind::kPath && call->left->list[0]->kind == NodeKind::kName) {
    call->symbol = program_.SymbolOf(call->left->list[0]->text);
  }
  return call;
}

Node* Compiler::CompileLambda(Node* lambda) {
  lambda->right = CompileNode(lambda->right);
  if (lambda->right == nullptr) return nullptr;
  MarkTailCalls(lambda->right);
  return lambda;
}

Node* Compiler::CompileBlock(Node* block) {
  if (CompileList(block) == nullptr) return nullptr;
  block->constructed = std::any_of(block->list.begin(), block->list.end(), [](const Node* part) {
    return part->constructed || (part->kind == NodeKind::kPath && part->list[0]->constructed);
  });
  return block;
}

Node* Compiler::CompileTransform(Node* transform) {
  transform->symbol = program_.SymbolOf("clone");
  for (Node** const part : {&transform->left, &transform->right, &transform->other}) {
    if (*part == nullptr) continue;
    *part = CompileNode(*part);
    if (*part == nullptr) return nullptr;
  }
  return transform;
}

bool Compiler::CompilePairs(std::vector<Pair>& pairs, Node* owner) {
  for (auto& [key, value] : pairs) {
    for (Node** const part : {&key, &value}) {
      *part = CompileNode(*part);
      if (*part == nullptr) return false;
      if (owner != nullptr) Adopt(owner, *part);
    }
  }
  return true;
}

// A number or a constant cannot be a step; a string names a field.
bool Compiler::CheckSteps(Node* path) {
  for (Node* const step : path->list) {
    if (step->kind != NodeKind::kLiteral) continue;
    if (!step->literal.is_string()) {
      Refuse("S0213", "The literal " + std::string(step->text) + " cannot be a step of a path",
             step);
      return false;
    }
    step->kind = NodeKind::kName;
  }
  return true;
}

Node* Compiler::CompileDot(Node* dot) {
  Node* const left = CompileNode(dot->left);
  if (left == nullptr) return nullptr;
  Node* const path = left->kind == NodeKind::kPath ? left : PathOf(left);
  if (left->kind == NodeKind::kParent) path->seeking = {left->slot};
  Node* const right = CompileNode(dot->right);
  if (right == nullptr) return nullptr;
  if (right->kind == NodeKind::kPath) {
    path->list.insert(path->list.end(), right->list.begin(), right->list.end());
  } else {
    if (!right->predicates.empty()) right->stages = std::move(right->predicates);
    right->predicates.clear();
    path->list.push_back(right);
  }
  if (!CheckSteps(path)) return nullptr;
  path->keep_singleton_array |= std::any_of(path->list.begin(), path->list.end(),
                                            [](const Node* step) { return step->keep_array; });
  for (Node* const end : {path->list.front(), path->list.back()}) {
    if (end->kind == NodeKind::kArray) end->constructed = true;
  }
  return Resolve(path) ? path : nullptr;
}

Node* Compiler::CompileFilter(Node* filter) {
  Node* const filtered = CompileNode(filter->left);
  if (filtered == nullptr) return nullptr;
  Node* const step = LastStep(filtered);
  if (step->group != nullptr) {
    return Refuse("S0209", "A filter cannot follow a group: { } must come last", filter);
  }
  Node* const predicate = CompileNode(filter->right);
  if (predicate == nullptr) return nullptr;
  for (Slot* const slot : predicate->seeking) {
    if (slot->level != 1) {
      slot->level--;
    } else if (!Seek(step, slot)) {
      return nullptr;
    }
  }
  if (!predicate->seeking.empty()) Adopt(step, predicate);
  (step == filtered ? step->predicates : step->stages).push_back({.filter = predicate});
  return filtered;
}

Node* Compiler::CompileGroup(Node* group) {
  Node* const grouped = CompileNode(group->left);
  if (grouped == nullptr) return nullptr;
  if (grouped->group != nullptr) {
    return Refuse("S0210", "A step can have one group { } only", group);
  }
  if (!CompilePairs(group->pairs, nullptr)) return nullptr;
  grouped->group = std::make_unique<Group>();
  grouped->group->pairs = std::move(group->pairs);
  grouped->group->position = group->position;
  return grouped;
}

Node* Compiler::CompileOrder(Node* order) {
  Node* const ordered = CompileNode(order->left);
  if (ordered == nullptr) return nullptr;
  Node* const path = ordered->kind == NodeKind::kPath ? ordered : PathOf(ordered);
  Node* const sort = program_.NewNode(NodeKind::kSort, order->position);
  sort->terms = std::move(order->terms);
  for (Term& term : sort->terms) {
    term.expression = CompileNode(term.expression);
    if (term.expression == nullptr) return nullptr;
    Adopt(sort, term.expression);
  }
  path->list.push_back(sort);
  return Resolve(path) ? path : nullptr;
}

Node* Compiler::CompileFocus(Node* focus) {
  Node* const bound = CompileNode(focus->left);
  if (bound == nullptr) return nullptr;
  Node* const step = LastStep(bound);
  if (!step->stages.empty() || !step->predicates.empty()) {
    return Refuse("S0215", "A variable bound with @ must come before the filters of its step",
                  focus, "@");
  }
  if (step->kind == NodeKind::kSort) {
    return Refuse("S0216", "A variable bound with @ must come before the order-by of its step",
                  focus, "@");
  }
  step->keep_array |= focus->keep_array;
  step->focus = focus->right->symbol;
  step->tuple = true;
  return bound;
}

Node* Compiler::CompileIndex(Node* index) {
  Node* const numbered = CompileNode(index->left);
  if (numbered == nullptr) return nullptr;
  Node* const step = LastStep(numbered);
  Node* const path = numbered->kind == NodeKind::kPath ? numbered : PathOf(numbered);
  if (path != numbered && !step->predicates.empty()) {
    step->stages = std::move(step->predicates);
    step->predicates.clear();
  }
  if (step->stages.empty()) {
    step->index = index->right->symbol;
  } else {
    step->stages.push_back({.index = index->right->symbol});
  }
  step->tuple = true;
  return path;
}

}  // namespace towline::jsonata
