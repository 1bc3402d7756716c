#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "orchestrator/dispatch/job.h"

namespace towline::dispatch {

// All open tasks by name: records in blocks that never move (a Job* stays valid until Erase) and
// an open-addressing index of 4-byte numbers, so that a hundred thousand waiting jobs are a few
// megabytes. Memory is kept for the next peak.
class JobTable {
 public:
  JobTable();

  Job* Find(const engine::TaskRef& ref) const;
  // `ref` must not be there yet. The record is as new.
  Job& Insert(const engine::TaskRef& ref);
  void Erase(const engine::TaskRef& ref);

  std::size_t size() const { return size_; }

  // `visit` may change records, but neither insert nor erase.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (const std::uint32_t entry : index_) {
      if (entry != kEmpty) visit(At(entry - 1));
    }
  }

 private:
  static constexpr std::uint32_t kEmpty = 0;  // else number of the record + 1
  static constexpr std::uint32_t kBlock = 1024;

  Job& At(std::uint32_t number) const { return blocks_[number / kBlock][number % kBlock]; }
  std::size_t Home(const engine::TaskRef& ref) const;
  std::size_t Locate(const engine::TaskRef& ref) const;  // of the entry, or of the gap
  void Grow();

  std::vector<std::unique_ptr<Job[]>> blocks_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> index_;  // size is a power of two, at most three quarters full
  std::size_t size_ = 0;
};

}  // namespace towline::dispatch
