#pragma once

#include <mutex>

#include "orchestrator/api/call.h"
#include "orchestrator/api/foundation.h"
#include "proto/towline/v1/activities.pb.h"

namespace towline::api {

// The use cases of proto/towline/v1/activities.proto. Any thread may call any of them; a change is
// durable when it is answered.
class Activities {
 public:
  explicit Activities(Foundation& foundation) : base_(foundation) {}

  void Create(const v1::CreateActivityRequest& request, const Reply<v1::Activity>& reply);
  void Describe(const v1::DescribeActivityRequest& request, const Reply<v1::Activity>& reply);
  void List(const v1::ListActivitiesRequest& request,
            const Reply<v1::ListActivitiesResponse>& reply);
  void Delete(const v1::DeleteActivityRequest& request,
              const Reply<v1::DeleteActivityResponse>& reply);

 private:
  Foundation& base_;
  std::mutex creating_;  // of two that create the same, both get the first one's time
};

// Also what GetActivityTask says.
Error ActivityDoesNotExist(const ActivityName& name);

}  // namespace towline::api
