// | pattern | update, delete |: a copy of a value with parts of it changed.

#include <cmath>

#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/numbers.h"
#include "statemachines/jsonata/sequence.h"

namespace towline::jsonata {

Value Evaluator::Clone(Value value) {
  if (!Step()) return Value::Failed();
  if (IsReference(value)) return value;
  switch (value.kind()) {
    case Kind::kNumber:
      if (std::isnan(value.number())) return Value::Null();
      if (std::isinf(value.number())) return Fail("D1001", value);
      return Value::Number(RoundTo15Digits(value.number()));
    case Kind::kFunction:
      return Value::String({});
    case Kind::kUndefined:
      return Value::Null();
    case Kind::kArrayView:
    case Kind::kArray: {
      const Elements elements(value);
      Array* const copy = NewArray(arena_);
      if (!Reserve(arena_, *copy, elements.size())) return FailExhausted();
      for (std::uint32_t i = 0; i < elements.size(); i++) {
        const Value element = Clone(elements[i]);
        if (element.is_failed()) return element;
        Push(arena_, *copy, element);
      }
      return Value::Of(copy);
    }
    case Kind::kObjectView:
    case Kind::kObject: {
      const Members members(arena_, value);
      Object* const copy = arena_.New<Object>();
      copy->clone = clones_;
      for (std::uint32_t i = 0; i < members.size(); i++) {
        if (members.value(i).is_undefined()) continue;
        const Value member = Clone(members.value(i));
        if (member.is_failed()) return member;
        Set(arena_, *copy, members.key(i), member);
      }
      return Value::Of(copy);
    }
    default:
      return value;
  }
}

bool Evaluator::IsReference(Value value) const {
  return circumstances_.references != nullptr && value.is_object_view() &&
         ReferenceOf(value.view());
}

// Whether it is a reference, or lies within what one stands for.
bool Evaluator::IsOfPayload(Value value) const {
  if (IsReference(value)) return true;
  return value.is_object_view() && value.root() != 0 && opened_.Holds(*roots_[value.root() - 1U]);
}

Value Evaluator::ApplyTransform(const Transform& transform, Value original) {
  if (original.is_undefined()) return original;
  const Node& node = *transform.node;
  const Value cloner = LookUp(node.symbol, transform.frame);
  if (!cloner.is_function()) {
    Fail("T2013");
    return LocateAt(node.position);
  }
  const std::uint32_t clone = ++clones_;
  const Value result = Apply(cloner, {&original, 1}, Value::Null(), transform.frame);
  if (result.is_failed()) return result;
  const Value matches = Evaluate(*node.left, result, transform.frame);
  if (matches.is_failed()) return matches;
  if (matches.is_undefined()) return result;
  const Elements elements(matches.is_array() ? matches : SequenceOf(arena_, matches));
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    // What lies outside the copy is not to be changed.
    const Value match = elements[i];
    if (IsOfPayload(match)) {
      Fail({.code = "D3141",
            .message = "a large payload cannot be changed within the value that refers to it: "
                       "apply the transformation to the payload itself"});
      return LocateAt(node.position);
    }
    Object* const target =
        match.kind() == Kind::kObject && match.object()->clone == clone ? match.object() : nullptr;
    if (!Update(*node.right, match, target, transform.frame)) return Value::Failed();
    if (node.other != nullptr && !Delete(*node.other, match, target, transform.frame)) {
      return Value::Failed();
    }
  }
  return result;
}

bool Evaluator::Update(const Node& node, Value match, Object* target, Frame* frame) {
  const Value update = Evaluate(node, match, frame);
  if (update.is_failed()) return false;
  if (update.is_undefined()) return true;
  if (!update.is_object()) {
    Fail("T2011", update);
    LocateAt(node.position);
    return false;
  }
  if (target == nullptr) return true;
  const Members members(arena_, update);
  for (std::uint32_t i = 0; i < members.size(); i++) {
    Value value = members.value(i);
    // The new value may contain the match, which must not come to contain itself.
    if (value.kind() == Kind::kArray || value.kind() == Kind::kObject) value = Clone(value);
    if (value.is_failed()) return false;
    Set(arena_, *target, members.key(i), value);
  }
  return true;
}

bool Evaluator::Delete(const Node& node, Value match, Object* target, Frame* frame) {
  const Value names = Evaluate(node, match, frame);
  if (names.is_failed()) return false;
  if (names.is_undefined()) return true;
  const Elements elements(names.is_array() ? names : SequenceOf(arena_, names));
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    if (elements[i].is_string()) continue;
    Fail("T2012", names);
    LocateAt(node.position);
    return false;
  }
  if (target == nullptr) return true;
  for (std::uint32_t i = 0; i < elements.size(); i++) target->Erase(elements[i].text());
  return true;
}

}  // namespace towline::jsonata
