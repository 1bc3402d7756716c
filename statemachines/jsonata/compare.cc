#include "statemachines/jsonata/compare.h"

namespace towline::jsonata {
namespace {

bool AreArraysEqual(Arena& arena, Value a, Value b) {
  const Elements left(a);
  const Elements right(b);
  if (left.size() != right.size()) return false;
  for (std::uint32_t i = 0; i < left.size(); i++) {
    if (!AreEqual(arena, left[i], right[i])) return false;
  }
  return true;
}

bool AreObjectsEqual(Arena& arena, Value a, Value b) {
  const Members left(arena, a);
  if (b.kind() == Kind::kObjectView) {
    const json::object& right = b.object_view();
    if (left.size() != right.size()) return false;
    for (std::uint32_t i = 0; i < left.size(); i++) {
      const auto member = right.find({left.key(i).data(), left.key(i).size()});
      if (member == right.end()) return false;
      if (!AreEqual(arena, left.value(i), Value::View(member->value(), 0))) return false;
    }
    return true;
  }
  const Object& right = *b.object();
  if (left.size() != right.size) return false;
  for (std::uint32_t i = 0; i < left.size(); i++) {
    const Value* const member = right.Find(left.key(i));
    if (member == nullptr || !AreEqual(arena, left.value(i), *member)) return false;
  }
  return true;
}

}  // namespace

bool AreEqual(Arena& arena, Value a, Value b) {
  if (a.is_array() || b.is_array()) {
    return a.is_array() && b.is_array() && AreArraysEqual(arena, a, b);
  }
  if (a.is_object() || b.is_object()) {
    return a.is_object() && b.is_object() && AreObjectsEqual(arena, a, b);
  }
  return AreIdentical(a, b);
}

bool AreIdentical(Value a, Value b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kBool:
      return a.boolean() == b.boolean();
    case Kind::kNumber:
      return a.number() == b.number();
    case Kind::kString:
      return a.text() == b.text();
    case Kind::kArrayView:
    case Kind::kObjectView:
      return &a.view() == &b.view();
    case Kind::kArray:
      return a.array() == b.array();
    case Kind::kObject:
      return a.object() == b.object();
    case Kind::kFunction:
      return a.function() == b.function();
    default:
      return true;  // undefined, null
  }
}

bool IsTrueInJavaScript(Value value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNull:
      return false;
    case Kind::kBool:
      return value.boolean();
    case Kind::kNumber:
      return value.number() != 0 && value.number() == value.number();
    case Kind::kString:
      return !value.text().empty();
    default:
      return true;
  }
}

}  // namespace towline::jsonata
