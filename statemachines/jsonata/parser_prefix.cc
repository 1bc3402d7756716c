// What an expression may begin with: operands, brackets, and operators without a left side.

#include "statemachines/jsonata/parser.h"

namespace towline::jsonata {
namespace {

constexpr int kNegatePower = 70;

}  // namespace

Node* Parser::ParsePrefix(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEnd:
      return New(NodeKind::kEnd, token);
    case TokenKind::kName:
      return New(NodeKind::kName, token);
    case TokenKind::kVariable: {
      Node* const variable = New(NodeKind::kVariable, token);
      variable->symbol = program_.SymbolOf(token.text);
      return variable;
    }
    case TokenKind::kString:
    case TokenKind::kNumber:
    case TokenKind::kConstant:
      return ParseLiteral(token);
    case TokenKind::kRegex:
      return ParseRegex(token);
    case TokenKind::kOperator:
      break;
  }
  return ParsePrefixOperator(token);
}

Node* Parser::ParseLiteral(const Token& token) {
  Node* const literal = New(NodeKind::kLiteral, token);
  if (token.kind == TokenKind::kString) {
    literal->text = program_.KeepText(token.value);
    literal->literal = Value::String(literal->text);
  } else if (token.kind == TokenKind::kNumber) {
    literal->literal = Value::Number(token.number);
  } else {
    literal->literal = token.text == "null" ? Value::Null() : Value::Bool(token.text == "true");
  }
  return literal;
}

Node* Parser::ParseRegex(const Token& token) {
  const RegexFlags flags{.ignore_case = token.flags.find('i') != std::string_view::npos,
                         .multiline = token.flags.find('m') != std::string_view::npos};
  OrProblem<Regex> regex = Regex::Compile(token.text, flags);
  if (!regex) {
    return Refuse(regex.problem().code, regex.problem().message, token.position, token.text);
  }
  Node* const node = New(NodeKind::kRegex, token);
  node->regex = *std::move(regex);
  return node;
}

Node* Parser::ParsePrefixOperator(const Token& token) {
  const std::string_view symbol = token.text;
  if (symbol == "and" || symbol == "or" || symbol == "in") return New(NodeKind::kOperator, token);
  if (symbol == "*") return New(NodeKind::kWildcard, token);
  if (symbol == "**") return New(NodeKind::kDescendant, token);
  if (symbol == "%") return New(NodeKind::kParent, token);
  if (symbol == "(") return ParseBlock(New(NodeKind::kBlock, token));
  if (symbol == "[") return ParseArray(New(NodeKind::kArray, token));
  if (symbol == "|") return ParseTransform(New(NodeKind::kTransform, token));
  if (symbol == "{") {
    Node* const object = New(NodeKind::kObject, token);
    return ParsePairs(object->pairs) ? object : nullptr;
  }
  if (symbol == "-") {
    Node* const negation = New(NodeKind::kNegate, token);
    negation->left = ParseExpression(kNegatePower);
    return negation->left == nullptr ? nullptr : negation;
  }
  return Refuse("S0211", Quoted(symbol) + " needs something to its left", token.position, symbol);
}

Node* Parser::ParseBlock(Node* block) {
  while (!IsNext(")")) {
    Node* const expression = ParseExpression(0);
    if (expression == nullptr) return nullptr;
    block->list.push_back(expression);
    if (!IsNext(";")) break;
    if (!Advance()) return nullptr;
  }
  return Expect(")", true) ? block : nullptr;
}

Node* Parser::ParseArray(Node* array) {
  while (!IsNext("]") || !array->list.empty()) {
    Node* element = ParseExpression(0);
    if (element == nullptr) return nullptr;
    if (IsNext("..")) {
      Node* const range = New(NodeKind::kBinary, token_);
      range->operation = Operation::kRange;
      range->left = element;
      range->right = Advance() ? ParseExpression(0) : nullptr;
      if (range->right == nullptr) return nullptr;
      element = range;
    }
    array->list.push_back(element);
    if (!IsNext(",")) break;
    if (!Advance()) return nullptr;
  }
  return Expect("]", true) ? array : nullptr;
}

Node* Parser::ParseTransform(Node* transform) {
  transform->left = ParseExpression(0);
  if (transform->left == nullptr || !Expect("|")) return nullptr;
  transform->right = ParseExpression(0);
  if (transform->right == nullptr) return nullptr;
  if (IsNext(",")) {
    transform->other = Advance() ? ParseExpression(0) : nullptr;
    if (transform->other == nullptr) return nullptr;
  }
  return Expect("|") ? transform : nullptr;
}

}  // namespace towline::jsonata
