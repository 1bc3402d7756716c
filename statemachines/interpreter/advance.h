#pragma once

// The interpreter: pure, no I/O, no clock, no randomness.
//
// Advance() decides, Apply() changes. Inside Advance the only way to change the state is to emit
// an event, which appends it and applies it, so that replaying the events cannot differ from
// having lived through them. Effects are only wishes: the shell grants them after the commit.

#include <cstdint>
#include <string>
#include <vector>

#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/command.h"
#include "statemachines/interpreter/effect.h"
#include "statemachines/interpreter/event.h"
#include "statemachines/interpreter/state.h"
#include "statemachines/jsonata/jsonata.h"

namespace towline::interpreter {

// Bounds of one execution. The defaults are ours; the `aws` profile is AwsLimits().
struct Limits {
  std::size_t value_bytes_max = 4 << 20;       // any input, output, parameters, result
  std::uint64_t history_events_max = 0;        // 0: unlimited; else this event is the failure
  std::size_t assign_bytes_max = 4 << 20;      // one Assign, and so one variable
  std::size_t variables_bytes_max = 64 << 20;  // all variables of the execution
  std::size_t job_payload_bytes_max = 64 << 10;  // until payloads travel by reference
  std::uint32_t step_transitions_max = 1000;   // then commit and go on behind what waits
  std::size_t step_bytes_max = 1 << 20;
  std::uint32_t inline_map_concurrency_max = 40;  // what MaxConcurrency 0 means
  jsonata::Bounds query_bounds{};                 // of one JSONata evaluation
};
Limits AwsLimits();

// Which activities there are: a fact from outside, like the time.
class Activities {
 public:
  virtual ~Activities() = default;
  // As an execution of `tenant` refers to it.
  virtual bool Exists(const std::string& arn, const std::string& tenant) const = 0;
};

struct Turn {
  Timestamp now{};
  std::optional<Timestamp> wall{};  // of the wall clock, which may be stepped; absent: `now`
  std::uint64_t seed = 0;  // jitter, UUID, MathRandom
  int partition = 0;       // where the execution lives: in the ids of its Map Runs
  const Activities* activities = nullptr;  // null: whichever a definition names
  const References* references = nullptr;  // for paths that look into one; null: plain objects
};

struct Step {
  Verdict verdict = Verdict::kApplied;
  std::vector<EventRecord> events;  // empty unless kApplied
  std::vector<Effect> effects;
};

// Runs until only the outside can move the execution on, or a bound is reached. A `now` earlier
// than the state's last event is lifted to it.
Step Advance(const asl::Definition& definition, ExecutionState& state, const Command& command,
             const Turn& turn, const Limits& limits);

// Total: every stored event applies. All that replay needs.
void Apply(const asl::Definition& definition, ExecutionState& state, const EventRecord& record);

}  // namespace towline::interpreter
