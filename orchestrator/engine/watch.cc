#include "orchestrator/engine/watch.h"

namespace towline::engine {

std::uint64_t WatchHub::Subscribe(Key key, Callback callback) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = next_id_++;
  watchers_[key].emplace(id, std::move(callback));
  ids_.emplace(id, key);
  count_.fetch_add(1, std::memory_order_relaxed);
  return id;
}

void WatchHub::Unsubscribe(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto known = ids_.find(id);
  if (known == ids_.end()) return;
  const auto watched = watchers_.find(known->second);
  watched->second.erase(id);
  if (watched->second.empty()) watchers_.erase(watched);
  ids_.erase(known);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

void WatchHub::Notify(Key key, const Notice& notice) {
  if (!watched()) return;
  std::vector<Callback> callbacks;
  {
    const std::lock_guard lock(mutex_);
    const auto found = watchers_.find(key);
    if (found == watchers_.end()) return;
    for (const auto& [id, callback] : found->second) callbacks.push_back(callback);
  }
  for (const Callback& callback : callbacks) callback(notice);
}

}  // namespace towline::engine
