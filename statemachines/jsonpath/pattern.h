#pragma once

// Regular expressions of filters ("=~ /.../i"), Java's syntax as far as it is regular. Private to
// this room.
//
// Matching simulates all alternatives at once instead of backtracking: its time is bounded by
// pattern times text, whatever the pattern, and it needs no stack. So what only backtracking can do
// (back references, lookaround, possessive quantifiers) is refused when the pattern is compiled.

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "statemachines/base/result.h"

namespace towline::jsonpath {

class Pattern {
 public:
  // `flags` are the letters behind the pattern: i ignores case, s lets "." match line ends, m lets
  // ^ and $ match at them, d knows none but \n.
  static Result<Pattern> Compile(std::string_view source, std::string_view flags);

  // Whether the whole of `text` (UTF-8) matches.
  bool Matches(std::string_view text) const;

  // About how many steps a match against so many bytes takes at most.
  std::size_t Cost(std::size_t bytes) const { return (bytes + 1) * program_.size(); }

  // A set of code points; ranges include both ends.
  struct Set {
    std::vector<std::pair<char32_t, char32_t>> ranges{};
    bool negated = false;
    bool Has(char32_t c) const;
  };
  struct Instruction {
    enum class Op { kSet, kSplit, kJump, kBegin, kEnd, kBoundary, kNotBoundary, kMatch };
    Op op = Op::kMatch;
    std::size_t a = 0;  // the set's place, or the first target
    std::size_t b = 0;  // the second target
  };

 private:
  friend class PatternCompiler;
  struct Position;
  class Threads;
  void Follow(std::size_t start, const Position& position, Threads& threads) const;

  std::vector<Instruction> program_;
  std::vector<Set> sets_;
  bool ignore_case_ = false;
  bool multi_line_ = false;
};

}  // namespace towline::jsonpath
