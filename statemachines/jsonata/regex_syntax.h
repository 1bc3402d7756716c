#pragma once

// Regular expressions of JavaScript (without its flags u and v) in PCRE2's syntax: each construct
// in a form that means there what it means here. Private to this room.
//
// Both sides work on UTF-16 units: JavaScript's "." is one unit, and its indexes count units. Case
// is ignored by classes that list the variants, so that PCRE2's own rules do not matter.
//
// What PCRE2 10 cannot do: it refuses a lookbehind of variable length, and a group inside a
// repetition keeps what it matched in an earlier round.

#include <string>
#include <string_view>

namespace towline::jsonata {

struct RegexFlags {
  bool ignore_case = false;  // i
  bool multiline = false;    // m: ^ and $ match at line breaks too
};

struct RegexTranslation {
  std::u16string pattern{};
  std::string problem{};  // why the pattern is not valid; empty if it is
};

RegexTranslation TranslateRegex(std::u16string_view pattern, RegexFlags flags);

}  // namespace towline::jsonata
