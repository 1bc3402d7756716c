#pragma once

// The outside as a mock file tells it: what comes of the tasks of each state.
//
//   {"states":   {STATE: ANSWER | [ANSWER, …], …},
//    "machines": {MACHINE: {STATE: …}, …},
//    "default":  ANSWER}
//
// The n-th task of a state in one execution gets the n-th answer; the last one holds for all that
// follow. Names under "machines" go before those under "states", "default" is for all other tasks,
// but neither for messages that only have to be published nor for nested executions, which run.
//
// An ANSWER is one of {"result": JSON}, {"error": NAME, "cause": TEXT}, {"timeout": true} (nobody
// ever answers) and {"heartbeatLost": true} (somebody takes it and falls silent); the first two may
// have "afterSeconds", a number.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/local/installation.h"

namespace towline::local {

class Mocks final : public Outside {
 public:
  struct Answer {
    std::optional<Json> result{};
    std::optional<std::string> error{};
    std::optional<std::string> cause{};
    bool heartbeat_lost = false;
    Millis after{0};
    bool fails() const { return error.has_value() || cause.has_value(); }
  };

  Mocks() = default;  // knows no answers
  // Error: where in the file what is wrong, and what belongs there.
  static Result<Mocks> Parse(std::string_view text);

  // A task without an answer is an Error that says what to write.
  Result<std::optional<Acts>> OnTask(const Task& task) override;

 private:
  using Answers = std::map<std::string, std::vector<Answer>>;  // by state; never empty
  const Answer* Find(const Task& task);

  Answers states_;
  std::map<std::string, Answers> machines_;
  std::optional<Answer> default_;
  std::map<std::pair<std::string, std::string>, std::size_t> used_;  // by execution and state
};

}  // namespace towline::local
