#pragma once

// The server, as orchestrator/server.cc puts it together, without its threads: real partitions,
// the real dispatcher and the real runners of children, over a store that fails and a broker that
// lies. It dies, also in the middle of a commit, and comes back with nothing but the store.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/dispatch/dispatcher.h"
#include "orchestrator/engine/activities.h"
#include "orchestrator/engine/definitions.h"
#include "orchestrator/engine/partition.h"
#include "orchestrator/engine/task_source.h"
#include "orchestrator/engine/tokens.h"
#include "orchestrator/store/store.h"
#include "tests/simulation/broker.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/world.h"

namespace towline::sim {

// Mistakes that a test plants, to see that the invariants find them.
enum class Bug { kNone, kDropAttemptCheck, kPublishBeforeCommit, kForgetToReoffer, kLoseChild };

class Server final : public MqttClient {
 public:
  static constexpr const char* kClientId = "towline-server";

  Server(World& world, Broker& broker, Checker& checker, store::Backend& backend,
         const engine::Tokens& tokens, Bug bug);
  ~Server() override;

  void Start();
  // The doors. False when the server is down or busy; then, and when it dies, nobody replies.
  bool Post(int partition, engine::Request request);
  int partitions() const { return partitions_; }
  bool running() const { return life_ != nullptr; }
  void SetDrain(const std::string& worker, bool drain);
  std::string Why(const engine::TaskRef& task) const;

  void OnBrokerMessage(const Message& message) override;
  void OnKicked() override;

 private:
  struct Life;  // what ends with the process

  void Boot();
  void StepWall();
  void StepWallNowAndThen();
  void Die(const char* why);
  void ScheduleDeath();
  void Connect();

  World& world_;
  Broker& broker_;
  Checker& checker_;
  store::Backend& backend_;
  const engine::Tokens& tokens_;
  const Bug bug_;
  const int partitions_;
  std::uint64_t lives_ = 0;
  Millis skew_{0};  // of this life's clock
  std::unique_ptr<Life> life_;
};

}  // namespace towline::sim
