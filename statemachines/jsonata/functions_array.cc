// Functions of arrays that call no others.

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "statemachines/base/random.h"
#include "statemachines/jsonata/compare.h"
#include "statemachines/jsonata/functions.h"
#include "statemachines/jsonata/sequence.h"
#include "statemachines/jsonata/sort.h"
#include "statemachines/jsonata/unicode.h"

namespace towline::jsonata {
namespace {

Value Count(const Call& call) {
  return call[0].is_undefined() ? Value::Number(0) : Value::Integer(Elements(call[0]).size());
}

Value Append(const Call& call) {
  if (call[0].is_undefined()) return call[1];
  if (call[1].is_undefined()) return call[0];
  Arena& arena = call.evaluator.arena();
  Array* const result = NewArray(arena);
  for (const Value part : {call[0], call[1]}) {
    if (!part.is_array()) {
      Push(arena, *result, part);
      continue;
    }
    if (!call.evaluator.Step(Elements(part).size())) return Value::Failed();
    if (!PushAll(arena, *result, part)) return call.evaluator.FailExhausted();
  }
  return Value::Of(result);
}

// The elements in another order.
Value Ordered(const Call& call, const Elements& elements, const std::vector<std::uint32_t>& order) {
  Arena& arena = call.evaluator.arena();
  Array* const result = NewArray(arena);
  if (!Reserve(arena, *result, order.size())) return call.evaluator.FailExhausted();
  for (const std::uint32_t index : order) Push(arena, *result, elements[index]);
  return Value::Of(result);
}

Value Reverse(const Call& call) {
  if (call[0].is_undefined()) return {};
  const Elements elements(call[0]);
  if (elements.size() < 2) return call[0];
  if (!call.evaluator.Step(elements.size())) return Value::Failed();
  std::vector<std::uint32_t> order(elements.size());
  for (std::uint32_t i = 0; i < elements.size(); i++) order[i] = elements.size() - 1 - i;
  return Ordered(call, elements, order);
}

Value Shuffle(const Call& call) {
  if (call[0].is_undefined()) return {};
  const Elements elements(call[0]);
  if (elements.size() < 2) return call[0];
  if (!call.evaluator.Step(elements.size())) return Value::Failed();
  std::vector<std::uint32_t> order(elements.size());
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    const auto other =
        static_cast<std::uint32_t>(NextFraction(call.evaluator.seed()) * (double{1} + i));
    order[i] = order[other];
    order[other] = i;
  }
  return Ordered(call, elements, order);
}

Value SortByFunction(const Call& call, const Elements& elements) {
  bool failed = false;
  const auto is_after = [&](std::uint32_t a, std::uint32_t b) {
    if (failed) return false;
    const Value pair[2] = {elements[a], elements[b]};
    const Value result = call.evaluator.Apply(call[1], {pair, 2}, Value::Null(), call.frame);
    failed = result.is_failed();
    return !failed && IsTrueInJavaScript(result);
  };
  const std::vector<std::uint32_t> order = SortedOrder(elements.size(), is_after);
  return failed ? Value::Failed() : Ordered(call, elements, order);
}

Value Sort(const Call& call) {
  if (call[0].is_undefined()) return {};
  const Elements elements(call[0]);
  if (elements.size() < 2) return call[0];
  if (!call.evaluator.Step(elements.size())) return Value::Failed();
  if (call[1].is_function()) return SortByFunction(call, elements);
  const Kind kind = elements[0].kind();
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    const Value element = elements[i];
    if (element.is_number() && std::isinf(element.number())) {
      return call.evaluator.Fail("D1001", element);
    }
    const bool usable =
        element.is_string() || (element.is_number() && element.number() == element.number());
    if (!usable || element.kind() != kind) return call.evaluator.Fail("D3070");
  }
  return Ordered(call, elements,
                 SortedOrder(elements.size(), [&](std::uint32_t a, std::uint32_t b) {
                   if (kind == Kind::kNumber) return elements[a].number() > elements[b].number();
                   return CompareUtf16(elements[a].text(), elements[b].text()) > 0;
                 }));
}

// The first of each set of equal elements. Texts and numbers, the usual elements, are found by
// hash; the others are compared with each other.
class DistinctElements {
 public:
  explicit DistinctElements(const Call& call) : call_(call) {}

  bool IsNew(Value element) {
    if (element.is_string()) return texts_.insert(element.text()).second;
    if (element.is_number()) {
      return std::isnan(element.number()) || numbers_.insert(element.number()).second;
    }
    if (!call_.evaluator.Step(others_.size() + 1)) return false;
    const bool known = std::any_of(others_.begin(), others_.end(), [&](Value other) {
      return AreEqual(call_.evaluator.arena(), element, other);
    });
    if (!known) others_.push_back(element);
    return !known;
  }

 private:
  const Call& call_;
  std::unordered_set<std::string_view> texts_;
  std::unordered_set<double> numbers_;
  std::vector<Value> others_;
};

Value Distinct(const Call& call) {
  if (!call[0].is_array()) return call[0];
  const Elements elements(call[0]);
  if (elements.size() < 2) return call[0];
  Arena& arena = call.evaluator.arena();
  Array* const result = NewArray(arena);
  result->sequence = call[0].kind() == Kind::kArray && call[0].array()->sequence;
  DistinctElements distinct(call);
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    if (!call.evaluator.Step()) return Value::Failed();
    if (distinct.IsNew(elements[i])) Push(arena, *result, elements[i]);
  }
  return Value::Of(result);
}

Value Zip(const Call& call) {
  Arena& arena = call.evaluator.arena();
  Array* const result = NewArray(arena);
  std::uint32_t size = std::numeric_limits<std::uint32_t>::max();
  for (std::size_t i = 0; i < call.arguments.size; i++) {
    size = std::min(size, call[i].is_array() ? Elements(call[i]).size() : 0);
  }
  for (std::uint32_t i = 0; i < size; i++) {
    if (!call.evaluator.Step(call.arguments.size)) return Value::Failed();
    Array* const row = NewArray(arena);
    for (std::size_t j = 0; j < call.arguments.size; j++) {
      Push(arena, *row, Elements(call[j])[i]);
    }
    Push(arena, *result, Value::Of(row));
  }
  return Value::Of(result);
}

}  // namespace

std::vector<NativeEntry> ArrayFunctions() {
  return {
      {"count", "<a:n>", 1, Count},     {"append", "<xx:a>", 2, Append},
      {"reverse", "<a:a>", 1, Reverse}, {"shuffle", "<a:a>", 1, Shuffle},
      {"sort", "<af?:a>", 2, Sort},     {"distinct", "<x:x>", 1, Distinct},
      {"zip", "<a+>", 0, Zip},
  };
}

}  // namespace towline::jsonata
