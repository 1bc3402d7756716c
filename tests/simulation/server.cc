#include "tests/simulation/server.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "orchestrator/children/driver.h"
#include "orchestrator/store/event_codec.h"
#include "tests/simulation/faulty_store.h"

namespace towline::sim {
namespace {

constexpr Millis kReconnectMax{3'000};

}  // namespace

// One process: its ports stand between the real parts as threads and queues do, so that nothing
// is called from within a call and everything may be a little late.
struct Server::Life final : engine::RequestPort,
                            engine::TaskSink,
                            dispatch::Broker {
  Life(Server& s, std::uint64_t n)
      : server(s),
        world(s.world_),
        number(n),
        definitions(s.backend_.catalogue()),
        activities(s.backend_.catalogue()),
        source(s.backend_),
        nested(*this, s.partitions_, source, s.backend_.catalogue(), definitions, s.tokens_),
        runner({.children_per_request = static_cast<std::size_t>(s.world_.random().Between(1, 4)),
                .seed = s.world_.random().Next()},
               *this, s.backend_, definitions, nullptr),
        dispatcher({}, s.tokens_, *this, source, *this, nullptr) {
    for (int i = 0; i < s.partitions_; i++) {
      engine::PartitionSettings settings;
      settings.number = i;
      settings.seed = world.random().Next();
      settings.snapshot_events = static_cast<std::uint64_t>(world.random().Between(1, 30));
      settings.cache_max = static_cast<std::size_t>(world.random().Between(1, 40));
      settings.inbox_max = static_cast<std::size_t>(world.random().Between(20, 2'000));
      settings.limits.step_transitions_max =
          static_cast<std::uint32_t>(world.random().Between(3, 100));
      auto store = std::make_unique<FaultyStore>(
          world, s.checker_, i, s.backend_.OpenPartition(i),
          s.bug_ == Bug::kPublishBeforeCommit
              ? [this, i](const store::Batch& batch) { TellTooEarly(i, batch); }
              : FaultyStore::BeforeCommit());
      partitions.push_back(
          {std::make_unique<engine::Partition>(settings, std::move(store), definitions, activities,
                                               split, nullptr, &runner)});
    }
    dispatcher.SetReplyPort([this](std::unique_ptr<dispatch::Dispatcher::Reply> reply) {
      auto shared = std::make_shared<std::unique_ptr<dispatch::Dispatcher::Reply>>(
          std::move(reply));
      Tell([this, shared](Timestamp now) { dispatcher.OnReply(std::move(*shared), now); });
    });
    nested.SetReplyPort([this](std::unique_ptr<children::Nested::Reply> reply) {
      auto shared = std::make_shared<std::unique_ptr<children::Nested::Reply>>(std::move(reply));
      Tell(nesting, [this, shared](Timestamp now) { nested.OnReply(std::move(*shared), now); });
    });
  }

  // Hears of nested executions.
  struct NestedEar final : engine::TaskSink {
    explicit NestedEar(Life& l) : life(l) {}
    void Post(std::vector<engine::TaskNotice> notices) override {
      life.Tell(life.nesting, [&l = life, notices = std::move(notices)](Timestamp now) {
        for (const engine::TaskNotice& notice : notices) l.nested.OnNotice(notice, now);
      });
    }
    Life& life;
  };
  // What has a thread of its own.
  struct Actor {
    std::function<Timestamp(Timestamp)> run_once;
    std::deque<std::function<void(Timestamp)>> inbox{};
    std::uint64_t wake = 0;
    Timestamp wake_at = Timestamp::max();
  };

  struct Driven {
    std::unique_ptr<engine::Partition> partition;
    std::uint64_t wake = 0;
    Timestamp wake_at = Timestamp::max();
  };

  Timestamp Now() const { return world.now() + server.skew_; }

  // Calls `run` later, unless the process is gone by then.
  void Later(Millis delay, std::function<void()> run) {
    world.After(delay, [&s = server, n = number, run = std::move(run)] {
      if (s.life_ != nullptr && s.life_->number == n) run();
    });
  }

  // When a driver would wake: at `at`, of the process's clock.
  Millis Until(Timestamp at) const { return std::max(Millis(0), at - Now()); }

  void WakePartition(std::size_t index, Timestamp at) {
    Driven& driven = partitions[index];
    if (at >= driven.wake_at && driven.wake_at >= Now()) return;
    driven.wake_at = at;
    const std::uint64_t wake = ++driven.wake;
    Later(Until(at), [this, index, wake] {
      if (partitions[index].wake == wake) RunPartition(index);
    });
  }

  void RunPartition(std::size_t index) {
    Driven& driven = partitions[index];
    driven.wake_at = Timestamp::max();
    driven.wake++;
    try {
      Timestamp next = driven.partition->RunOnce({Now(), world.wall()});
      const Timestamp soonest = Now() + Millis(next == Timestamp::min() ? 0 : 1);
      // While the wall clock is stepped, one must look at it now and then.
      if (world.stormy()) next = std::min(next, Now() + Seconds(5));
      if (next < Now() + Seconds(1'000'000)) WakePartition(index, std::max(next, soonest));
      Wake(mapping, Now() + Millis(1));  // it may have had an answer, or heard of a Map Run
    } catch (const ServerDied&) {
      server.Die("in a commit");  // the end of *this
    }
  }

  void Wake(Actor& actor, Timestamp at) {
    if (at >= actor.wake_at && actor.wake_at >= Now()) return;
    actor.wake_at = at;
    const std::uint64_t wake = ++actor.wake;
    Later(Until(at), [this, &actor, wake] {
      if (actor.wake == wake) RunActor(actor);
    });
  }

  void RunActor(Actor& actor) {
    actor.wake_at = Timestamp::max();
    actor.wake++;
    for (auto& item : std::exchange(actor.inbox, {})) item(Now());
    const Timestamp next = actor.run_once(Now());
    if (next < Now() + Seconds(1'000'000)) Wake(actor, std::max(next, Now() + Millis(1)));
  }

  // Puts something into an actor's inbox.
  void Tell(Actor& actor, std::function<void(Timestamp)> item) {
    actor.inbox.push_back(std::move(item));
    Wake(actor, Now() + world.random().Delay(Millis(0), Millis(5)));
  }
  void Tell(std::function<void(Timestamp)> item) { Tell(dispatching, std::move(item)); }

  // engine::RequestPort: also the doors'
  bool Post(int partition, engine::Request request) override {
    if (partition < 0 || partition >= server.partitions_) return false;
    if (server.bug_ == Bug::kDropAttemptCheck) DropAttempt(request);
    if (server.bug_ == Bug::kLoseChild) LoseChild(request);
    const auto index = static_cast<std::size_t>(partition);
    if (!partitions[index].partition->Post(std::move(request))) return false;
    WakePartition(index, Now() + world.random().Delay(Millis(0), Millis(5)));
    return true;
  }

  // engine::TaskSink
  void Post(std::vector<engine::TaskNotice> notices) override {
    if (server.bug_ == Bug::kForgetToReoffer) {
      std::erase_if(notices, [](const engine::TaskNotice& notice) {
        const auto* opened = std::get_if<engine::TaskOpened>(&notice);
        return opened != nullptr && opened->requeued;
      });
    }
    if (notices.empty()) return;
    auto shared = std::make_shared<std::vector<engine::TaskNotice>>(std::move(notices));
    Tell([this, shared](Timestamp now) {
      for (auto& notice : *shared) dispatcher.OnNotice(std::move(notice), now);
    });
  }

  // dispatch::Broker
  bool Publish(std::string topic, std::string payload, std::uint32_t expiry_seconds) override {
    if (!linked || world.Strikes(world.weather().refuse)) return false;
    Message message{.topic = topic, .payload = payload};
    if (expiry_seconds > 0) message.expires = world.now() + Seconds(expiry_seconds);
    if (!server.broker_.Publish(kClientId, std::move(message))) return false;
    world.Trace("server -> " + topic + " " + payload);
    server.checker_.OnServerPublish(topic, payload);
    return true;
  }
  bool PublishTask(const engine::TaskRef& task, std::string topic, std::string payload, int,
                   bool retain) override {
    if (!linked || world.Strikes(world.weather().refuse)) return false;
    if (!server.broker_.Publish(kClientId, {.topic = topic, .payload = payload}, retain)) {
      return false;
    }
    const std::uint64_t link = link_number;
    Later(world.random().Delay(Millis(1), Millis(400)), [this, task, link] {
      const bool acknowledged = linked && link == link_number;
      Tell([this, task, acknowledged](Timestamp now) {
        dispatcher.OnPublished(task, acknowledged, now);
      });
    });
    return true;
  }
  void Respond(std::string topic, std::string correlation, std::string payload) override {
    Message message{.topic = std::move(topic), .payload = std::move(payload)};
    message.correlation = std::move(correlation);
    server.broker_.Publish(kClientId, std::move(message));
  }

  // Planted: an answer to an older attempt counts as one to the current.
  static void DropAttempt(engine::Request& request) {
    auto* const task = std::get_if<engine::TaskCommand>(&request);
    if (task == nullptr) return;
    if (auto* done = std::get_if<interpreter::SucceedTask>(&task->command)) done->attempt = 0;
    if (auto* failed = std::get_if<interpreter::FailTask>(&task->command)) failed->attempt = 0;
  }

  // Planted: one of the children that are to start never does.
  static void LoseChild(engine::Request& request) {
    auto* const start = std::get_if<engine::StartChildren>(&request);
    if (start != nullptr && !start->children.empty()) start->children.pop_back();
  }

  // Planted: dispatch hears of tasks that are not durable yet.
  void TellTooEarly(int partition, const store::Batch& batch) {
    std::vector<engine::TaskNotice> notices;
    for (const store::TaskRow& row : batch.tasks_opened) {
      notices.emplace_back(engine::TaskOpened{
          .task = {partition, row.execution, row.task},
          .execution_arn = "arn:towline:states:local:acme:execution:m:x",
          .execution_tenant = "acme",
          .open = std::make_shared<interpreter::OpenTask>(store::DecodeTask(row.spec)),
          .attempt = row.attempt,
          .worker = {}});
    }
    Post(std::move(notices));
    RunActor(dispatching);
  }

  Server& server;
  World& world;
  const std::uint64_t number;
  engine::Definitions definitions;
  engine::CatalogueActivities activities;
  engine::StoreTaskSource source;
  children::Nested nested;
  children::MapRunner runner;
  NestedEar ear{*this};
  children::NoticeSplit split{ear, *this};
  std::vector<Driven> partitions;
  bool linked = false;
  std::uint64_t link_number = 0;
  dispatch::Dispatcher dispatcher;
  Actor dispatching{[this](Timestamp now) { return dispatcher.RunOnce(now); }};
  Actor nesting{[this](Timestamp now) { return nested.RunOnce(now); }};
  Actor mapping{[this](Timestamp now) { return runner.RunOnce(now); }};
};

Server::Server(World& world, Broker& broker, Checker& checker, store::Backend& backend,
               const engine::Tokens& tokens, Bug bug)
    : world_(world),
      broker_(broker),
      checker_(checker),
      backend_(backend),
      tokens_(tokens),
      bug_(bug),
      partitions_(backend.catalogue().Partitions()) {}

Server::~Server() = default;

void Server::Start() {
  Boot();
  world_.After(Seconds(world_.random().Between(1, 120)), [this] { StepWallNowAndThen(); });
}

void Server::StepWall() {
  if (!world_.Strikes(world_.weather().clock_jump)) return;
  world_.StepWall(Seconds(world_.random().Between(-600, 600)));
}

// Whether the server runs or not.
void Server::StepWallNowAndThen() {
  StepWall();
  if (!world_.stormy()) return;
  world_.After(Seconds(world_.random().Between(1, 120)), [this] { StepWallNowAndThen(); });
}

void Server::Boot() {
  StepWall();
  skew_ = world_.wall() - world_.now();
  world_.Trace("server: starts, its clock is off by " + std::to_string(skew_.count()) + " ms");
  life_ = std::make_unique<Life>(*this, ++lives_);
  for (std::size_t i = 0; i < life_->partitions.size(); i++) {
    life_->WakePartition(i, life_->Now() + world_.random().Delay(Millis(0), Millis(300)));
  }
  life_->Wake(life_->dispatching, life_->Now());
  life_->Later(world_.random().Delay(Millis(0), Millis(300)), [this] { Connect(); });
  ScheduleDeath();
}

void Server::ScheduleDeath() {
  const Millis life = world_.weather().server_life;
  if (life == Millis(0)) return;
  life_->Later(world_.random().Delay(Millis(500), life * 3), [this] {
    if (world_.stormy()) Die("by a signal");
  });
}

void Server::Die(const char* why) {
  world_.Trace(std::string("server: dies ") + why);
  broker_.Vanish(kClientId);
  life_.reset();
  world_.After(world_.random().Delay(Millis(100), Millis(60'000)), [this] { Boot(); });
}

void Server::Connect() {
  const std::vector<std::string> filters = {"towline/1/+/presence", "towline/1/+/events",
                                            "towline/1/+/results/+", "towline/1/+/callbacks"};
  if (!broker_.Connect(kClientId, *this, filters, /*clean_start=*/true, std::nullopt)) {
    const Millis most = broker_.IsCutOff(kClientId) ? kReconnectMax * 40 : kReconnectMax;
    life_->Later(world_.random().Delay(Millis(50), most), [this] { Connect(); });
    return;
  }
  life_->linked = true;
  life_->link_number++;
  life_->Tell([life = life_.get()](Timestamp now) { life->dispatcher.OnLink(true, now); });
}

void Server::OnKicked() {
  if (life_ == nullptr) return;
  life_->linked = false;
  life_->Tell([life = life_.get()](Timestamp now) { life->dispatcher.OnLink(false, now); });
  life_->Later(world_.random().Delay(Millis(0), kReconnectMax), [this] { Connect(); });
}

void Server::OnBrokerMessage(const Message& message) {
  if (life_ == nullptr) return;
  life_->Tell([life = life_.get(), message](Timestamp now) {
    life->dispatcher.OnMessage(message.topic, message.payload, message.retained,
                               message.response_topic, message.correlation, now);
  });
}

bool Server::Post(int partition, engine::Request request) {
  return life_ != nullptr && life_->Post(partition, std::move(request));
}

// An operator's wish; forgotten when the server dies, as operators know.
void Server::SetDrain(const std::string& worker, bool drain) {
  if (life_ == nullptr) return;
  life_->Tell([life = life_.get(), worker, drain](Timestamp now) {
    static_cast<void>(life->dispatcher.SetDrain("acme", worker, drain, now));
  });
}

std::string Server::Why(const engine::TaskRef& task) const {
  if (life_ == nullptr) return "the server is down";
  const auto view = life_->dispatcher.Describe(task, life_->Now());
  if (!view) return "dispatch does not know it";
  return view->stage + " at '" + view->worker + "': " + view->reason;
}

}  // namespace towline::sim
