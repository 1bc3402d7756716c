#pragma once

#include <cstdio>
#include <cstdlib>

// Aborts when the program itself is wrong. On in release builds; never reachable from user input.
#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::towline::CheckFailed(#condition, __FILE__, __LINE__))

namespace towline {

[[noreturn]] inline void CheckFailed(const char* text, const char* file, int line) {
  std::fprintf(stderr, "CHECK(%s) failed at %s:%d\n", text, file, line);
  std::abort();
}

// Builds one visitor out of lambdas; clang 14 needs the deduction guide.
template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

}  // namespace towline
