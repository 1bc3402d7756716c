#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "worker/handler.h"
#include "worker/program.h"

namespace towline::worker {

// What a program is told beside its job.
struct EnvironmentFacts {
  std::string socket{};  // TOWLINE_SOCKET
  std::string agent{};   // TOWLINE_AGENT
  std::string worker{};  // TOWLINE_WORKER
  std::string folder{};  // TMPDIR; empty: none of its own
};

// The environment of a program, NAME=value each: what the site's file lets through of the agent's
// own, the user's HOME, the file's `env`, and what the job is.
std::vector<std::string> EnvironmentOf(const Program& program, const Job& job,
                                       const EnvironmentFacts& facts);

// Whether an allow-list names the variable; a name in it may end in '*'. Never TOWLINE_….
bool IsPassed(const std::vector<std::string>& allowed, std::string_view name);

}  // namespace towline::worker
