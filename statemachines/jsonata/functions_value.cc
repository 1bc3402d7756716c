// Functions of values of any type, and of objects.

#include <cmath>

#include "statemachines/jsonata/functions.h"
#include "statemachines/jsonata/sequence.h"

namespace towline::jsonata {
namespace {

Value Boolean(const Call& call) {
  return call[0].is_undefined() ? Value() : call.evaluator.Truth(call[0]);
}

Value Not(const Call& call) {
  if (call[0].is_undefined()) return {};
  const Value truth = call.evaluator.Truth(call[0]);
  return truth.is_failed() ? truth : Value::Bool(!truth.boolean());
}

Value Exists(const Call& call) { return Value::Bool(!call[0].is_undefined()); }

Value Type(const Call& call) {
  const Value value = call[0];
  if (value.is_undefined()) return {};
  if (value.is_null()) return Value::String("null");
  if (value.is_bool()) return Value::String("boolean");
  if (value.is_string()) return Value::String("string");
  if (value.is_array()) return Value::String("array");
  if (value.is_function()) return Value::String("function");
  if (!value.is_number()) return Value::String("object");
  if (std::isinf(value.number())) return call.evaluator.Fail("D1001", value);
  return Value::String(std::isnan(value.number()) ? "object" : "number");
}

// Gathers the keys of an object, or of the objects in an array, each once.
bool AddKeys(const Call& call, Value value, Object& keys) {
  value = call.evaluator.Follow(value);
  if (value.is_failed()) return false;
  Arena& arena = call.evaluator.arena();
  if (value.is_array()) {
    const Elements elements(value);
    if (!call.evaluator.Step(elements.size())) return false;
    for (std::uint32_t i = 0; i < elements.size(); i++) {
      if (!AddKeys(call, elements[i], keys)) return false;
    }
  } else if (value.is_object()) {
    const Members members(arena, value);
    if (!call.evaluator.Step(members.size())) return false;
    for (std::uint32_t i = 0; i < members.size(); i++) {
      Set(arena, keys, members.key(i), Value::Bool(true));
    }
  }
  return true;
}

Value Keys(const Call& call) {
  Arena& arena = call.evaluator.arena();
  Object* const keys = arena.New<Object>();
  if (!AddKeys(call, call[0], *keys)) return Value::Failed();
  Array* const result = NewSequence(arena);
  const Members members(arena, Value::Of(keys));
  for (std::uint32_t i = 0; i < members.size(); i++) {
    Push(arena, *result, Value::String(members.key(i)));
  }
  return Value::Of(result);
}

Value LookUp(const Call& call) {
  if (!call[1].is_string()) return {};
  const Value found = call.evaluator.LookUp(call[0], call[1].text());
  if (!call[0].is_array() || found.is_failed()) return found;
  if (found.is_undefined()) return Value::Of(NewSequence(call.evaluator.arena()));
  return found.is_array() ? found : SequenceOf(call.evaluator.arena(), found);
}

// Each member as an object of its own.
Value Spread(const Call& call, Value value) {
  value = call.evaluator.Follow(value);
  Arena& arena = call.evaluator.arena();
  if (value.is_array()) {
    const Elements elements(value);
    if (!call.evaluator.Step(elements.size() + 1)) return Value::Failed();
    Array* const result = elements.size() == 0 ? NewSequence(arena) : NewArray(arena);
    for (std::uint32_t i = 0; i < elements.size(); i++) {
      const Value part = Spread(call, elements[i]);
      if (part.is_failed()) return part;
      if (part.is_array()) {
        PushAll(arena, *result, part);
      } else if (!part.is_undefined()) {
        Push(arena, *result, part);
      }
    }
    return Value::Of(result);
  }
  if (!value.is_object()) return value;
  const Members members(arena, value);
  if (!call.evaluator.Step(members.size() + 1)) return Value::Failed();
  Array* const result = NewSequence(arena);
  for (std::uint32_t i = 0; i < members.size(); i++) {
    Object* const object = arena.New<Object>();
    Set(arena, *object, members.key(i), members.value(i));
    Push(arena, *result, Value::Of(object));
  }
  return Value::Of(result);
}

Value SpreadArgument(const Call& call) { return Spread(call, call[0]); }

Value Merge(const Call& call) {
  if (call[0].is_undefined()) return {};
  Arena& arena = call.evaluator.arena();
  const Elements objects(call[0]);
  Object* const merged = arena.New<Object>();
  for (std::uint32_t i = 0; i < objects.size(); i++) {
    const Value object = call.evaluator.Follow(objects[i]);
    if (object.is_failed()) return object;
    const Members members(arena, object);
    if (!call.evaluator.Step(members.size() + 1)) return Value::Failed();
    for (std::uint32_t j = 0; j < members.size(); j++) {
      Set(arena, *merged, members.key(j), members.value(j));
    }
  }
  return Value::Of(merged);
}

Value Clone(const Call& call) {
  if (call[0].is_undefined()) return {};
  const bool wrapped = call[0].kind() == Kind::kArray && call[0].array()->outer_wrapper;
  return call.evaluator.Clone(wrapped ? call[0].array()->at(0) : call[0]);
}

// The message of whoever wrote the expression, as it is.
Value Raise(const Call& call, const char* code, Value message, std::string_view otherwise) {
  const bool given = message.is_string() && !message.text().empty();
  return call.evaluator.Fail(
      {.code = code, .message = std::string(given ? message.text() : otherwise)});
}

Value Error(const Call& call) {
  return Raise(call, "D3137", call[0], "$error() function evaluated");
}

Value Assert(const Call& call) {
  if (call[0].is_bool() && call[0].boolean()) return {};
  return Raise(call, "D3141", call[1], "$assert() statement failed");
}

Value Eval(const Call& call) {
  if (call[0].is_undefined()) return {};
  Value input = call.context;
  if (!call[1].is_undefined()) {
    input = call[1];
    const bool sequence = input.kind() == Kind::kArray && input.array()->sequence;
    if (input.is_array() && !sequence) {
      input = SequenceOf(call.evaluator.arena(), input);
      input.array()->outer_wrapper = true;
    }
  }
  return call.evaluator.EvaluateText(call[0].text(), input, call.frame);
}

}  // namespace

std::vector<NativeEntry> ValueFunctions() {
  return {
      {"boolean", "<x-:b>", 1, Boolean},
      {"not", "<x-:b>", 1, Not},
      {"exists", "<x:b>", 1, Exists},
      {"type", "<x:s>", 1, Type},
      {"keys", "<x-:a<s>>", 1, Keys},
      {"lookup", "<x-s:x>", 2, LookUp},
      {"spread", "<x-:a<o>>", 1, SpreadArgument},
      {"merge", "<a<o>:o>", 1, Merge},
      {"clone", "<(oa)-:o>", 1, Clone},
      {"error", "<s?:x>", 1, Error},
      {"assert", "<bs?:x>", 2, Assert},
      {"eval", "<sx?:x>", 2, Eval, Availability::kStandard},
  };
}

}  // namespace towline::jsonata
