#pragma once

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "worker/sdk/job.h"

namespace towline::handlers {

// A job's context without an agent.
class LoneContext : public sdk::Context {
 public:
  explicit LoneContext(std::stop_token stop = {}, About about = {.token = "token"})
      : Context(std::move(about), std::move(stop)) {}
  void Tell(sdk::News) override {}
  void Beat() override {}
};

inline json::value Parsed(const std::string& text) {
  const auto parsed = ParseJson(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? **parsed : json::value();
}

// The output as JSON text, or "error: cause".
inline std::string Do(const sdk::Function& function, const json::value& input,
                      std::stop_token stop = {}, Blot blot = {}) {
  LoneContext context(std::move(stop), {.token = "token", .blot = std::move(blot)});
  const sdk::Outcome outcome = function(input, context);
  if (const auto* const failure = std::get_if<sdk::Failure>(&outcome)) {
    return failure->error + ": " + failure->cause;
  }
  return PrintJson(std::get<json::value>(outcome));
}
inline std::string Do(const sdk::Function& function, const char* input) {
  return Do(function, Parsed(input));
}
// The error's name alone; "none" when there is none.
inline std::string ErrorOf(const sdk::Function& function, const json::value& input) {
  const std::string said = Do(function, input);
  return said[0] == '{' ? "none" : said.substr(0, said.find(": "));
}
inline std::string ErrorOf(const sdk::Function& function, const char* input) {
  return ErrorOf(function, Parsed(input));
}

// Starts it, requests the stop once `begun` says so (it may wait), and returns what came of it.
template <class Begun>
std::string RunAndStop(const sdk::Function& function, const json::value& input, Begun begun) {
  std::stop_source source;
  std::string said;
  std::jthread thread([&] { said = Do(function, input, source.get_token()); });
  begun();
  source.request_stop();
  thread.join();
  return said;
}

}  // namespace towline::handlers
