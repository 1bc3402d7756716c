#pragma once

// One state on its own: the same steps as in an execution, with what the outside would do given
// by the caller. Nothing is dispatched and no time passes.
//
//   StateTest test(definition, {.state = index, .input = input}, limits);
//   test.Begin();                          until the state's work is due, or to its end
//   if (test.waiting()) test.Succeed(…);   or Fail(…): what a Task, Parallel or Map comes to
//   test.Outcome(), test.probe()

#include <cstdint>
#include <optional>
#include <string>

#include "statemachines/interpreter/advance.h"
#include "statemachines/interpreter/context.h"
#include "statemachines/interpreter/probe.h"

namespace towline::interpreter {

struct StateQuestion {
  asl::StateIndex state = 0;
  Json input{};
  Json variables{Json::EmptyObject()};  // by name, as they are at the state's entry
  std::uint32_t retry_count = 0;        // how often each Retrier has been used
  // The context object. Absent: made of `info`, `now` and the state.
  std::optional<Json> context{};
  ExecutionInfo info{};
  Timestamp now{};
  std::uint64_t seed = 0;
};

struct StateOutcome {
  enum class Status { kSucceeded, kFailed, kRetriable, kCaughtError };
  Status status = Status::kSucceeded;
  std::optional<Json> output{};
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
  std::optional<asl::StateIndex> next{};
  Json variables{};  // after the state
};

class StateTest {
 public:
  // `definition` stays the caller's and must live as long.
  StateTest(const asl::Definition& definition, StateQuestion question, const Limits& limits);

  void Begin();
  // A Task, Parallel or Map has begun, and its result is due.
  bool waiting() const;
  void Succeed(const Json& result);
  // What no state in the same States object takes rises to the Parallel or Map around it.
  void Fail(Failure failure);

  // A Map that waits: its items (null: still to be read), and what only a distributed one has.
  const Json& items() const { return items_; }
  const MapRunSpec& map_run() const { return map_run_; }
  // What ItemSelector makes of one of them. False: `failure` says why there is nothing.
  bool Select(const MapItem& item, Json& out, Failure& failure);

  StateOutcome Outcome() const;
  const Probe& probe() const { return probe_; }

 private:
  void Enter(asl::StateIndex state);
  Json MakeContext(asl::StateIndex state) const;
  template <class Act>
  void Step(const Act& act);
  void Rise();

  const asl::Definition& definition_;
  const StateQuestion question_;
  Limits limits_;
  ExecutionState state_;
  std::uint64_t seed_ = 0;
  Probe probe_;
  std::optional<StateExited> exited_;
  Json items_{};
  MapRunSpec map_run_;
};

}  // namespace towline::interpreter
