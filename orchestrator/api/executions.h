#pragma once

#include <memory>

#include "orchestrator/api/call.h"
#include "orchestrator/api/foundation.h"
#include "proto/towline/v1/executions.pb.h"

namespace towline::api {

class LogTail;
class Watcher;

// The use cases of proto/towline/v1/executions.proto. Any thread may call any of them. Start and
// Stop answer on the partition's thread after the commit; the rest at once.
class Executions {
 public:
  explicit Executions(Foundation& foundation) : base_(foundation) {}

  void Start(const v1::StartExecutionRequest& request,
             const Reply<v1::StartExecutionResponse>& reply);
  void Describe(const v1::DescribeExecutionRequest& request, const Reply<v1::Execution>& reply);
  void List(const v1::ListExecutionsRequest& request,
            const Reply<v1::ListExecutionsResponse>& reply);
  void Stop(const v1::StopExecutionRequest& request,
            const Reply<v1::StopExecutionResponse>& reply);
  void Redrive(const v1::RedriveExecutionRequest& request,
               const Reply<v1::RedriveExecutionResponse>& reply);
  void GetHistory(const v1::GetExecutionHistoryRequest& request,
                  const Reply<v1::GetExecutionHistoryResponse>& reply);
  // See watcher.h. `wake` may be called from any thread, and must only hand over.
  Result<std::shared_ptr<Watcher>> Watch(const Asker& asker,
                                         const v1::WatchExecutionRequest& request,
                                         std::function<void()> wake);
  // See log_tail.h; the same.
  Result<std::shared_ptr<LogTail>> Logs(const Asker& asker,
                                        const v1::ExecutionLogsRequest& request,
                                        std::function<void()> wake);
  // Forgets the logs of executions that are gone, some at each call. Throws StoreError.
  void SweepLogs();

 private:
  Result<Json> ParseInput(const std::string& text) const;

  Foundation& base_;
  logs::LogOwner swept_{};  // of whoever calls SweepLogs(): up to here
};

// Input, output, error and cause of an execution, from its first and last step.
void FillPayloads(Foundation& base, store::Queries& reader, int partition,
                  const store::ExecutionRow& row, v1::Execution* to);

// Limits on what callers give as error and cause. Error ValidationException.
Status CheckErrorAndCause(const std::string& error, const std::string& cause);

}  // namespace towline::api
