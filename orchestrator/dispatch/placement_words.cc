// Why a job waits, in words: the first obstacle that nobody passes is the one to name.

#include <algorithm>
#include <vector>

#include "orchestrator/dispatch/placement.h"

namespace towline::dispatch {
namespace {

constexpr std::size_t kNamed = 5;  // workers that a sentence lists

std::string Names(const std::vector<const Worker*>& workers) {
  std::string text;
  for (std::size_t i = 0; i < workers.size() && i < kNamed; i++) {
    if (i > 0) text += ", ";
    text += workers[i]->principal.worker;
  }
  if (workers.size() > kNamed) text += " and " + std::to_string(workers.size() - kNamed) + " more";
  return text;
}

std::string LabelText(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ", ";
    text += name + "=" + value;
  }
  return text;
}

template <class Keep>
std::vector<const Worker*> Filter(const std::vector<const Worker*>& workers, Keep keep) {
  std::vector<const Worker*> kept;
  std::copy_if(workers.begin(), workers.end(), std::back_inserter(kept),
               [&](const Worker* worker) { return keep(*worker); });
  return kept;
}

bool HasLabels(const Worker& worker, const std::map<std::string, std::string>& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
    const auto found = worker.labels.find(wanted.first);
    return found != worker.labels.end() && found->second == wanted.second;
  });
}

std::string AllOffline(const std::vector<const Worker*>& able, const std::string& what) {
  const std::string who = able.size() == 1 ? "the only worker that " + what + ", " + Names(able) +
                                                 ", is offline"
                                           : "all " + std::to_string(able.size()) +
                                                 " workers that " + what + " are offline (" +
                                                 Names(able) + ")";
  std::optional<Timestamp> since;
  for (const Worker* worker : able) {
    if (worker->offline_since && (!since || *worker->offline_since > *since)) {
      since = worker->offline_since;
    }
  }
  return who + (since ? " since " + FormatTimestamp(*since) : std::string()) +
         "; the job goes out as soon as one is back";
}

// `able` are present and match; each is full, draining or held off.
std::string Occupied(const std::vector<const Worker*>& able, const std::string& type,
                     Timestamp now) {
  const auto draining = Filter(able, [](const Worker& worker) {
    return worker.state == Worker::State::kDraining || worker.drain.value_or(false);
  });
  if (draining.size() == able.size()) {
    return "worker " + Names(draining) + " could take it but is draining; lift the drain, "
           "or start another worker";
  }
  int slots = 0;
  bool type_limit = false;
  std::optional<Timestamp> held_until;
  for (const Worker* worker : able) {
    if (worker->state != Worker::State::kOnline || worker->drain.value_or(false)) continue;
    slots += worker->slots;
    const ServedType& served = worker->types[static_cast<std::size_t>(worker->FindType(type))];
    if (served.hold_until > now) held_until = served.hold_until;
    const bool full = served.info.slots > 0 && served.used >= served.info.slots;
    type_limit = type_limit || (full && worker->takes_jobs());
  }
  if (held_until) {
    return "worker " + Names(able) + " declined a job of type " + type +
           " a moment ago; it is asked again at " + FormatTimestamp(*held_until);
  }
  if (type_limit) {
    return "worker " + Names(able) + " runs as many jobs of type " + type +
           " at a time as its own limit for the type allows";
  }
  return "all " + std::to_string(slots) + " slots of " +
         (able.size() == 1 ? "worker " + Names(able)
                           : std::to_string(able.size()) + " workers (" + Names(able) + ")") +
         " are busy";
}

}  // namespace

std::string Placement::WhyWaits(const Group& group, const Fleet& fleet, Timestamp now) const {
  const GroupKey& key = group.key;
  std::vector<const Worker*> able;
  for (const auto& worker : fleet.workers()) {
    if (worker->principal.tenant == key.tenant && worker->FindType(key.type) >= 0) {
      able.push_back(worker.get());
    }
  }
  if (able.empty()) {
    const std::string what = key.activity.empty() ? "job type " + key.type
                                                  : "activity " + key.type;
    if (!key.activity.empty()) {
      return "nobody polls for " + what + " and no worker of tenant " + key.tenant + " serves it";
    }
    return TypeAnnounced(key.tenant, key.type)
               ? "no worker of tenant " + key.tenant + " announces " + what +
                     " any more; add the type to a worker's configuration"
               : "no worker of tenant " + key.tenant + " has ever announced " + what +
                     "; start a worker that serves it, or correct the name";
  }
  const auto gone = [](const Worker& worker) { return worker.state == Worker::State::kOffline; };
  if (std::all_of(able.begin(), able.end(), [&](const Worker* w) { return gone(*w); })) {
    return AllOffline(able, "serve" + std::string(able.size() == 1 ? "s " : " ") + key.type);
  }
  if (!key.queue.empty()) {
    const auto listening = Filter(able, [&](const Worker& worker) {
      return std::find(worker.queues.begin(), worker.queues.end(), key.queue) !=
             worker.queues.end();
    });
    if (listening.empty()) {
      return "no worker that serves " + key.type + " listens on queue " + key.queue +
             "; add the queue to the configuration of " + Names(able);
    }
    able = listening;
  }
  const auto labelled = Filter(able, [&](const Worker& w) { return HasLabels(w, key.labels); });
  if (labelled.empty() || std::all_of(labelled.begin(), labelled.end(),
                                      [&](const Worker* w) { return gone(*w); })) {
    if (!key.labels.empty()) {
      return "labels " + LabelText(key.labels) + " match no online worker" +
             (labelled.empty() ? "" : " (" + Names(labelled) + " matches but is offline)") +
             "; online and able are " + Names(Filter(able, [&](const Worker& w) {
               return !gone(w);
             }));
    }
    return AllOffline(able, "serve" + std::string(able.size() == 1 ? "s " : " ") + key.type);
  }
  const auto online = Filter(labelled, [](const Worker& worker) { return worker.present(); });
  if (online.empty()) {
    return "waiting for the roll call of worker " +
           Names(Filter(labelled, [&](const Worker& worker) { return !gone(worker); }));
  }
  return Occupied(online, key.type, now);
}

}  // namespace towline::dispatch
