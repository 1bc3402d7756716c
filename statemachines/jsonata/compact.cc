#include "statemachines/jsonata/compact.h"

#include <limits>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace towline::jsonata {
namespace {

// Copies what lies in one arena, since a mark, into another one. What is shared stays shared.
class Copier {
 public:
  Copier(const Arena& from, const Arena::Mark& mark, Arena& to)
      : from_(from), mark_(mark), to_(to) {}

  Value Copy(Value value) {
    switch (value.kind()) {
      case Kind::kString:
        return Value::String(CopyText(value.text()));
      case Kind::kArray:
        return Value::Of(CopyArray(value.array()));
      case Kind::kObject:
        return Value::Of(CopyObject(value.object()));
      case Kind::kFunction:
        can_ &= !IsHere(value.function());
        return value;
      case Kind::kTuple:
        can_ = false;
        return value;
      default:
        return value;
    }
  }
  bool can() const { return can_; }  // else the copies are of no use

 private:
  bool IsHere(const void* memory) const { return from_.IsSince(mark_, memory); }

  // Texts may be parts of each other; only one that occurs again as it is, is shared.
  std::string_view CopyText(std::string_view text) {
    if (text.empty() || !IsHere(text.data())) return text;
    constexpr std::size_t kSharedMin = 64;
    if (text.size() < kSharedMin) return Keep(to_, text);
    const auto [known, is_new] = texts_.emplace(text.data(), std::string_view());
    if (is_new || known->second.size() != text.size()) known->second = Keep(to_, text);
    return known->second;
  }

  Array* CopyArray(Array* array) {
    if (!IsHere(array) && !IsHere(array->items)) return array;
    const auto [known, is_new] = copies_.emplace(array, nullptr);
    if (!is_new) return static_cast<Array*>(known->second);
    Array* const copy = to_.New<Array>();
    known->second = copy;
    *copy = *array;
    can_ &= !array->tuple_stream;
    if (array->range) to_.Charge(array->size * kElementCharge);
    if (array->range || !can_) return copy;
    copy->items = nullptr;
    copy->size = copy->capacity = 0;
    Reserve(to_, *copy, array->size);
    for (std::uint32_t i = 0; i < array->size; i++) Push(to_, *copy, Copy(array->items[i]));
    return copy;
  }

  Object* CopyObject(Object* object) {
    if (!IsHere(object)) return object;
    const auto [known, is_new] = copies_.emplace(object, nullptr);
    if (!is_new) return static_cast<Object*>(known->second);
    Object* const copy = to_.New<Object>();
    known->second = copy;
    for (std::uint32_t i = 0; i < object->size && can_; i++) {
      const Member& member = object->members[i];
      Set(to_, *copy, CopyText(member.key()), Copy(member.value));
    }
    return copy;
  }

  const Arena& from_;
  const Arena::Mark mark_;
  Arena& to_;
  std::unordered_map<const void*, void*> copies_;
  std::unordered_map<const char*, std::string_view> texts_;
  bool can_ = true;
};

}  // namespace

bool Compact(Arena& arena, const Arena::Mark& mark, Value* roots, std::size_t count) {
  Arena elsewhere(std::numeric_limits<std::size_t>::max() / 2);
  const Arena::Mark start = elsewhere.Position();
  std::vector<Value> moved(roots, roots + count);
  Copier out(arena, mark, elsewhere);
  for (Value& value : moved) value = out.Copy(value);
  if (!out.can()) return false;
  arena.Rewind(mark);
  Copier back(elsewhere, start, arena);
  for (std::size_t i = 0; i < count; i++) roots[i] = back.Copy(moved[i]);
  return true;
}

}  // namespace towline::jsonata
