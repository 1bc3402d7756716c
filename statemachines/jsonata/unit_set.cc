#include "statemachines/jsonata/unit_set.h"

#include <unicode/uchar.h>
#include <unicode/uset.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "statemachines/base/check.h"

namespace towline::jsonata {
namespace {

constexpr char32_t kUnits = 0x10000;
constexpr char32_t kAsciiEnd = 0x80;

struct CloseSet {
  void operator()(USet* set) const { uset_close(set); }
};

// The capital letter by which units are compared; itself if there is none, or none of one unit.
char16_t Canonical(char16_t unit) {
  char16_t upper[4];
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t size = u_strToUpper(upper, 4, &unit, 1, "", &status);
  if (U_FAILURE(status) || size != 1) return unit;
  return unit >= kAsciiEnd && upper[0] < kAsciiEnd ? unit : upper[0];
}

// Units other than `unit` with the same capital letter.
std::vector<char16_t> VariantsOf(char16_t unit) {
  std::vector<char16_t> variants;
  if (u_hasBinaryProperty(unit, UCHAR_CASE_SENSITIVE) == 0 &&
      u_hasBinaryProperty(unit, UCHAR_CHANGES_WHEN_CASEMAPPED) == 0) {
    return variants;
  }
  const std::unique_ptr<USet, CloseSet> set(uset_openEmpty());
  uset_add(set.get(), unit);
  uset_closeOver(set.get(), USET_CASE_INSENSITIVE);
  const char16_t wanted = Canonical(unit);
  for (std::int32_t i = 0; i < uset_size(set.get()); i++) {
    const UChar32 code = uset_charAt(set.get(), i);  // strings of several characters give -1
    if (code < 0 || code >= static_cast<UChar32>(kUnits)) continue;
    const auto other = static_cast<char16_t>(code);
    if (other != unit && Canonical(other) == wanted) variants.push_back(other);
  }
  return variants;
}

void WriteUnit(std::u16string& pattern, char16_t unit) {
  constexpr std::string_view kHex = "0123456789abcdef";
  pattern += u"\\x{";
  for (unsigned shift = 16; shift > 0;) {
    shift -= 4;
    pattern += static_cast<char16_t>(kHex[(unit >> shift) & 15U]);
  }
  pattern += u'}';
}

}  // namespace

void UnitSet::Add(const UnitSet& other) {
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
}

void UnitSet::AddCaseVariants() {
  const std::vector<Range> given = ranges_;
  for (const Range& range : given) {
    for (char32_t unit = range.first; unit <= range.last; unit++) {
      for (const char16_t variant : VariantsOf(static_cast<char16_t>(unit))) Add(variant);
    }
  }
}

bool UnitSet::Has(char16_t unit) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [unit](const Range& range) {
    return range.first <= unit && unit <= range.last;
  });
}

void UnitSet::Write(std::u16string& pattern, bool negated) const {
  if (ranges_.empty()) {
    pattern += negated ? u"[\\x{0000}-\\x{ffff}]" : u"(?!)";
    return;
  }
  pattern += negated ? u"[^" : u"[";
  for (const Range& range : ranges_) {
    WriteUnit(pattern, range.first);
    if (range.last == range.first) continue;
    pattern += u'-';
    WriteUnit(pattern, range.last);
  }
  pattern += u']';
}

UnitSet UnitSet::Complement() const {
  std::vector<Range> sorted = ranges_;
  std::sort(sorted.begin(), sorted.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  UnitSet complement;
  char32_t next = 0;
  for (const Range& range : sorted) {
    if (range.first > next) {
      complement.Add(static_cast<char16_t>(next), static_cast<char16_t>(range.first - 1));
    }
    next = std::max<char32_t>(next, range.last + 1U);
  }
  if (next < kUnits) complement.Add(static_cast<char16_t>(next), 0xFFFF);
  return complement;
}

UnitSet UnitSet::Digits() {
  UnitSet set;
  set.Add(u'0', u'9');
  return set;
}

UnitSet UnitSet::WordCharacters() {
  UnitSet set = Digits();
  set.Add(u'A', u'Z');
  set.Add(u'a', u'z');
  set.Add(u'_');
  return set;
}

UnitSet UnitSet::Spaces() {
  UnitSet set;
  set.Add(u'\t', u'\r');
  set.Add(0x2000, 0x200A);
  set.Add(0x2028, 0x2029);
  constexpr char16_t kSingle[] = {0x20, 0xA0, 0x1680, 0x202F, 0x205F, 0x3000, 0xFEFF};
  for (const char16_t space : kSingle) set.Add(space);
  return set;
}

UnitSet UnitSet::LineBreaks() {
  UnitSet set;
  set.Add(u'\n');
  set.Add(u'\r');
  set.Add(0x2028, 0x2029);
  return set;
}

}  // namespace towline::jsonata
