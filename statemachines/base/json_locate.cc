#include <algorithm>
#include <optional>

#include "statemachines/base/json.h"

namespace towline {
namespace {

// Walks over a JSON text that is known to be valid, counting lines and columns.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t offset() const { return at_; }
  void MoveTo(std::size_t offset) { at_ = offset; }

  char Peek() {
    while (at_ < text_.size() && IsSpace(text_[at_])) at_++;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void Take() { at_ = std::min(at_ + 1, text_.size()); }

  // The string at the cursor with its quotes.
  std::string_view TakeString() {
    Peek();
    const std::size_t begin = at_;
    for (Take(); at_ < text_.size() && text_[at_] != '"'; Take()) {
      if (text_[at_] == '\\') Take();
    }
    Take();
    return text_.substr(begin, at_ - begin);
  }

  // Iterative: nesting costs no stack here.
  void SkipValue() {
    int depth = 0;
    do {
      const char c = Peek();
      if (c == '\0') return;
      if (c == '"') {
        TakeString();
      } else if (c == '{' || c == '[') {
        depth++;
        Take();
      } else if (c == '}' || c == ']') {
        depth--;
        Take();
      } else if (c == ',' || c == ':') {
        Take();
      } else {
        while (at_ < text_.size() && !IsEnd(text_[at_])) at_++;
      }
    } while (depth > 0);
  }

 private:
  static bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool IsEnd(char c) { return IsSpace(c) || c == ',' || c == ':' || c == ']' || c == '}'; }

  std::string_view text_;
  std::size_t at_ = 0;
};

// One reference token of an RFC 6901 pointer, unescaped.
std::string Unescape(std::string_view token) {
  std::string name;
  for (std::size_t i = 0; i < token.size(); i++) {
    if (token[i] == '~' && i + 1 < token.size()) {
      name += token[++i] == '1' ? '/' : '~';
    } else {
      name += token[i];
    }
  }
  return name;
}

bool KeyIs(std::string_view quoted, std::string_view name) {
  if (quoted.find('\\') == std::string_view::npos) {
    return quoted.substr(1, quoted.size() - 2) == name;
  }
  const auto key = ParseJson(quoted);
  return key && (*key)->is_string() && std::string_view((*key)->get_string()) == name;
}

// Where the member's value begins; of a repeated key the last counts, as it does in ParseJson.
std::optional<std::size_t> FindMember(Scanner& scan, std::string_view name) {
  std::optional<std::size_t> found;
  scan.Take();  // {
  while (scan.Peek() == '"' || scan.Peek() == ',') {
    if (scan.Peek() == ',') scan.Take();
    scan.Peek();
    const std::string_view key = scan.TakeString();
    scan.Peek();
    scan.Take();  // :
    scan.Peek();
    if (KeyIs(key, name)) found = scan.offset();
    scan.SkipValue();
  }
  return found;
}

std::optional<std::size_t> FindElement(Scanner& scan, std::string_view index) {
  std::size_t left = 0;
  for (const char c : index) {
    if (c < '0' || c > '9' || left > 1'000'000'000) return std::nullopt;
    left = left * 10 + static_cast<std::size_t>(c - '0');
  }
  scan.Take();  // [
  while (scan.Peek() != ']' && scan.Peek() != '\0') {
    if (left-- == 0) return scan.offset();
    scan.SkipValue();
    if (scan.Peek() == ',') scan.Take();
    scan.Peek();
  }
  return std::nullopt;
}

}  // namespace

TextPosition Locate(std::string_view text, std::string_view pointer) {
  Scanner scan(text);
  scan.Peek();
  std::size_t place = scan.offset();
  while (!pointer.empty() && pointer.front() == '/') {
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    std::optional<std::size_t> next;
    if (scan.Peek() == '{')
      next = FindMember(scan, Unescape(token));
    else if (scan.Peek() == '[')
      next = FindElement(scan, token);
    if (!next) break;
    place = *next;
    scan.MoveTo(place);
  }
  return PositionOf(text, place);
}

}  // namespace towline
