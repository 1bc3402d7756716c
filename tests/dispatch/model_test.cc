// Dispatch against a simple model of it: a list of waiting jobs in the order of priority and age,
// and workers with slots. Random jobs, workers, ends, losses and declines; after each step every
// offer must be one that the model allows, and no job may wait that the model would place.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "statemachines/base/log.h"
#include "tests/dispatch/world.h"

namespace towline::dispatch {
namespace {

constexpr Millis kAgeing{2'000};
constexpr Millis kHoldMin{1'000};
constexpr Millis kHoldMax{60'000};

struct ModelJob {
  TaskOptions options;
  std::int64_t rank = 0;   // low comes first
  std::uint32_t ticket = 0;
  std::uint32_t attempt = 1;
  std::string worker{};    // who has it; empty: it waits
  bool accepted = false;
  bool cancelling = false;
  Timestamp offered{};
  std::tuple<std::int64_t, std::uint32_t> order() const { return {rank, ticket}; }
};

struct ModelWorker {
  WorkerOptions facts{};
  bool online = false;
  bool drained = false;
  bool known = false;  // has announced itself
  std::map<std::string, Millis> hold{};         // after declines in a row
  std::map<std::string, Timestamp> hold_until{};
};

class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) {
    for (const char* name : {"default_w1", "default_w2", "default_w3", "acme_w4", "acme_w5"}) {
      workers_[name] = {};
    }
  }

  void Step() {
    Settle();
    switch (Pick(20)) {
      case 0: case 1: case 2: case 3: case 4: case 5: return Open();
      case 6: case 7: case 8: case 9: case 10: return Finish();
      case 11: case 12: return Pass(Millis{Pick(1'500)});
      case 13: return Stop();
      case 14: return Decline();
      case 15: case 16: return Connect();
      case 17: return Vanish();
      case 18: return Drain();
      default: return AcceptAll(Millis{0});
    }
  }
  // Everybody takes whatever is left: nothing may be forgotten in a corner.
  void Finale() {
    for (auto& [name, worker] : workers_) {
      worker.drained = false;
      ASSERT_TRUE(world_.dispatcher.SetDrain(TenantOf(name), name.substr(name.find('_') + 1),
                                             false, world_.now) || !worker.known);
      Restart(name, {.slots = 3, .types = {"add", "mul"}, .queues = {"default", "night"},
                     .labels = {{"site", "ams"}, {"gpu", "yes"}}});
    }
    for (int i = 0; i < 2'000 && !jobs_.empty(); ++i) {
      AcceptAll(Millis{0});
      Finish();
      Pass(Millis{500});
    }
    EXPECT_TRUE(jobs_.empty()) << jobs_.size() << " jobs never went anywhere";
    for (const WorkerView& view : world_.dispatcher.Workers("")) EXPECT_EQ(view.used, 0);
  }
  bool failed() const { return testing::Test::HasFailure(); }

 private:
  using Refs = std::set<engine::TaskRef>;

  int Pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  template <class Map>
  auto Any(Map& map) {
    return std::next(map.begin(), Pick(static_cast<int>(map.size())));
  }
  static std::string TenantOf(const std::string& worker) {
    return worker.substr(0, worker.find('_'));
  }

  // The model's rules.
  bool Serves(const ModelJob& job, const std::string& name, const ModelWorker& worker) const {
    const WorkerOptions& facts = worker.facts;
    const auto lists = [](const std::vector<std::string>& list, const std::string& wanted) {
      return std::find(list.begin(), list.end(), wanted) != list.end();
    };
    const auto hold = worker.hold_until.find(job.options.type);
    return worker.online && !worker.drained && TenantOf(name) == job.options.tenant &&
           lists(facts.types, job.options.type) && lists(facts.queues, job.options.queue) &&
           std::all_of(job.options.labels.begin(), job.options.labels.end(),
                       [&](const auto& wanted) {
                         const auto found = facts.labels.find(wanted.first);
                         return found != facts.labels.end() && found->second == wanted.second;
                       }) &&
           (hold == worker.hold_until.end() || hold->second <= world_.now);
  }
  // What a worker has, in all and of one type; only jobs that come before `limit`, or were there
  // before this step.
  bool Full(const ModelJob& job, const std::string& name, const ModelWorker& worker,
            const Refs& placed, const std::tuple<int, std::int64_t, std::uint32_t>& limit,
            const Refs& later) const {
    int used = 0, of_type = 0;
    for (const auto& [ref, other] : jobs_) {
      if (other.worker != name) continue;
      const std::tuple<int, std::int64_t, std::uint32_t> turn{later.count(ref), other.rank,
                                                              other.ticket};
      if (placed.count(ref) != 0 && turn > limit) continue;
      used++;
      of_type += other.options.type == job.options.type ? 1 : 0;
    }
    const int type_slots = worker.facts.type_slots;
    return used >= worker.facts.slots || (type_slots > 0 && of_type >= type_slots);
  }

  // Runs the dispatcher and takes its offers into the model. `later`: came back to the queue in
  // this step, after the first placements.
  void Check(const Refs& later = {}) {
    world_.Run();
    Refs placed;
    for (auto& [name, worker] : workers_) {
      for (const jobs::Offer& offer : world_.Offers(name)) TakeOffer(name, worker, offer, placed);
    }
    // A worker may come back with fewer slots than it has jobs, but then it gets nothing more.
    for (const engine::TaskRef& ref : placed) {
      const std::string& name = jobs_.at(ref).worker;
      const auto used = std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
        return entry.second.worker == name;
      });
      EXPECT_LE(used, workers_.at(name).facts.slots) << name << " got more than it has slots";
    }
    // Each waiting job, at its turn, must have found everybody full who could have had it.
    for (const auto& [ref, job] : jobs_) {
      if (!job.worker.empty()) continue;
      for (const auto& [name, worker] : workers_) {
        if (!Serves(job, name, worker)) continue;
        EXPECT_TRUE(Full(job, name, worker, placed,
                         {later.count(ref), job.rank, job.ticket}, later))
            << "job " << ref.execution << " waits although " << name << " could have it; "
            << world_.Why(ref);
      }
    }
  }

  void TakeOffer(const std::string& name, ModelWorker& worker, const jobs::Offer& offer,
                 Refs& placed) {
    const auto ref = world_.tokens.Verify(offer.token);
    ASSERT_TRUE(ref);
    const auto found = jobs_.find(*ref);
    ASSERT_NE(found, jobs_.end()) << "an offer of a job that has ended";
    ModelJob& job = found->second;
    if (job.worker == name && offer.attempt == job.attempt) return;  // said again
    EXPECT_EQ(job.worker, "") << "offered while somebody has it";
    EXPECT_FALSE(job.cancelling);
    EXPECT_EQ(offer.attempt, job.attempt);
    EXPECT_TRUE(Serves(job, name, worker)) << name << " cannot take job " << ref->execution;
    job.worker = name;
    job.accepted = false;
    job.offered = world_.now;
    placed.insert(*ref);
  }

  // What workers owe: answers to roll calls, the end of what was cancelled.
  void Settle() {
    for (int i = 0; i < 10; ++i) {
      bool said = false;
      for (auto& [name, worker] : workers_) {
        const jobs::Control control = world_.Controls(name);
        if (!worker.online) continue;
        for (const auto& cancel : control.cancel) {
          said = true;
          const auto ref = world_.tokens.Verify(cancel.token);
          ASSERT_TRUE(ref);
          world_.Cancelled(name, cancel.token, cancel.attempt);
          const auto job = jobs_.find(*ref);
          if (job != jobs_.end() && job->second.cancelling) {
            worker.hold[job->second.options.type] = Millis{0};
            jobs_.erase(job);
          }
          Check();
        }
        if (!control.roll_call) continue;
        said = true;
        Say(name, worker);
        Check();
      }
      if (!said) return;
    }
  }
  void Say(const std::string& name, ModelWorker& worker) {
    worker.facts.held.clear();
    for (const auto& [ref, job] : jobs_) {
      if (job.worker == name) {
        worker.facts.held.push_back(World::Holding(world_.Token(ref), job.attempt));
      }
    }
    worker.facts.seen = seen_ += 1'000;
    worker.hold.clear();  // it introduces itself anew
    worker.hold_until.clear();
    world_.Say(name, worker.facts);
    for (auto& [ref, job] : jobs_) {
      if (job.worker != name || job.accepted) continue;
      job.accepted = true;  // it says so itself
      worker.hold[job.options.type] = Millis{0};
    }
  }

  void Open() {
    ModelJob job;
    job.options.tenant = Pick(3) == 0 ? "acme" : "default";
    job.options.type = Pick(3) == 0 ? "mul" : "add";
    job.options.queue = Pick(4) == 0 ? "night" : "default";
    if (Pick(4) == 0) job.options.labels = {{"site", "ams"}};
    if (Pick(6) == 0) job.options.labels["gpu"] = "yes";
    job.options.priority = Pick(10);
    job.rank = world_.now.time_since_epoch().count() - job.options.priority * kAgeing.count();
    job.ticket = ticket_++;
    jobs_.emplace(world_.Open(job.options), job);
    Check();
  }

  void AcceptAll(Millis age) {
    for (auto& [ref, job] : jobs_) {
      if (job.worker.empty() || job.accepted || world_.now - job.offered < age) continue;
      ModelWorker& worker = workers_[job.worker];
      if (!worker.online) continue;
      job.accepted = true;
      worker.hold[job.options.type] = Millis{0};
      jobs::Offer offer;
      offer.token = world_.Token(ref);
      offer.attempt = job.attempt;
      world_.Accepted(job.worker, offer, worker.facts.incarnation);
    }
    Check();
  }

  void Finish() {
    std::map<engine::TaskRef, ModelJob*> running;
    for (auto& [ref, job] : jobs_) {
      if (!job.worker.empty() && workers_[job.worker].online && !job.cancelling) {
        running[ref] = &job;
      }
    }
    if (running.empty()) return;
    const auto chosen = Any(running);
    const engine::TaskRef ref = chosen->first;
    const ModelJob& job = *chosen->second;
    workers_[job.worker].hold[job.options.type] = Millis{0};
    if (Pick(2) == 0) {
      world_.Result(job.worker, world_.Token(ref), job.attempt);
    } else {
      world_.Failed(job.worker, world_.Token(ref), job.attempt, "Site.Error");
    }
    jobs_.erase(ref);
    Check();
    EXPECT_EQ(world_.outcomes.count(ref), 1U);
  }

  void Stop() {
    if (jobs_.empty()) return;
    const auto chosen = Any(jobs_);
    if (chosen->second.cancelling) return;
    world_.Close(chosen->first);
    if (chosen->second.worker.empty()) {
      jobs_.erase(chosen);
    } else {
      chosen->second.cancelling = true;  // keeps its slot until it is confirmed
    }
    Check();
    Settle();
  }

  void Decline() {
    for (auto& [ref, job] : jobs_) {
      if (job.worker.empty() || job.accepted || job.cancelling) continue;
      ModelWorker& worker = workers_[job.worker];
      if (!worker.online) continue;
      Millis& hold = worker.hold[job.options.type];
      hold = std::clamp(hold * 2, kHoldMin, kHoldMax);
      worker.hold_until[job.options.type] = world_.now + hold;
      jobs::Offer offer;
      offer.token = world_.Token(ref);
      offer.attempt = job.attempt;
      const std::string name = std::exchange(job.worker, "");
      job.attempt++;
      world_.Declined(name, offer, "busy", worker.facts.incarnation);
      return Check({ref});
    }
  }

  // A new connection of the same life, or a new life with other facts.
  void Connect() {
    const auto chosen = Any(workers_);
    ModelWorker& worker = chosen->second;
    if (worker.known && Pick(2) == 0) {
      worker.facts.connection++;
      Returned(chosen->first, worker);
      return;
    }
    WorkerOptions facts{};
    facts.slots = 1 + Pick(4);
    facts.types = Pick(3) == 0 ? std::vector<std::string>{"mul", "add"}
                               : std::vector<std::string>{"add"};
    facts.type_slots = Pick(3) == 0 ? 1 : 0;
    facts.queues = {"default"};
    if (Pick(2) == 0) facts.queues.push_back("night");
    if (Pick(2) == 0) facts.labels = {{"site", Pick(2) == 0 ? "ams" : "lej"}};
    if (Pick(3) == 0) facts.labels["gpu"] = "yes";
    Restart(chosen->first, facts);
  }
  void Returned(const std::string& name, ModelWorker& worker) {
    worker.online = true;
    Say(name, worker);
    Check();
    Settle();
  }
  // It has forgotten what it had: after a moment for results on their way, that goes elsewhere.
  void Restart(const std::string& name, WorkerOptions facts) {
    ModelWorker& worker = workers_[name];
    facts.incarnation = worker.facts.incarnation + 1;
    facts.connection = worker.facts.connection + 1;
    const bool drained = worker.drained;
    worker = ModelWorker{.facts = facts, .online = true, .drained = drained, .known = true};
    worker.facts.seen = seen_ += 1'000;
    Refs lost;
    for (auto it = jobs_.begin(); it != jobs_.end();) {
      if (it->second.worker != name) {
        ++it;
      } else if (it->second.cancelling) {
        it = jobs_.erase(it);  // its absence is the confirmation
      } else {
        lost.insert((it++)->first);
      }
    }
    world_.Say(name, worker.facts);
    Check();
    Advance(Millis{1'000}, [&] {
      for (const engine::TaskRef& ref : lost) {
        jobs_.at(ref).worker.clear();
        jobs_.at(ref).attempt++;
      }
    }, lost);
    Settle();
  }

  // Its will: what it had not accepted goes elsewhere, what it had stays its own.
  void Vanish() {
    const auto chosen = Any(workers_);
    ModelWorker& worker = chosen->second;
    if (!worker.online) return;
    worker.online = false;
    Refs lost;
    for (auto& [ref, job] : jobs_) {
      if (job.worker != chosen->first || job.accepted || job.cancelling) continue;
      job.worker.clear();
      job.attempt++;
      lost.insert(ref);
    }
    world_.Will(chosen->first, worker.facts.incarnation, worker.facts.connection);
    Check(lost);
  }

  void Drain() {
    const auto chosen = Any(workers_);
    const bool drain = !chosen->second.drained;
    const std::string& name = chosen->first;
    if (world_.dispatcher.SetDrain(TenantOf(name), name.substr(name.find('_') + 1), drain,
                                   world_.now)) {
      chosen->second.drained = drain;
    }
    Check();
  }

  void Pass(Millis time) {
    Advance(time, [] {}, {});
    AcceptAll(Millis{3'000});
  }
  // To each moment at which a worker may be asked again, then to the end.
  template <class AtTheEnd>
  void Advance(Millis time, AtTheEnd at_the_end, const Refs& later) {
    const Timestamp end = world_.now + time;
    while (true) {
      Timestamp next = end;
      for (const auto& [name, worker] : workers_) {
        for (const auto& [type, until] : worker.hold_until) {
          if (until > world_.now) next = std::min(next, until);
        }
      }
      if (next == end) at_the_end();
      world_.Pass(next - world_.now);
      Check(next == end ? later : Refs{});
      if (next == end) return;
    }
  }

  World world_{[] {
    Settings settings;
    settings.ageing = std::chrono::duration_cast<Seconds>(kAgeing);
    return settings;
  }()};
  std::mt19937 random_;
  std::map<engine::TaskRef, ModelJob> jobs_;
  std::map<std::string, ModelWorker> workers_;
  std::uint32_t ticket_ = 0;
  std::uint64_t seen_ = 0;  // of batches: whatever was sent has arrived
  bool linked_ = (world_.dispatcher.OnLink(true, world_.now), true);
};

TEST(ModelTest, PlacesWhatTheModelWouldPlaceAndInItsOrder) {
  SetLogLevel("off");
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Model model(seed);
    for (int step = 0; step < 400 && !model.failed(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      model.Step();
    }
    if (model.failed()) return;
    model.Finale();
    if (model.failed()) return;
  }
}

}  // namespace
}  // namespace towline::dispatch
