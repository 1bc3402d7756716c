#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "statemachines/jsonpath/filter.h"
#include "statemachines/jsonpath/filter_node.h"
#include "statemachines/jsonpath/text.h"

namespace towline::jsonpath {
namespace {

bool IsOperatorChar(char c) { return c == '<' || c == '>' || c == '=' || c == '~' || c == '!'; }

std::optional<Comparison> ComparisonNamed(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, Comparison>, 19> kComparisons{{
      {"==", Comparison::kEqual},
      {"!=", Comparison::kNotEqual},
      {"===", Comparison::kSameTypeEqual},
      {"!==", Comparison::kSameTypeNotEqual},
      {"<", Comparison::kLess},
      {"<=", Comparison::kLessEqual},
      {">", Comparison::kGreater},
      {">=", Comparison::kGreaterEqual},
      {"=~", Comparison::kMatches},
      {"IN", Comparison::kIn},
      {"NIN", Comparison::kNotIn},
      {"CONTAINS", Comparison::kContains},
      {"ALL", Comparison::kAll},
      {"SIZE", Comparison::kSize},
      {"EMPTY", Comparison::kEmpty},
      {"EXISTS", Comparison::kExists},
      {"SUBSETOF", Comparison::kSubsetOf},
      {"ANYOF", Comparison::kAnyOf},
      {"NONEOF", Comparison::kNoneOf},
  }};
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  for (const auto& [name, comparison] : kComparisons) {
    if (name == upper) return comparison;
  }
  return std::nullopt;
}

// Jayway's filter grammar, with its back-tracking: a comparison whose operator or right side does
// not parse is taken for an existence test of the left side, and an "&&" or "||" whose right side
// does not parse is left standing (and refused as trailing text). Some mistakes (kBroken) are not
// recovered from.
class FilterParser {
 public:
  FilterParser(std::string_view text, int depth) : text_(text), depth_(depth) {}

  Result<std::shared_ptr<const FilterNode>> Parse() {
    auto filter = std::make_shared<FilterNode>();
    Outcome outcome = ReadOr(*filter);
    if (outcome == Outcome::kRead) {
      SkipBlanks();
      if (at_ < text_.size()) outcome = Refuse("unexpected text");
    }
    if (outcome == Outcome::kRead) return std::shared_ptr<const FilterNode>(std::move(filter));
    return Error{.message = "the filter " + Shortened(text_) + " is invalid: " + problem_ +
                            " at position " + std::to_string(at_ + 1) + " of it"};
  }

 private:
  enum class Outcome { kRead, kRefused, kBroken };

  Outcome Refuse(std::string problem) {
    problem_ = std::move(problem);
    return Outcome::kRefused;
  }
  Outcome Break(std::string problem) {
    problem_ = std::move(problem);
    return Outcome::kBroken;
  }
  char Current() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipBlanks() {
    while (Current() == ' ') at_++;
  }
  bool Take(std::string_view token) {
    SkipBlanks();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  // Reads parts joined by `token`; a single part stands for itself.
  template <class ReadPart>
  Outcome ReadJoined(FilterNode& node, FilterNode::Kind kind, std::string_view token,
                     ReadPart read_part) {
    std::vector<FilterNode> parts(1);
    Outcome outcome = read_part(parts.front());
    if (outcome != Outcome::kRead) return outcome;
    for (;;) {
      const std::size_t before = at_;
      FilterNode part;
      outcome = Take(token) ? read_part(part) : Outcome::kRefused;
      if (outcome == Outcome::kBroken) return outcome;
      if (outcome == Outcome::kRefused) {
        at_ = before;
        break;
      }
      parts.push_back(std::move(part));
    }
    if (parts.size() == 1) {
      FilterNode only = std::move(parts.front());
      node = std::move(only);
    } else {
      node.kind = kind;
      node.parts = std::move(parts);
    }
    return Outcome::kRead;
  }

  Outcome ReadOr(FilterNode& node) {
    if (++depth_ > kFilterDepthMax) return Break("it is nested too deeply");
    const Outcome outcome = ReadJoined(node, FilterNode::Kind::kOr, "||", [this](FilterNode& part) {
      return ReadJoined(part, FilterNode::Kind::kAnd, "&&",
                        [this](FilterNode& inner) { return ReadOperand(inner); });
    });
    depth_--;
    return outcome;
  }

  Outcome ReadOperand(FilterNode& node) {
    SkipBlanks();
    const std::size_t before = at_;
    if (Take("!")) {
      SkipBlanks();
      if (Current() != '$' && Current() != '@') return ReadNot(node);
      at_ = before;
    }
    if (!Take("(")) return ReadRelation(node);
    const Outcome outcome = ReadOr(node);
    if (outcome != Outcome::kRead) return outcome;
    return Take(")") ? Outcome::kRead : Refuse("expected ')'");
  }

  Outcome ReadNot(FilterNode& node) {
    if (++depth_ > kFilterDepthMax) return Break("it is nested too deeply");
    node.kind = FilterNode::Kind::kNot;
    node.parts.resize(1);
    const Outcome outcome = ReadOperand(node.parts.front());
    depth_--;
    return outcome;
  }

  Outcome ReadRelation(FilterNode& node) {
    Outcome outcome = ReadValue(node.left);
    if (outcome != Outcome::kRead) return outcome;
    const std::size_t before = at_;
    outcome = ReadComparison(node.comparison);
    if (outcome == Outcome::kRead) outcome = ReadValue(node.right);
    if (outcome == Outcome::kBroken) return outcome;
    if (outcome == Outcome::kRead) {
      node.kind = FilterNode::Kind::kComparison;
      return outcome;
    }
    at_ = before;
    if (node.left.kind != Operand::Kind::kPath) return Refuse("a literal alone is no test");
    node.kind = FilterNode::Kind::kExistence;
    return Outcome::kRead;
  }

  Outcome ReadComparison(Comparison& comparison) {
    SkipBlanks();
    const std::size_t begin = at_;
    if (IsOperatorChar(Current())) {
      while (IsOperatorChar(Current())) at_++;
    } else {
      while (at_ < text_.size() && Current() != ' ') at_++;
    }
    const auto found = ComparisonNamed(text_.substr(begin, at_ - begin));
    if (!found) return Refuse("unknown operator");
    comparison = *found;
    return Outcome::kRead;
  }

  Outcome ReadValue(Operand& operand) {
    SkipBlanks();
    if (Current() == '!') {
      at_++;
      SkipBlanks();
      if (Current() != '$' && Current() != '@') return Refuse("unexpected '!'");
      operand.must_exist = false;
    }
    switch (Current()) {
      case '$':
      case '@':
        return ReadPath(operand);
      case '\'':
      case '"':
        return ReadString(operand);
      case 't':
        return ReadWord("true", operand, Operand::Kind::kBool);
      case 'f':
        return ReadWord("false", operand, Operand::Kind::kBool);
      case 'n':
        return ReadWord("null", operand, Operand::Kind::kNull);
      case '{':
      case '[':
        return ReadJson(operand);
      case '/':
        return ReadPattern(operand);
      default:
        return ReadNumber(operand);
    }
  }

  // Up to a blank, an operator, or a ')' that closes no empty call.
  Outcome ReadPath(Operand& operand) {
    const std::size_t begin = at_;
    for (at_++; at_ < text_.size(); at_++) {
      if (Current() == '[') {
        const std::size_t close = ClosingBracket(at_);
        if (close == std::string_view::npos) return Break("a ']' is missing");
        at_ = close + 1;  // Jayway sees no bracket in what follows: ['a']['b c'] ends at the blank
      }
      const char c = Current();
      if (c == ' ' || IsOperatorChar(c) || (c == ')' && text_[at_ - 1] != '(')) break;
    }
    if (at_ >= text_.size()) return Break("the text ends too early");
    auto path = ParsePath(text_.substr(begin, at_ - begin), PathPlace::kFilter, depth_);
    if (!path) return Refuse(path.error().message);
    operand.kind = Operand::Kind::kPath;
    operand.path = *path;
    return Outcome::kRead;
  }

  std::size_t ClosingBracket(std::size_t open) const {
    int depth = 0;
    for (std::size_t at = open; at < text_.size(); at++) {
      const char c = text_[at];
      if (c == '\'' || c == '"') {
        at = FindQuote(text_, at);
        if (at == std::string_view::npos) return at;
      } else if (c == text_[open]) {
        depth++;
      } else if (c == (text_[open] == '[' ? ']' : '}') && --depth == 0) {
        return at;
      }
    }
    return std::string_view::npos;
  }

  Outcome ReadString(Operand& operand) {
    const std::size_t end = FindQuote(text_, at_);
    if (end == std::string_view::npos) return Refuse("a string is not closed");
    auto text = UnescapeJava(text_.substr(at_ + 1, end - at_ - 1));
    if (!text) return Break("a string has an invalid escape");
    at_ = end + 1;
    operand.kind = Operand::Kind::kString;
    operand.text = std::move(*text);
    return Outcome::kRead;
  }

  Outcome ReadWord(std::string_view word, Operand& operand, Operand::Kind kind) {
    if (!Take(word)) return Refuse("expected " + std::string(word));
    operand.kind = kind;
    operand.boolean = word == "true";
    return Outcome::kRead;
  }

  // A JSON array or object; strings in it may stand in single quotes.
  Outcome ReadJson(Operand& operand) {
    const std::size_t end = ClosingBracket(at_);
    if (end == std::string_view::npos) return Refuse("a bracket is not closed");
    std::string text(text_.substr(at_, end + 1 - at_));
    std::replace(text.begin(), text.end(), '\'', '"');
    const auto parsed = ParseJson(text);
    if (!parsed) return Break(parsed.error().message);
    at_ = end + 1;
    operand.kind = Operand::Kind::kJson;
    operand.json = **parsed;
    return Outcome::kRead;
  }

  Outcome ReadPattern(Operand& operand) {
    const std::size_t end = FindQuote(text_, at_);
    if (end == std::string_view::npos) return Refuse("a pattern is not closed");
    const std::string_view source = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    const std::size_t flags = at_;
    while (std::string_view("dixmsuU").find(Current()) != std::string_view::npos) at_++;
    auto pattern = Pattern::Compile(source, text_.substr(flags, at_ - flags));
    if (!pattern) return Break(pattern.error().message);
    operand.kind = Operand::Kind::kPattern;
    operand.pattern = std::make_shared<const Pattern>(*std::move(pattern));
    return Outcome::kRead;
  }

  Outcome ReadNumber(Operand& operand) {
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           std::string_view("0123456789-.eE").find(Current()) != std::string_view::npos) {
      at_++;
    }
    const std::string_view number = text_.substr(begin, at_ - begin);
    auto text = DecimalText(number);
    if (!text) return Break("expected a value");
    operand.kind = Operand::Kind::kNumber;
    std::from_chars(number.data(), number.data() + number.size(), operand.number);
    operand.text = std::move(*text);
    return Outcome::kRead;
  }

  std::string_view text_;
  int depth_;
  std::size_t at_ = 0;
  std::string problem_;
};

bool TakeDigits(std::string_view text, std::size_t& at, std::string& digits) {
  const std::size_t begin = at;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') digits += text[at++];
  return at > begin;
}

}  // namespace

std::optional<std::string> DecimalText(std::string_view text) {
  std::size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) at++;
  std::string digits;
  bool any = TakeDigits(text, at, digits);
  long scale = 0;
  if (at < text.size() && text[at] == '.') {
    const std::size_t whole = digits.size();
    any = TakeDigits(text, ++at, digits) || any;
    scale = static_cast<long>(digits.size() - whole);
  }
  if (!any) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    int exponent = 0;
    if (++at < text.size() && text[at] == '+') at++;
    const auto end = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
    if (end.ec != std::errc()) return std::nullopt;
    at = static_cast<std::size_t>(end.ptr - text.data());
    scale -= exponent;
  }
  if (at != text.size()) return std::nullopt;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  const long count = static_cast<long>(digits.size());
  const long adjusted = count - 1 - scale;
  if (scale > 0 && adjusted >= -6) {
    if (count <= scale) digits.insert(0, static_cast<std::size_t>(scale - count + 1), '0');
    digits.insert(digits.size() - static_cast<std::size_t>(scale), 1, '.');
  } else if (scale != 0) {
    if (count > 1) digits.insert(1, 1, '.');
    digits += adjusted < 0 ? "E" : "E+";
    digits += std::to_string(adjusted);
  }
  const bool zero = digits.find_first_of("123456789") == std::string::npos;
  return negative && !zero ? "-" + digits : digits;
}

Result<std::shared_ptr<const FilterNode>> ParseFilter(std::string_view text, int depth) {
  return FilterParser(text, depth).Parse();
}

}  // namespace towline::jsonpath
