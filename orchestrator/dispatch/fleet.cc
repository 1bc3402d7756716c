#include "orchestrator/dispatch/fleet.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "orchestrator/dispatch/queues.h"
#include "statemachines/base/check.h"

namespace towline::dispatch {
namespace {

bool SameTypes(const std::vector<ServedType>& known, const std::vector<jobs::TypeInfo>& told) {
  if (known.size() != told.size()) return false;
  for (std::size_t i = 0; i < known.size(); i++) {
    if (known[i].info.name != told[i].name) return false;
  }
  return true;
}

}  // namespace

int Worker::FindType(std::string_view type) const {
  for (std::size_t i = 0; i < types.size(); i++) {
    if (types[i].info.name == type) return static_cast<int>(i);
  }
  return -1;
}

const char* StateName(Worker::State state) {
  switch (state) {
    case Worker::State::kOnline:
      return "online";
    case Worker::State::kDraining:
      return "draining";
    case Worker::State::kOffline:
      return "offline";
    case Worker::State::kUnknown:
      break;
  }
  return "unknown";
}

Worker& Fleet::Get(const jobs::Principal& principal) {
  std::string name = principal.text();
  Worker*& known = by_name_[name];
  if (known == nullptr) {
    workers_.push_back(std::make_unique<Worker>());
    known = workers_.back().get();
    known->principal = principal;
    known->name = std::move(name);
  }
  return *known;
}

Worker* Fleet::Find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : found->second;
}

bool Fleet::IsOutdated(const Worker& worker, const jobs::Presence& presence) {
  if (presence.incarnation != worker.incarnation) return presence.incarnation < worker.incarnation;
  return presence.connection < worker.connection;
}

bool Fleet::TakeFacts(Worker& worker, const jobs::Presence& presence) {
  if (presence.incarnation != worker.incarnation || presence.connection != worker.connection) {
    worker.parts.clear();
  }
  worker.incarnation = presence.incarnation;
  worker.connection = presence.connection;
  worker.seen = presence.seen;
  worker.seq = std::max(worker.seq, presence.seen);
  worker.slots = presence.slots;
  worker.version = presence.version;
  worker.host = presence.host;
  worker.payloads = presence.payloads;
  const bool changed = !SameTypes(worker.types, presence.types) ||
                       worker.queues != presence.queues || worker.labels != presence.labels;
  if (!changed) {
    for (std::size_t i = 0; i < presence.types.size(); i++) {
      worker.types[i].info = presence.types[i];
      worker.types[i].hold_until = Timestamp{};
      worker.types[i].hold = Millis{0};
    }
    return false;
  }
  worker.types.clear();
  for (const jobs::TypeInfo& type : presence.types) worker.types.push_back({.info = type});
  worker.queues = presence.queues;
  worker.labels = presence.labels;
  for (Job* job : worker.jobs) {
    job->offer->type = job->group == nullptr ? -1 : worker.FindType(job->group->key.type);
    if (job->offer->slot && job->offer->type >= 0) {
      worker.types[static_cast<std::size_t>(job->offer->type)].used++;
    }
  }
  return true;
}

bool Fleet::TakeHeld(Worker& worker, jobs::Presence& presence, std::vector<jobs::Held>& held) {
  if (presence.part == 1 || presence.parts != worker.parts_expected) worker.parts.clear();
  worker.parts_expected = presence.parts;
  worker.parts[presence.part] = std::move(presence.held);
  if (static_cast<int>(worker.parts.size()) < presence.parts) return false;
  for (auto& [number, part] : worker.parts) {
    held.insert(held.end(), std::make_move_iterator(part.begin()),
                std::make_move_iterator(part.end()));
  }
  worker.parts.clear();
  return true;
}

void Fleet::Assign(Job& job, Worker& worker, int type) {
  Offering& offer = *job.offer;
  CHECK(offer.worker == nullptr);
  offer.worker = &worker;
  offer.type = type;
  offer.incarnation = worker.incarnation;
  offer.connection = worker.connection;
  offer.place = static_cast<std::uint32_t>(worker.jobs.size());
  worker.jobs.push_back(&job);
  worker.ghosts.erase(job.ref);
  offer.slot = true;
  worker.used++;
  if (type >= 0) worker.types[static_cast<std::size_t>(type)].used++;
}

void Fleet::FreeSlot(Job& job) {
  Offering& offer = *job.offer;
  if (!offer.slot) return;
  offer.slot = false;
  CHECK(offer.worker->used > 0);
  offer.worker->used--;
  if (offer.type >= 0) offer.worker->types[static_cast<std::size_t>(offer.type)].used--;
}

void Fleet::Unassign(Job& job) {
  if (job.offer == nullptr || job.offer->worker == nullptr) return;
  FreeSlot(job);
  Worker& worker = *job.offer->worker;
  Job* const last = worker.jobs.back();
  CHECK(worker.jobs[job.offer->place] == &job);
  worker.jobs[job.offer->place] = last;
  last->offer->place = job.offer->place;
  worker.jobs.pop_back();
  job.offer->worker = nullptr;
}

}  // namespace towline::dispatch
