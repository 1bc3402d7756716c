#include "statemachines/interpreter/conditions.h"

#include <algorithm>
#include <compare>
#include <vector>

#include "statemachines/base/text.h"

namespace towline::interpreter {
namespace {

using Op = asl::Condition::Op;

// Which relation an operator asks for, apart from the type it works on.
enum class Relation { kEquals, kLess, kGreater, kLessEquals, kGreaterEquals };

Relation RelationOf(Op op) {
  switch (op) {
    case Op::kStringLessThan:
    case Op::kNumericLessThan:
    case Op::kTimestampLessThan: return Relation::kLess;
    case Op::kStringGreaterThan:
    case Op::kNumericGreaterThan:
    case Op::kTimestampGreaterThan: return Relation::kGreater;
    case Op::kStringLessThanEquals:
    case Op::kNumericLessThanEquals:
    case Op::kTimestampLessThanEquals: return Relation::kLessEquals;
    case Op::kStringGreaterThanEquals:
    case Op::kNumericGreaterThanEquals:
    case Op::kTimestampGreaterThanEquals: return Relation::kGreaterEquals;
    default: return Relation::kEquals;
  }
}

bool Holds(Relation relation, std::partial_ordering order) {
  // NOLINTBEGIN(modernize-use-nullptr): an ordering is compared with 0
  switch (relation) {
    case Relation::kEquals: return order == 0;
    case Relation::kLess: return order < 0;
    case Relation::kGreater: return order > 0;
    case Relation::kLessEquals: return order <= 0;
    case Relation::kGreaterEquals: return order >= 0;
  }
  // NOLINTEND(modernize-use-nullptr)
  return false;
}

std::string_view TextOf(const json::value& value) {
  return {value.get_string().data(), value.get_string().size()};
}

bool CompareStrings(Op op, const json::value& a, const json::value& b) {
  if (!a.is_string() || !b.is_string()) return false;
  return Holds(RelationOf(op), CompareCodeUnits(TextOf(a), TextOf(b)) <=> 0);
}

double NumberOf(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  return value.get_double();
}

bool CompareNumbers(Op op, const json::value& a, const json::value& b) {
  if (!a.is_number() || !b.is_number()) return false;
  return Holds(RelationOf(op), NumberOf(a) <=> NumberOf(b));
}

std::optional<Timestamp> TimeOf(const json::value& value) {
  return value.is_string() ? ParseTimestamp(TextOf(value)) : std::nullopt;
}

// What a Timestamp leaves out: the nanoseconds behind the last whole millisecond of a timestamp.
int Nanoseconds(const json::value& value) {
  const std::string_view text = TextOf(value);
  const std::size_t point = text.find('.');
  int nanoseconds = 0;
  bool digits = point != std::string_view::npos;
  for (std::size_t place = 1; place <= 9; place++) {
    digits = digits && text[point + place] >= '0' && text[point + place] <= '9';
    if (place > 3) nanoseconds = nanoseconds * 10 + (digits ? text[point + place] - '0' : 0);
  }
  return nanoseconds;
}

bool CompareTimes(const asl::Condition& condition, const json::value& a, const json::value& b) {
  const auto left = TimeOf(a);
  const auto right = condition.timestamp.has_value() ? condition.timestamp : TimeOf(b);
  if (!left.has_value() || !right.has_value()) return false;
  if (*left == *right) return Holds(RelationOf(condition.op), Nanoseconds(a) <=> Nanoseconds(b));
  return Holds(RelationOf(condition.op), left->time_since_epoch() <=> right->time_since_epoch());
}

// The tests of kind; IsPresent is decided before the value is looked at.
bool HasKind(Op op, const json::value& value) {
  switch (op) {
    case Op::kIsNull: return value.is_null();
    case Op::kIsNumeric: return value.is_number();
    case Op::kIsString: return value.is_string();
    case Op::kIsBoolean: return value.is_bool();
    case Op::kIsTimestamp: return TimeOf(value).has_value();
    default: return true;
  }
}

bool Compare(const asl::Condition& condition, const json::value& a, const json::value& b) {
  const Op op = condition.op;
  if (op >= Op::kStringEquals && op <= Op::kStringGreaterThanEquals) {
    return CompareStrings(op, a, b);
  }
  if (op >= Op::kNumericEquals && op <= Op::kNumericGreaterThanEquals) {
    return CompareNumbers(op, a, b);
  }
  if (op >= Op::kTimestampEquals && op <= Op::kTimestampGreaterThanEquals) {
    return CompareTimes(condition, a, b);
  }
  if (op == Op::kStringMatches) {
    return a.is_string() && b.is_string() && StringMatches(TextOf(a), TextOf(b));
  }
  if (op == Op::kBooleanEquals) {
    return a.is_bool() && b.is_bool() && a.get_bool() == b.get_bool();
  }
  return b.is_bool() && HasKind(op, a) == b.get_bool();
}

// What a comparison looks at: the content, where the path leads to a large payload.
const json::value* Operand(const jsonpath::Path& path, const jsonpath::Eval<Json>& found,
                           OpenReferences& opened, std::string& problem) {
  std::string why = "The choice state's condition path references an invalid value.";
  if (found) {
    const auto content = opened.Open(**found);
    if (content) return *content == nullptr ? &**found : &***content;
    why = content.error().message;
  } else if (found.error().kind == jsonpath::EvalError::Kind::kUnreadable) {
    why = found.error().detail;
  }
  problem = "Invalid path '" + path.text() + "': " + why;
  return nullptr;
}

bool DecideComparison(const asl::Condition& condition, const jsonpath::Scope& scope, bool& holds,
                      std::string& problem) {
  CHECK(condition.variable.has_value());
  OpenReferences opened(scope.references);
  // An index past the end reads as null elsewhere; here it is what "is it present?" asks about.
  jsonpath::Scope seen = scope;
  seen.lenient = condition.op != Op::kIsPresent;
  const auto found = condition.variable->Evaluate(seen);
  const bool readable = found || found.error().kind != jsonpath::EvalError::Kind::kUnreadable;
  if (condition.op == Op::kIsPresent && readable) {
    const json::value& wanted = *condition.literal;
    holds = wanted.is_bool() && static_cast<bool>(found) == wanted.get_bool();
    return true;
  }
  const json::value* const value = Operand(*condition.variable, found, opened, problem);
  if (value == nullptr) return false;
  if (!condition.operand_path.has_value()) {
    holds = Compare(condition, *value, *condition.literal);
    return true;
  }
  const auto other = condition.operand_path->Evaluate(scope);
  const json::value* const operand = Operand(*condition.operand_path, other, opened, problem);
  if (operand == nullptr) return false;
  holds = Compare(condition, *value, *operand);
  return true;
}

// What stands between the stars of a pattern, its backslashes taken off. At least one piece.
std::vector<std::string> PiecesOf(std::string_view pattern) {
  std::vector<std::string> pieces(1);
  for (std::size_t at = 0; at < pattern.size(); at++) {
    if (pattern[at] == '*') {
      pieces.emplace_back();
      continue;
    }
    if (pattern[at] == '\\' && at + 1 < pattern.size()) at++;
    pieces.back() += pattern[at];
  }
  return pieces;
}

}  // namespace

bool Decide(const asl::Condition& condition, const jsonpath::Scope& scope, bool& holds,
            std::string& problem) {
  switch (condition.op) {
    case Op::kNot:
      CHECK(condition.operands.size() == 1);
      if (!Decide(condition.operands.front(), scope, holds, problem)) return false;
      holds = !holds;
      return true;
    case Op::kAnd:
    case Op::kOr: {
      const bool decisive = condition.op == Op::kOr;
      for (const asl::Condition& operand : condition.operands) {
        if (!Decide(operand, scope, holds, problem)) return false;
        if (holds == decisive) return true;
      }
      holds = !decisive;
      return true;
    }
    default: return DecideComparison(condition, scope, holds, problem);
  }
}

int CompareCodeUnits(std::string_view a, std::string_view b) {
  const auto mismatch = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (mismatch.first == a.end() || mismatch.second == b.end()) {
    return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
  }
  // Characters beyond U+FFFF are surrogates in UTF-16 and stand before U+E000 there; in UTF-8
  // they begin with 0xF0 and more, the others with 0xEE or 0xEF.
  const auto rank = [](char c) {
    const int byte = static_cast<unsigned char>(c);
    return byte >= 0xF0 ? byte : (byte >= 0xEE ? byte + 0x100 : byte);
  };
  return rank(*mismatch.first) < rank(*mismatch.second) ? -1 : 1;
}

// The first of the pieces between the stars begins the text, the last ends it, and each of the
// others may be taken where it first occurs behind the one before.
bool StringMatches(std::string_view text, std::string_view pattern) {
  const std::vector<std::string> pieces = PiecesOf(pattern);
  const std::string& first = pieces.front();
  if (pieces.size() == 1) return text == first;
  const std::string& last = pieces.back();
  if (text.size() < first.size() + last.size() || text.substr(0, first.size()) != first ||
      text.substr(text.size() - last.size()) != last) {
    return false;
  }
  text = text.substr(first.size(), text.size() - first.size() - last.size());
  for (std::size_t i = 1; i + 1 < pieces.size(); i++) {
    const std::size_t at = FindText(text, pieces[i]);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + pieces[i].size());
  }
  return true;
}

}  // namespace towline::interpreter
