#pragma once

// One simulated life of a whole installation, from one seed.

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/server.h"

namespace towline::sim {

struct Options {
  std::uint64_t seed = 1;
  Bug bug = Bug::kNone;
  // For a day of virtual time, from somewhere in the storm, they reach no broker.
  enum class Outage { kNone, kSites, kServer } outage = Outage::kNone;
  bool verbose = false;
};

struct Report {
  std::uint64_t seed = 0;
  std::string violation;  // empty: all is well
  std::uint64_t steps = 0;   // of the world
  std::uint64_t events = 0;  // of executions
  std::uint64_t jobs = 0;    // started
  std::uint64_t trace_hash = 0;
};

Report Simulate(const Options& options);

// The same in a process of its own: one run cannot disturb the next, and a crash is a finding like
// any other. Gives up on it after `seconds`.
Report SimulateApart(const Options& options, int seconds = 120);

}  // namespace towline::sim
