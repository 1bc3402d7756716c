#pragma once

// Any struct of the interpreter as text with all its fields, so that tests compare everything and
// a field added later is compared without anybody thinking of it.

#include <concepts>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "statemachines/base/json.h"
#include "statemachines/base/shared.h"
#include "statemachines/base/time.h"

namespace towline::store {

struct AnyField {
  template <class T>
  operator T&() const&& noexcept;  // NOLINT(google-explicit-constructor)
  template <class T>
  operator T&() const& noexcept;  // NOLINT(google-explicit-constructor)
};

// How many fields an aggregate has: as many as it can be initialised with.
template <class T, class... Known>
constexpr int FieldCount() {
  if constexpr (requires { T{Known{}..., AnyField{}}; }) {
    return FieldCount<T, Known..., AnyField>();
  } else {
    return sizeof...(Known);
  }
}

template <class T, class F>
void ForEachField(const T& value, F&& f) {
  constexpr int kFields = FieldCount<T>();
  const auto all = [&](const auto&... fields) { (f(fields), ...); };
#define TOWLINE_FIELDS(count, ...)        \
  if constexpr (kFields == count) {       \
    const auto& [__VA_ARGS__] = value;    \
    all(__VA_ARGS__);                     \
  }
  // clang-format off
  TOWLINE_FIELDS(1, a)
  TOWLINE_FIELDS(2, a, b)
  TOWLINE_FIELDS(3, a, b, c)
  TOWLINE_FIELDS(4, a, b, c, d)
  TOWLINE_FIELDS(5, a, b, c, d, e)
  TOWLINE_FIELDS(6, a, b, c, d, e, g)
  TOWLINE_FIELDS(7, a, b, c, d, e, g, h)
  TOWLINE_FIELDS(8, a, b, c, d, e, g, h, i)
  TOWLINE_FIELDS(14, a, b, c, d, e, g, h, i, j, k, l, m, n, o)
  TOWLINE_FIELDS(15, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p)
  TOWLINE_FIELDS(16, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q)
  TOWLINE_FIELDS(17, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r)
  TOWLINE_FIELDS(18, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s)
  TOWLINE_FIELDS(19, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t)
  TOWLINE_FIELDS(20, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u)
  TOWLINE_FIELDS(9, a, b, c, d, e, g, h, i, j)
  TOWLINE_FIELDS(10, a, b, c, d, e, g, h, i, j, k)
  TOWLINE_FIELDS(11, a, b, c, d, e, g, h, i, j, k, l)
  TOWLINE_FIELDS(12, a, b, c, d, e, g, h, i, j, k, l, m)
  TOWLINE_FIELDS(13, a, b, c, d, e, g, h, i, j, k, l, m, n)
  TOWLINE_FIELDS(21, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v)
  TOWLINE_FIELDS(22, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w)
  // clang-format on
#undef TOWLINE_FIELDS
  static_assert(kFields <= 22, "add a line above");
}

inline std::string Describe(const Json& value) { return PrintJson(*value); }
inline std::string Describe(const std::string& text) { return '"' + text + '"'; }
inline std::string Describe(Timestamp time) { return FormatTimestamp(time); }
template <class T>
  requires std::is_arithmetic_v<T>
std::string Describe(T number) {
  return std::to_string(number);
}
template <class T>
  requires std::is_enum_v<T>
std::string Describe(T number) {
  return std::to_string(static_cast<long long>(number));
}
template <class T>
std::string Describe(const std::optional<T>& value);
template <class T>
std::string Describe(const std::vector<T>& values);
template <class T>
std::string Describe(const std::shared_ptr<T>& value) {
  return value ? Describe(*value) : "nothing";
}
template <class T>
std::string Describe(const Shared<T>& value);
template <class K, class V, class Less>
std::string Describe(const std::map<K, V, Less>& values);
template <class... T>
std::string Describe(const std::variant<T...>& value);

template <class T>
  requires std::is_aggregate_v<T>
std::string Describe(const T& value) {
  std::string text = "{";
  ForEachField(value, [&](const auto& field) { text += Describe(field) + "; "; });
  return text + "}";
}
template <class T>
std::string Describe(const Shared<T>& value) {
  return Describe(*value);
}
template <class T>
std::string Describe(const std::optional<T>& value) {
  return value ? Describe(*value) : "nothing";
}
template <class T>
std::string Describe(const std::vector<T>& values) {
  std::string text = "[";
  for (const T& value : values) text += Describe(value) + ", ";
  return text + "]";
}
template <class K, class V, class Less>
std::string Describe(const std::map<K, V, Less>& values) {
  std::string text = "<";
  for (const auto& [key, value] : values) text += Describe(key) + ": " + Describe(value) + ", ";
  return text + ">";
}
template <class... T>
std::string Describe(const std::variant<T...>& value) {
  return "#" + std::to_string(value.index()) +
         std::visit([](const auto& one) { return Describe(one); }, value);
}

}  // namespace towline::store
