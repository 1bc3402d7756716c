#pragma once

// What the jobs of the simulation do, for the sites that run them and for the evaluator that says
// what must come out.

#include <functional>
#include <optional>
#include <string>

#include "statemachines/base/json.h"
#include "statemachines/base/time.h"
#include "tests/simulation/world.h"

namespace towline::sim {

struct JobOutcome {
  std::string output;               // JSON; when it succeeds
  std::optional<std::string> error{};
};

// add: {"sum": a + b}; echo: its input; fail: "Boom"; flaky: echo, but half the time "Flaky" where
// `flake` says so; once: {"done": n}; hand: ends with {"handed": true}, its token lives on in the
// input's "token"; stuck: as echo, but ends only when told to.
JobOutcome Perform(const std::string& type, const json::value& input, bool flake);

// What whoever holds a task's token ends it with.
inline const char* const kAnswer = R"({"answered":true})";

// Those who were given a task's token and will end the task with it, some time, over one of the
// doors, again and again until they are told that it counts (or is too late).
class TokenHolder {
 public:
  virtual ~TokenHolder() = default;
  virtual void Hold(const std::string& token) = 0;
};

}  // namespace towline::sim
