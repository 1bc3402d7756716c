#pragma once

// What must hold whatever happens. Sees every commit that is durable, every message that leaves
// the server, and every start of a job, and compares.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/engine/tokens.h"
#include "orchestrator/store/store.h"
#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/state.h"
#include "tests/simulation/world.h"

namespace towline::sim {

class Checker {
 public:
  Checker(World& world, const engine::Tokens& tokens) : world_(world), tokens_(tokens) {}

  void AddDefinition(const std::string& revision,
                     std::shared_ptr<const asl::Definition> definition);

  // A batch is durable, acknowledged or not.
  void OnCommit(int partition, const store::Batch& batch);
  // A message leaves the server.
  void OnServerPublish(const std::string& topic, const std::string& payload);
  // A door was told that its execution has started, or how it ended.
  void OnStarted(int partition, store::ExecutionKey key);
  // A worker's handler starts, or has ended, a job.
  void OnJobStart(const std::string& worker, const std::string& token, std::uint32_t attempt);
  // A job has saved this; what a later one is given must have been saved by one of its execution.
  void OnCheckpoint(const std::string& token, const std::string& checkpoint);
  void OnJobGiven(const std::string& token, const std::string& checkpoint);
  void OnJobSuccess(const std::string& token, std::uint32_t attempt, const std::string& output);

  // After the run: the store holds what was seen, and nothing is left over.
  void AtEnd(int partition, store::Store& store);
  const interpreter::ExecutionState* Find(const std::string& machine,
                                          const std::string& name) const;
  std::string Unfinished() const;  // what still runs, for the failure's text

  std::uint64_t events() const { return events_; }
  std::uint64_t runs() const { return runs_.size(); }

 private:
  struct Task {
    std::uint32_t attempt = 1;  // the current one
    int outcomes = 0;
    bool submitted = false;
    std::set<std::uint32_t> attempts{1};
    std::map<std::uint32_t, std::string> accepted;  // worker by attempt
  };
  struct Execution {
    store::ExecutionRow row;
    std::shared_ptr<const asl::Definition> definition;
    interpreter::ExecutionState state;
    std::map<interpreter::TaskId, Task> tasks;
    std::set<std::uint64_t> rows;  // open task rows
  };
  struct Run {
    std::string worker;
    std::string output;
    bool succeeded = false;
  };
  using Key = std::pair<int, store::ExecutionKey>;

  void Replay(const Key& key, Execution& execution, const interpreter::EventRecord& record);
  void CheckMapRun(const Key& key, const store::MapRunRow& row, store::Store& store);
  void CheckWait(const Key& key, const Execution& execution, const interpreter::Frame& frame);
  void Outcome(const Key& key, Task& task, interpreter::TaskId id, const std::string& worker,
               const Json* output);
  void CheckOffers(const std::string& principal, const std::string& payload);
  void CheckControl(const std::string& principal, const std::string& payload);
  Task* FindTask(const engine::TaskRef& ref);
  bool IsOpen(const engine::TaskRef& ref);
  void Violate(const Key& key, const std::string& what);

  World& world_;
  const engine::Tokens& tokens_;
  std::map<std::string, std::shared_ptr<const asl::Definition>> definitions_;
  std::map<Key, Execution> executions_;
  std::map<std::pair<engine::TaskRef, std::uint32_t>, Run> runs_;
  std::set<std::pair<engine::TaskRef, std::uint32_t>> offered_at_most_once_;
  std::map<std::pair<engine::TaskRef, std::uint32_t>, std::set<std::string>> offered_;
  std::set<engine::TaskRef> started_;
  std::set<std::pair<Key, std::string>> saved_;
  std::set<std::pair<int, store::MapRunKey>> open_runs_;
  std::uint64_t events_ = 0;
};

}  // namespace towline::sim
