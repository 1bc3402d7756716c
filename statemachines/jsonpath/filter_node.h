#pragma once

// The compiled form of a filter. Private to this room.

#include <memory>
#include <string>
#include <vector>

#include "statemachines/jsonpath/path_node.h"
#include "statemachines/jsonpath/pattern.h"

namespace towline::jsonpath {

// One side of a comparison, as written.
struct Operand {
  enum class Kind { kPath, kNull, kBool, kNumber, kString, kJson, kPattern };
  Kind kind = Kind::kNull;
  std::shared_ptr<const PathNode> path{};
  bool must_exist = true;  // false: "!" stands before the path
  bool boolean = false;
  double number = 0;
  std::string text{};  // the string, or the number as Java's BigDecimal prints it
  json::value json{};
  std::shared_ptr<const Pattern> pattern{};
};

enum class Comparison {
  kExists,
  kEqual,
  kNotEqual,
  kSameTypeEqual,
  kSameTypeNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kMatches,
  kIn,
  kNotIn,
  kContains,
  kAll,
  kSize,
  kEmpty,
  kSubsetOf,
  kAnyOf,
  kNoneOf,
};

struct FilterNode {
  enum class Kind { kOr, kAnd, kNot, kExistence, kComparison };
  Kind kind = Kind::kExistence;
  std::vector<FilterNode> parts{};  // kOr, kAnd, kNot
  Operand left{};
  Comparison comparison = Comparison::kExists;
  Operand right{};
};

// How BigDecimal prints the number that `text` writes; nothing if it is no number.
std::optional<std::string> DecimalText(std::string_view text);

}  // namespace towline::jsonpath
