#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "statemachines/base/json.h"

namespace towline::asl {

// Finds the lines of many places in one walk over the source, however many are asked for, and the
// state names that a `States` object gives twice (a parsed document keeps only the last).
//
// Places are compared by a 64-bit hash of their pointer: a collision costs a wrong line number.
class SourcePositions {
 public:
  // Asks for the place that an RFC 6901 pointer names, and for its parents.
  void Want(std::string_view pointer);
  // `text` must have parsed as JSON.
  void Scan(std::string_view text);
  // The place itself or its nearest parent in the text.
  TextPosition Of(std::string_view pointer) const;

  struct RepeatedName {
    std::uint64_t object = 0;  // Hash() of the pointer of the `States` object
    std::string name;
    TextPosition position;
  };
  const std::vector<RepeatedName>& repeated_names() const { return repeated_names_; }
  static std::uint64_t Hash(std::string_view pointer);

 private:
  friend class SourceWalk;
  std::unordered_map<std::uint64_t, TextPosition> positions_;  // line 0: wanted, not seen
  std::vector<RepeatedName> repeated_names_;
};

}  // namespace towline::asl
