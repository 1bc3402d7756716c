#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "statemachines/base/time.h"

namespace towline::engine {

// A bounded mailbox: any thread may Push, one thread takes. A slow taker makes the next batch
// larger by itself; a full box is "busy" to the pusher rather than a wait.
template <class T>
class Inbox {
 public:
  explicit Inbox(std::size_t capacity) : capacity_(capacity) {}

  bool Push(T item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
      if (!waiting_) return true;  // the taker is awake and will see it
    }
    ready_.notify_one();
    return true;
  }

  // At most `max` of what is waiting; never blocks.
  std::deque<T> Take(std::size_t max) {
    const std::lock_guard lock(mutex_);
    if (items_.size() <= max) return std::exchange(items_, {});
    std::deque<T> taken;
    for (; taken.size() < max; items_.pop_front()) taken.push_back(std::move(items_.front()));
    return taken;
  }

  // Gives back what was taken and not worked off, from `from` on: it stays first in line.
  void PutBack(std::deque<T>& taken, typename std::deque<T>::iterator from) {
    const std::lock_guard lock(mutex_);
    items_.insert(items_.begin(), std::make_move_iterator(from),
                  std::make_move_iterator(taken.end()));
  }

  // Returns when something is waiting, the time is over, Wake() was called or stop is asked for.
  void Wait(std::stop_token stop, std::optional<Millis> time) {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    const auto awake = [this] { return woken_ || !items_.empty(); };
    if (time) {
      ready_.wait_for(lock, stop, *time, awake);
    } else {
      ready_.wait(lock, stop, awake);
    }
    waiting_ = false;
    woken_ = false;
  }

  void Wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    ready_.notify_one();
  }

  // Refuses everything from now on; what is waiting can still be taken.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<T> items_;     // guarded by mutex_
  bool waiting_ = false;    // guarded by mutex_
  bool woken_ = false;      // guarded by mutex_
  bool closed_ = false;     // guarded by mutex_
};

}  // namespace towline::engine
