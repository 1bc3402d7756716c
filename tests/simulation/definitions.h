#pragma once

#include <string>
#include <vector>

#include "tests/simulation/world.h"

namespace towline::sim {

// A small definition made up by chance. A tame one has one possible end, whatever goes wrong on
// the way; a wild one has timeouts and losses that show, and only has to end.
// `targets`: names of machines that its nested executions may run; without any it has none.
std::string MakeDefinition(Random& random, bool wild, const std::vector<std::string>& targets);

// One that never ends unless it is stopped: a nested execution of itself, or children that wait.
std::string MakeEndless(Random& random, const std::string& own_name);

}  // namespace towline::sim
