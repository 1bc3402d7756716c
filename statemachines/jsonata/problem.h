#pragma once

// Apart from jsonata.h for the parts of this room that know no expression.

#include <cstddef>
#include <string>
#include <utility>
#include <variant>

namespace towline::jsonata {

// Why an expression cannot be parsed or evaluated.
struct Problem {
  std::string code;          // as JSONata numbers them: "S0201", "T2001", "D3137", "U1001"
  std::string message;       // one line, without the code
  std::size_t position = 0;  // byte in the expression at which the offending token starts
  std::string token{};       // the operator or function concerned, where there is one
};

template <class T>
class [[nodiscard]] OrProblem {
 public:
  OrProblem(T value) : state_(std::move(value)) {}            // NOLINT(google-explicit-constructor)
  OrProblem(Problem problem) : state_(std::move(problem)) {}  // NOLINT(google-explicit-constructor)
  explicit operator bool() const { return state_.index() == 0; }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T& operator*() & { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  const T* operator->() const { return std::get_if<0>(&state_); }
  T* operator->() { return std::get_if<0>(&state_); }
  const Problem& problem() const { return *std::get_if<1>(&state_); }  // only after false

 private:
  std::variant<T, Problem> state_;
};

}  // namespace towline::jsonata
