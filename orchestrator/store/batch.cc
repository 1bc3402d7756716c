#include "orchestrator/store/store.h"

namespace towline::store {

bool Batch::empty() const {
  return started.empty() && steps.empty() && tasks_opened.empty() && tasks_updated.empty() &&
         tasks_closed.empty() && map_runs_started.empty() && map_runs_updated.empty() &&
         timers_set.empty() && timers_cleared.empty() && snapshots.empty() &&
         payload_uses.empty() && evidence.empty() && reopened.empty() && closed.empty() &&
         deleted.empty();
}

void Batch::Clear() {
  started.clear();
  steps.clear();
  tasks_opened.clear();
  tasks_updated.clear();
  tasks_closed.clear();
  map_runs_started.clear();
  map_runs_updated.clear();
  timers_set.clear();
  timers_cleared.clear();
  snapshots.clear();
  payload_uses.clear();
  evidence.clear();
  reopened.clear();
  closed.clear();
  deleted.clear();
}

}  // namespace towline::store
