#include "statemachines/asl/comparisons.h"

namespace towline::asl {

const std::vector<Comparison>& Comparisons() {
  using Op = Condition::Op;
  using enum ValueType;
  static const std::vector<Comparison> all = {
      {"StringEquals", Op::kStringEquals, kString},
      {"StringEqualsPath", Op::kStringEquals, kString, true},
      {"StringLessThan", Op::kStringLessThan, kString},
      {"StringLessThanPath", Op::kStringLessThan, kString, true},
      {"StringGreaterThan", Op::kStringGreaterThan, kString},
      {"StringGreaterThanPath", Op::kStringGreaterThan, kString, true},
      {"StringLessThanEquals", Op::kStringLessThanEquals, kString},
      {"StringLessThanEqualsPath", Op::kStringLessThanEquals, kString, true},
      {"StringGreaterThanEquals", Op::kStringGreaterThanEquals, kString},
      {"StringGreaterThanEqualsPath", Op::kStringGreaterThanEquals, kString, true},
      {"StringMatches", Op::kStringMatches, kString},
      {"NumericEquals", Op::kNumericEquals, kNumber},
      {"NumericEqualsPath", Op::kNumericEquals, kString, true},
      {"NumericLessThan", Op::kNumericLessThan, kNumber},
      {"NumericLessThanPath", Op::kNumericLessThan, kString, true},
      {"NumericGreaterThan", Op::kNumericGreaterThan, kNumber},
      {"NumericGreaterThanPath", Op::kNumericGreaterThan, kString, true},
      {"NumericLessThanEquals", Op::kNumericLessThanEquals, kNumber},
      {"NumericLessThanEqualsPath", Op::kNumericLessThanEquals, kString, true},
      {"NumericGreaterThanEquals", Op::kNumericGreaterThanEquals, kNumber},
      {"NumericGreaterThanEqualsPath", Op::kNumericGreaterThanEquals, kString, true},
      {"BooleanEquals", Op::kBooleanEquals, kBoolean},
      {"BooleanEqualsPath", Op::kBooleanEquals, kString, true},
      {"TimestampEquals", Op::kTimestampEquals, kString},
      {"TimestampEqualsPath", Op::kTimestampEquals, kString, true},
      {"TimestampLessThan", Op::kTimestampLessThan, kString},
      {"TimestampLessThanPath", Op::kTimestampLessThan, kString, true},
      {"TimestampGreaterThan", Op::kTimestampGreaterThan, kString},
      {"TimestampGreaterThanPath", Op::kTimestampGreaterThan, kString, true},
      {"TimestampLessThanEquals", Op::kTimestampLessThanEquals, kString},
      {"TimestampLessThanEqualsPath", Op::kTimestampLessThanEquals, kString, true},
      {"TimestampGreaterThanEquals", Op::kTimestampGreaterThanEquals, kString},
      {"TimestampGreaterThanEqualsPath", Op::kTimestampGreaterThanEquals, kString, true},
      {"IsNull", Op::kIsNull, kBoolean},
      {"IsPresent", Op::kIsPresent, kBoolean},
      {"IsNumeric", Op::kIsNumeric, kBoolean},
      {"IsString", Op::kIsString, kBoolean},
      {"IsBoolean", Op::kIsBoolean, kBoolean},
      {"IsTimestamp", Op::kIsTimestamp, kBoolean},
  };
  return all;
}

}  // namespace towline::asl
