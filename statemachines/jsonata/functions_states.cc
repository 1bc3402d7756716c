// What Amazon States Language adds to the functions of JSONata.

#include <cmath>

#include "statemachines/base/random.h"
#include "statemachines/jsonata/encoding.h"
#include "statemachines/jsonata/functions.h"

namespace towline::jsonata {
namespace {

constexpr double kRangeMax = 1e7;

// An array cut into arrays of `size` elements; the last may be shorter.
Value Partition(const Call& call) {
  if (call[0].is_undefined()) return {};
  const double size = call[1].is_number() ? std::trunc(call[1].number()) : 0;
  if (!(size >= 1)) {
    return call.evaluator.Fail(
        {.code = "D3200", .message = "The second argument of $partition must be at least 1"});
  }
  Arena& arena = call.evaluator.arena();
  const Elements elements(call[0]);
  if (!call.evaluator.Step(elements.size())) return Value::Failed();
  Array* const parts = NewArray(arena);
  Array* part = nullptr;
  for (std::uint32_t i = 0; i < elements.size(); i++) {
    if (part == nullptr || part->size >= size) {
      part = NewArray(arena);
      Push(arena, *parts, Value::Of(part));
    }
    Push(arena, *part, elements[i]);
  }
  return Value::Of(parts);
}

// first, first + step, ... up to and including last.
Value Range(const Call& call) {
  for (std::size_t i = 0; i < 3; i++) {
    if (!call[i].is_number()) return {};
  }
  const double first = call[0].number();
  const double step = call[2].number();
  Arena& arena = call.evaluator.arena();
  Array* const range = NewArray(arena);
  const double steps = std::floor((call[1].number() - first) / step);
  if (step == 0 || !(steps >= 0)) return Value::Of(range);
  if (steps >= kRangeMax) return call.evaluator.Fail("D2014", Value::Number(steps + 1));
  const auto size = static_cast<std::size_t>(steps) + 1;
  if (!call.evaluator.Step(size)) return Value::Failed();
  if (!Reserve(arena, *range, size)) return call.evaluator.FailExhausted();
  for (std::size_t i = 0; i < size; i++) {
    Push(arena, *range, Value::Number(first + static_cast<double>(i) * step));
  }
  return Value::Of(range);
}

Value HashOf(const Call& call) {
  if (call[0].is_undefined() || call[1].is_undefined()) return {};
  return Text(call, Hash(call[0].text(), call[1].text()));
}

// The first number of java.util.Random with this seed, which is what the service answers.
double JavaRandom(std::int64_t seed) {
  constexpr std::uint64_t kMultiplier = 0x5DEECE66D;
  constexpr std::uint64_t kMask = (std::uint64_t{1} << 48U) - 1;
  std::uint64_t state = (static_cast<std::uint64_t>(seed) ^ kMultiplier) & kMask;
  const auto next = [&state](unsigned bits) {
    state = (state * kMultiplier + 11) & kMask;
    return state >> (48U - bits);
  };
  const std::uint64_t high = next(26) << 27U;
  return static_cast<double>(high + next(27)) * 0x1p-53;
}

Value Random(const Call& call) {
  if (!call[0].is_number()) return Value::Number(NextFraction(call.evaluator.seed()));
  // As Java makes a long of a double: without the fraction, and bounded.
  constexpr double kBound = 9223372036854774784.0;  // the last double below 2^63
  const double given = std::trunc(call[0].number());
  return Value::Number(
      JavaRandom(static_cast<std::int64_t>(std::fmax(-kBound, std::fmin(given, kBound)))));
}

Value Uuid(const Call& call) { return Text(call, NextUuid(call.evaluator.seed())); }

Value Parse(const Call& call) {
  if (call[0].is_undefined()) return {};
  return call.evaluator.ParseText(call[0].text());
}

}  // namespace

std::vector<NativeEntry> StepFunctionsFunctions() {
  constexpr Availability kHere = Availability::kStepFunctions;
  return {
      {"partition", "<an:a<a>>", 2, Partition, kHere},
      {"range", "<nnn:a<n>>", 3, Range, kHere},
      {"hash", "<s-s:s>", 2, HashOf, kHere},
      {"random", "<n?:n>", 1, Random, kHere},
      {"uuid", "<:s>", 0, Uuid, kHere},
      {"parse", "<s-:x>", 1, Parse, kHere},
  };
}

}  // namespace towline::jsonata
