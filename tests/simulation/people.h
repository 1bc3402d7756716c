#pragma once

// Everybody outside: those who start and stop executions, and those who were handed a token.

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/broker.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/direct.h"
#include "tests/simulation/jobs.h"
#include "tests/simulation/server.h"
#include "tests/simulation/world.h"

namespace towline::sim {

// Ends tasks by their tokens, over the callback topic or the API, until it is told that this
// counts or comes too late. Hears tokens on topics as well.
class Holder final : public TokenHolder, public MqttClient {
 public:
  Holder(World& world, Broker& broker, const engine::Tokens& tokens)
      : world_(world), broker_(broker), tokens_(tokens) {}

  void Start(Server& server);
  void Hold(const std::string& token) override;
  void OnBrokerMessage(const Message& message) override;
  void OnKicked() override;

 private:
  void Connect();
  void Try(const std::string& token);

  World& world_;
  Broker& broker_;
  const engine::Tokens& tokens_;
  Server* server_ = nullptr;
  std::set<std::string> held_;  // not answered yet
};

// One execution, as whoever started it sees it.
struct Errand {
  std::string machine;
  std::string name;
  std::string revision;
  std::shared_ptr<const asl::Definition> definition;
  Json input;
  bool tame = true;      // one possible end
  bool stopped = false;  // somebody stops it on its way
  bool to_redrive = false;  // somebody redrives it if it does not succeed
  bool started = false;
};

// Starts executions, stops some and redrives some, again and again until the server says that it is
// so. Drains a worker now and then.
class Clients {
 public:
  Clients(World& world, Checker& checker, Server& server, store::Backend& backend);
  void Start();
  bool AllStarted() const;
  // Every one ended, the tame ones as in a perfect world.
  void AtEnd();

 private:
  struct Machine {
    std::string name, revision;
    std::shared_ptr<const asl::Definition> definition;
  };
  void MakeErrands();
  // Null when its text is wrong, which is a violation.
  std::shared_ptr<const Machine> MakeMachine(const std::string& name, const std::string& text);
  Errand MakeErrand(const Machine& machine, int number);
  interpreter::ExecutionInfo Info(const Errand& errand) const;
  int PartitionOf(const Errand& errand) const;
  void TryStart(std::size_t index);
  void TryStop(std::size_t index);
  void TryRedrive(std::size_t index);
  void Operate();

  World& world_;
  Checker& checker_;
  Server& server_;
  store::Backend& backend_;
  std::vector<Errand> errands_;
  Definitions targets_;  // of nested executions, by the machine's name
};

}  // namespace towline::sim
