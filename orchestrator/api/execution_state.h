#pragma once

#include "orchestrator/store/store.h"
#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/state.h"

namespace towline::api {

// Where an execution is now, from its snapshot, if there is a usable one, and the events since.
interpreter::ExecutionState LoadState(store::Queries& reader, store::ExecutionKey key,
                                      const asl::Definition& definition);

}  // namespace towline::api
