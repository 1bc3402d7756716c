#include <algorithm>

#include "statemachines/jsonpath/expression_node.h"
#include "statemachines/jsonpath/text.h"

namespace towline::jsonpath {
namespace {

using Kind = ExpressionNode::Kind;

constexpr int kCallDepthMax = 10;
constexpr std::string_view kPrefix = "States.";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Reads a path or an intrinsic call. Blanks may stand around arguments and at the very end.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : text_(text) {}

  Result<std::shared_ptr<const ExpressionNode>> Parse() {
    auto node = std::make_shared<ExpressionNode>();
    bool read = false;
    if (!text_.empty() && text_.front() == '$') {
      read = SetPath(*node, text_);
    } else if (text_.substr(0, kPrefix.size()) == kPrefix) {
      read = ReadCall(*node, 1);
      SkipSpace();
      read = read && (at_ == text_.size() || Fail("unexpected text after the call"));
    } else {
      Fail("it must start with '$' or 'States.'");
    }
    if (!read) return Error{.code = Error::Code::kInvalidArgument, .message = problem_};
    node->text = std::string(text_);
    return std::shared_ptr<const ExpressionNode>(std::move(node));
  }

 private:
  bool Fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipSpace() {
    while (IsSpace(Peek())) at_++;
  }
  bool Take(char c) {
    SkipSpace();
    if (Peek() != c) return false;
    at_++;
    return true;
  }

  bool SetPath(ExpressionNode& node, std::string_view text) {
    auto path = ParsePath(text, PathPlace::kExpression);
    if (!path) return Fail(path.error().message);
    node.kind = Kind::kPath;
    node.path = *path;
    node.text = std::string(text);
    return true;
  }

  bool ReadCall(ExpressionNode& node, int depth) {
    const std::size_t begin = at_;
    if (depth > kCallDepthMax) {
      return Fail("calls are nested deeper than " + std::to_string(kCallDepthMax));
    }
    at_ += kPrefix.size();
    const std::size_t open = std::min(text_.find('(', at_), text_.size());
    const std::string_view name = text_.substr(at_, open - at_);
    node.kind = Kind::kCall;
    node.function = FindIntrinsic(name);
    if (node.function == nullptr) {
      return Fail("there is no intrinsic function States." + std::string(name));
    }
    if (open == text_.size()) return Fail("a call needs parentheses");
    at_ = open + 1;
    if (!Take(')')) {
      do {
        node.arguments.emplace_back();
        if (!ReadArgument(node.arguments.back(), depth)) return false;
      } while (Take(','));
      if (!Take(')')) return Fail("expected ',' or ')' at position " + std::to_string(at_ + 1));
    }
    node.text = std::string(text_.substr(begin, at_ - begin));
    return CheckArguments(node);
  }

  // What can be known before any input is.
  bool CheckArguments(const ExpressionNode& node) {
    const std::string name = "States." + std::string(node.function->name);
    if (!TakesArguments(*node.function, node.arguments.size())) {
      return Fail(name + " does not take " + std::to_string(node.arguments.size()) + " arguments");
    }
    for (std::size_t i = 0; i < node.arguments.size(); i++) {
      const ExpressionNode& argument = node.arguments[i];
      std::string_view wanted;
      if (argument.kind == Kind::kLiteral &&
          !FitsArgument(*node.function, i, argument.literal, wanted)) {
        return Fail("argument " + std::to_string(i + 1) + " of " + name + " must be " +
                    std::string(wanted));
      }
    }
    const bool merge = node.function->name == "JsonMerge";
    if (merge && node.arguments[2].kind == Kind::kLiteral && node.arguments[2].literal != false) {
      return Fail("the third argument of States.JsonMerge must be false: it merges shallowly");
    }
    return CheckFormat(node);
  }

  bool CheckFormat(const ExpressionNode& node) {
    if (node.function->name != "Format" || node.arguments[0].kind != Kind::kLiteral) return true;
    const std::size_t places = node.arguments[0].placeholders.size();
    if (places == node.arguments.size() - 1) return true;
    return Fail("the template of States.Format has " + std::to_string(places) + " places {} for " +
                std::to_string(node.arguments.size() - 1) + " values");
  }

  bool ReadArgument(ExpressionNode& node, int depth) {
    SkipSpace();
    if (Peek() == '\'') return ReadString(node);
    if (Peek() == '$') return ReadPath(node);
    if (text_.substr(at_, kPrefix.size()) == kPrefix) return ReadCall(node, depth + 1);
    return ReadScalar(node);
  }

  bool ReadString(ExpressionNode& node) {
    const std::size_t begin = at_++;
    std::string value;
    bool open_brace = false;  // the last character was an unescaped {
    while (Peek() != '\'') {
      if (at_ >= text_.size()) return Fail("a string lacks its closing '");
      const bool escaped = Peek() == '\\';
      if (escaped) at_++;
      const char c = Peek();
      if (escaped && c != '\'' && c != '{' && c != '}' && c != '\\') {
        return Fail("in a string a backslash may only stand before ' { } \\");
      }
      if (open_brace && !escaped && c == '}') node.placeholders.push_back(value.size() - 1);
      open_brace = !escaped && c == '{';
      value += c;
      at_++;
    }
    at_++;
    node.literal = value;
    node.text = std::string(text_.substr(begin, at_ - begin));
    return true;
  }

  // Up to the ',' or ')' that stands outside of all brackets and quotes.
  bool ReadPath(ExpressionNode& node) {
    const std::size_t begin = at_;
    int depth = 0;
    for (; at_ < text_.size(); at_++) {
      const char c = Peek();
      if ((c == ',' || c == ')') && depth == 0) break;
      if (c == '\\') {
        at_++;
      } else if (depth > 0 && (c == '\'' || c == '"')) {
        at_ = std::min(FindQuote(text_, at_), text_.size());
      } else if (c == '(' || c == '[') {
        depth++;
      } else if (c == ')' || c == ']') {
        depth--;
      }
    }
    at_ = std::min(at_, text_.size());
    std::string_view path = text_.substr(begin, at_ - begin);
    while (!path.empty() && IsSpace(path.back())) path.remove_suffix(1);
    return SetPath(node, path);
  }

  // A number, true, false or null.
  bool ReadScalar(ExpressionNode& node) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && Peek() != ',' && Peek() != ')' && !IsSpace(Peek())) at_++;
    node.text = std::string(text_.substr(begin, at_ - begin));
    const auto value = ParseJson(node.text);
    if (!value || (*value)->is_structured() || (*value)->is_string()) {
      return Fail("'" + node.text + "' is no argument: strings take single quotes");
    }
    node.literal = **value;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
};

}  // namespace

Result<std::shared_ptr<const ExpressionNode>> ParseExpression(std::string_view text) {
  return ExpressionParser(text).Parse();
}

}  // namespace towline::jsonpath
