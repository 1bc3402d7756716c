#pragma once

// The sentences of Explain: what a waiting task waits for, why, and what to do.

#include <optional>

#include "orchestrator/dispatch/dispatcher.h"
#include "orchestrator/store/store.h"
#include "proto/towline/v1/explain.pb.h"
#include "statemachines/interpreter/effect.h"
#include "statemachines/interpreter/state.h"

namespace towline::api {

// What the store knows about an open task. `waits` is null for one that is only being cancelled.
struct OpenTaskFacts {
  store::TaskRow row;
  interpreter::OpenTask open;
  const interpreter::AwaitingTask* waits = nullptr;
  std::string execution;  // short name, for commands in advice
};

void FillTask(const OpenTaskFacts& facts, v1::Waiting* to);
// Adds what dispatch knows, and the sentences. `view` may be absent: it has not heard of it yet.
void FillReason(const std::optional<dispatch::TaskView>& view, const std::string& execution,
                v1::Waiting* to);

}  // namespace towline::api
