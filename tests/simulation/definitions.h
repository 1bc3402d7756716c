#pragma once

#include <string>

#include "tests/simulation/world.h"

namespace towline::sim {

// A small definition made up by chance. A tame one has one possible end, whatever goes wrong on
// the way; a wild one has timeouts and losses that show, and only has to end.
std::string MakeDefinition(Random& random, bool wild);

}  // namespace towline::sim
