#pragma once

#include <vector>

#include "statemachines/asl/definition.h"
#include "statemachines/asl/fields.h"

namespace towline::asl {

// One comparison operator of a Choice rule: "NumericLessThan", "NumericLessThanPath", "IsNull", …
struct Comparison {
  std::string_view name;
  Condition::Op op = Condition::Op::kStringEquals;
  ValueType operand = ValueType::kString;  // of the literal; a path for …Path
  bool path = false;
};

// All 39, in the order of the specification.
const std::vector<Comparison>& Comparisons();

}  // namespace towline::asl
