#pragma once

#include "orchestrator/api/call.h"
#include "orchestrator/api/foundation.h"
#include "proto/towline/v1/workers.pb.h"

namespace towline::api {

// The use cases of proto/towline/v1/workers.proto. Any thread may call any of them; answers about
// the fleet come on dispatch's thread, that of Forget on a partition's.
class Workers {
 public:
  explicit Workers(Foundation& foundation) : base_(foundation) {}

  void List(const v1::ListWorkersRequest& request, const Reply<v1::ListWorkersResponse>& reply);
  void Describe(const v1::DescribeWorkerRequest& request, const Reply<v1::Worker>& reply);
  void Drain(const v1::DrainWorkerRequest& request, const Reply<v1::Worker>& reply);
  void Forget(const v1::ForgetTaskRequest& request, const Reply<v1::ForgetTaskResponse>& reply);

 private:
  void AddHolding(const dispatch::Dispatcher& dispatcher, const dispatch::WorkerView& view,
                  Timestamp now, v1::Worker* to);

  Foundation& base_;
};

}  // namespace towline::api
