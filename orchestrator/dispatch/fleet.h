#pragma once

// The register of workers, rebuilt from their presence.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "orchestrator/dispatch/job.h"
#include "proto/jobs/messages.h"
#include "proto/jobs/topics.h"

namespace towline::dispatch {

struct ServedType {
  jobs::TypeInfo info;
  int used = 0;
  Timestamp hold_until{};  // after a decline: nothing of this type until then
  Millis hold{0};          // doubles with every decline in a row
};

struct Worker {
  // kUnknown: it may be there; since our last connect it has not said so itself.
  enum class State { kUnknown, kOnline, kDraining, kOffline };

  jobs::Principal principal;
  std::string name;  // "tenant_worker"
  State state = State::kUnknown;
  std::uint64_t incarnation = 0;
  std::uint64_t connection = 0;
  std::uint64_t seen = 0;
  int slots = 0;
  int used = 0;  // offers and held jobs; ghosts come on top
  std::vector<ServedType> types;
  std::vector<std::string> queues;
  std::map<std::string, std::string> labels;
  std::string version;
  std::map<std::string, std::string> host;
  bool payloads = false;  // it can fetch and store large ones
  std::optional<Timestamp> last_seen{};
  std::optional<Timestamp> offline_since{};
  std::optional<bool> drain{};  // what people have asked for

  // Roll call. `answered` is the epoch of dispatch in which the last complete answer came.
  std::uint64_t answered = 0;
  Timestamp answered_at{};
  std::uint64_t roll_calls = 0;
  bool ask = false;                         // a roll call goes out with the next control message
  std::optional<Timestamp> asked_at{};      // unanswered since
  std::optional<Timestamp> asked_last{};
  std::uint64_t asked_connection = 0;       // which asked_last went to: others do not answer
  std::optional<Timestamp> offers_since{};  // offers out and not a word since
  std::map<int, std::vector<jobs::Held>> parts;
  int parts_expected = 0;

  std::vector<Job*> jobs;
  // It runs them, but they are not its jobs (any more): occupied slots until the next roll call.
  std::unordered_map<engine::TaskRef, std::uint32_t, engine::TaskRefHash> ghosts;
  struct Link {
    Group* group = nullptr;
    int type = 0;
  };
  std::vector<Link> groups;  // it could serve them; kept by Placement

  // What goes out at the end of the round.
  struct Outgoing {
    Job* job = nullptr;
    jobs::Offer offer;
  };
  std::vector<Outgoing> offers;
  jobs::Control control;
  std::uint64_t seq = 0;    // of the last JobBatch
  bool dirty = false;       // has something to send
  bool freed = false;       // may be able to take more
  Timestamp check = kNever; // when the fleet looks at its silence

  // Nothing of it can be heard: it has been asked who it is, and has neither answered nor been
  // silent for long enough to be lost.
  bool awaited() const { return state == State::kUnknown && asked_at.has_value(); }
  bool present() const { return state == State::kOnline || state == State::kDraining; }
  int load() const { return used + static_cast<int>(ghosts.size()); }
  bool takes_jobs() const {
    return state == State::kOnline && !drain.value_or(false) && load() < slots;
  }
  bool takes(int type, Timestamp now) const {
    const ServedType& served = types[static_cast<std::size_t>(type)];
    return takes_jobs() && (served.info.slots <= 0 || served.used < served.info.slots) &&
           served.hold_until <= now;
  }
  int FindType(std::string_view type) const;  // -1: it does not serve it
};

const char* StateName(Worker::State state);

class Fleet {
 public:
  Worker& Get(const jobs::Principal& principal);  // made when it is new
  Worker* Find(std::string_view name) const;
  const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }

  // An older incarnation or connection than the one known: a message from the past.
  static bool IsOutdated(const Worker& worker, const jobs::Presence& presence);
  // Takes over facts and counters. True: what it can serve has changed.
  static bool TakeFacts(Worker& worker, const jobs::Presence& presence);
  // Collects the pages of `held`. True: they are complete and in `held`.
  static bool TakeHeld(Worker& worker, jobs::Presence& presence, std::vector<jobs::Held>& held);

  // Job and slot book-keeping: a job is at one worker at most, and counted once.
  static void Assign(Job& job, Worker& worker, int type);
  static void FreeSlot(Job& job);
  static void Unassign(Job& job);

 private:
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unordered_map<std::string, Worker*> by_name_;
};

}  // namespace towline::dispatch
