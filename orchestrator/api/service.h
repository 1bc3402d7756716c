#pragma once

// The server's use cases, each once and free of any transport: proto/towline/v1 as classes. Doors
// (grpc/, later the AWS-compatible one) parse, authenticate, call these and print what comes back.

#include "orchestrator/api/access_control.h"
#include "orchestrator/api/activities.h"
#include "orchestrator/api/enrolment.h"
#include "orchestrator/api/executions.h"
#include "orchestrator/api/explain.h"
#include "orchestrator/api/foundation.h"
#include "orchestrator/api/map_runs.h"
#include "orchestrator/api/payloads.h"
#include "orchestrator/api/state_machines.h"
#include "orchestrator/api/tasks.h"
#include "orchestrator/api/workers.h"

namespace towline::api {

// Any thread may call. Holds nothing that is not in the store but caches; what it is given must
// outlive it, and it must outlive the doors.
class Service {
 public:
  Service(Parts parts, Settings settings)
      : foundation_(std::move(parts), std::move(settings)) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  StateMachines& state_machines() { return state_machines_; }
  Executions& executions() { return executions_; }
  MapRuns& map_runs() { return map_runs_; }
  Tasks& tasks() { return tasks_; }
  Activities& activities() { return activities_; }
  Workers& workers() { return workers_; }
  Enrolment& enrolment() { return enrolment_; }
  Explain& explain() { return explain_; }
  AccessControl& access() { return access_; }
  Payloads& payloads() { return payloads_; }

  // Housekeeping that nobody calls for: removes deleted machines whose last execution has ended,
  // and the logs and large payloads of executions that are gone. Called by one thread of the
  // server every few seconds. Throws StoreError.
  void Sweep() {
    state_machines_.Sweep();
    executions_.SweepLogs();
    payloads_.Sweep();
  }

 private:
  Foundation foundation_;
  StateMachines state_machines_{foundation_};
  Executions executions_{foundation_};
  MapRuns map_runs_{foundation_};
  Tasks tasks_{foundation_};
  Activities activities_{foundation_};
  Workers workers_{foundation_};
  Enrolment enrolment_{foundation_};
  Explain explain_{foundation_};
  AccessControl access_{foundation_};
  Payloads payloads_{foundation_};
};

}  // namespace towline::api
