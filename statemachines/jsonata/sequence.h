#pragma once

// Building sequences: what a path gathers. Private to this room.

#include "statemachines/jsonata/value.h"

namespace towline::jsonata {

// Gathers elements; one alone needs no array.
class SequenceBuilder {
 public:
  explicit SequenceBuilder(Arena& arena) : arena_(arena) {}

  void Add(Value element) {
    if (array_ == nullptr && !has_first_) {
      first_ = element;
      has_first_ = true;
      return;
    }
    Push(arena_, Gathered(), element);
  }
  // Adds the elements of an array, any other value as itself, nothing for undefined.
  void Flatten(Value value);

  // The sequence in its short form: undefined if empty; the element if it is the only one and
  // neither an array nor undefined; else an array.
  Value Result();
  // Always an array.
  Array& Gathered();

 private:
  Arena& arena_;
  Value first_{};
  bool has_first_ = false;
  Array* array_ = nullptr;
};

// What the steps of a path leave: arrays are flattened into one sequence, unless they have been
// constructed by the step itself.
class StepResults {
 public:
  explicit StepResults(Arena& arena) : arena_(arena), sequence_(arena) {}

  void Add(Value result) {
    if (result.is_undefined()) return;
    if (count_++ == 0) {
      only_ = result;
      return;
    }
    if (count_ == 2) Flatten(only_);
    Flatten(result);
  }
  // Of the last step, an array that is its only result stays that array.
  Value Finish(bool last);

 private:
  void Flatten(Value result);

  Arena& arena_;
  SequenceBuilder sequence_;
  Value only_{};
  std::size_t count_ = 0;
};

// A sequence in its short form as an array, marked to stay one.
Value KeptSequence(Arena& arena, Value sequence);
// A sequence of one element, whatever it is.
Value SequenceOf(Arena& arena, Value element);
// As one more sequence, sharing the elements: the flags are its own.
Value FreshSequence(Arena& arena, Value array);
// An array with the same elements and no flags; it must not be added to.
Array* PlainCopy(Arena& arena, Value array);

// Adds the elements of an array; false if there is no room.
bool PushAll(Arena& arena, Array& array, Value elements);
// Adds the leaves of nested arrays.
void PushFlat(Arena& arena, Array& array, Value nested);

// What stands for a sequence outside a path.
inline Value Collapse(Value sequence) {
  if (sequence.kind() != Kind::kArray) return sequence;
  const Array& array = *sequence.array();
  if (!array.sequence || array.tuple_stream || array.size > 1) return sequence;
  if (array.size == 0) return {};
  return array.keep_singleton ? sequence : array.at(0);
}

}  // namespace towline::jsonata
