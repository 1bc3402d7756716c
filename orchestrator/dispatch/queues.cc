#include "orchestrator/dispatch/queues.h"

#include <utility>

#include "statemachines/base/check.h"

namespace towline::dispatch {

void Queues::AppendKey(const GroupKey& key, std::string& text) {
  const auto add = [&text](std::string_view part) {
    text.append(part);
    text.push_back('\0');
  };
  text.clear();
  add(key.tenant);
  add(key.queue);
  add(key.type);
  add(key.activity);
  for (const auto& [name, value] : key.labels) {
    add(name);
    add(value);
  }
}

Group& Queues::Get(const GroupKey& key, bool& made) {
  AppendKey(key, text_);
  std::unique_ptr<Group>& group = groups_[text_];
  made = group == nullptr;
  if (made) {
    group = std::make_unique<Group>();
    group->key = key;
    group->text = text_;
  }
  return *group;
}

Group* Queues::Find(const GroupKey& key) const {
  AppendKey(key, text_);
  const auto found = groups_.find(text_);
  return found == groups_.end() ? nullptr : found->second.get();
}

bool Queues::Before(const Job& a, const Job& b) {
  if (a.rank != b.rank) return a.rank < b.rank;
  return static_cast<std::int32_t>(a.ticket - b.ticket) < 0;  // tickets wrap
}

void Queues::Up(std::vector<Job*>& heap, std::size_t at) {
  Job* const job = heap[at];
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (!Before(*job, *heap[parent])) break;
    heap[at] = heap[parent];
    heap[at]->place = static_cast<std::uint32_t>(at);
    at = parent;
  }
  heap[at] = job;
  job->place = static_cast<std::uint32_t>(at);
}

void Queues::Down(std::vector<Job*>& heap, std::size_t at) {
  Job* const job = heap[at];
  for (;;) {
    std::size_t child = at * 2 + 1;
    if (child >= heap.size()) break;
    if (child + 1 < heap.size() && Before(*heap[child + 1], *heap[child])) child++;
    if (!Before(*heap[child], *job)) break;
    heap[at] = heap[child];
    heap[at]->place = static_cast<std::uint32_t>(at);
    at = child;
  }
  heap[at] = job;
  job->place = static_cast<std::uint32_t>(at);
}

void Queues::Push(Job& job) {
  std::vector<Job*>& heap = job.group->waiting;
  heap.push_back(&job);
  Up(heap, heap.size() - 1);
}

void Queues::Remove(Job& job) {
  std::vector<Job*>& heap = job.group->waiting;
  const std::size_t at = job.place;
  CHECK(at < heap.size() && heap[at] == &job);
  Job* const last = heap.back();
  heap.pop_back();
  if (last == &job) return;
  heap[at] = last;
  last->place = static_cast<std::uint32_t>(at);
  Up(heap, at);
  Down(heap, last->place);
}

void Queues::Park(Job& job) {
  job.place = static_cast<std::uint32_t>(job.group->parked.size());
  job.group->parked.push_back(&job);
}

void Queues::Unpark(Job& job) {
  std::vector<Job*>& parked = job.group->parked;
  CHECK(job.place < parked.size() && parked[job.place] == &job);
  Job* const last = parked.back();
  parked[job.place] = last;
  last->place = job.place;
  parked.pop_back();
}

std::size_t Queues::Ahead(const Job& job) {
  std::size_t ahead = 0;
  for (const Job* other : job.group->waiting) {
    if (other != &job && Before(*other, job)) ahead++;
  }
  return ahead;
}

}  // namespace towline::dispatch
