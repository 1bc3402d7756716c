#pragma once

#include <string>
#include <utility>
#include <variant>

#include "statemachines/base/check.h"

namespace towline {

// An expected refusal: what a caller may reasonably act upon. A programmer error is a CHECK, a
// workflow's own failure is data in an event, a broken disk is an exception of the store.
struct Error {
  enum class Code {
    kInvalidArgument,     // the request itself is wrong
    kNotFound,            // the thing named does not exist
    kAlreadyExists,       // the name is taken by something different
    kFailedPrecondition,  // the thing exists, but not in a state that allows this
    kPermissionDenied,    // exists perhaps, but not for this caller
    kResourceExhausted,   // a bound was reached: busy, too large, too many
    kUnavailable,         // try again later
    kDeadlineExceeded,    // the caller's own time ran out
    kInternal,
  };
  Code code = Code::kInvalidArgument;
  std::string message;  // what was wrong, where, and what to do; one line
  std::string name{};   // the AWS error name where one exists, e.g. "ExecutionAlreadyExists"
};

// A value or an Error; the subset of std::expected that g++ 12 lacks in C++20.
template <class T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & {
    CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const {
    CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

// The outcome of something that yields nothing.
using Status = Result<std::monostate>;
inline Status Ok() { return std::monostate{}; }

}  // namespace towline
