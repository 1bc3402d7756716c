#pragma once

// Waiting jobs per (tenant, queue, type, labels): one that cannot be placed blocks only its like.
//
// Order is priority with ageing: a job of priority p stands where a job of priority 0 would stand
// that had come p × ageing earlier. That makes the rank a constant, so a heap can hold it.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "orchestrator/dispatch/fleet.h"
#include "orchestrator/dispatch/job.h"

namespace towline::dispatch {

struct GroupKey {
  std::string tenant;  // whose workers may take it
  std::string queue;   // empty for activities: any queue will do
  std::string type;    // job type, or an activity's name
  std::map<std::string, std::string> labels;
  std::string activity;  // its ARN
};

struct Group {
  GroupKey key;
  std::string text;            // the key in the index
  std::vector<Job*> waiting;   // a heap: the first comes first
  std::vector<Job*> parked;    // recovered, in no order
  Timestamp parked_since{};
  std::uint64_t parked_epoch = 0;  // answers to older roll calls say nothing about them
  std::deque<std::uint64_t> polls;  // activities: who waits for one
  std::size_t members = 0;          // jobs whose `group` this is, whatever their stage

  // Kept by Placement.
  struct Link {
    Worker* worker = nullptr;
    int type = 0;
  };
  std::vector<Link> eligible;  // serve the type, listen on the queue, have the labels
  std::vector<Link> hints;     // have just become able to take more
  std::size_t cursor = 0;
  bool starved = false;        // nobody eligible could take more, but for the hints
  bool dirty = false;

  bool idle() const { return members == 0 && polls.empty() && !dirty; }
};

class Queues {
 public:
  explicit Queues(Millis ageing) : ageing_(ageing) {}

  // The group of this key, made when it is new (then `made` is set).
  Group& Get(const GroupKey& key, bool& made);
  Group* Find(const GroupKey& key) const;

  std::int64_t RankOf(Timestamp opened, int priority) const {
    return opened.time_since_epoch().count() - priority * ageing_.count();
  }
  Timestamp OpenedAt(const Job& job) const {
    return Timestamp{Millis{job.rank + job.priority * ageing_.count()}};
  }

  // Each job is in one place at most; `group` is set before.
  void Push(Job& job);   // O(log n)
  void Remove(Job& job); // O(log n)
  void Park(Job& job);
  void Unpark(Job& job);

  // Jobs of the same group that come before it. O(n): for people.
  static std::size_t Ahead(const Job& job);
  static bool Before(const Job& a, const Job& b);

  std::size_t groups() const { return groups_.size(); }
  // Groups that nothing has needed for a while; `drop` is told before one goes.
  template <class Drop>
  void Sweep(Drop drop) {
    if (groups_.size() < sweep_at_) return;
    std::erase_if(groups_, [&](auto& entry) {
      if (!entry.second->idle()) return false;
      drop(*entry.second);
      return true;
    });
    sweep_at_ = groups_.size() * 2 + kGroupsKept;
  }

 private:
  static constexpr std::size_t kGroupsKept = 4096;
  static void AppendKey(const GroupKey& key, std::string& text);
  static void Up(std::vector<Job*>& heap, std::size_t at);
  static void Down(std::vector<Job*>& heap, std::size_t at);

  const Millis ageing_;
  std::unordered_map<std::string, std::unique_ptr<Group>> groups_;
  std::size_t sweep_at_ = kGroupsKept;
  mutable std::string text_;  // of the last look-up: keeps its memory
};

}  // namespace towline::dispatch
