#include "statemachines/jsonata/parser.h"

#include <array>

#include "statemachines/base/check.h"

namespace towline::jsonata {
namespace {

// Levels of brackets and operators that a text may nest; each takes some stack.
constexpr int kNestingMax = 500;

struct InfixOperator {
  std::string_view text;
  int binding_power;
  Operation operation;  // of those that merely have two operands
};
constexpr std::array<InfixOperator, 26> kInfixOperators = {{
    {".", 75, {}},
    {"[", 80, {}},
    {"{", 70, {}},
    {"(", 80, {}},
    {"@", 80, {}},
    {"#", 80, {}},
    {"?", 20, {}},
    {":=", 10, {}},
    {"^", 40, {}},
    {"~>", 40, {}},
    {"+", 50, Operation::kAdd},
    {"-", 50, Operation::kSubtract},
    {"*", 60, Operation::kMultiply},
    {"/", 60, Operation::kDivide},
    {"%", 60, Operation::kRemainder},
    {"=", 40, Operation::kEqual},
    {"!=", 40, Operation::kNotEqual},
    {"<", 40, Operation::kLess},
    {"<=", 40, Operation::kLessOrEqual},
    {">", 40, Operation::kGreater},
    {">=", 40, Operation::kGreaterOrEqual},
    {"&", 50, Operation::kConcatenate},
    {"and", 30, Operation::kAnd},
    {"or", 25, Operation::kOr},
    {"in", 40, Operation::kIn},
}};

const InfixOperator* FindInfix(const Token& token) {
  if (token.kind != TokenKind::kOperator) return nullptr;
  for (const InfixOperator& known : kInfixOperators) {
    if (known.text == token.text) return &known;
  }
  return nullptr;
}

}  // namespace

std::string Parser::Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string Parser::Shown(const Token& token) {
  return token.kind == TokenKind::kEnd ? "the end of the expression" : Quoted(token.text);
}

Node* Parser::New(NodeKind kind, const Token& token) {
  Node* const node = program_.NewNode(kind, static_cast<std::uint32_t>(token.position));
  node->text = token.text;
  return node;
}

Node* Parser::Refuse(std::string code, std::string message, std::size_t position,
                     std::string_view token) {
  if (!problem_) {
    problem_ = Problem{.code = std::move(code),
                       .message = std::move(message),
                       .position = position,
                       .token = std::string(token)};
  }
  return nullptr;
}

bool Parser::Advance(bool operand_before) {
  OrProblem<Token> next = lexer_.Next(operand_before);
  if (!next) {
    if (!problem_) problem_ = next.problem();
    return false;
  }
  token_ = *std::move(next);
  if (IsNext("!") || IsNext("~")) {
    Refuse("S0204", Quoted(token_.text) + " is no operator", token_.position, token_.text);
    return false;
  }
  return true;
}

bool Parser::Expect(std::string_view symbol, bool operand_before) {
  if (IsNext(symbol)) return Advance(operand_before);
  const bool end = token_.kind == TokenKind::kEnd;
  Refuse(end ? "S0203" : "S0202", "Expected " + Quoted(symbol) + ", but there is " + Shown(token_),
         token_.position, token_.text);
  return false;
}

OrProblem<Node*> Parser::Parse() {
  Node* tree = Advance() ? ParseExpression(0) : nullptr;
  if (tree != nullptr && token_.kind != TokenKind::kEnd) {
    tree = Refuse("S0201", "The expression could end before " + Shown(token_) + ", but goes on",
                  token_.position, token_.text);
  }
  if (tree == nullptr) return *problem_;
  return tree;
}

Node* Parser::ParseExpression(int binding_power) {
  if (++depth_ > kNestingMax) {
    return Refuse("U1001", "The expression nests too deeply", token_.position);
  }
  Token token = std::move(token_);
  Node* left = Advance(true) ? ParsePrefix(token) : nullptr;
  while (left != nullptr) {
    const InfixOperator* const infix = FindInfix(token_);
    if (infix == nullptr || infix->binding_power <= binding_power) break;
    token = std::move(token_);
    left = Advance() ? ParseInfix(token, left) : nullptr;
  }
  depth_--;
  return left;
}

Node* Parser::ParseInfix(const Token& token, Node* left) {
  const std::string_view symbol = token.text;
  if (symbol.size() == 1 && std::string_view("([{^").find(symbol[0]) != std::string_view::npos) {
    return ParseInfixBracket(token, left);
  }
  if (symbol == "?") return ParseCondition(token, left);
  if (symbol == ":=") return ParseBinding(NodeKind::kBind, token, left);
  if (symbol == "@") return ParseBinding(NodeKind::kFocus, token, left);
  if (symbol == "#") return ParseBinding(NodeKind::kIndex, token, left);
  const InfixOperator& infix = *FindInfix(token);
  const NodeKind kind = symbol == "."    ? NodeKind::kDot
                        : symbol == "~>" ? NodeKind::kApply
                                         : NodeKind::kBinary;
  Node* const node = New(kind, token);
  node->operation = infix.operation;
  node->left = left;
  node->right = ParseExpression(infix.binding_power);
  return node->right == nullptr ? nullptr : node;
}

Node* Parser::ParseInfixBracket(const Token& token, Node* left) {
  switch (token.text[0]) {
    case '(':
      return ParseCall(token, left);
    case '[':
      return ParseFilter(token, left);
    case '^':
      return ParseOrder(token, left);
    default: {
      Node* const group = New(NodeKind::kGroup, token);
      group->left = left;
      return ParsePairs(group->pairs) ? group : nullptr;
    }
  }
}

Node* Parser::ParseCall(const Token& token, Node* left) {
  Node* const call = New(NodeKind::kCall, token);
  call->left = left;
  while (!IsNext(")") || !call->list.empty()) {
    Node* argument = nullptr;
    if (IsNext("?")) {
      call->kind = NodeKind::kPartial;
      argument = New(NodeKind::kPlaceholder, token_);
      if (!Advance()) return nullptr;
    } else {
      argument = ParseExpression(0);
      if (argument == nullptr) return nullptr;
    }
    call->list.push_back(argument);
    if (!IsNext(",")) break;
    if (!Advance()) return nullptr;
  }
  if (!Expect(")", true)) return nullptr;
  const bool lambda =
      left->kind == NodeKind::kName && (left->text == "function" || left->text == "\u03BB");
  return lambda ? ParseLambda(call) : call;
}

Node* Parser::ParseLambda(Node* call) {
  for (std::size_t i = 0; i < call->list.size(); i++) {
    const Node& parameter = *call->list[i];
    if (parameter.kind != NodeKind::kVariable) {
      return Refuse("S0208",
                    "Parameter " + std::to_string(i + 1) +
                        " of the function must be a variable: a name that starts with $",
                    parameter.position, parameter.text);
    }
  }
  for (const Node* const parameter : call->list) call->parameters.push_back(parameter->symbol);
  call->list.clear();
  call->kind = NodeKind::kLambda;
  call->left = nullptr;
  if (IsNext("<") && !ParseSignature(call)) return nullptr;
  if (!Expect("{")) return nullptr;
  call->right = ParseExpression(0);
  return call->right != nullptr && Expect("}") ? call : nullptr;
}

bool Parser::ParseSignature(Node* lambda) {
  const std::size_t position = token_.position;
  std::string text = "<";
  for (int depth = 1; depth > 0 && !IsNext("{") && token_.kind != TokenKind::kEnd;) {
    if (!Advance()) return false;
    if (IsNext(">")) depth--;
    if (IsNext("<")) depth++;
    text += token_.text;
  }
  if (!Expect(">")) return false;
  OrProblem<Signature> signature = Signature::Parse(text);
  if (!signature) {
    const Problem& problem = signature.problem();
    Refuse(problem.code, problem.message, position + problem.position);
    return false;
  }
  lambda->signature = *std::move(signature);
  return true;
}

// left[right], or left[], which keeps an array of one element.
Node* Parser::ParseFilter(const Token& token, Node* left) {
  if (IsNext("]")) {
    Node* step = left;
    while (step->kind == NodeKind::kFilter) step = step->left;
    step->keep_array = true;
    return Advance() ? left : nullptr;
  }
  Node* const filter = New(NodeKind::kFilter, token);
  filter->left = left;
  filter->right = ParseExpression(0);
  return filter->right != nullptr && Expect("]", true) ? filter : nullptr;
}

Node* Parser::ParseOrder(const Token& token, Node* left) {
  Node* const order = New(NodeKind::kOrder, token);
  order->left = left;
  if (!Expect("(")) return nullptr;
  for (;;) {
    Term term;
    if (IsNext("<") || IsNext(">")) {
      term.descending = IsNext(">");
      if (!Advance()) return nullptr;
    }
    term.expression = ParseExpression(0);
    if (term.expression == nullptr) return nullptr;
    order->terms.push_back(term);
    if (!IsNext(",")) break;
    if (!Advance()) return nullptr;
  }
  return Expect(")") ? order : nullptr;
}

Node* Parser::ParseCondition(const Token& token, Node* left) {
  Node* const condition = New(NodeKind::kCondition, token);
  condition->left = left;
  condition->right = ParseExpression(0);
  if (condition->right == nullptr) return nullptr;
  if (IsNext(":")) {
    condition->other = Advance() ? ParseExpression(0) : nullptr;
    if (condition->other == nullptr) return nullptr;
  }
  return condition;
}

// $name := right, left@$name, left#$name.
Node* Parser::ParseBinding(NodeKind kind, const Token& token, Node* left) {
  const bool assignment = kind == NodeKind::kBind;
  if (assignment && left->kind != NodeKind::kVariable) {
    return Refuse("S0212", "The left side of := must be a variable: a name that starts with $",
                  left->position, left->text);
  }
  Node* const binding = New(kind, token);
  binding->left = left;
  const int power = FindInfix(token)->binding_power;
  // The right side of := may be another assignment.
  binding->right = ParseExpression(assignment ? power - 1 : power);
  if (binding->right == nullptr) return nullptr;
  if (!assignment && binding->right->kind != NodeKind::kVariable) {
    return Refuse("S0214",
                  "The right side of " + std::string(token.text) +
                      " must be a variable: a name that starts with $",
                  binding->right->position, token.text);
  }
  return binding;
}

bool Parser::ParsePairs(std::vector<Pair>& pairs) {
  while (!IsNext("}") || !pairs.empty()) {
    Node* const key = ParseExpression(0);
    if (key == nullptr || !Expect(":")) return false;
    Node* const value = ParseExpression(0);
    if (value == nullptr) return false;
    pairs.emplace_back(key, value);
    if (!IsNext(",")) break;
    if (!Advance()) return false;
  }
  return Expect("}", true);
}

}  // namespace towline::jsonata
