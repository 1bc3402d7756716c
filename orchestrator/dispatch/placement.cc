#include "orchestrator/dispatch/placement.h"

#include <algorithm>
#include <utility>

#include "statemachines/base/check.h"

namespace towline::dispatch {
namespace {

constexpr std::size_t kCompared = 4;  // free workers that Pick compares before it decides

bool FirstComesLater(const Group* a, const Group* b) {
  return Queues::Before(*b->waiting.front(), *a->waiting.front());
}

}  // namespace

std::string Placement::BucketKey(std::string_view tenant, std::string_view type) {
  std::string key(tenant);
  key.push_back('/');
  key.append(type);
  return key;
}

bool Placement::CouldServe(const Worker& worker, const Group& group) {
  if (!group.key.queue.empty() && std::find(worker.queues.begin(), worker.queues.end(),
                                            group.key.queue) == worker.queues.end()) {
    return false;
  }
  return std::all_of(group.key.labels.begin(), group.key.labels.end(), [&](const auto& wanted) {
    const auto found = worker.labels.find(wanted.first);
    return found != worker.labels.end() && found->second == wanted.second;
  });
}

void Placement::Connect(Worker& worker, Group& group, int type) {
  worker.groups.push_back({&group, type});
  group.eligible.push_back({&worker, type});
}

void Placement::Relink(Worker& worker) {
  for (const Worker::Link& link : std::exchange(worker.groups, {})) {
    const auto mine = [&](const Group::Link& other) { return other.worker == &worker; };
    std::erase_if(link.group->eligible, mine);
    std::erase_if(link.group->hints, mine);
  }
  for (auto& [key, bucket] : buckets_) std::erase(bucket.workers, &worker);
  for (std::size_t i = 0; i < worker.types.size(); i++) {
    const std::string& type = worker.types[i].info.name;
    if (worker.FindType(type) != static_cast<int>(i)) continue;  // named twice
    Bucket& bucket = buckets_[BucketKey(worker.principal.tenant, type)];
    bucket.announced = true;
    bucket.workers.push_back(&worker);
    for (Group* group : bucket.groups) {
      if (CouldServe(worker, *group)) Connect(worker, *group, static_cast<int>(i));
    }
  }
}

void Placement::Link(Group& group) {
  Bucket& bucket = buckets_[BucketKey(group.key.tenant, group.key.type)];
  bucket.groups.insert(&group);
  for (Worker* worker : bucket.workers) {
    if (CouldServe(*worker, group)) Connect(*worker, group, worker->FindType(group.key.type));
  }
}

void Placement::Unlink(Group& group) {
  for (const Group::Link& link : group.eligible) {
    std::erase_if(link.worker->groups, [&](const auto& other) { return other.group == &group; });
  }
  const auto bucket = buckets_.find(BucketKey(group.key.tenant, group.key.type));
  CHECK(bucket != buckets_.end());
  bucket->second.groups.erase(&group);
  if (bucket->second.groups.empty() && !bucket->second.announced) buckets_.erase(bucket);
}

void Placement::MarkDirty(Group& group) {
  if (group.dirty) return;
  group.dirty = true;
  dirty_.push_back(&group);
  sorted_ = false;
}

void Placement::Freed(Worker& worker) {
  if (worker.freed) return;
  worker.freed = true;
  freed_.push_back(&worker);
}

void Placement::Wanted(Group& group) { MarkDirty(group); }

void Placement::CollectFreed() {
  for (Worker* worker : std::exchange(freed_, {})) {
    worker->freed = false;
    if (!worker->takes_jobs()) continue;
    for (const Worker::Link& link : worker->groups) {
      if (link.group->waiting.empty()) {
        link.group->starved = false;  // the next job that comes looks at everybody
        continue;
      }
      if (link.group->starved) link.group->hints.push_back({worker, link.type});
      MarkDirty(*link.group);
    }
  }
}

Group::Link Placement::Pick(Group& group, Timestamp now) {
  for (; !group.hints.empty(); group.hints.pop_back()) {
    const Group::Link hint = group.hints.back();
    if (hint.worker->takes(hint.type, now)) return hint;
  }
  if (group.starved) return {};
  Group::Link best;
  int best_free = 0;
  std::size_t compared = 0;
  const std::size_t count = group.eligible.size();
  for (std::size_t i = 0; i < count && compared < kCompared; i++) {
    const std::size_t at = (group.cursor + i) % count;
    const Group::Link& link = group.eligible[at];
    if (!link.worker->takes(link.type, now)) continue;
    compared++;
    const int free = link.worker->slots - link.worker->load();
    if (free <= best_free) continue;
    best_free = free;
    best = link;
    group.cursor = at;
  }
  if (best.worker == nullptr) {
    group.starved = true;
  } else {
    group.cursor = (group.cursor + 1) % count;  // the next job looks further on first
  }
  return best;
}

void Placement::Sort() {
  current_ = nullptr;
  std::erase_if(dirty_, [](Group* group) {
    if (!group->waiting.empty()) return false;
    group->dirty = group->starved = false;
    group->hints.clear();
    return true;
  });
  std::make_heap(dirty_.begin(), dirty_.end(), FirstComesLater);
  sorted_ = true;
}

Placement::Match Placement::Next(Timestamp now) {
  CollectFreed();
  if (!sorted_) {
    Sort();
  } else if (current_ != nullptr && !current_->waiting.empty()) {
    std::push_heap(dirty_.begin(), dirty_.end(), FirstComesLater);
  } else if (current_ != nullptr) {
    current_->dirty = current_->starved = false;
    current_->hints.clear();
    dirty_.pop_back();
  }
  current_ = nullptr;
  while (!dirty_.empty()) {
    std::pop_heap(dirty_.begin(), dirty_.end(), FirstComesLater);
    Group* const group = dirty_.back();
    const Group::Link link = Pick(*group, now);
    if (link.worker != nullptr) {
      current_ = group;
      return {group->waiting.front(), link.worker, link.type};
    }
    dirty_.pop_back();
    group->dirty = false;
    group->hints.clear();
  }
  return {};
}

bool Placement::TypeAnnounced(std::string_view tenant, std::string_view type) const {
  const auto found = buckets_.find(BucketKey(tenant, type));
  return found != buckets_.end() && found->second.announced;
}

}  // namespace towline::dispatch
