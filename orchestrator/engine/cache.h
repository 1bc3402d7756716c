#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <unordered_map>

#include "orchestrator/store/store.h"
#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/state.h"

namespace towline::engine {

// An execution in memory. What is here can always be rebuilt from the store.
struct Live {
  store::ExecutionKey key = 0;
  interpreter::ExecutionState state;
  std::shared_ptr<const asl::Definition> definition;
  std::uint64_t snapshot_seq = 0;  // last_seq of the stored snapshot; 0: none
  bool dirty = false;              // has steps in the batch that is not yet committed
};

// The executions used last, bounded in number. Owned by the partition's thread.
class Cache {
 public:
  explicit Cache(std::size_t max) : max_(max) {}

  Live* Find(store::ExecutionKey key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->get();
  }

  Live& Insert(std::unique_ptr<Live> live) {
    Live& inserted = *live;
    order_.push_front(std::move(live));
    entries_[inserted.key] = order_.begin();
    return inserted;
  }

  void Erase(store::ExecutionKey key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    order_.erase(found->second);
    entries_.erase(found);
  }

  // The one to give up, if there are too many; never one with uncommitted steps.
  Live* Oldest() {
    if (entries_.size() <= max_ || order_.back()->dirty) return nullptr;
    return order_.back().get();
  }

  void Clear() {
    entries_.clear();
    order_.clear();
  }
  std::size_t size() const { return entries_.size(); }

 private:
  using Order = std::list<std::unique_ptr<Live>>;  // most recently used first
  const std::size_t max_;
  Order order_;
  std::unordered_map<store::ExecutionKey, Order::iterator> entries_;
};

}  // namespace towline::engine
