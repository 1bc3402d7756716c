#pragma once

// Redrive: an execution that did not succeed goes on where it stopped, and keeps what succeeded.
//
// The events that end an execution throw its tree of frames away. So the shell replays the history
// up to RedrivePoint(), hands in what stood then, and ExecutionRedriven stores the tree that it
// goes on with.

#include <string_view>

#include "statemachines/base/result.h"
#include "statemachines/interpreter/state.h"

namespace towline::interpreter {

// The last event to replay, seen from the event that closed the execution. 0: this one cannot be
// redriven, its history is full.
EventSeq RedrivePoint(const EventRecord& closing);

// Which frame the state named `state` is waiting in, failed in or ran in, when `remains` was all
// that was left; an empty name stands for the only one there is. The error names the choices.
Result<FrameId> RedriveTarget(const asl::Definition& definition, const ExecutionState& remains,
                              std::string_view state);

}  // namespace towline::interpreter
