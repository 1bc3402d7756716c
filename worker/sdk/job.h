#pragma once

// Job types written in C++: a function that gets the job's input and a context, and returns what
// came of it. The agent (worker/agent_main.h) calls it on a thread of a bounded pool, journals and
// reports the outcome, and beats for it. A function may run at the same time as itself.
//
// A thread cannot be killed. A function must look at context.stop() and return soon after it has
// been requested; one that does not keeps its slot, and its cancel stays pending.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "statemachines/base/json.h"
#include "statemachines/base/blot.h"

namespace towline::sdk {

// The error and cause that Retry and Catch of the workflow see.
struct Failure {
  std::string error{};  // a name without spaces, e.g. "Mill.Jammed"
  std::string cause{};  // for people
};
// The output is at most 64 KiB as JSON text; a larger one fails with States.DataLimitExceeded.
using Outcome = std::variant<json::value, Failure>;

// What a running job says; all optional, `checkpoint` and `data` at most 8 KiB each. More than four
// a second are thinned; the last one counts.
struct News {
  std::optional<double> percent{};  // 0 to 100
  std::string message{};
  std::optional<json::value> data{};
  std::optional<json::value> checkpoint{};  // reaches the next attempt
};

// One run of a job. The methods may be called from any thread until the function returns.
class Context {
 public:
  struct About {
    std::string token{};        // names the task: gives the right to end it
    std::uint32_t attempt = 1;  // grows whenever the job may have been started before: a fence
    std::string type{};
    std::string execution{};  // ARN
    std::string state{};
    std::optional<json::value> checkpoint{};  // the last one of an earlier attempt
    std::optional<std::chrono::steady_clock::time_point> deadline{};  // of the state's timeout
    // Knows the secrets that stand in the input in place of {"$secret": "name"}. The agent takes
    // them out of whatever the function tells; what it logs or sends elsewhere is its own matter.
    Blot blot{};
  };

  virtual ~Context() = default;
  const About& about() const { return about_; }
  // Requested by a cancel, a timeout of the task and the stop of the agent.
  const std::stop_token& stop() const { return stop_; }
  virtual void Tell(News news) = 0;
  // Counts where the job type has heartbeat = "manual"; else the agent beats by itself.
  virtual void Beat() = 0;

 protected:
  Context(About about, std::stop_token stop) : about_(std::move(about)), stop_(std::move(stop)) {}

 private:
  const About about_;
  const std::stop_token stop_;
};

// An exception that leaves it is a Failure with the error Towline.HandlerFailed.
using Function = std::function<Outcome(const json::value& input, Context& context)>;
// By what `handler = "…"` of the site's file calls them.
using Functions = std::map<std::string, Function>;

}  // namespace towline::sdk
