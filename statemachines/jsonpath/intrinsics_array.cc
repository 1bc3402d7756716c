#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cmath>
#include <string>
#include <unordered_map>

#include "statemachines/jsonpath/intrinsics.h"

namespace towline::jsonpath {
namespace {

constexpr std::int64_t kRangeMax = 1000;
constexpr std::size_t kPartitionBytesMax = 256U << 10U;

bool TakeAll(Invocation& call, const json::value& value, std::size_t depth) {
  if (call.allowance.Take(value, depth)) return true;
  return call.TooLarge(call.allowance.error().detail);
}

// Equal as JSON values: 1 and 1.0 are the same number, members have no order.
bool SameJson(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_double() != b.is_double()) return a.to_number<double>() == b.to_number<double>();
    return a == b;
  }
  if (a.is_array() && b.is_array()) {
    return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(),
                      b.get_array().end(), SameJson);
  }
  if (a.is_object() && b.is_object()) {
    const json::object& other = b.get_object();
    return a.get_object().size() == other.size() &&
           std::all_of(a.get_object().begin(), a.get_object().end(), [&](const auto& member) {
             const json::value* value = other.if_contains(member.key());
             return value != nullptr && SameJson(member.value(), *value);
           });
  }
  return a == b;
}

// Equal for values that SameJson holds equal.
std::size_t HashJson(const json::value& value) {
  if (value.is_number()) return std::hash<double>()(value.to_number<double>());
  if (const json::string* text = value.if_string()) {
    return std::hash<std::string_view>()({text->data(), text->size()});
  }
  std::size_t hash = static_cast<std::size_t>(value.kind());
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) hash = hash * 31 + HashJson(element);
  } else if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      hash += std::hash<std::string_view>()({member.key().data(), member.key().size()}) ^
              HashJson(member.value());
    }
  } else if (value.is_bool()) {
    hash += value.get_bool() ? 1 : 2;
  }
  return hash;
}

}  // namespace

bool Array(Invocation& call, json::value& result) {
  json::array all;
  all.reserve(call.arguments.size());
  for (const json::value* argument : call.arguments) {
    if (!TakeAll(call, *argument, 1)) return false;
    all.push_back(*argument);
  }
  result = std::move(all);
  return true;
}

bool ArrayPartition(Invocation& call, json::value& result) {
  std::int64_t size = 0;
  if (!RoundToInt(call[1], size) || size < 1) {
    return call.Fail("The chunk size must be a positive integer");
  }
  if (JsonSize(call[0], kPartitionBytesMax) > kPartitionBytesMax) {
    return call.TooLarge("The array is larger than 256 KiB");
  }
  if (!TakeAll(call, call[0], 1)) return false;
  json::array chunks;
  for (const json::value& element : call[0].get_array()) {
    if (chunks.empty() || chunks.back().get_array().size() == static_cast<std::size_t>(size)) {
      chunks.emplace_back(json::array_kind);
    }
    chunks.back().get_array().push_back(element);
  }
  result = std::move(chunks);
  return true;
}

bool ArrayContains(Invocation& call, json::value& result) {
  const json::array& array = call[0].get_array();
  result = std::any_of(array.begin(), array.end(),
                       [&](const json::value& element) { return SameJson(element, call[1]); });
  return true;
}

bool ArrayRange(Invocation& call, json::value& result) {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t step = 0;
  if (!RoundToInt(call[0], first) || !RoundToInt(call[1], last) || !RoundToInt(call[2], step)) {
    return call.Fail("The arguments must be integers of at most 2147483647");
  }
  if (step == 0) return call.Fail("The step must not be zero");
  const std::int64_t steps = (last - first) / step;
  const bool empty = (step > 0 && first > last) || (step < 0 && first < last);
  if (!empty && steps >= kRangeMax) {
    return call.TooLarge("The range has more than " + std::to_string(kRangeMax) + " elements");
  }
  json::array range;
  for (std::int64_t i = 0; !empty && i <= steps; i++) range.emplace_back(first + i * step);
  result = std::move(range);
  return true;
}

bool ArrayGetItem(Invocation& call, json::value& result) {
  const json::array& array = call[0].get_array();
  const json::value& number = call[1];
  const double exact = number.to_number<double>();
  std::int64_t index = 0;
  if (!RoundToInt(number, index) || static_cast<double>(index) != exact) {
    return call.Fail("The index must be an integer");
  }
  if (index < 0 || index >= static_cast<std::int64_t>(array.size())) {
    return call.Fail("The index " + std::to_string(index) +
                     " is out of the bounds of an array of " + std::to_string(array.size()) +
                     " elements");
  }
  const json::value& element = array[static_cast<std::size_t>(index)];
  if (!TakeAll(call, element, 0)) return false;
  result = element;
  return true;
}

bool ArrayLength(Invocation& call, json::value& result) {
  result = static_cast<std::int64_t>(call[0].get_array().size());
  return true;
}

bool ArrayUnique(Invocation& call, json::value& result) {
  if (!TakeAll(call, call[0], 0)) return false;
  std::unordered_multimap<std::size_t, const json::value*> seen;
  json::array unique;
  for (const json::value& element : call[0].get_array()) {
    const std::size_t hash = HashJson(element);
    const auto [begin, end] = seen.equal_range(hash);
    const bool known = std::any_of(
        begin, end, [&](const auto& entry) { return SameJson(*entry.second, element); });
    if (known) continue;
    seen.emplace(hash, &element);
    unique.push_back(element);
  }
  result = std::move(unique);
  return true;
}

bool JsonMerge(Invocation& call, json::value& result) {
  if (call[2].get_bool()) {
    return call.Fail("The third argument must be false: deep merging does not exist");
  }
  if (!TakeAll(call, call[0], 0) || !TakeAll(call, call[1], 0)) return false;
  json::object merged = call[0].get_object();
  for (const auto& member : call[1].get_object()) {
    merged.insert_or_assign(member.key(), member.value());
  }
  result = std::move(merged);
  return true;
}

}  // namespace towline::jsonpath
