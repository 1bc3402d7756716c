#include "statemachines/jsonata/regex_syntax.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "statemachines/jsonata/regex_reader.h"
#include "statemachines/jsonata/unit_set.h"

namespace towline::jsonata {
namespace {

constexpr std::uint32_t kRepetitionsMax = 65535;  // PCRE2's

bool IsNameUnit(char16_t c) {
  return IsRegexLetter(c) || IsRegexDigit(c) || c == u'_' || c == u'$' || c >= 0x80;
}

class Translator {
 public:
  Translator(std::u16string_view pattern, RegexFlags flags)
      : pattern_(pattern), in_(pattern), flags_(flags) {}

  RegexTranslation Run() {
    CountGroups();
    while (in_.problem().empty() && !in_.AtEnd()) Term();
    if (!open_.empty()) in_.Fail("a group is not closed");
    return {std::move(out_), in_.problem()};
  }

 private:
  // What the last term was: only an atom can be repeated.
  enum class Last { kNothing, kAtom };
  struct Quantifier {
    std::uint32_t min = 0;
    std::optional<std::uint32_t> max{};
    std::size_t size = 0;  // units that it takes in the pattern
  };

  void Atom(std::u16string_view text) {
    out_ += text;
    last_ = Last::kAtom;
  }
  void Assertion(std::u16string_view text) {
    out_ += text;
    last_ = Last::kNothing;
  }
  void Class(const UnitSet& set, bool negated) {
    set.Write(out_, negated);
    last_ = Last::kAtom;
  }
  void Literal(char16_t unit) {
    UnitSet set;
    set.Add(unit);
    if (flags_.ignore_case) set.AddCaseVariants();
    Class(set, false);
  }

  // Numbers the groups before anything refers to them: "\2" may stand before its group.
  void CountGroups() {
    bool in_class = false;
    for (std::size_t i = 0; i < pattern_.size(); i++) {
      if (pattern_[i] == u'\\') {
        i++;
      } else if (in_class) {
        in_class = pattern_[i] != u']';
      } else if (pattern_[i] == u'[') {
        in_class = true;
      } else if (pattern_[i] == u'(') {
        CountGroup(pattern_.substr(i + 1));
      }
    }
  }

  void CountGroup(std::u16string_view inside) {
    if (inside.substr(0, 1) != u"?") {
      groups_++;
    } else if (inside.substr(0, 2) == u"?<" && inside.substr(2, 1) != u"=" &&
               inside.substr(2, 1) != u"!") {
      groups_++;
      names_.emplace_back(inside.substr(2, inside.find(u'>') - 2), groups_);
    }
  }

  void Term() {
    const char16_t c = in_.Peek();
    switch (c) {
      case u'|':
        in_.Skip();
        return Assertion(u"|");
      case u'(':
        return OpenGroup();
      case u')':
        return CloseGroup();
      case u'*':
      case u'+':
      case u'?':
      case u'{':
        return Repeat();
      case u'^':
        in_.Skip();
        return LineStart();
      case u'$':
        in_.Skip();
        return LineEnd();
      case u'[':
        return CharacterClass();
      case u'.':
        in_.Skip();
        return Class(UnitSet::LineBreaks(), true);
      case u'\\':
        return Escape();
      default:
        in_.Skip();
        return Literal(c);
    }
  }

  void LineStart() {
    if (!flags_.multiline) return Assertion(u"\\A");
    Assertion(u"(?<!");
    UnitSet::LineBreaks().Write(out_, true);
    out_ += u')';
  }

  void LineEnd() {
    if (!flags_.multiline) return Assertion(u"\\z");
    Assertion(u"(?!");
    UnitSet::LineBreaks().Write(out_, true);
    out_ += u')';
  }

  void OpenGroup() {
    in_.Skip();
    std::u16string_view kind{};
    for (const std::u16string_view known : {u"?:", u"?=", u"?!", u"?<=", u"?<!"}) {
      if (in_.Rest().substr(0, known.size()) == known) kind = known;
    }
    in_.Skip(kind.size());
    if (kind.empty() && in_.Peek() == u'?') {
      if (in_.Peek(1) != u'<') return in_.Fail("a group begins with an unknown \"(?\"");
      in_.Skip(2);
      TakeName();
    }
    out_ += u'(';
    out_ += kind;
    open_.push_back(kind == u"?<=" || kind == u"?<!" ? Last::kNothing : Last::kAtom);
    last_ = Last::kNothing;
  }

  void CloseGroup() {
    in_.Skip();
    if (open_.empty()) return in_.Fail("a \")\" closes nothing");
    out_ += u')';
    last_ = open_.back();
    open_.pop_back();
  }

  // Takes "name>" and returns its group's number, 0 after a problem.
  std::size_t TakeName() {
    std::size_t size = 0;
    while (IsNameUnit(in_.Peek(size))) size++;
    const std::u16string_view name = in_.Rest().substr(0, size);
    if (name.empty() || IsRegexDigit(name[0]) || in_.Peek(size) != u'>') {
      in_.Fail("the name of a group is not valid");
      return 0;
    }
    in_.Skip(size + 1);
    std::size_t number = 0;
    for (const auto& [known, group] : names_) {
      if (known != name) continue;
      if (number != 0) in_.Fail("two groups have one name");
      number = group;
    }
    if (number == 0) in_.Fail("no group has the name that \\k refers to");
    return number;
  }

  // The number `ahead` of the next unit, counted past; of a large one only that it is too large.
  std::optional<std::uint32_t> Number(std::size_t& ahead) const {
    if (!IsRegexDigit(in_.Peek(ahead))) return std::nullopt;
    std::uint32_t number = 0;
    for (; IsRegexDigit(in_.Peek(ahead)); ahead++) {
      number = number * 10 + static_cast<std::uint32_t>(in_.Peek(ahead) - u'0');
      if (number > kRepetitionsMax) number = kRepetitionsMax + 1;
    }
    return number;
  }

  std::optional<Quantifier> QuantifierHere() const {
    if (in_.Peek() == u'*') return Quantifier{0, std::nullopt, 1};
    if (in_.Peek() == u'+') return Quantifier{1, std::nullopt, 1};
    if (in_.Peek() == u'?') return Quantifier{0, 1, 1};
    std::size_t size = 1;
    const auto min = Number(size);
    if (!min) return std::nullopt;
    std::optional<std::uint32_t> max = min;
    if (in_.Peek(size) == u',') {
      size++;
      max = Number(size);
    }
    if (in_.Peek(size) != u'}') return std::nullopt;
    return Quantifier{*min, max, size + 1};
  }

  void Repeat() {
    const auto quantifier = QuantifierHere();
    if (!quantifier) {  // Only a "{" may stand for itself.
      in_.Skip();
      return Literal(u'{');
    }
    if (last_ != Last::kAtom) return in_.Fail("there is nothing to repeat before a quantifier");
    const auto max = quantifier->max;
    if (max && *max < quantifier->min) return in_.Fail("the numbers in {} are out of order");
    if (quantifier->min > kRepetitionsMax) return in_.Fail("a repetition is above 65535");
    in_.Skip(quantifier->size);
    std::string text = "{" + std::to_string(quantifier->min);
    if (!max || *max > kRepetitionsMax) {
      text += ',';
    } else if (*max != quantifier->min) {
      text += ',' + std::to_string(*max);
    }
    text += '}';
    out_.append(text.begin(), text.end());
    if (in_.Peek() == u'?') {
      in_.Skip();
      out_ += u'?';
    }
    last_ = Last::kNothing;
  }

  void Escape() {
    in_.Skip();
    if (in_.AtEnd()) return in_.Fail("it ends in a backslash");
    const char16_t c = in_.Peek();
    if (c == u'b' || c == u'B') {
      in_.Skip();
      return Assertion(c == u'b' ? u"\\b" : u"\\B");
    }
    UnitSet set;
    if (in_.TakeSetEscape(set)) return Class(set, false);
    if (c == u'k' && !names_.empty()) {
      in_.Skip();
      if (in_.Peek() != u'<') return in_.Fail("\\k needs the name of a group in <>");
      in_.Skip();
      return BackReference(TakeName());
    }
    if (c >= u'1' && c <= u'9') {
      std::size_t size = 0;
      const std::size_t number = *Number(size);
      if (number <= groups_) {
        in_.Skip(size);
        return BackReference(number);
      }
    }
    Literal(in_.TakeUnitEscape(false));
  }

  void BackReference(std::size_t number) {
    const std::string digits = std::to_string(number);
    out_ += flags_.ignore_case ? u"(?i:\\g{" : u"(?:\\g{";
    out_.append(digits.begin(), digits.end());
    Atom(u"})");
  }

  void CharacterClass() {
    const RegexReader::Class found = in_.TakeClass(flags_.ignore_case);
    Class(found.set, found.negated);
  }

  const std::u16string_view pattern_;
  RegexReader in_;
  const RegexFlags flags_;
  std::size_t groups_ = 0;
  std::vector<std::pair<std::u16string, std::size_t>> names_;
  std::vector<Last> open_;  // what each open group will be once it is closed
  Last last_ = Last::kNothing;
  std::u16string out_;
};

}  // namespace

RegexTranslation TranslateRegex(std::u16string_view pattern, RegexFlags flags) {
  return Translator(pattern, flags).Run();
}

}  // namespace towline::jsonata
