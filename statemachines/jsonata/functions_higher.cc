// Functions that call a function for each element or member.

#include "statemachines/jsonata/functions.h"

namespace towline::jsonata {
namespace {

// Calls a function with an element, its place and the whole, as many of them as it takes.
Value CallBack(const Call& call, Value function, Value element, Value place, Value whole) {
  const Value arguments[3] = {element, place, whole};
  const int arity = Evaluator::ArityOf(*function.function());
  const std::size_t size = arity >= 3 ? 3 : arity == 2 ? 2 : 1;
  return call.evaluator.Apply(function, {arguments, size}, Value::Null(), call.frame);
}

Value Map(const Call& call) {
  if (call[0].is_undefined()) return {};
  const Elements elements(call[0]);
  Array* const result = NewSequence(call.evaluator.arena());
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    const Value value = CallBack(call, call[1], elements[i], Value::Integer(i), call[0]);
    if (value.is_failed()) return value;
    if (!value.is_undefined()) Push(call.evaluator.arena(), *result, value);
  }
  return Value::Of(result);
}

Value Filter(const Call& call) {
  if (call[0].is_undefined()) return {};
  const Elements elements(call[0]);
  Array* const result = NewSequence(call.evaluator.arena());
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    const Value value = CallBack(call, call[1], elements[i], Value::Integer(i), call[0]);
    if (value.is_failed()) return value;
    const Value truth = call.evaluator.Truth(value);
    if (truth.is_failed()) return truth;
    if (truth.boolean()) Push(call.evaluator.arena(), *result, elements[i]);
  }
  return Value::Of(result);
}

Value Single(const Call& call) {
  if (call[0].is_undefined()) return {};
  const Elements elements(call[0]);
  bool found = false;
  Value result;
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    Value truth = Value::Bool(true);
    if (call[1].is_function()) {
      const Value value = CallBack(call, call[1], elements[i], Value::Integer(i), call[0]);
      if (value.is_failed()) return value;
      truth = call.evaluator.Truth(value);
    }
    if (truth.is_failed()) return truth;
    if (!truth.boolean()) continue;
    if (found) return call.evaluator.Fail("D3138");
    found = true;
    result = elements[i];
  }
  return found ? result : call.evaluator.Fail("D3139");
}

Value Reduce(const Call& call) {
  if (call[0].is_undefined()) return {};
  const Elements elements(call[0]);
  const Value function = call[1];
  const int arity = Evaluator::ArityOf(*function.function());
  if (arity < 2) return call.evaluator.Fail("D3050");
  Value result = call[2];
  std::uint32_t i = 0;
  if (result.is_undefined() && elements.size() > 0) result = elements[i++];
  Evaluator::LoopStart start = call.evaluator.StartLoop();
  for (; i < elements.size(); i++) {
    const Value arguments[4] = {result, elements[i], Value::Integer(i), call[0]};
    const std::size_t size = arity >= 4 ? 4 : static_cast<std::size_t>(arity);
    result = call.evaluator.Apply(function, {arguments, size}, Value::Null(), call.frame);
    if (result.is_failed()) return result;
    // Only a lambda is known to leave nothing behind but its value.
    if (function.function()->kind == FunctionKind::kLambda) {
      call.evaluator.EndRound(start, &result, 1);
    }
  }
  return result;
}

Value Sift(const Call& call) {
  if (call[0].is_undefined()) return {};
  Arena& arena = call.evaluator.arena();
  const Members members(arena, call[0]);
  if (members.size() > 0 && !call[1].is_function()) return FailArgument(call, 2);
  Object* const result = arena.New<Object>();
  for (std::uint32_t i = 0; i < members.size(); i++) {
    const Value member = members.value(i);
    const Value value = CallBack(call, call[1], member, Value::String(members.key(i)), call[0]);
    if (value.is_failed()) return value;
    const Value truth = call.evaluator.Truth(value);
    if (truth.is_failed()) return truth;
    if (truth.boolean()) Set(arena, *result, members.key(i), member);
  }
  return result->size == 0 ? Value() : Value::Of(result);
}

Value Each(const Call& call) {
  Arena& arena = call.evaluator.arena();
  Array* const result = NewSequence(arena);
  if (call[0].is_undefined()) return Value::Of(result);
  const Members members(arena, call[0]);
  for (std::uint32_t i = 0; i < members.size(); i++) {
    const Value key = Value::String(members.key(i));
    const Value value = CallBack(call, call[1], members.value(i), key, call[0]);
    if (value.is_failed()) return value;
    if (!value.is_undefined()) Push(arena, *result, value);
  }
  return Value::Of(result);
}

}  // namespace

std::vector<NativeEntry> HigherOrderFunctions() {
  return {
      {"map", "<af>", 2, Map},        {"filter", "<af>", 2, Filter},
      {"single", "<af?>", 2, Single}, {"reduce", "<afj?:j>", 3, Reduce},
      {"sift", "<o-f?:o>", 2, Sift},  {"each", "<o-f:a>", 2, Each},
  };
}

}  // namespace towline::jsonata
