#include <cmath>

#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/sequence.h"

namespace towline::jsonata {
namespace {

// The elements of a sequence in its short form, where undefined stands for itself once.
class Items {
 public:
  explicit Items(Value items) : single_(items) {
    if (items.is_array()) {
      list_.emplace(items);
    }
  }
  std::uint32_t size() const { return list_ ? list_->size() : 1; }
  Value operator[](std::uint32_t index) const { return list_ ? (*list_)[index] : single_; }

 private:
  Value single_;
  std::optional<Elements> list_;
};

bool IsEmpty(Value sequence) {
  return sequence.is_undefined() || (sequence.is_array() && Elements(sequence).size() == 0);
}

bool IsAllNumbers(const Elements& elements) {
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    if (!elements[i].is_number() || std::isnan(elements[i].number())) return false;
  }
  return true;
}

std::optional<Value> FindInfinity(const Elements& elements) {
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    if (elements[i].is_number() && std::isinf(elements[i].number())) return elements[i];
  }
  return std::nullopt;
}

// Whether a number of a filter names the element at `index` of `size`; negative ones count from
// the end.
bool Names(double number, std::uint32_t index, std::uint32_t size) {
  double place = std::floor(number);
  if (place < 0) place += size;
  return place == index;
}

}  // namespace

Value Evaluator::EvaluatePath(const Node& path, Value input, Frame* frame) {
  if (path.plain) return EvaluatePlainPath(path, input, frame);
  Value items = input;
  Value result;
  bool tuples = false;
  for (std::size_t i = 0; i < path.list.size(); i++) {
    const Node& step = *path.list[i];
    tuples |= step.tuple;
    const bool last = i + 1 == path.list.size();
    if (i == 0 && step.constructed) {
      result = Evaluate(step, input.is_array() ? input : SequenceOf(arena_, input), frame);
    } else if (tuples) {
      return EvaluateTuplePath(path, i, items, frame);
    } else if (i == 0 && step.kind == NodeKind::kVariable && items.is_array()) {
      result = EvaluateStep(step, SequenceOf(arena_, items), last, frame);
    } else {
      result = EvaluateStep(step, items, last, frame);
    }
    if (result.is_failed()) return result;
    if (!tuples && IsEmpty(result)) break;
    items = result;
  }
  return FinishPath(path, result, frame);
}

Value Evaluator::FinishPath(const Node& path, Value result, Frame* frame) {
  if (path.keep_singleton_array && result.kind() == Kind::kArray) {
    const Array& array = *result.array();
    if (array.constructed && !array.sequence) result = SequenceOf(arena_, result);
  }
  if (path.group != nullptr) return GroupBehind(*path.group, result, frame);
  const bool keep = path.keep_singleton_array || path.keep_array;
  return keep ? KeptSequence(arena_, result) : result;
}

// Names only, the first perhaps a variable: no step needs more than to look at its items.
Value Evaluator::EvaluatePlainPath(const Node& path, Value input, Frame* frame) {
  if (depth_ + 1 > circumstances_.bounds.depth) return FailDepth();
  if (!Step(path.list.size())) return Value::Failed();
  Value items = input;
  std::size_t at = 0;
  if (path.list[0]->kind == NodeKind::kVariable) {
    items = OnlyResult(Dispatch(*path.list[0], input, frame), false);
    at = 1;
  }
  for (; at < path.list.size(); at++) {
    if (IsEmpty(items)) return {};
    const Node& step = *path.list[at];
    const bool last = at + 1 == path.list.size();
    items = items.is_array() ? EvaluateNameStep(step, items, last)
                             : OnlyResult(LookUp(items, step.text), last);
    if (items.is_failed()) return items;
  }
  return items;
}

// What a step leaves if it had one item only.
Value Evaluator::OnlyResult(Value result, bool last) {
  if (result.kind() != Kind::kArray) return result;
  StepResults results(arena_);
  results.Add(Collapse(result));
  return results.Finish(last);
}

Value Evaluator::EvaluateNameStep(const Node& step, Value items, bool last) {
  const Elements elements(items);
  if (!Step(elements.size())) return Value::Failed();
  StepResults results(arena_);
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    const Value found = LookUp(elements[i], step.text);
    if (found.is_failed()) return found;
    results.Add(Collapse(found));
  }
  return results.Finish(last);
}

Value Evaluator::EvaluateStep(const Node& step, Value items, bool last, Frame* frame) {
  items = Follow(items);
  if (items.is_failed()) return items;
  if (step.kind == NodeKind::kSort) {
    Value sorted = Sort(step, items, frame);
    for (const Stage& stage : step.stages) {
      if (sorted.is_failed()) return sorted;
      sorted = Filter(*stage.filter, sorted, frame);
    }
    return sorted;
  }
  const Items list(items);
  StepResults results(arena_);
  for (std::uint32_t i = 0; i < list.size(); i++) {
    Value result = Evaluate(step, list[i], frame);
    for (const Stage& stage : step.stages) {
      if (result.is_failed()) return result;
      result = Filter(*stage.filter, result, frame);
    }
    if (result.is_failed()) return result;
    results.Add(result);
  }
  return results.Finish(last);
}

// What a filter leaves of a sequence; an empty array rather than undefined if nothing.
Value Evaluator::Filter(const Node& predicate, Value input, Frame* frame) {
  if (input.kind() == Kind::kArray && input.array()->tuple_stream) {
    Array* const tuples = FilterTuples(predicate, *input.array(), frame);
    return tuples == nullptr ? Value::Failed() : Value::Of(tuples);
  }
  input = Follow(input);
  if (input.is_failed()) return input;
  const Items items(input);
  const std::uint32_t size = items.size();
  if (predicate.kind == NodeKind::kLiteral && predicate.literal.is_number()) {
    double index = std::floor(predicate.literal.number());
    if (index < 0) index += size;
    const Value item =
        index >= 0 && index < size ? items[static_cast<std::uint32_t>(index)] : Value();
    return item.is_undefined() ? Value::Of(&empty_) : item;
  }
  SequenceBuilder kept(arena_);
  for (std::uint32_t i = 0; i < size; i++) {
    const Value item = items[i];
    const Value chosen = Evaluate(predicate, item, frame);
    if (chosen.is_failed()) return chosen;
    if (!ApplyFilter(chosen, item, i, size, kept)) return Value::Failed();
  }
  const Value result = kept.Result();
  return result.is_undefined() ? Value::Of(&empty_) : result;
}

// What a filter's value, computed for the element at `index`, says about it: a number, or an array
// of them, names the places to keep.
bool Evaluator::ApplyFilter(Value chosen, Value item, std::uint32_t index, std::uint32_t size,
                            SequenceBuilder& kept) {
  if (chosen.is_number() && !std::isnan(chosen.number())) {
    if (std::isinf(chosen.number())) {
      Fail("D1001", chosen);
      return false;
    }
    if (Names(chosen.number(), index, size)) kept.Add(item);
    return true;
  }
  if (chosen.is_array()) {
    const Elements numbers(chosen);
    if (!Step(numbers.size() + 1)) return false;
    if (const auto infinity = FindInfinity(numbers)) {
      Fail("D1001", *infinity);
      return false;
    }
    if (IsAllNumbers(numbers)) {
      for (std::uint32_t i = 0; i < numbers.size(); i++) {
        if (Names(numbers[i].number(), index, size)) kept.Add(item);
      }
      return true;
    }
  }
  const Value truth = Truth(chosen);
  if (truth.is_failed()) return false;
  if (truth.boolean()) kept.Add(item);
  return true;
}

}  // namespace towline::jsonata
