#include <cmath>
#include <cstring>

#include "statemachines/base/check.h"
#include "statemachines/jsonata/compare.h"
#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

constexpr double kRangeMax = 1e7;

bool IsComparable(Value value) {
  return value.is_undefined() || value.is_string() || value.is_number();
}

// As text of which the units have been split may begin: it joins with what stands before.
bool IsLowSurrogate(std::string_view text) {
  return text.size() >= 3 && text[0] == '\xED' && static_cast<unsigned char>(text[1]) >= 0xB0;
}

}  // namespace

Value Evaluator::Truth(Value value) {
  switch (value.kind()) {
    case Kind::kBool:
      return value;
    case Kind::kNumber:
      if (std::isinf(value.number())) return Fail("D1001", value);
      return Value::Bool(value.number() != 0 && !std::isnan(value.number()));
    case Kind::kString:
      return Value::Bool(!value.text().empty());
    case Kind::kObjectView: {
      const Value content = Follow(value);
      if (content.IsSameViewAs(value)) return Value::Bool(!value.object_view().empty());
      return content.is_failed() ? content : Truth(content);
    }
    case Kind::kObject:
      return Value::Bool(value.object()->size > 0);
    case Kind::kFunction:
      return Value::Bool(!value.is_argument());
    case Kind::kArrayView:
    case Kind::kArray: {
      const Elements elements(value);
      for (std::uint32_t i = 0; i < elements.size(); i++) {
        const Value truth = Truth(elements[i]);
        if (truth.is_failed() || truth.boolean()) return truth;
      }
      return Value::Bool(false);
    }
    default:
      return Value::Bool(false);
  }
}

Value Evaluator::EvaluateBinary(const Node& node, Value input, Frame* frame) {
  const Value left = Follow(Evaluate(*node.left, input, frame));
  if (left.is_failed()) return left;
  if (node.operation == Operation::kAnd || node.operation == Operation::kOr) {
    Value truth = Truth(left);
    const bool decided =
        !truth.is_failed() && truth.boolean() == (node.operation == Operation::kOr);
    if (!truth.is_failed() && !decided) {
      const Value right = Evaluate(*node.right, input, frame);
      if (right.is_failed()) return right;
      truth = Truth(right);
    }
    return truth.is_failed() ? Locate(node, node.text) : truth;
  }
  const Value right = Follow(Evaluate(*node.right, input, frame));
  if (right.is_failed()) return right;
  const Value result = Operate(node.operation, left, right);
  return result.is_failed() ? Locate(node, node.text) : result;
}

Value Evaluator::Operate(Operation operation, Value left, Value right) {
  switch (operation) {
    case Operation::kEqual:
    case Operation::kNotEqual: {
      if (left.is_undefined() || right.is_undefined()) return Value::Bool(false);
      const bool equal = AreEqual(arena_, left, right);
      return Value::Bool(equal == (operation == Operation::kEqual));
    }
    case Operation::kLess:
    case Operation::kLessOrEqual:
    case Operation::kGreater:
    case Operation::kGreaterOrEqual:
      return Compare(operation, left, right);
    case Operation::kConcatenate:
      return Concatenate(left, right);
    case Operation::kRange:
      return MakeRange(left, right);
    case Operation::kIn:
      return Includes(left, right);
    default:
      return Calculate(operation, left, right);
  }
}

// Undefined is a possible operand of arithmetic; a failure if the value is neither.
bool Evaluator::IsOperand(Value value, const char* code) {
  if (value.is_undefined()) return true;
  if (!value.is_number() || std::isnan(value.number())) {
    Fail(code, value);
    return false;
  }
  if (std::isinf(value.number())) Fail("D1001", value);
  return !std::isinf(value.number());
}

Value Evaluator::Calculate(Operation operation, Value left, Value right) {
  if (!IsOperand(left, "T2001") || !IsOperand(right, "T2002")) return Value::Failed();
  if (left.is_undefined() || right.is_undefined()) return {};
  const double a = left.number();
  const double b = right.number();
  switch (operation) {
    case Operation::kAdd:
      return Value::Number(a + b);
    case Operation::kSubtract:
      return Value::Number(a - b);
    case Operation::kMultiply:
      return Value::Number(a * b);
    case Operation::kDivide:
      return Value::Number(a / b);
    default:
      CHECK(operation == Operation::kRemainder);
      return Value::Number(std::fmod(a, b));
  }
}

Value Evaluator::EvaluateNegation(const Node& node, Value input, Frame* frame) {
  const Value operand = Evaluate(*node.left, input, frame);
  if (operand.is_failed()) return operand;
  if (!IsOperand(operand, "D1002")) return Locate(node, "-");
  return operand.is_undefined() ? operand : Value::Number(-operand.number());
}

Value Evaluator::Compare(Operation operation, Value left, Value right) {
  if (!IsComparable(left) || !IsComparable(right)) {
    return Fail("T2010", left.is_string() || left.is_number() ? right : left);
  }
  if (left.is_undefined() || right.is_undefined()) return {};
  if (left.kind() != right.kind()) return Fail("T2009", left, right);
  if (left.is_string()) {
    const int order = CompareUtf16(left.text(), right.text());
    left = Value::Number(order);
    right = Value::Number(0);
  }
  switch (operation) {
    case Operation::kLess:
      return Value::Bool(left.number() < right.number());
    case Operation::kLessOrEqual:
      return Value::Bool(left.number() <= right.number());
    case Operation::kGreater:
      return Value::Bool(left.number() > right.number());
    default:
      return Value::Bool(left.number() >= right.number());
  }
}

Value Evaluator::Includes(Value element, Value list) {
  if (element.is_undefined() || list.is_undefined()) return Value::Bool(false);
  if (!list.is_array()) return Value::Bool(AreIdentical(list, element));
  const Elements elements(list);
  if (!Step(elements.size())) return Value::Failed();
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    if (AreIdentical(elements[i], element)) return Value::Bool(true);
  }
  return Value::Bool(false);
}

Value Evaluator::Concatenate(Value left, Value right) {
  left = left.is_undefined() ? Value::String({}) : TextOf(left, false);
  if (left.is_failed()) return left;
  right = right.is_undefined() ? Value::String({}) : TextOf(right, false);
  if (right.is_failed()) return right;
  const std::string_view head = left.text();
  const std::string_view tail = right.text();
  if (tail.empty()) return left;
  if (head.empty()) return right;
  if (IsLowSurrogate(tail)) {
    std::string joined(head);
    Append(joined, tail);
    return String(joined);
  }
  // What a loop appends to again and again grows in place.
  const bool grows = head.data() + head.size() == text_end_ &&
                     arena_.Extend(head.data(), head.size(), tail.size());
  if (!arena_.Charge(tail.size() + (grows ? 0 : head.size()))) return FailExhausted();
  char* const text =
      grows ? const_cast<char*>(head.data()) : arena_.NewArray<char>(head.size() + tail.size());
  if (!grows) std::memcpy(text, head.data(), head.size());
  std::memcpy(text + head.size(), tail.data(), tail.size());
  text_end_ = text + head.size() + tail.size();
  return Value::String({text, head.size() + tail.size()});
}

Value Evaluator::MakeRange(Value left, Value right) {
  const auto is_integer = [](Value value) {
    return value.is_number() && std::isfinite(value.number()) &&
           value.number() == std::trunc(value.number());
  };
  if (!left.is_undefined() && !is_integer(left)) return Fail("T2003", left);
  if (!right.is_undefined() && !is_integer(right)) return Fail("T2004", right);
  if (left.is_undefined() || right.is_undefined() || left.number() > right.number()) return {};
  const double size = right.number() - left.number() + 1;
  if (size > kRangeMax) return Fail("D2014", Value::Number(size));
  Array* const range = NewSequence(arena_);
  range->size = static_cast<std::uint32_t>(size);
  range->capacity = range->size;
  range->range = true;
  range->first = left.number();
  if (!arena_.Charge(range->size * kElementCharge)) return FailExhausted();
  return Value::Of(range);
}

}  // namespace towline::jsonata
