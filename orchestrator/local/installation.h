#pragma once

// A whole installation in one thread and virtual time: no server, no broker, no disk.
//
// The parts are the server's own: a partition over the memory store, nested executions, the runner
// of Map Runs. What stands where dispatch and the workers stand is an Outside, which says what
// becomes of each task and when. Time passes only when nothing else is left to do, and then at
// once to the next moment at which something is due.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/children/map_runner.h"
#include "orchestrator/children/nested.h"
#include "orchestrator/engine/definitions.h"
#include "orchestrator/engine/partition.h"
#include "orchestrator/engine/request.h"
#include "orchestrator/engine/task_source.h"
#include "orchestrator/engine/tokens.h"
#include "orchestrator/objects/object_store.h"
#include "orchestrator/store/store.h"
#include "statemachines/interpreter/advance.h"
#include "statemachines/interpreter/history.h"

namespace towline::local {

// A task that has been opened.
struct Task {
  engine::TaskRef ref{};
  std::string machine{};    // whose state it is; for the child of a Map Run, that of its parent
  std::string execution{};  // ARN
  std::shared_ptr<const interpreter::OpenTask> open{};  // never null
};

// What comes of a task `after` it was opened. The command's `task` is filled in.
struct Act {
  Millis after{};
  interpreter::Command command;
};
using Acts = std::vector<Act>;

class Outside {
 public:
  virtual ~Outside() = default;
  // In the order in which they are to happen; none: nobody ever answers. Nothing: it is not for the
  // outside, the installation starts the nested execution that the task asks for. An Error ends the
  // whole run with it.
  virtual Result<std::optional<Acts>> OnTask(const Task& task) = 0;
};

struct Settings {
  std::string tenant = "default";
  interpreter::Limits limits{};
  Timestamp start{};                        // when time begins
  std::uint64_t seed = 1;                   // of everything random
  objects::ObjectStore* objects = nullptr;  // null: a Map that needs files fails
  const interpreter::Activities* activities = nullptr;  // null: whichever a definition names
  std::string role_arn{};                   // in histories and the context object
  bool forgetful = false;  // reads each state back from its events after every round, for tests
};

class Installation final : private engine::RequestPort,
                           private engine::TaskSink {
 public:
  Installation(Settings settings, Outside& outside);
  ~Installation() override;
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;

  // Makes a machine or replaces its definition, which must be a valid one.
  void PutMachine(const std::string& name, std::string_view definition);

  // Starts an execution of a machine that exists and lets time pass until it has ended. Nothing:
  // it never will, because nothing moves any more. Error: the outside's.
  Result<std::optional<engine::ExecutionView>> Run(const std::string& machine,
                                                   const std::string& name, const Json& input);
  // Of an execution that was started; the service's events.
  std::vector<interpreter::HistoryEvent> History(const std::string& machine,
                                                 const std::string& name);
  // States whose tasks are open, by name.
  std::set<std::string> OpenStates() const;
  Timestamp now() const { return now_; }

 private:
  bool Post(int partition, engine::Request request) override;
  void Post(std::vector<engine::TaskNotice> notices) override;

  Timestamp Round();
  void Hear(const engine::TaskNotice& notice);
  void Open(const engine::TaskOpened& opened);
  void Close(const engine::TaskClosed& closed);

  const Settings settings_;
  Outside& outside_;
  std::unique_ptr<store::Backend> backend_;
  const engine::Tokens tokens_;
  engine::Definitions definitions_;
  engine::StoreTaskSource tasks_;
  children::Nested nested_;
  children::MapRunner runner_;
  std::unique_ptr<engine::Partition> partition_;

  Timestamp now_;
  std::vector<engine::TaskNotice> notices_;
  std::vector<std::unique_ptr<children::Nested::Reply>> replies_;
  std::map<engine::TaskRef, std::string> open_;  // the outside's, with their states
  std::multimap<Timestamp, engine::TaskCommand> due_;
  std::optional<Error> problem_;
};

}  // namespace towline::local
