#include "orchestrator/api/readers.h"

#include <exception>
#include <utility>

#include "statemachines/base/check.h"

namespace towline::api {

Readers::Readers(store::Backend& backend, int partitions) : backend_(backend) {
  CHECK(partitions > 0);
  idle_.resize(static_cast<std::size_t>(partitions));
}

Readers::Lease::Lease(Readers& readers, int partition)
    : readers_(readers), partition_(partition), exceptions_(std::uncaught_exceptions()) {
  CHECK(partition >= 0 && partition < readers.partitions());
  {
    const std::lock_guard lock(readers.mutex_);
    auto& idle = readers.idle_[static_cast<std::size_t>(partition)];
    if (!idle.empty()) {
      reader_ = std::move(idle.back());
      idle.pop_back();
    }
  }
  if (reader_ == nullptr) reader_ = readers.backend_.OpenReader(partition);
}

Readers::Lease::~Lease() {
  if (std::uncaught_exceptions() > exceptions_) return;
  const std::lock_guard lock(readers_.mutex_);
  readers_.idle_[static_cast<std::size_t>(partition_)].push_back(std::move(reader_));
}

}  // namespace towline::api
