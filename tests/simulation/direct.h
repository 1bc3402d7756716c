#pragma once

#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/state.h"

namespace towline::sim {

// How an execution ends in a perfect world: the interpreter alone, every job succeeds or fails as
// it is meant to, nothing is lost, late or repeated.
interpreter::ExecutionState RunDirectly(const asl::Definition& definition,
                                        const interpreter::ExecutionInfo& info, const Json& input);

}  // namespace towline::sim
