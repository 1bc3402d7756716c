// Objects: { ... } alone, and behind an expression whose values it groups by key.

#include <vector>

#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/sequence.h"

namespace towline::jsonata {
namespace {

// Values put together as $append does it: one value is itself, several become an array.
class Gathering {
 public:
  void Append(Arena& arena, Value value) {
    if (value.is_undefined()) return;
    if (data_.is_undefined()) {
      data_ = value;
      return;
    }
    if (grown_ == nullptr) {
      grown_ = NewArray(arena);
      Add(arena, data_);
      data_ = Value::Of(grown_);
    }
    Add(arena, value);
  }
  Value data() const { return data_; }

 private:
  void Add(Arena& arena, Value value) {
    if (value.is_array()) {
      PushAll(arena, *grown_, value);
    } else {
      Push(arena, *grown_, value);
    }
  }

  Value data_{};
  Array* grown_ = nullptr;
};

struct Entry {
  std::size_t pair = 0;
  Gathering items{};
};

struct NamedGathering {
  Symbol symbol = kNoSymbol;
  Gathering values{};
};

bool IsHidden(const Binding* binding, const Binding* first) {
  for (; first != binding; first = first->next) {
    if (first->symbol == binding->symbol) return true;
  }
  return false;
}

// The rows of one group as one row: each name stands for all its values.
Tuple Reduce(Arena& arena, Value rows) {
  if (rows.kind() == Kind::kTuple) return *rows.tuple();
  const Elements tuples(rows);
  Gathering at;
  std::vector<NamedGathering> names;
  for (std::uint32_t i = 0; i < tuples.size(); i++) {
    const Tuple& tuple = *tuples[i].tuple();
    at.Append(arena, tuple.at);
    for (const Binding* name = tuple.bindings; name != nullptr; name = name->next) {
      if (IsHidden(name, tuple.bindings)) continue;
      NamedGathering* known = nullptr;
      for (NamedGathering& other : names) {
        if (other.symbol == name->symbol) known = &other;
      }
      if (known == nullptr) known = &names.emplace_back(NamedGathering{.symbol = name->symbol});
      known->values.Append(arena, name->value);
    }
  }
  Tuple reduced{.at = at.data()};
  for (const NamedGathering& name : names) {
    Binding* const binding = arena.New<Binding>();
    *binding = {name.symbol, name.values.data(), reduced.bindings};
    reduced.bindings = binding;
  }
  return reduced;
}

}  // namespace

// Whether `key` can be a member's, undefined being one that is left out.
bool Evaluator::IsKey(Value key, std::uint32_t position) {
  if (key.is_failed()) return false;
  if (key.is_string() || key.is_undefined()) return true;
  Fail("T1003", key);
  LocateAt(position);
  return false;
}

Value Evaluator::GroupBehind(const Group& group, Value items, Frame* frame) {
  items = Follow(items);
  return items.is_failed() ? items : EvaluateGroup(group.pairs, group.position, items, frame);
}

Value Evaluator::EvaluateGroup(const std::vector<Pair>& pairs, std::uint32_t position, Value input,
                               Frame* frame) {
  const bool rows = input.kind() == Kind::kArray && input.array()->tuple_stream;
  if (!rows && !input.is_array()) return MakeObject(pairs, position, input, frame);
  const Elements items(input);
  if (items.size() == 0) return MakeObject(pairs, position, Value(), frame);
  if (items.size() == 1 && !rows) return MakeObject(pairs, position, items[0], frame);

  std::vector<Entry> entries;
  Object* const indexes = arena_.New<Object>();
  for (std::uint32_t i = 0; i < items.size(); i++) {
    const Value item = items[i];
    const Arena::Mark mark = stack_.Position();
    Frame* const names = rows ? FrameOf(*item.tuple(), frame) : frame;
    for (std::size_t pair = 0; pair < pairs.size(); pair++) {
      const Value key = Evaluate(*pairs[pair].first, rows ? item.tuple()->at : item, names);
      if (!IsKey(key, position)) return Value::Failed();
      if (key.is_undefined()) continue;
      const Value* const known = indexes->Find(key.text());
      const std::size_t at =
          known == nullptr ? entries.size() : static_cast<std::size_t>(known->number());
      if (known == nullptr) {
        entries.push_back({.pair = pair});
        Set(arena_, *indexes, key.text(), Value::Integer(at));
      } else if (entries[at].pair != pair) {
        Fail("D1009", key);
        return LocateAt(position);
      }
      entries[at].items.Append(arena_, item);
    }
    Release(mark);
  }

  Object* const result = arena_.New<Object>();
  const Members keys(arena_, Value::Of(indexes));
  for (std::uint32_t i = 0; i < keys.size(); i++) {
    const Entry& entry = entries[static_cast<std::size_t>(keys.value(i).number())];
    const Node& node = *pairs[entry.pair].second;
    const Arena::Mark mark = stack_.Position();
    Value value;
    if (rows) {
      const Tuple row = Reduce(arena_, entry.items.data());
      value = Evaluate(node, row.at, FrameOf(row, frame));
    } else {
      value = Evaluate(node, entry.items.data(), frame);
    }
    if (value.is_failed()) return value;
    Release(mark);
    if (!value.is_undefined()) Set(arena_, *result, keys.key(i), value);
  }
  return Value::Of(result);
}

// The object of one item: every pair is a member of its own.
Value Evaluator::MakeObject(const std::vector<Pair>& pairs, std::uint32_t position, Value item,
                            Frame* frame) {
  Object* const object = arena_.New<Object>();
  const Node** const values = stack_.NewArray<const Node*>(pairs.size());
  for (const auto& [key_node, value_node] : pairs) {
    const bool constant = key_node->kind == NodeKind::kLiteral && key_node->literal.is_string() &&
                          key_node->predicates.empty() && key_node->group == nullptr;
    const Value key = constant ? key_node->literal : Evaluate(*key_node, item, frame);
    if (!IsKey(key, position)) return Value::Failed();
    if (key.is_undefined()) continue;
    const std::uint32_t size = object->size;
    Set(arena_, *object, key.text(), Value());
    if (object->size == size) {
      if (arena_.exhausted()) return FailExhausted();
      Fail("D1009", key);
      return LocateAt(position);
    }
    values[size] = value_node;
  }
  const Members order(stack_, Value::Of(object));
  for (std::uint32_t i = 0; i < order.size(); i++) {
    const std::uint32_t place = order.Place(i);
    const Value value = Evaluate(*values[place], item, frame);
    if (value.is_failed()) return value;
    object->members[place].value = value;
  }
  return Value::Of(Completed(arena_, *object));
}

}  // namespace towline::jsonata
