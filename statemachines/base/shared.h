#pragma once

#include <memory>
#include <utility>

namespace towline {

// An immutable value that its copies share: as large as two pointers, whatever T is, so that one
// large alternative does not make all others of a variant as large. Any thread may read it.
template <class T>
class Shared {
 public:
  Shared() : value_(Default()) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }

 private:
  static const std::shared_ptr<const T>& Default() {
    static const std::shared_ptr<const T> value = std::make_shared<const T>();
    return value;
  }
  std::shared_ptr<const T> value_;  // never null
};

}  // namespace towline
