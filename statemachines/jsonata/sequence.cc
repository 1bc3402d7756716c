#include "statemachines/jsonata/sequence.h"

namespace towline::jsonata {

Array& SequenceBuilder::Gathered() {
  if (array_ == nullptr) {
    array_ = NewSequence(arena_);
    if (has_first_) Push(arena_, *array_, first_);
  }
  return *array_;
}

void SequenceBuilder::Flatten(Value value) {
  if (value.is_undefined()) return;
  if (!value.is_array()) return Add(value);
  const Elements elements(value);
  if (elements.size() == 0) return;
  if (elements.size() == 1) return Add(elements[0]);
  PushAll(arena_, Gathered(), value);
}

Value SequenceBuilder::Result() {
  if (array_ != nullptr) return Value::Of(array_);
  if (!has_first_) return {};
  if (first_.is_array() || first_.is_undefined()) return Value::Of(&Gathered());
  return first_;
}

void StepResults::Flatten(Value result) {
  const bool constructed = result.kind() == Kind::kArray && result.array()->constructed;
  if (constructed) {
    sequence_.Add(result);
  } else {
    sequence_.Flatten(result);
  }
}

Value StepResults::Finish(bool last) {
  if (count_ == 1) {
    if (!only_.is_array()) return only_;
    const bool sequence = only_.kind() == Kind::kArray && only_.array()->sequence;
    if (last && !sequence) return only_;
    if (sequence && only_.array()->size > 1) return FreshSequence(arena_, only_);
    Flatten(only_);
  }
  return sequence_.Result();
}

Value SequenceOf(Arena& arena, Value element) {
  Array* const sequence = NewSequence(arena);
  Push(arena, *sequence, element);
  return Value::Of(sequence);
}

Value KeptSequence(Arena& arena, Value sequence) {
  if (sequence.is_undefined()) return sequence;
  if (!sequence.is_array()) sequence = SequenceOf(arena, sequence);
  if (sequence.kind() == Kind::kArray && sequence.array()->sequence) {
    sequence.array()->keep_singleton = true;
  }
  return sequence;
}

Array* PlainCopy(Arena& arena, Value array) {
  Array* const copy = NewArray(arena);
  if (array.kind() == Kind::kArray) {
    const Array& original = *array.array();
    copy->items = original.items;
    copy->size = original.size;
    copy->capacity = original.size;
    copy->range = original.range;
    copy->first = original.first;
    copy->depth = original.depth;
  } else {
    PushAll(arena, *copy, array);
  }
  return copy;
}

Value FreshSequence(Arena& arena, Value array) {
  Array* const copy = PlainCopy(arena, array);
  copy->sequence = true;
  return Value::Of(copy);
}

bool PushAll(Arena& arena, Array& array, Value elements) {
  const Elements list(elements);
  const std::size_t size = std::size_t{array.size} + list.size();
  if (size > array.capacity && !Reserve(arena, array, array.size == 0 ? size : 2 * size)) {
    return false;
  }
  for (std::uint32_t i = 0; i < list.size(); i++) Push(arena, array, list[i]);
  return true;
}

void PushFlat(Arena& arena, Array& array, Value nested) {
  if (!nested.is_array()) return Push(arena, array, nested);
  const Elements elements(nested);
  for (std::uint32_t i = 0; i < elements.size(); i++) PushFlat(arena, array, elements[i]);
}

}  // namespace towline::jsonata
