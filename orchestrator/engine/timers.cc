#include "orchestrator/engine/timers.h"

#include <algorithm>

namespace towline::engine {
namespace {

constexpr std::size_t kRefillMin = 10'000;

}  // namespace

void TimerQueue::Set(const store::TimerRow& timer) {
  if (timer.due >= loaded_until_) return;
  const Key key{timer.execution, timer.seq, timer.kind};
  const auto [entry, added] = due_.emplace(key, timer.due);
  if (!added) return;
  OrderOf(key).emplace(timer.due, key);
}

void TimerQueue::Clear(const store::TimerRow& timer) {
  const auto found = due_.find(Key{timer.execution, timer.seq, timer.kind});
  if (found == due_.end()) return;
  OrderOf(found->first).erase({found->second, found->first});
  due_.erase(found);
}

void TimerQueue::Reset() {
  order_.clear();
  wall_order_.clear();
  due_.clear();
  loaded_until_ = Timestamp::min();
}

void TimerQueue::Refill(store::Store& from, const Moment& at) {
  const Timestamp later = std::max(at.now, at.wall);
  if (loaded_until_ != Timestamp::min() && later + horizon_ / 2 < loaded_until_) return;
  const Timestamp until = later + horizon_;
  // What is in memory is in the store as well: ask for more than that, and for twice as much
  // until at least half of the horizon is covered.
  std::vector<store::TimerRow> rows;
  for (std::size_t limit = due_.size() + kRefillMin;; limit *= 2) {
    rows = from.TimersDue(until, static_cast<int>(limit));
    if (rows.size() < limit) {
      loaded_until_ = until;
      break;
    }
    loaded_until_ = rows.back().due;
    if (later + horizon_ / 2 < loaded_until_) break;
  }
  for (const store::TimerRow& row : rows) Set(row);
}

std::optional<store::TimerRow> TimerQueue::TakeDue(const Moment& at) {
  const auto take = [this](Order& order, Timestamp until) -> std::optional<store::TimerRow> {
    if (order.empty() || order.begin()->first > until) return std::nullopt;
    const auto [due, key] = *order.begin();
    order.erase(order.begin());
    due_.erase(key);
    return store::TimerRow{std::get<0>(key), std::get<1>(key), std::get<2>(key), due};
  };
  if (const auto timer = take(order_, at.now)) return timer;
  return take(wall_order_, at.wall);
}

Timestamp TimerQueue::Next(const Moment& at) const {
  if (loaded_until_ == Timestamp::min()) return loaded_until_;
  Timestamp next = loaded_until_ - horizon_ / 2 - (std::max(at.now, at.wall) - at.now);
  if (!order_.empty()) next = std::min(next, order_.begin()->first);
  if (!wall_order_.empty()) next = std::min(next, wall_order_.begin()->first - (at.wall - at.now));
  return next;
}

void Heartbeats::Arm(store::TaskKey task, const Terms& terms, Timestamp now) {
  const TaskOwner& owner = *owners_.insert(terms.owner).first;
  clocks_[task] = Clock{terms.attempt, terms.period, now + terms.period, &owner};
  order_.emplace(now + terms.period, task);
}

void Heartbeats::Disarm(store::TaskKey task) { clocks_.erase(task); }

void Heartbeats::Reset() {
  clocks_.clear();
  owners_.clear();
  order_ = {};
}

Heartbeats::Beat Heartbeats::Renew(store::TaskKey task, std::uint32_t attempt,
                                   std::string_view tenant, Timestamp now) {
  const auto found = clocks_.find(task);
  if (found == clocks_.end()) return Beat::kUnknown;
  if (!found->second.owner->Admits(tenant)) return Beat::kForbidden;
  if (attempt != 0 && attempt != found->second.attempt) return Beat::kOlderAttempt;
  found->second.deadline = now + found->second.period;
  return Beat::kRenewed;
}

void Heartbeats::Hold(bool all, std::set<std::string> workers, Timestamp now) {
  std::vector<std::pair<const store::TaskKey, Clock>*> stood;
  for (auto& entry : clocks_) {
    if (Held(entry.second)) stood.push_back(&entry);
  }
  all_held_ = all;
  held_ = std::move(workers);
  for (auto* const entry : stood) {
    Clock& clock = entry->second;
    if (Held(clock)) continue;
    clock.deadline = now + clock.period;
    order_.emplace(clock.deadline, entry->first);
  }
}

std::optional<store::TaskKey> Heartbeats::TakeMissed(Timestamp now) {
  while (!order_.empty() && order_.top().first <= now) {
    const store::TaskKey task = order_.top().second;
    order_.pop();
    const auto found = clocks_.find(task);
    if (found == clocks_.end()) continue;
    if (Held(found->second)) continue;  // entered again on release
    if (found->second.deadline > now) {
      order_.emplace(found->second.deadline, task);
      continue;
    }
    clocks_.erase(found);
    return task;
  }
  return std::nullopt;
}

Timestamp Heartbeats::Next() const {
  return order_.empty() ? Timestamp::max() : order_.top().first;
}

}  // namespace towline::engine
