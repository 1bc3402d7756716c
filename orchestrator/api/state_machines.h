#pragma once

#include <mutex>

#include "orchestrator/api/call.h"
#include "orchestrator/api/foundation.h"
#include "proto/towline/v1/state_machines.pb.h"

namespace towline::api {

// The use cases of proto/towline/v1/state_machines.proto. Any thread may call any of them; a change
// is durable when it is answered.
class StateMachines {
 public:
  explicit StateMachines(Foundation& foundation) : base_(foundation) {}

  void Create(const v1::CreateStateMachineRequest& request,
              const Reply<v1::CreateStateMachineResponse>& reply);
  void Update(const v1::UpdateStateMachineRequest& request,
              const Reply<v1::UpdateStateMachineResponse>& reply);
  void Describe(const v1::DescribeStateMachineRequest& request,
                const Reply<v1::StateMachine>& reply);
  void DescribeForExecution(const v1::DescribeStateMachineForExecutionRequest& request,
                            const Reply<v1::StateMachine>& reply);
  void List(const v1::ListStateMachinesRequest& request,
            const Reply<v1::ListStateMachinesResponse>& reply);
  void Delete(const v1::DeleteStateMachineRequest& request,
              const Reply<v1::DeleteStateMachineResponse>& reply);
  void Validate(const v1::ValidateStateMachineRequest& request,
                const Reply<v1::ValidateStateMachineResponse>& reply);
  void TestState(const v1::TestStateRequest& request, const Reply<v1::TestStateResponse>& reply);

  // Removes machines that are being deleted and whose last execution has ended. Called by the
  // server every few seconds.
  void Sweep();

 private:
  // Errors StateMachineDoesNotExist and what ParseMachine says.
  Result<store::MachineRow> Find(const Asker& asker, std::string_view machine);
  std::int64_t CountRunning(const store::MachineRow& row);

  Foundation& base_;
  std::mutex changing_;  // one change of a machine at a time: read, decide, write
};

}  // namespace towline::api
