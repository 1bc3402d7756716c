#pragma once

#include <mutex>
#include <utility>
#include <vector>

namespace towline::worker {

// A descriptor that polls readable from Wake() until Clear().
class WakeFd {
 public:
  WakeFd();  // throws std::system_error
  ~WakeFd();
  WakeFd(const WakeFd&) = delete;
  WakeFd& operator=(const WakeFd&) = delete;

  int fd() const { return fd_; }
  void Wake() const;
  void Clear() const;

 private:
  const int fd_;
};

// What other threads have for one that polls: its descriptor is readable while something waits.
template <class T>
class WakeQueue {
 public:
  int fd() const { return wake_.fd(); }

  void Push(T item) {  // any thread
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = items_.empty();
      items_.push_back(std::move(item));
    }
    if (first) wake_.Wake();
  }
  // In the order in which they came.
  std::vector<T> TakeAll() {
    wake_.Clear();
    const std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }

 private:
  WakeFd wake_;
  std::mutex mutex_;
  std::vector<T> items_;  // guarded by mutex_
};

}  // namespace towline::worker
