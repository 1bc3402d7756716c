#pragma once

// The memory of one evaluation: values live in it until the evaluation ends. Private to this room.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

namespace towline::jsonata {

// Hands out memory from chunks and takes it back all at once, or down to a mark.
//
// Two amounts are counted. What values hold (elements, members, characters) is charged by those
// who make them and bounded by `limit`; what their headers and frames need besides is bounded by a
// multiple of it. Beyond either bound exhausted() is true: the evaluation then ends at its next
// step, and Allocate gives no more large pieces.
class Arena {
 public:
  explicit Arena(std::size_t limit) : limit_(limit) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // False, and exhausted() from then on, if `bytes` more would exceed the limit.
  bool Charge(std::size_t bytes) {
    if (bytes > limit_ - charged_) return Exhaust();
    charged_ += bytes;
    return true;
  }
  std::size_t left() const { return limit_ - charged_; }
  bool exhausted() const { return exhausted_; }
  // A value nests deeper than any may.
  void RefuseDepth() { exhausted_ = too_deep_ = true; }
  bool too_deep() const { return too_deep_; }

  // Aligned for any value; never null. Of large pieces only what has been charged.
  void* Allocate(std::size_t bytes) {
    bytes = (bytes + 7) & ~static_cast<std::size_t>(7);
    if (bytes > static_cast<std::size_t>(end_ - next_)) return AllocateChunk(bytes);
    void* const memory = next_;
    next_ += bytes;
    return memory;
  }
  template <class T>
  T* New() {
    return new (Allocate(sizeof(T))) T();
  }
  template <class T>
  T* NewArray(std::size_t count) {  // uninitialised
    return static_cast<T*>(Allocate(count * sizeof(T)));  // NOLINT(bugprone-sizeof-expression)
  }
  // If `memory` is the last piece of `bytes` that was handed out, makes it longer in place.
  bool Extend(const char* memory, std::size_t bytes, std::size_t more);

  // A place to go back to: Rewind() forgets everything handed out since.
  struct Mark {
    std::size_t used = 0;
    char* next = nullptr;
    char* end = nullptr;
    std::size_t before = 0;
    std::size_t charged = 0;

    bool IsBehind(const Mark& other) const {
      return used != other.used ? used > other.used : next > other.next;
    }
    // Bytes handed out up to here, unused ends of chunks included.
    std::size_t size() const { return before - static_cast<std::size_t>(end - next); }
  };
  Mark Position() const { return {used_, next_, end_, before_, charged_}; }
  void Rewind(const Mark& mark) {
    used_ = mark.used;
    next_ = mark.next;
    end_ = mark.end;
    before_ = mark.before;
    charged_ = mark.charged;
  }
  // Whether `memory` was handed out since `mark`.
  bool IsSince(const Mark& mark, const void* memory) const;

 private:
  struct Chunk {
    char* memory = nullptr;
    std::size_t size = 0;
  };
  bool Exhaust() {
    exhausted_ = true;
    return false;
  }
  void* AllocateChunk(std::size_t bytes);

  static constexpr std::size_t kFirstSize = 4096;

  const std::size_t limit_;
  std::size_t charged_ = 0;
  std::size_t reserved_ = 0;  // in chunks, spare ones included
  bool exhausted_ = false;
  bool too_deep_ = false;
  alignas(8) char first_[kFirstSize];  // most evaluations need no more
  char* next_ = first_;
  char* end_ = first_ + kFirstSize;
  std::size_t before_ = kFirstSize;  // bytes of the chunks in use
  std::vector<Chunk> chunks_;
  std::size_t used_ = 0;  // of the chunks; those behind are spare
};

}  // namespace towline::jsonata
