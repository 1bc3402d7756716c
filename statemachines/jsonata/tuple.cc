// Paths that bind names: @$name, #$name and the ancestors that % refers to. Each step turns rows of
// (value, names) into more rows.

#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/sequence.h"

namespace towline::jsonata {
namespace {

Array* NewTuples(Arena& arena) {
  Array* const tuples = NewSequence(arena);
  tuples->tuple_stream = true;
  return tuples;
}

void Name(Arena& arena, Tuple& tuple, Symbol symbol, Value value) {
  Binding* const binding = arena.New<Binding>();
  *binding = {symbol, value, tuple.bindings};
  tuple.bindings = binding;
}

}  // namespace

Frame* Evaluator::FrameOf(const Tuple& tuple, Frame* parent) {
  Frame* const frame = stack_.New<Frame>();
  *frame = {.parent = parent, .bindings = tuple.bindings, .shared = true};
  return frame;
}

// The steps of `path` from `from` on, the first of them applied to `items`.
Value Evaluator::EvaluateTuplePath(const Node& path, std::size_t from, Value items, Frame* frame) {
  items = Follow(items);
  if (items.is_failed()) return items;
  Array* tuples = NewTuples(arena_);
  const bool list = items.is_array() && !(from == 0 && path.list[0]->kind == NodeKind::kVariable);
  const Value rows = list ? items : SequenceOf(arena_, items);
  const Elements elements(rows);
  if (!Step(elements.size())) return Value::Failed();
  if (path.list[from]->kind == NodeKind::kSort) {
    tuples = SortItems(*path.list[from], items, frame);
    from++;
  } else {
    for (std::uint32_t i = 0; i < elements.size(); i++) {
      Tuple* const tuple = arena_.New<Tuple>();
      tuple->at = elements[i];
      Push(arena_, *tuples, Value::Of(tuple));
    }
  }
  for (std::size_t i = from; tuples != nullptr && i < path.list.size(); i++) {
    tuples = EvaluateTupleStep(*path.list[i], *tuples, frame);
  }
  if (tuples == nullptr) return Value::Failed();
  if (path.group != nullptr) return GroupBehind(*path.group, Value::Of(tuples), frame);
  if (path.tuple) return Value::Of(tuples);
  Array* const values = NewSequence(arena_);
  for (std::uint32_t i = 0; i < tuples->size; i++) {
    Push(arena_, *values, tuples->at(i).tuple()->at);
  }
  values->keep_singleton = path.keep_singleton_array;
  return Value::Of(values);
}

// Null, as from all of these: the evaluation has failed.
Array* Evaluator::EvaluateTupleStep(const Node& step, const Array& rows, Frame* frame) {
  Array* tuples = nullptr;
  if (step.kind == NodeKind::kSort) {
    const Value sorted = Sort(step, Value::Of(const_cast<Array*>(&rows)), frame);
    if (sorted.is_failed()) return nullptr;
    tuples = sorted.array();
    tuples->tuple_stream = true;
  } else {
    tuples = NewTuples(arena_);
    for (std::uint32_t i = 0; i < rows.size; i++) {
      const Tuple& row = *rows.at(i).tuple();
      const Arena::Mark mark = stack_.Position();
      Value result = Evaluate(step, row.at, FrameOf(row, frame));
      if (step.focus != kNoSymbol || step.index != kNoSymbol) result = Follow(result);
      if (result.is_failed() || !AddTuples(step, row, result, *tuples)) return nullptr;
      Release(mark);
    }
  }
  return ApplyStages(step, tuples, frame);
}

// A row for each of the values that a step gave for one row.
bool Evaluator::AddTuples(const Node& step, const Tuple& row, Value result, Array& tuples) {
  if (result.is_undefined()) return true;
  const bool rows = result.kind() == Kind::kArray && result.array()->tuple_stream;
  const Elements values(result.is_array() ? result : SequenceOf(arena_, result));
  if (!Step(values.size() + 1)) return false;
  for (std::uint32_t i = 0; i < values.size(); i++) {
    Tuple* const tuple = arena_.New<Tuple>();
    *tuple = row;
    if (rows) {
      const Tuple& inner = *values[i].tuple();
      tuple->at = inner.at;
      AddNames(*tuple, inner.bindings);
    } else if (step.focus != kNoSymbol) {
      Name(arena_, *tuple, step.focus, values[i]);
    } else {
      tuple->at = values[i];
    }
    if (!rows && step.index != kNoSymbol) Name(arena_, *tuple, step.index, Value::Integer(i));
    if (!rows && step.ancestor != nullptr) {
      Name(arena_, *tuple, step.ancestor->symbol, row.at);
    }
    Push(arena_, tuples, Value::Of(tuple));
  }
  return true;
}

// The names of an inner path's row come before those that the row has already.
void Evaluator::AddNames(Tuple& tuple, const Binding* names) {
  if (names == nullptr) return;
  AddNames(tuple, names->next);
  Name(arena_, tuple, names->symbol, names->value);
}

// A sort at the place where the rows begin.
Array* Evaluator::SortItems(const Node& sort, Value items, Frame* frame) {
  const Value sorted = Sort(sort, items, frame);
  if (sorted.is_failed()) return nullptr;
  const Elements values(sorted.is_array() ? sorted : SequenceOf(arena_, sorted));
  Array* const tuples = NewTuples(arena_);
  for (std::uint32_t i = 0; i < values.size(); i++) {
    Tuple* const tuple = arena_.New<Tuple>();
    tuple->at = values[i];
    if (sort.index != kNoSymbol) Name(arena_, *tuple, sort.index, Value::Integer(i));
    Push(arena_, *tuples, Value::Of(tuple));
  }
  return ApplyStages(sort, tuples, frame);
}

Array* Evaluator::ApplyStages(const Node& step, Array* tuples, Frame* frame) {
  for (const Stage& stage : step.stages) {
    if (stage.filter != nullptr) {
      tuples = FilterTuples(*stage.filter, *tuples, frame);
      if (tuples == nullptr) return nullptr;
      continue;
    }
    for (std::uint32_t i = 0; i < tuples->size; i++) {
      Name(arena_, *tuples->at(i).tuple(), stage.index, Value::Integer(i));
    }
  }
  return tuples;
}

Array* Evaluator::FilterTuples(const Node& predicate, const Array& tuples, Frame* frame) {
  SequenceBuilder kept(arena_);
  for (std::uint32_t i = 0; i < tuples.size; i++) {
    const Value row = tuples.at(i);
    const Arena::Mark mark = stack_.Position();
    const Value chosen = Evaluate(predicate, row.tuple()->at, FrameOf(*row.tuple(), frame));
    if (chosen.is_failed() || !ApplyFilter(chosen, row, i, tuples.size, kept)) return nullptr;
    Release(mark);
  }
  Array& result = kept.Gathered();
  result.tuple_stream = true;
  return &result;
}

}  // namespace towline::jsonata
