#include <algorithm>
#include <charconv>

#include "statemachines/jsonpath/filter.h"
#include "statemachines/jsonpath/functions.h"
#include "statemachines/jsonpath/path_node.h"
#include "statemachines/jsonpath/text.h"

namespace towline::jsonpath {
namespace {

using Kind = Step::Kind;

std::string Quoted(const std::vector<std::string>& names) {
  std::string text = "[";
  for (const std::string& name : names) {
    if (text.size() > 1) text += ',';
    text += '\'';
    for (const char c : name) {
      if (c == '\\' || c == '\'') text += '\\';
      text += c;
    }
    text += '\'';
  }
  return text + "]";
}

Step NameStep(std::vector<std::string> names) {
  Step step{.kind = names.size() == 1 ? Kind::kName : Kind::kNames};
  step.text = Quoted(names);
  if (names.size() == 1) {
    step.name = std::move(names.front());
  } else {
    step.names = std::move(names);
  }
  return step;
}

// Jayway's unescaping, except that AWS leaves the backslash before a quote of the other kind.
std::optional<std::string> UnescapeName(std::string_view text, char quote) {
  const char other = quote == '\'' ? '"' : '\'';
  std::string kept;
  for (std::size_t at = 0; at < text.size(); at++) {
    if (text[at] == '\\' && at + 1 < text.size()) {
      if (text[at + 1] == other)
        kept += "\\\\";  // stays one backslash
      else
        kept += '\\';
      at++;
    }
    kept += text[at];
  }
  return UnescapeJava(kept);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads one path the way Jayway's PathCompiler does, plus the backslash escapes that Amazon States
// Language allows in bare names.
class PathParser {
 public:
  PathParser(std::string_view text, PathPlace place, int depth)
      : text_(text), place_(place), depth_(depth) {}

  Result<std::shared_ptr<const PathNode>> Parse() {
    auto node = std::make_shared<PathNode>();
    node->text = std::string(text_);
    node_ = node.get();
    while (!text_.empty() && text_.back() == ' ') text_.remove_suffix(1);
    if (!ReadRoot() || !ReadSteps()) return Refusal();
    FunctionOverScan();
    for (const Step& step : node->steps) {
      node->plain = node->plain && (step.kind == Kind::kName || step.kind == Kind::kIndex);
      const bool leaf = &step == &node->steps.back();
      node->definite =
          node->definite && (step.kind == Kind::kName || step.kind == Kind::kIndex ||
                             step.kind == Kind::kFunction || (step.kind == Kind::kNames && leaf));
    }
    return std::shared_ptr<const PathNode>(std::move(node));
  }

 private:
  Error Refusal() const {
    return {.code = Error::Code::kInvalidArgument,
            .message = "Invalid path '" + (depth_ == 0 ? std::string(text_) : Shortened(text_)) +
                       "': " + problem_};
  }
  bool Fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool FailAt(std::size_t at, const std::string& problem) {
    return Fail(problem + " at position " + std::to_string(at + 1));
  }
  char At(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
  std::size_t SkipBlanks(std::size_t at) const {
    while (At(at) == ' ') at++;
    return at;
  }

  bool ReadRoot() {
    if (place_ == PathPlace::kFilter && At(0) == '@') {
      node_->root = PathNode::Root::kItem;
      at_ = 1;
    } else if (At(0) != '$') {
      return Fail("it must start with '$'");
    } else if (At(1) == '$' && place_ == PathPlace::kExpression) {
      node_->root = PathNode::Root::kContext;
      at_ = 2;
    } else if (IsNameStart(At(1)) && place_ == PathPlace::kExpression) {
      node_->root = PathNode::Root::kVariable;
      for (at_ = 1; IsNameStart(At(at_)) || IsDigit(At(at_));) at_++;
      node_->variable = std::string(text_.substr(1, at_ - 1));
    } else {
      at_ = 1;
    }
    if (at_ < text_.size() && At(at_) != '.' && At(at_) != '[') {
      return FailAt(at_, "expected '.' or '['");
    }
    return true;
  }

  bool ReadSteps() {
    while (at_ < text_.size()) {
      if (node_->steps.size() >= kStepsMax) {
        return Fail("it has more than " + std::to_string(kStepsMax) + " steps");
      }
      if (At(at_) == '.' && !ReadDots()) return false;
      if (At(at_) == '[' ? !ReadBracket() : !ReadBare()) return false;
    }
    return true;
  }

  bool ReadDots() {
    at_++;
    if (At(at_) == '.') {
      node_->steps.push_back({.kind = Kind::kScan, .text = ".."});
      at_++;
    }
    if (at_ >= text_.size()) return Fail("it must not end with '.' or '..'");
    if (At(at_) == '.') return FailAt(at_, "unexpected '.'");
    return true;
  }

  // name, name() or *
  bool ReadBare() {
    if (At(at_) == '*') {
      at_++;
      node_->steps.push_back({.kind = Kind::kWildcard, .text = "[*]"});
      return true;
    }
    std::string name;
    bool special = false;
    const std::size_t begin = at_;
    for (; at_ < text_.size(); at_++) {
      const char c = At(at_);
      if (c == '.' || c == '[') break;
      if (c == '(') return ReadFunction(name);
      if (c == ' ')
        return FailAt(at_, "a name with blanks needs brackets and quotes, as in ['a b'],");
      if (c == '\\' && place_ == PathPlace::kExpression) {
        if (++at_ >= text_.size()) return Fail("it must not end with '\\'");
      } else {
        special = special || std::string_view("@,:?*").find(c) != std::string_view::npos;
      }
      name += At(at_);
    }
    if (at_ == begin) return FailAt(at_, "expected a name");
    Step step = NameStep({std::move(name)});
    step.special = special;
    node_->steps.push_back(std::move(step));
    return true;
  }

  bool ReadFunction(const std::string& name) {
    int open = 0;
    const std::size_t begin = at_ + 1;
    for (; at_ < text_.size(); at_++) {
      if (At(at_) == '(') open++;
      if (At(at_) == ')' && --open == 0) break;
    }
    if (open != 0) return Fail("the arguments of " + name + "() are not closed");
    auto call = ParseFunctionCall(name, text_.substr(begin, at_ - begin), depth_ + 1);
    if (!call) return Fail(call.error().message);
    node_->steps.push_back({.kind = Kind::kFunction, .function = *call, .text = "." + name + "()"});
    at_++;
    return true;
  }

  bool ReadBracket() {
    const std::size_t inside = SkipBlanks(at_ + 1);
    const char c = At(inside);
    if (c == '\'' || c == '"') return ReadNames(inside);
    if (IsDigit(c) || c == '-' || c == ':') return ReadIndexes();
    if (c == '*') return ReadWildcard(inside);
    if (c == '?') return ReadFilter(inside);
    return FailAt(inside, "expected a quoted name, an index, '*' or '?' after '['");
  }

  bool ReadNames(std::size_t at) {
    const char quote = At(at);
    std::vector<std::string> names;
    for (;;) {
      const std::size_t end = FindQuote(text_, at);
      if (end == std::string_view::npos)
        return Fail(std::string("a name lacks its closing ") + quote);
      auto name = UnescapeName(text_.substr(at + 1, end - at - 1), quote);
      if (!name) return FailAt(at, "the name has an invalid escape");
      names.push_back(std::move(*name));
      at = SkipBlanks(end + 1);
      if (At(at) == ']') break;
      if (At(at) != ',') return FailAt(at, "expected ',' or ']' after a name");
      // Jayway passes over whatever stands here; line ends and tabs are all that makes sense.
      for (at++; At(at) == ' ' || At(at) == '\n' || At(at) == '\t' || At(at) == '\r';) at++;
      if (At(at) != quote) return FailAt(at, "expected another quoted name after ','");
    }
    at_ = at + 1;
    node_->steps.push_back(NameStep(std::move(names)));
    return true;
  }

  static bool ParseInt(std::string_view text, int& number) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
    return end.ec == std::errc() && end.ptr == text.data() + text.size();
  }

  bool ReadIndexes() {
    const std::size_t end = text_.find(']', at_);
    if (end == std::string_view::npos) return Fail("a ']' is missing");
    std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    while (!inside.empty() && inside.front() == ' ') inside.remove_prefix(1);
    while (!inside.empty() && inside.back() == ' ') inside.remove_suffix(1);
    at_ = end + 1;
    if (inside.find(':') != std::string_view::npos) return ReadSlice(inside);
    Step step{.kind = Kind::kIndexes, .text = "[" + std::string(inside) + "]"};
    for (std::size_t from = 0; from <= inside.size();) {
      const std::size_t comma = std::min(inside.find(',', from), inside.size());
      int index = 0;
      if (!ParseInt(inside.substr(from, comma - from), index)) {
        return Fail("'" + std::string(inside) + "' is not an index");
      }
      step.indexes.push_back(index);
      from = comma + 1;
    }
    if (step.indexes.size() == 1) {
      step.kind = Kind::kIndex;
      step.index = step.indexes.front();
    }
    node_->steps.push_back(std::move(step));
    return true;
  }

  // from:to, each may be absent but not both; a third part, the step, counts for nothing.
  bool ReadSlice(std::string_view inside) {
    Step step{.kind = Kind::kSlice, .text = "[" + std::string(inside) + "]"};
    const std::size_t colon = inside.find(':');
    const std::string_view to = inside.substr(colon + 1, inside.find(':', colon + 1) - colon - 1);
    const auto read = [](std::string_view part, std::optional<int>& bound) {
      int number = 0;
      if (part.empty()) return true;
      if (part.find(' ') != std::string_view::npos || !ParseInt(part, number)) return false;
      bound = number;
      return true;
    };
    const bool known = inside.find_first_not_of("0123456789-:") == std::string_view::npos;
    if (!known || !read(inside.substr(0, colon), step.from) || !read(to, step.to) ||
        (!step.from && !step.to)) {
      return Fail("'" + std::string(inside) + "' is not a slice");
    }
    node_->steps.push_back(std::move(step));
    return true;
  }

  bool ReadWildcard(std::size_t star) {
    const std::size_t end = SkipBlanks(star + 1);
    if (At(end) != ']') return FailAt(end, "expected ']' after '[*'");
    at_ = end + 1;
    node_->steps.push_back({.kind = Kind::kWildcard, .text = "[*]"});
    return true;
  }

  bool ReadFilter(std::size_t question) {
    const std::size_t open = SkipBlanks(question + 1);
    if (At(open) != '(') return FailAt(open, "a filter needs parentheses, as in [?(@.a == 1)],");
    const std::size_t close = FindClosing(text_, open);
    if (close == std::string_view::npos) return Fail("the parentheses of a filter do not match");
    const std::size_t end = SkipBlanks(close + 1);
    if (At(end) != ']') return FailAt(end, "expected ']' after a filter");
    auto filter = ParseFilter(text_.substr(open, close + 1 - open), depth_ + 1);
    if (!filter) return Fail(filter.error().message);
    at_ = end + 1;
    node_->steps.push_back({.kind = Kind::kFilter, .filter = *filter, .text = "[?]"});
    return true;
  }

  // "$..price.max()": Jayway turns the scan into the argument of the function.
  void FunctionOverScan() {
    auto& steps = node_->steps;
    if (steps.size() < 2 || steps.front().kind != Kind::kScan ||
        steps.back().kind != Kind::kFunction) {
      return;
    }
    auto scanned = std::make_shared<PathNode>();
    scanned->root = node_->root;
    scanned->text = node_->text;
    scanned->plain = scanned->definite = false;
    Step function = std::move(steps.back());
    steps.pop_back();
    scanned->steps = std::move(steps);
    function.function = OverPath(*function.function, std::move(scanned));
    steps.clear();
    steps.push_back(std::move(function));
  }

  std::string_view text_;
  PathPlace place_;
  int depth_;
  PathNode* node_ = nullptr;
  std::size_t at_ = 0;
  std::string problem_;
};

}  // namespace

std::string PathNode::Spell(std::size_t end) const {
  std::string spelt = root == Root::kItem ? "@" : "$";
  if (root == Root::kVariable) spelt += variable;
  for (std::size_t i = 0; i < end; i++) spelt += steps[i].text;
  return spelt;
}

Result<std::shared_ptr<const PathNode>> ParsePath(std::string_view text, PathPlace place,
                                                  int depth) {
  if (depth > kFilterDepthMax) {
    return Error{.message = "filters are nested deeper than " + std::to_string(kFilterDepthMax)};
  }
  return PathParser(text, place, depth).Parse();
}

}  // namespace towline::jsonpath
