#pragma once

#include "orchestrator/api/call.h"
#include "orchestrator/api/foundation.h"
#include "proto/towline/v1/tasks.pb.h"

namespace towline::api {

// The use cases of proto/towline/v1/tasks.proto. Any thread may call any of them. Answers come on
// the partition's thread after the commit, those of GetActivityTask on dispatch's.
class Tasks {
 public:
  explicit Tasks(Foundation& foundation) : base_(foundation) {}

  void SendSuccess(const v1::SendTaskSuccessRequest& request,
                   const Reply<v1::SendTaskSuccessResponse>& reply);
  void SendFailure(const v1::SendTaskFailureRequest& request,
                   const Reply<v1::SendTaskFailureResponse>& reply);
  void SendHeartbeat(const v1::SendTaskHeartbeatRequest& request,
                     const Reply<v1::SendTaskHeartbeatResponse>& reply);
  void GetActivityTask(const v1::GetActivityTaskRequest& request,
                       const Reply<v1::GetActivityTaskResponse>& reply);

 private:
  // Error InvalidToken.
  Result<engine::TaskRef> Verify(const std::string& token) const;
  template <class Response>
  void Post(const engine::TaskRef& task, interpreter::Command command,
            const Reply<Response>& reply);

  Foundation& base_;
};

}  // namespace towline::api
