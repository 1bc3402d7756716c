#pragma once

#include "orchestrator/api/call.h"
#include "orchestrator/api/foundation.h"
#include "proto/towline/v1/map_runs.pb.h"

namespace towline::api {

// A Map Run, where it lives, and the execution that it belongs to.
struct LocatedMapRun {
  int partition = 0;
  store::MapRunRow row;
  store::ExecutionRow parent;
};
// From the name that the caller used. Errors InvalidArn, ResourceNotFound.
Result<LocatedMapRun> LocateMapRun(Foundation& base, const Asker& asker, Action action,
                                   std::string_view map_run);

// The use cases of proto/towline/v1/map_runs.proto. Any thread may call any of them. Update answers
// on the partition's thread after the commit, the rest at once.
class MapRuns {
 public:
  explicit MapRuns(Foundation& foundation) : base_(foundation) {}

  void Describe(const v1::DescribeMapRunRequest& request, const Reply<v1::MapRun>& reply);
  void List(const v1::ListMapRunsRequest& request, const Reply<v1::ListMapRunsResponse>& reply);
  void Update(const v1::UpdateMapRunRequest& request, const Reply<v1::MapRun>& reply);

 private:
  v1::MapRun Show(const store::ExecutionRow& parent, const store::MapRunRow& row) const;

  Foundation& base_;
};

}  // namespace towline::api
