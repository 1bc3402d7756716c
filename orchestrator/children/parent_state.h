#pragma once

#include <optional>

#include "orchestrator/store/store.h"
#include "statemachines/asl/definition.h"
#include "statemachines/interpreter/state.h"

namespace towline::children {

// The parent of a Map Run as it was when the run had just begun: what its ItemSelector sees.
// Nothing when it has been deleted. Throws StoreError.
std::optional<interpreter::ExecutionState> ReadStateAt(store::Queries& reader,
                                                       const asl::Definition& definition,
                                                       const store::MapRunKey& run);

}  // namespace towline::children
