#pragma once

// Reads an expression by the precedence of its operators. Private to this room.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/jsonata/lexer.h"
#include "statemachines/jsonata/node.h"

namespace towline::jsonata {

class Parser {
 public:
  // The nodes become the program's; its text must be `text`.
  Parser(Program& program, std::string_view text) : program_(program), lexer_(text) {}

  // The whole text as one tree, in the form that precedes compilation.
  OrProblem<Node*> Parse();

 private:
  // Null from here on means that problem_ is set.
  Node* ParseExpression(int binding_power);
  Node* ParsePrefix(const Token& token);
  Node* ParseLiteral(const Token& token);
  Node* ParseRegex(const Token& token);
  Node* ParsePrefixOperator(const Token& token);
  Node* ParseBlock(Node* block);
  Node* ParseArray(Node* array);
  Node* ParseTransform(Node* transform);
  Node* ParseInfix(const Token& token, Node* left);
  Node* ParseInfixBracket(const Token& token, Node* left);
  Node* ParseCall(const Token& token, Node* left);
  Node* ParseLambda(Node* call);
  bool ParseSignature(Node* lambda);
  Node* ParseFilter(const Token& token, Node* left);
  Node* ParseOrder(const Token& token, Node* left);
  Node* ParseCondition(const Token& token, Node* left);
  Node* ParseBinding(NodeKind kind, const Token& token, Node* left);
  bool ParsePairs(std::vector<Pair>& pairs);

  static std::string Quoted(std::string_view text);
  static std::string Shown(const Token& token);
  Node* New(NodeKind kind, const Token& token);
  bool IsNext(std::string_view symbol) const {
    return token_.kind == TokenKind::kOperator && token_.text == symbol;
  }
  bool Advance(bool operand_before = false);
  // Takes `symbol` or refuses.
  bool Expect(std::string_view symbol, bool operand_before = false);
  Node* Refuse(std::string code, std::string message, std::size_t position,
               std::string_view token = {});

  Program& program_;
  Lexer lexer_;
  Token token_;  // the next one
  std::optional<Problem> problem_;
  int depth_ = 0;
};

}  // namespace towline::jsonata
