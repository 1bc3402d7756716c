#pragma once

// Sets of UTF-16 units, as character classes of regular expressions denote them. Private to this
// room.

#include <string>
#include <vector>

namespace towline::jsonata {

class UnitSet {
 public:
  void Add(char16_t unit) { Add(unit, unit); }
  void Add(char16_t first, char16_t last) { ranges_.push_back({first, last}); }  // both included
  void Add(const UnitSet& other);
  // Adds what equals a unit of the set when JavaScript ignores case: the units with the same
  // capital letter, but none beyond ASCII for one of ASCII.
  void AddCaseVariants();

  bool Has(char16_t unit) const;

  // Appends the set, or its complement, in PCRE2's syntax.
  void Write(std::u16string& pattern, bool negated) const;

  static UnitSet Digits();          // \d
  static UnitSet WordCharacters();  // \w
  static UnitSet Spaces();          // \s
  static UnitSet LineBreaks();
  UnitSet Complement() const;

 private:
  struct Range {
    char16_t first = 0;
    char16_t last = 0;
  };
  std::vector<Range> ranges_;
};

}  // namespace towline::jsonata
