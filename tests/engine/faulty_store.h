#pragma once

#include <memory>
#include <utility>

#include "tests/store/forwarding_store.h"

namespace towline::engine {

// Passes everything on; throws from Commit when told, before or after the real one.
class FaultyStore final : public store::ForwardingStore {
 public:
  enum class Fault { kNone, kBefore, kAfter };
  FaultyStore(std::unique_ptr<store::Store> real, Fault& fault)
      : ForwardingStore(std::move(real)), fault_(fault) {}
  void Commit(const store::Batch& batch) override {
    const Fault fault = std::exchange(fault_, Fault::kNone);
    if (fault == Fault::kBefore) throw store::StoreError("disk full");
    ForwardingStore::Commit(batch);
    if (fault == Fault::kAfter) throw store::StoreError("fsync failed");
  }

 private:
  Fault& fault_;
};

}  // namespace towline::engine
