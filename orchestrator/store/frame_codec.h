#pragma once

// One frame of an execution's tree: in snapshots and in ExecutionRedriven. Times are stored
// relative to `base`.

#include "orchestrator/store/documents.h"
#include "proto/stored/events.pb.h"
#include "statemachines/interpreter/state.h"

namespace towline::store {

void FillFrame(const interpreter::Frame& frame, Timestamp base, DocumentWriter& documents,
               stored::Frame& to);
// Throws StoreError when the frame is damaged.
interpreter::Frame ReadFrame(const stored::Frame& from, Timestamp base,
                             const DocumentReader& documents);

}  // namespace towline::store
