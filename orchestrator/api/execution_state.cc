#include "orchestrator/api/execution_state.h"

#include "orchestrator/store/event_codec.h"
#include "statemachines/interpreter/advance.h"

namespace towline::api {
namespace {

// A snapshot is only a cache: one that cannot be read (of another version) is as good as none.
interpreter::ExecutionState FromSnapshot(store::Queries& reader, store::ExecutionKey key) {
  const auto snapshot = reader.Snapshot(key);
  if (!snapshot) return {};
  try {
    return store::DecodeState(snapshot->state);
  } catch (const store::StoreError&) {
    return {};
  }
}

}  // namespace

interpreter::ExecutionState LoadState(store::Queries& reader, store::ExecutionKey key,
                                      const asl::Definition& definition) {
  interpreter::ExecutionState state = FromSnapshot(reader, key);
  reader.Steps(key, state.last_seq + 1, [&](const store::StepRow& step) {
    for (const interpreter::EventRecord& record : store::DecodeStep(step.events)) {
      if (record.seq > state.last_seq) interpreter::Apply(definition, state, record);
    }
    return true;
  });
  return state;
}

}  // namespace towline::api
