#pragma once

#include "orchestrator/api/call.h"
#include "orchestrator/api/foundation.h"
#include "proto/towline/v1/explain.pb.h"

namespace towline::api {

// The use cases of proto/towline/v1/explain.proto. Any thread may call; the answer comes on
// dispatch's thread when there are tasks to ask it about, at once otherwise.
class Explain {
 public:
  explicit Explain(Foundation& foundation) : base_(foundation) {}

  void Execution(const v1::ExplainExecutionRequest& request,
                 const Reply<v1::ExplainExecutionResponse>& reply);
  void Server(const v1::ExplainServerRequest& request, const Reply<v1::ServerState>& reply);

 private:
  Foundation& base_;
};

}  // namespace towline::api
