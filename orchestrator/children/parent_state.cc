#include "orchestrator/children/parent_state.h"

#include "orchestrator/store/event_codec.h"
#include "statemachines/interpreter/advance.h"

namespace towline::children {

std::optional<interpreter::ExecutionState> ReadStateAt(store::Queries& reader,
                                                       const asl::Definition& definition,
                                                       const store::MapRunKey& run) {
  interpreter::ExecutionState state;
  const auto snapshot = reader.Snapshot(run.execution);
  if (snapshot && snapshot->last_seq <= run.run) state = store::DecodeState(snapshot->state);
  reader.Steps(run.execution, state.last_seq + 1, [&](const store::StepRow& step) {
    for (const auto& record : store::DecodeStep(step.events)) {
      if (record.seq <= run.run) interpreter::Apply(definition, state, record);
    }
    return state.last_seq < run.run;
  });
  if (state.last_seq != run.run) return std::nullopt;
  return state;
}

}  // namespace towline::children
