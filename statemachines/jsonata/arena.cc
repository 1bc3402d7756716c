#include "statemachines/jsonata/arena.h"

#include <algorithm>

namespace towline::jsonata {
namespace {

constexpr std::size_t kChunkSize = 32U << 10U;
constexpr std::size_t kChunkSizeMax = 1U << 20U;
// Headers, frames and unused room besides what values hold.
constexpr std::size_t kOverheadFactor = 6;
constexpr std::size_t kOverheadMin = 4U << 20U;

}  // namespace

Arena::~Arena() {
  for (const Chunk& chunk : chunks_) std::free(chunk.memory);
}

void* Arena::AllocateChunk(std::size_t bytes) {
  if (used_ < chunks_.size() && chunks_[used_].size < bytes) {  // too small to be used again
    for (std::size_t i = used_; i < chunks_.size(); i++) {
      std::free(chunks_[i].memory);
      reserved_ -= chunks_[i].size;
    }
    chunks_.resize(used_);
  }
  if (used_ == chunks_.size()) {
    const std::size_t wanted =
        std::min(kChunkSize << std::min<std::size_t>(used_, 5U), kChunkSizeMax);
    const std::size_t size = std::max(bytes, wanted);
    char* const memory = static_cast<char*>(std::malloc(size));
    if (memory == nullptr) std::abort();
    chunks_.push_back({memory, size});
    reserved_ += size;
    if (reserved_ / kOverheadFactor > limit_ + kOverheadMin) exhausted_ = true;
  }
  const Chunk& chunk = chunks_[used_++];
  before_ += chunk.size;
  next_ = chunk.memory + bytes;
  end_ = chunk.memory + chunk.size;
  return chunk.memory;
}

bool Arena::IsSince(const Mark& mark, const void* memory) const {
  const char* const place = static_cast<const char*>(memory);
  if (place >= mark.next && place < mark.end) return true;
  for (std::size_t i = used_; i > mark.used; i--) {
    const Chunk& chunk = chunks_[i - 1];
    if (place >= chunk.memory && place < chunk.memory + chunk.size) return true;
  }
  return false;
}

bool Arena::Extend(const char* memory, std::size_t bytes, std::size_t more) {
  const std::size_t rounded = (bytes + 7) & ~static_cast<std::size_t>(7);
  if (memory + rounded != next_) return false;
  const std::size_t longer = (bytes + more + 7) & ~static_cast<std::size_t>(7);
  if (longer - rounded > static_cast<std::size_t>(end_ - next_)) return false;
  next_ += longer - rounded;
  return true;
}

}  // namespace towline::jsonata
