#pragma once

#include <cstddef>

#include "statemachines/base/json.h"
#include "statemachines/jsonpath/path.h"

namespace towline::jsonpath {

// What one evaluation may make out of its input. Far above any payload limit, so that a limit of
// the interpreter speaks first; without it "States.Array($, $, ...)" could fill the memory.
inline constexpr std::size_t kMadeBytesMax = 32U << 20U;

// Adds up the copies that an evaluation makes.
class Allowance {
 public:
  // Charges a copy of `value` that will lie below `depth` levels of nesting. False: too much in
  // all, or nested deeper than a JSON text may be.
  bool Take(const json::value& value, std::size_t depth = 0);
  bool TakeBytes(std::size_t bytes);
  EvalError error() const;  // after a false

 private:
  std::size_t left_ = kMadeBytesMax;
  bool too_deep_ = false;
};

}  // namespace towline::jsonpath
