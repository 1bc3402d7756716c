#include "statemachines/jsonata/regex_reader.h"

#include <utility>

namespace towline::jsonata {
namespace {

bool IsOctal(char16_t c) { return c >= u'0' && c <= u'7'; }

int HexValue(char16_t c) {
  if (IsRegexDigit(c)) return c - u'0';
  if (c >= u'a' && c <= u'f') return c - u'a' + 10;
  if (c >= u'A' && c <= u'F') return c - u'A' + 10;
  return -1;
}

}  // namespace

bool IsRegexDigit(char16_t c) { return c >= u'0' && c <= u'9'; }
bool IsRegexLetter(char16_t c) { return (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z'); }

void RegexReader::Fail(std::string why) {
  if (problem_.empty()) problem_ = std::move(why);
}

bool RegexReader::TakeSetEscape(UnitSet& set) {
  const char16_t c = Peek();
  UnitSet named;
  if (c == u'd' || c == u'D') {
    named = UnitSet::Digits();
  } else if (c == u's' || c == u'S') {
    named = UnitSet::Spaces();
  } else if (c == u'w' || c == u'W') {
    named = UnitSet::WordCharacters();
  } else {
    return false;
  }
  Skip();
  set.Add(c >= u'a' ? named : named.Complement());
  return true;
}

char16_t RegexReader::TakeUnitEscape(bool in_class) {
  const char16_t c = in_[at_++];
  switch (c) {
    case u'f':
      return u'\f';
    case u'n':
      return u'\n';
    case u'r':
      return u'\r';
    case u't':
      return u'\t';
    case u'v':
      return u'\v';
    case u'x':
      return TakeHexadecimal(2).value_or(c);
    case u'u':
      return TakeHexadecimal(4).value_or(c);
    case u'c':
      if (IsRegexLetter(Peek()) || (in_class && (IsRegexDigit(Peek()) || Peek() == u'_'))) {
        return static_cast<char16_t>(in_[at_++] % 32);
      }
      at_--;  // the backslash stands for itself, and so does the c
      return u'\\';
    default:
      return IsOctal(c) ? TakeOctal(c) : c;
  }
}

std::optional<char16_t> RegexReader::TakeHexadecimal(std::size_t digits) {
  unsigned value = 0;
  for (std::size_t i = 0; i < digits; i++) {
    const int digit = HexValue(Peek(i));
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  Skip(digits);
  return static_cast<char16_t>(value);
}

// At most \377.
char16_t RegexReader::TakeOctal(char16_t first) {
  auto value = static_cast<unsigned>(first - u'0');
  for (int i = 0; i < (first <= u'3' ? 2 : 1) && IsOctal(Peek()); i++) {
    value = value * 8 + static_cast<unsigned>(in_[at_++] - u'0');
  }
  return static_cast<char16_t>(value);
}

RegexReader::Class RegexReader::TakeClass(bool ignore_case) {
  Skip();
  Class found;
  found.negated = Peek() == u'^';
  if (found.negated) Skip();
  UnitSet escapes;  // \d and the like are not subject to case
  while (!AtEnd() && Peek() != u']') TakeRange(found.set, escapes);
  if (AtEnd()) Fail("a \"[\" is not closed");
  Skip();
  if (ignore_case) found.set.AddCaseVariants();
  found.set.Add(escapes);
  return found;
}

void RegexReader::TakeRange(UnitSet& set, UnitSet& escapes) {
  const std::optional<char16_t> first = TakeClassUnit(escapes);
  if (Peek() != u'-' || !Has(1) || Peek(1) == u']') {
    if (first) set.Add(*first);
    return;
  }
  Skip();
  const std::optional<char16_t> last = TakeClassUnit(escapes);
  if (first && last) {
    if (*first > *last) return Fail("a range in [] is out of order");
    return set.Add(*first, *last);
  }
  set.Add(u'-');
  if (first) set.Add(*first);
  if (last) set.Add(*last);
}

// One unit of a class; nothing if it was an escape for a set, which goes to `escapes`.
std::optional<char16_t> RegexReader::TakeClassUnit(UnitSet& escapes) {
  const char16_t c = in_[at_++];
  if (c != u'\\') return c;
  if (AtEnd()) {
    Fail("it ends in a backslash");
    return std::nullopt;
  }
  if (TakeSetEscape(escapes)) return std::nullopt;
  if (Peek() == u'b') {
    Skip();
    return u'\b';
  }
  return TakeUnitEscape(true);
}

}  // namespace towline::jsonata
