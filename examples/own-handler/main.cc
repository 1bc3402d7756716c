// A worker of one's own: the agent as a library, and job types written in C++.

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "worker/agent_main.h"

namespace {

using towline::sdk::Context;
using towline::sdk::Failure;
using towline::sdk::Outcome;

// Counts up to input.to, a step every 10 ms, and saves where it is: the next attempt goes on there.
// A cancel ends the wait at once.
Outcome Count(const towline::json::value& input, Context& context) {
  const auto* const object = input.if_object();
  const auto* const to = object == nullptr ? nullptr : object->if_contains("to");
  if (to == nullptr || !to->is_int64()) return Failure{"Count.BadInput", "'to' must be an integer"};

  std::int64_t at = 0;
  if (context.about().checkpoint) at = context.about().checkpoint->to_number<std::int64_t>();
  const std::int64_t from = at;
  std::mutex mutex;
  std::condition_variable_any tick;
  std::unique_lock lock(mutex);
  while (at < to->get_int64()) {
    tick.wait_for(lock, context.stop(), std::chrono::milliseconds(10), [] { return false; });
    if (context.stop().stop_requested())
      return Failure{"Count.Stopped", "at " + std::to_string(at)};
    at++;
    context.Tell({.percent = 100.0 * static_cast<double>(at) / static_cast<double>(to->get_int64()),
                  .checkpoint = at});
  }
  return towline::json::object{{"from", from}, {"counted", at - from}};
}

}  // namespace

int main(int argc, char** argv) { return towline::worker::Main(argc, argv, {{"count", &Count}}); }
