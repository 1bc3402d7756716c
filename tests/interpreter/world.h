#pragma once

// One execution in virtual time, with the bookkeeping that a shell does: it grants every effect,
// keeps the timers and open tasks, and notes each broken promise of the core in problems().

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/advance.h"

namespace towline::interpreter {

class World {
 public:
  explicit World(std::shared_ptr<const asl::Definition> definition, const Limits& limits = {},
                 std::uint64_t seed = 1);

  Step Begin(const Json& input);
  Step BeginOnce(const Json& input);
  Step Do(const Command& command);  // and Continue as long as the core asks for it
  Step DoOnce(const Command& command);
  // As a shell does it: rebuilds what stood at the redrive point. Nothing when that is 0.
  std::optional<Redrive> PrepareRedrive() const;
  // Lets time pass to the earliest timer and fires it; false when there is none.
  bool FireNext();
  // Fires timers until nothing but the outside can help. At most `steps`.
  void RunTimers(int steps = 100'000);

  // After each step the state is thrown away and made again from the events.
  void RestartAfterEachStep() { restart_ = true; }
  void Pass(Millis time) { now_ += time; }
  // From now on the wall clock is off by this much: what is set later and follows it is due then.
  void StepWall(Millis off) { wall_off_ = off; }
  void Follow(const References& references) { references_ = &references; }
  void HaveNoActivities();  // until then there is whichever a definition names

  const asl::Definition& definition() const { return *definition_; }
  const ExecutionState& state() const { return state_; }
  const std::vector<EventRecord>& events() const { return events_; }
  const std::vector<std::string>& problems() const { return problems_; }
  Timestamp now() const { return now_; }
  bool wants_continue() const { return wants_continue_; }

  using TimerId = std::pair<EventSeq, TimerKind>;
  const std::map<TimerId, Timestamp>& timers() const { return timers_; }
  struct Task {
    OpenTask open;
    std::uint32_t attempt = 1;
  };
  const std::map<TaskId, Task>& tasks() const { return tasks_; }
  const std::map<TaskId, OpenMapRun>& map_runs() const { return map_runs_; }
  // Those opened since the last call.
  std::vector<TaskId> TakeNewTasks() { return std::exchange(new_tasks_, {}); }
  const std::map<TaskId, CloseTask>& closed_tasks() const { return closed_tasks_; }

 private:
  void Grant(const Effect& effect);
  void CheckStep(const Step& step);
  void CheckRest();
  void CheckRebuilt();
  void Expect(bool holds, const std::string& what);

  std::shared_ptr<const asl::Definition> definition_;
  const Limits limits_;
  std::uint64_t seed_;
  Timestamp now_;
  Millis wall_off_{0};
  const Activities* activities_ = nullptr;
  const References* references_ = nullptr;
  bool restart_ = false;
  bool wants_continue_ = false;
  bool closed_ = false;

  ExecutionState state_;
  ExecutionState shadow_;  // made of nothing but the events
  std::vector<EventRecord> events_;
  std::map<TimerId, Timestamp> timers_;
  std::map<TaskId, Task> tasks_;
  std::map<TaskId, OpenMapRun> map_runs_;
  std::map<TaskId, CloseTask> closed_tasks_;
  std::vector<TaskId> new_tasks_;
  std::vector<std::string> problems_;
};

}  // namespace towline::interpreter
