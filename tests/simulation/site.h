#pragma once

// A site: one real agent with its journal, the jobs it runs, and the accidents that befall it.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/broker.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/jobs.h"
#include "tests/simulation/world.h"
#include "worker/agent.h"
#include "worker/memory_journal.h"

namespace towline::sim {

class Site final : public MqttClient, private worker::Ports, private worker::Handler {
 public:
  Site(World& world, Broker& broker, Checker& checker, TokenHolder& holder, std::string name);
  ~Site() override;

  void Start();
  void OnBrokerMessage(const Message& message) override;
  void OnKicked() override;

  const std::string& principal() const { return principal_; }
  // Nothing held, nothing unacknowledged.
  bool Settled() const;
  std::string text() const;

 private:
  // A program of the site: lives on when the agent dies.
  struct Process {
    std::string token;
    std::uint32_t attempt = 0;
    std::uint64_t life = 0;  // of the agent that started it
    worker::JobId id = 0;
    std::uint64_t number = 0;
    worker::Outcome outcome;
    bool stubborn = false;  // does not listen to the soft signal
  };
  class Instant;

  // worker::Ports
  bool Publish(std::string topic, std::string payload, bool retain) override;
  void KillLeftovers(const std::string& token, std::uint32_t attempt,
                     const std::optional<worker::ProcessGroup>& group) override;
  void Reply(std::uint64_t request, Answer answer) override;
  Result<std::string> ReadSecret(const std::string& name) override;
  // worker::Handler
  Started Start(worker::Job job) override;
  void Signal(worker::JobId id, bool kill) override;

  std::vector<worker::JobType> Types();
  Timestamp Now() const { return world_.now() + skew_; }
  void Boot();
  void Die();
  void Leave();  // in order
  void ScheduleDeath();
  void Connect();
  void Wake(Timestamp at);
  void Run();
  void Later(Millis delay, std::function<void()> run);  // unless the agent has died
  void CheckOrder(const std::string& payload);
  void CheckLink(const worker::Job& job);
  void Save(std::uint64_t process);
  void End(std::uint64_t process, worker::Outcome outcome);

  World& world_;
  Broker& broker_;
  Checker& checker_;
  TokenHolder& holder_;
  const std::string name_;
  const std::string principal_;
  worker::AgentSettings settings_;
  std::unique_ptr<Instant> instant_;
  worker::MemoryJournal journal_;
  std::map<std::uint64_t, Process> processes_;
  std::uint64_t next_process_ = 0;
  Millis skew_{0};
  std::uint64_t lives_ = 0;
  bool link_ = false;
  std::optional<Timestamp> dark_since_{};
  std::uint64_t connection_ = 0;
  std::uint64_t wake_ = 0;
  Timestamp wake_at_ = Timestamp::max();
  std::unique_ptr<worker::Agent> agent_;
};

}  // namespace towline::sim
