#pragma once

// Reads those parts of a JavaScript regular expression that denote single units: escapes and
// character classes. Private to this room.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "statemachines/jsonata/unit_set.h"

namespace towline::jsonata {

class RegexReader {
 public:
  explicit RegexReader(std::u16string_view pattern) : in_(pattern) {}

  bool AtEnd() const { return !Has(); }
  // The unit `ahead` of the next one; U+0000 beyond the end.
  char16_t Peek(std::size_t ahead = 0) const { return Has(ahead) ? in_[at_ + ahead] : u'\0'; }
  std::u16string_view Rest() const { return in_.substr(at_); }
  void Skip(std::size_t units = 1) { at_ += units; }

  // The first problem counts.
  void Fail(std::string why);
  const std::string& problem() const { return problem_; }

  struct Class {
    UnitSet set{};
    bool negated = false;
  };
  // Takes "[...]", the bracket being next; the set holds the case variants if case is ignored.
  Class TakeClass(bool ignore_case);

  // The backslash is taken, and there is a next unit. TakeSetEscape takes d D s S w W, if one is
  // next, and adds its units; TakeUnitEscape takes any other and says which unit it stands for.
  bool TakeSetEscape(UnitSet& set);
  char16_t TakeUnitEscape(bool in_class);

 private:
  bool Has(std::size_t ahead = 0) const { return at_ + ahead < in_.size(); }
  void TakeRange(UnitSet& set, UnitSet& escapes);
  std::optional<char16_t> TakeClassUnit(UnitSet& escapes);
  std::optional<char16_t> TakeHexadecimal(std::size_t digits);
  char16_t TakeOctal(char16_t first);

  const std::u16string_view in_;
  std::size_t at_ = 0;
  std::string problem_;
};

bool IsRegexDigit(char16_t c);
bool IsRegexLetter(char16_t c);

}  // namespace towline::jsonata
