#include "statemachines/jsonata/lexer.h"

#include <array>
#include <charconv>
#include <cmath>

#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

constexpr std::string_view kBlanks = " \t\n\r\v";
constexpr std::array<std::string_view, 7> kLongOperators = {
    "..", ":=", "!=", ">=", "<=", "**", "~>"};
// What ends a name; "!" and "~" alone are no operators.
constexpr std::string_view kOperators = ".[]{}(),@#;:?+-*/%|=<>^&!~";

bool IsOneOf(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

Problem Refuse(std::size_t position, const char* code, std::string message,
               std::string token = {}) {
  return {
      .code = code, .message = std::move(message), .position = position, .token = std::move(token)};
}

}  // namespace

Token Lexer::Make(TokenKind kind, std::size_t start, std::string_view text) const {
  return {.kind = kind, .text = text, .position = start, .end = at_};
}

OrProblem<bool> Lexer::SkipBlanks() {
  for (;;) {
    while (at_ < text_.size() && IsOneOf(kBlanks, text_[at_])) at_++;
    if (!At("/*")) return true;
    const std::size_t end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) return Refuse(at_, "S0106", "The comment has no end: */");
    at_ = end + 2;
  }
}

OrProblem<Token> Lexer::Next(bool operand_before) {
  const OrProblem<bool> skipped = SkipBlanks();
  if (!skipped) return skipped.problem();
  const std::size_t start = at_;
  if (at_ == text_.size()) return Make(TokenKind::kEnd, start, {});
  const char next = text_[at_];
  if (next == '/' && !operand_before) return TakeRegex();
  for (const std::string_view symbol : kLongOperators) {
    if (!At(symbol)) continue;
    at_ += symbol.size();
    return Make(TokenKind::kOperator, start, symbol);
  }
  if (IsOneOf(kOperators, next)) {
    at_++;
    return Make(TokenKind::kOperator, start, text_.substr(start, 1));
  }
  if (next == '"' || next == '\'') return TakeString();
  if (IsDigit(next)) return TakeNumber();
  if (next == '`') return TakeQuotedName();
  return TakeName();
}

OrProblem<Token> Lexer::TakeString() {
  const std::size_t start = at_;
  const char quote = text_[at_++];
  std::string value;
  for (;;) {
    const std::size_t run = at_;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\\') at_++;
    value += text_.substr(run, at_ - run);
    if (at_ == text_.size()) {
      return Refuse(start, "S0101", std::string("The string has no closing quote: ") + quote);
    }
    if (text_[at_++] == quote) break;
    const OrProblem<bool> taken = TakeEscape(value);
    if (!taken) return taken.problem();
  }
  Token token = Make(TokenKind::kString, start, text_.substr(start, at_ - start));
  token.value = std::move(value);
  return token;
}

// The backslash is taken.
OrProblem<bool> Lexer::TakeEscape(std::string& value) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (at_ == text_.size()) return Refuse(at_ - 1, "S0103", "The string ends in a backslash", "");
  const char letter = text_[at_++];
  const std::size_t known = kLetters.find(letter);
  if (known != std::string_view::npos) {
    value += kMeanings[known];
    return true;
  }
  if (letter != 'u') {
    std::size_t end = at_ - 1;
    TakeCodePoint(text_, end);
    return Refuse(at_ - 2, "S0103",
                  "A string knows no escape \\" +
                      std::string(text_.substr(at_ - 1, end - at_ + 1)) +
                      "; there are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX",
                  std::string(text_.substr(at_ - 1, end - at_ + 1)));
  }
  std::uint32_t unit = 0;
  for (int i = 0; i < 4; i++, at_++) {
    if (at_ == text_.size() && i > 0) return true;  // the missing quote is the problem then
    const int digit = at_ == text_.size() ? -1 : HexDigit(text_[at_]);
    if (digit < 0) return Refuse(at_, "S0104", "\\u must be followed by four hexadecimal digits");
    unit = unit * 16 + static_cast<std::uint32_t>(digit);
  }
  std::string character;
  AppendCodePoint(character, unit);
  Append(value, character);  // joins the halves of a pair
  return true;
}

OrProblem<Token> Lexer::TakeNumber() {
  const std::size_t start = at_;
  const auto skip_digits = [this] {
    while (IsDigit(Peek())) at_++;
  };
  if (text_[at_++] != '0') skip_digits();
  if (Peek() == '.' && IsDigit(Peek(1))) {
    at_++;
    skip_digits();
  }
  if (Peek() == 'e' || Peek() == 'E') {
    const bool sign = Peek(1) == '+' || Peek(1) == '-';
    if (IsDigit(Peek(sign ? 2 : 1))) {
      at_ += sign ? 2 : 1;
      skip_digits();
    }
  }
  const std::string_view digits = text_.substr(start, at_ - start);
  Token token = Make(TokenKind::kNumber, start, digits);
  const std::from_chars_result result =
      std::from_chars(digits.data(), digits.data() + digits.size(), token.number);
  // Too small, which reads as 0, is out of range as well; the exponent tells it from too large.
  const std::size_t exponent = digits.find_first_of("eE");
  const bool small =
      exponent == std::string_view::npos ? digits[0] == '0' : digits[exponent + 1] == '-';
  const bool tiny = result.ec == std::errc::result_out_of_range && small;
  if (tiny) token.number = 0;
  if (!tiny && result.ec != std::errc()) {
    return Refuse(start, "S0102", "The number is out of range: " + std::string(digits),
                  std::string(digits));
  }
  return token;
}

OrProblem<Token> Lexer::TakeQuotedName() {
  const std::size_t start = at_;
  const std::size_t end = text_.find('`', start + 1);
  if (end == std::string_view::npos) {
    return Refuse(start, "S0105", "The quoted name has no closing backquote (`)");
  }
  at_ = end + 1;
  return Make(TokenKind::kName, start, text_.substr(start + 1, end - start - 1));
}

// A slash ends the pattern unless it is escaped or inside brackets of any kind.
OrProblem<Token> Lexer::TakeRegex() {
  const std::size_t start = at_++;
  int depth = 0;
  std::size_t backslashes = 0;
  for (; at_ < text_.size(); at_++) {
    const char c = text_[at_];
    if (c == '/' && depth == 0 && backslashes % 2 == 0) break;
    const bool after_backslash = text_[at_ - 1] == '\\';
    if (IsOneOf("([{", c) && !after_backslash) depth++;
    if (IsOneOf(")]}", c) && !after_backslash) depth--;
    backslashes = c == '\\' ? backslashes + 1 : 0;
  }
  if (at_ == text_.size()) return Refuse(start, "S0302", "The regular expression has no closing /");
  const std::string_view pattern = text_.substr(start + 1, at_ - start - 1);
  if (pattern.empty()) return Refuse(start, "S0301", "A regular expression cannot be empty");
  const std::size_t flags = ++at_;
  while (Peek() == 'i' || Peek() == 'm') at_++;
  Token token = Make(TokenKind::kRegex, start, pattern);
  token.flags = text_.substr(flags, at_ - flags);
  return token;
}

Token Lexer::TakeName() {
  const std::size_t start = at_;
  while (at_ < text_.size() && !IsOneOf(kBlanks, text_[at_]) && !IsOneOf(kOperators, text_[at_])) {
    at_++;
  }
  const std::string_view name = text_.substr(start, at_ - start);
  if (name[0] == '$') return Make(TokenKind::kVariable, start, name.substr(1));
  if (name == "and" || name == "or" || name == "in") return Make(TokenKind::kOperator, start, name);
  if (name == "true" || name == "false" || name == "null") {
    return Make(TokenKind::kConstant, start, name);
  }
  return Make(TokenKind::kName, start, name);
}

}  // namespace towline::jsonata
