#include <algorithm>
#include <charconv>
#include <string>

#include "statemachines/jsonpath/pattern.h"
#include "statemachines/jsonpath/text.h"

namespace towline::jsonpath {
namespace {

using Op = Pattern::Instruction::Op;
using Set = Pattern::Set;

constexpr std::size_t kProgramMax = 2000;
constexpr int kGroupDepthMax = 50;
constexpr int kRepeatMax = 1000;

Set ShorthandSet(char letter) {
  switch (letter) {
    case 'd':
      return {.ranges = {{'0', '9'}}};
    case 'w':
      return {.ranges = {{'a', 'z'}, {'A', 'Z'}, {'0', '9'}, {'_', '_'}}};
    case 's':
      return {.ranges = {{'\t', '\r'}, {' ', ' '}}};
    default:
      return {};
  }
}

// All line terminators of Java, or fewer: what "." leaves out.
Set DotSet(std::string_view flags) {
  if (flags.find('s') != std::string_view::npos) return {.negated = true};
  constexpr std::pair<char32_t, char32_t> kNewline{'\n', '\n'};
  if (flags.find('d') != std::string_view::npos) return {.ranges = {kNewline}, .negated = true};
  return {.ranges = {kNewline, {'\r', '\r'}, {0x85, 0x85}, {0x2028, 0x2029}}, .negated = true};
}

struct Node {
  enum class Kind { kEmpty, kSet, kAssertion, kSequence, kChoice, kRepeat };
  Kind kind = Kind::kEmpty;
  Set set{};
  Op assertion = Op::kBegin;
  std::vector<Node> parts{};
  int min = 0;
  int max = -1;  // -1: without end
};

}  // namespace

// Recursive descent to a tree, then a walk that emits the program.
class PatternCompiler {
 public:
  PatternCompiler(std::string_view source, std::string_view flags)
      : source_(source), flags_(flags) {}

  Result<Pattern> Run() {
    bool ignore_case = Flagged('i');
    const std::size_t unknown = flags_.find_first_not_of("isdm");
    if (unknown != std::string_view::npos) {
      const std::string flag(1, flags_[unknown]);
      return Error{.message = "the flag '" + flag + "' of the pattern /" + std::string(source_) +
                              "/ is none of i, s, m, d"};
    }
    if (source_.substr(0, 4) == "(?i)") {
      ignore_case = true;
      at_ = 4;
    }
    Node root;
    const bool read = ReadChoice(root) && (at_ == source_.size() || Fail("unexpected ')'"));
    if (read && Emit(root) && Add({.op = Op::kMatch})) {
      pattern_.ignore_case_ = ignore_case;
      pattern_.multi_line_ = Flagged('m');
      return std::move(pattern_);
    }
    return Error{.message = "the pattern /" + std::string(source_) + "/ is invalid: " + problem_};
  }

 private:
  bool Fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool Flagged(char flag) const { return flags_.find(flag) != std::string_view::npos; }
  bool AtEnd() const { return at_ >= source_.size(); }
  char Peek() const { return AtEnd() ? '\0' : source_[at_]; }
  bool Take(std::string_view token) {
    if (source_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  bool ReadChoice(Node& node) {
    if (++depth_ > kGroupDepthMax) return Fail("its groups are nested too deeply");
    node.kind = Node::Kind::kChoice;
    do {
      Node part{.kind = Node::Kind::kSequence};
      while (!AtEnd() && Peek() != '|' && Peek() != ')') {
        part.parts.emplace_back();
        if (!ReadRepeat(part.parts.back())) return false;
      }
      node.parts.push_back(std::move(part));
    } while (Take("|"));
    depth_--;
    return true;
  }

  bool ReadRepeat(Node& node) {
    Node atom;
    if (!ReadAtom(atom)) return false;
    int min = 1;
    int max = 1;
    if (Take("*")) {
      min = 0, max = -1;
    } else if (Take("+")) {
      max = -1;
    } else if (Take("?")) {
      min = 0;
    } else if (Peek() == '{') {
      if (!ReadBounds(min, max)) return false;
    } else {
      node = std::move(atom);
      return true;
    }
    if (Peek() == '+') return Fail("possessive quantifiers are not supported");
    Take("?");  // lazy or greedy: for a match of the whole text it is the same
    if (Peek() == '*' || Peek() == '+' || Peek() == '?')
      return Fail("a quantifier repeats nothing");
    node.kind = Node::Kind::kRepeat;
    node.min = min;
    node.max = max;
    node.parts.push_back(std::move(atom));
    return true;
  }

  bool ReadCount(int& count) {
    const auto end = std::from_chars(source_.data() + at_, source_.data() + source_.size(), count);
    if (end.ec != std::errc() || count < 0 || count > kRepeatMax) return Fail("a bad {count}");
    at_ = static_cast<std::size_t>(end.ptr - source_.data());
    return true;
  }

  bool ReadBounds(int& min, int& max) {
    Take("{");
    if (!ReadCount(min)) return false;
    max = min;
    if (Take(",")) {
      max = -1;
      if (Peek() != '}' && !ReadCount(max)) return false;
    }
    if (!Take("}") || (max >= 0 && max < min)) return Fail("a bad {count}");
    return true;
  }

  bool ReadAtom(Node& node) {
    node.kind = Node::Kind::kSet;
    switch (Peek()) {
      case '(':
        return ReadGroup(node);
      case '[':
        return ReadClass(node.set);
      case '\\':
        return ReadEscape(node);
      case '*':
      case '+':
      case '?':
      case '{':
        return Fail("a quantifier repeats nothing");
      case '.':
        at_++;
        node.set = DotSet(flags_);
        return true;
      case '^':
      case '$':
        node.kind = Node::Kind::kAssertion;
        node.assertion = Peek() == '^' ? Op::kBegin : Op::kEnd;
        at_++;
        return true;
      default: {
        const char32_t c = TakeCodePoint(source_, at_);
        node.set.ranges = {{c, c}};
        return true;
      }
    }
  }

  bool ReadGroup(Node& node) {
    Take("(");
    if (Take("?")) {
      const bool named =
          Peek() == '<' && source_.substr(at_, 2) != "<=" && source_.substr(at_, 2) != "<!";
      if (named) {
        const std::size_t end = source_.find('>', at_);
        if (end == std::string_view::npos) return Fail("a group's name is not closed");
        at_ = end + 1;
      } else if (!Take(":")) {
        return Fail("lookaround and inline flags are not supported");
      }
    }
    if (!ReadChoice(node)) return false;
    return Take(")") || Fail("a ')' is missing");
  }

  bool ReadHex(std::size_t digits, char32_t& code) {
    std::uint32_t number = 0;
    const char* begin = source_.data() + at_;
    if (at_ + digits > source_.size()) return Fail("a truncated escape");
    const auto end = std::from_chars(begin, begin + digits, number, 16);
    if (end.ec != std::errc() || end.ptr != begin + digits) return Fail("a bad hexadecimal escape");
    at_ += digits;
    code = number;
    return true;
  }

  // After the backslash: a set such as \d, or one character.
  bool ReadEscapedSet(Set& set) {
    const char c = Peek();
    const char lower = static_cast<char>(c | 0x20);
    if (lower == 'd' || lower == 'w' || lower == 's') {
      at_++;
      set = ShorthandSet(lower);
      set.negated = c != lower;
      return true;
    }
    char32_t code = 0;
    static constexpr std::string_view kNames = "tnrfae";
    static constexpr std::string_view kCodes = "\t\n\r\f\a\x1b";
    const bool letter = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
    if (Take("x")) {
      if (!ReadHex(2, code)) return false;
    } else if (Take("u")) {
      if (!ReadHex(4, code)) return false;
    } else if (const std::size_t at = kNames.find(c); c != '\0' && at != std::string_view::npos) {
      at_++;
      code = static_cast<unsigned char>(kCodes[at]);
    } else if (letter || AtEnd()) {
      return Fail(std::string("the escape \\") + c + " is not supported");
    } else {
      code = TakeCodePoint(source_, at_);
    }
    set.ranges = {{code, code}};
    return true;
  }

  bool ReadEscape(Node& node) {
    Take("\\");
    if (Peek() == 'b' || Peek() == 'B') {
      node.kind = Node::Kind::kAssertion;
      node.assertion = Peek() == 'b' ? Op::kBoundary : Op::kNotBoundary;
      at_++;
      return true;
    }
    return ReadEscapedSet(node.set);
  }

  bool ReadClassMember(Set& set) {
    if (Take("\\")) return ReadEscapedSet(set);
    if (Peek() == '[' || source_.substr(at_, 2) == "&&") {
      return Fail("classes within classes are not supported");
    }
    const char32_t c = TakeCodePoint(source_, at_);
    set.ranges = {{c, c}};
    return true;
  }

  bool ReadClass(Set& set) {
    Take("[");
    set.negated = Take("^");
    do {
      if (AtEnd()) return Fail("a ']' is missing");
      Set member;
      if (!ReadClassMember(member)) return false;
      if (member.negated) return Fail("negated sets within a class are not supported");
      const bool single =
          member.ranges.size() == 1 && member.ranges[0].first == member.ranges[0].second;
      if (single && Peek() == '-' && at_ + 1 < source_.size() && source_[at_ + 1] != ']') {
        Take("-");
        Set last;
        if (!ReadClassMember(last)) return false;
        if (last.ranges.size() != 1 || last.ranges[0].first < member.ranges[0].first) {
          return Fail("a range of a class is empty");
        }
        member.ranges[0].second = last.ranges[0].first;
      }
      set.ranges.insert(set.ranges.end(), member.ranges.begin(), member.ranges.end());
    } while (Peek() != ']');
    return Take("]");
  }

  bool Add(Pattern::Instruction instruction) {
    if (pattern_.program_.size() >= kProgramMax) return Fail("it is too large");
    pattern_.program_.push_back(instruction);
    return true;
  }

  bool Emit(const Node& node) {
    auto& program = pattern_.program_;
    switch (node.kind) {
      case Node::Kind::kEmpty:
        return true;
      case Node::Kind::kAssertion:
        return Add({.op = node.assertion});
      case Node::Kind::kSet:
        pattern_.sets_.push_back(node.set);
        return Add({.op = Op::kSet, .a = pattern_.sets_.size() - 1});
      case Node::Kind::kSequence:
        return std::all_of(node.parts.begin(), node.parts.end(),
                           [this](const Node& part) { return Emit(part); });
      case Node::Kind::kChoice: {
        std::vector<std::size_t> jumps;
        for (std::size_t i = 0; i < node.parts.size(); i++) {
          const bool last = i + 1 == node.parts.size();
          const std::size_t split = program.size();
          if (!last && !Add({.op = Op::kSplit, .a = split + 1})) return false;
          if (!Emit(node.parts[i])) return false;
          if (last) break;
          jumps.push_back(program.size());
          if (!Add({.op = Op::kJump})) return false;
          program[split].b = program.size();
        }
        for (const std::size_t jump : jumps) program[jump].a = program.size();
        return true;
      }
      case Node::Kind::kRepeat:
        return EmitRepeat(node);
    }
    return true;
  }

  bool EmitRepeat(const Node& node) {
    auto& program = pattern_.program_;
    const Node& part = node.parts.front();
    for (int i = 0; i < node.min; i++) {
      if (!Emit(part)) return false;
    }
    if (node.max < 0) {
      const std::size_t split = program.size();
      if (!Add({.op = Op::kSplit, .a = split + 1}) || !Emit(part)) return false;
      if (!Add({.op = Op::kJump, .a = split})) return false;
      program[split].b = program.size();
      return true;
    }
    std::vector<std::size_t> splits;
    for (int i = node.min; i < node.max; i++) {
      splits.push_back(program.size());
      if (!Add({.op = Op::kSplit, .a = program.size() + 1}) || !Emit(part)) return false;
    }
    for (const std::size_t split : splits) program[split].b = program.size();
    return true;
  }

  std::string_view source_;
  std::string_view flags_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string problem_;
  Pattern pattern_;
};

Result<Pattern> Pattern::Compile(std::string_view source, std::string_view flags) {
  return PatternCompiler(source, flags).Run();
}

}  // namespace towline::jsonpath
