#pragma once

#include <map>
#include <memory>
#include <string>

#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/state.h"

namespace towline::sim {

// By the machine's name.
using Definitions = std::map<std::string, std::shared_ptr<const asl::Definition>>;

// How an execution ends in a perfect world: the interpreter alone, every job succeeds or fails as
// it is meant to, nothing is lost, late or repeated. Children run one after the other; `targets`
// are the machines of nested executions.
interpreter::ExecutionState RunDirectly(std::shared_ptr<const asl::Definition> definition,
                                        const interpreter::ExecutionInfo& info, const Json& input,
                                        const Definitions& targets);

}  // namespace towline::sim
