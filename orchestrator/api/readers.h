#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "orchestrator/store/store.h"

namespace towline::api {

// Read-only views of the partitions: one is used by one thread at a time, so each use borrows one
// and gives it back. As many are made as are ever used at once. Thread-safe.
class Readers {
 public:
  Readers(store::Backend& backend, int partitions);

  class Lease {
   public:
    Lease(Readers& readers, int partition);
    // One that threw is thrown away: who knows what state it is in.
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    store::Queries& operator*() const { return *reader_; }
    store::Queries* operator->() const { return reader_.get(); }

   private:
    Readers& readers_;
    const int partition_;
    const int exceptions_;
    std::unique_ptr<store::Queries> reader_;
  };

  int partitions() const { return static_cast<int>(idle_.size()); }

 private:
  store::Backend& backend_;
  std::mutex mutex_;
  std::vector<std::vector<std::unique_ptr<store::Queries>>> idle_;  // guarded by mutex_
};

}  // namespace towline::api
