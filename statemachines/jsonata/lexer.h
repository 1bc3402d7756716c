#pragma once

// Cuts an expression into tokens. Private to this room.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "statemachines/jsonata/problem.h"

namespace towline::jsonata {

enum class TokenKind : std::uint8_t {
  kEnd,
  kName,
  kVariable,  // without its $
  kString,
  kNumber,
  kConstant,  // true, false, null
  kRegex,
  kOperator,  // and, or, in included
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text{};  // as written; a name without quotes, a regex without slashes
  std::string value{};      // of a string, escapes resolved
  double number = 0;
  std::string_view flags{};  // of a regex
  std::size_t position = 0;  // byte at which it starts
  std::size_t end = 0;       // byte behind it
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // `operand_before`: a slash divides; otherwise it starts a regular expression.
  OrProblem<Token> Next(bool operand_before);

 private:
  bool At(std::string_view what) const { return text_.substr(at_, what.size()) == what; }
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  OrProblem<bool> SkipBlanks();  // comments too
  OrProblem<Token> TakeString();
  OrProblem<bool> TakeEscape(std::string& value);
  OrProblem<Token> TakeNumber();
  OrProblem<Token> TakeQuotedName();
  OrProblem<Token> TakeRegex();
  Token TakeName();
  Token Make(TokenKind kind, std::size_t start, std::string_view text) const;

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace towline::jsonata
