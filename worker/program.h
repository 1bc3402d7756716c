#pragma once

#include <map>
#include <string>
#include <vector>

namespace towline::worker {

// What a job type runs: decided by the site's file, never by the centre.
struct Program {
  std::vector<std::string> argv{};  // with `shell`: one command line for /bin/sh -c
  bool shell = false;
  std::map<std::string, std::string> env{};  // on top of the agent's own
  std::string cwd{};
};

}  // namespace towline::worker
