#pragma once

// One suite for every kind of store: what it promises does not depend on where it lies.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "orchestrator/store/store.h"

namespace towline::store {

// A place where data live. Reopen() ends whatever runs on it and opens it again, as a restart
// does; memory, which ends with its process, just stays.
class Place {
 public:
  virtual ~Place() = default;
  virtual Backend& backend() = 0;
  virtual void Reopen() = 0;
};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<Place>()> make;
};
inline void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class StoreSuite : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    place_ = GetParam().make();
    store_ = place_->backend().OpenPartition(0);
  }
  void Reopen() {
    store_.reset();
    place_->Reopen();
    store_ = place_->backend().OpenPartition(0);
  }

  std::unique_ptr<Place> place_;
  std::unique_ptr<Store> store_;
};

std::unique_ptr<Place> MemoryPlace();
std::unique_ptr<Place> SqlitePlace();

}  // namespace towline::store
