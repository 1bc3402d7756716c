#pragma once

// Which worker takes which job, and in words why none does.

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "orchestrator/dispatch/fleet.h"
#include "orchestrator/dispatch/queues.h"

namespace towline::dispatch {

// Keeps for each group the workers that could serve it, and the reverse, by (tenant, type), so
// that placing a job looks at no worker that could not have it.
class Placement {
 public:
  // After Fleet::TakeFacts said that what a worker can serve has changed.
  void Relink(Worker& worker);
  void Link(Group& group);    // a new one
  void Unlink(Group& group);  // before it goes

  // May be able to take more than before: its groups look at it again in Next().
  void Freed(Worker& worker);
  void Wanted(Group& group);  // has a job that it did not have before

  // The best waiting job that somebody can take, with who takes it; the job is still in its heap.
  struct Match {
    Job* job = nullptr;
    Worker* worker = nullptr;
    int type = 0;
  };
  void Begin() { sorted_ = false; }  // of a round; then Next until it gives no job
  Match Next(Timestamp now);
  bool pending() const { return !dirty_.empty() || !freed_.empty(); }  // Next was not worked off

  bool TypeAnnounced(std::string_view tenant, std::string_view type) const;
  // One sentence: why jobs of this group wait, and what to do about it.
  std::string WhyWaits(const Group& group, const Fleet& fleet, Timestamp now) const;

 private:
  struct Bucket {
    std::vector<Worker*> workers;  // announce the type now
    std::unordered_set<Group*> groups;
    bool announced = false;        // ever
  };
  static std::string BucketKey(std::string_view tenant, std::string_view type);
  static bool CouldServe(const Worker& worker, const Group& group);
  static void Connect(Worker& worker, Group& group, int type);
  void MarkDirty(Group& group);
  Group::Link Pick(Group& group, Timestamp now);
  void CollectFreed();
  void Sort();

  std::unordered_map<std::string, Bucket> buckets_;
  std::vector<Worker*> freed_;
  std::vector<Group*> dirty_;  // while sorted_: a heap by their first jobs, but for current_
  Group* current_ = nullptr;   // the last of dirty_, whose first job Next() has given out
  bool sorted_ = false;
};

}  // namespace towline::dispatch
