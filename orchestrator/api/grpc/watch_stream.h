#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "orchestrator/api/executions.h"
#include "proto/towline/v1/executions.pb.h"

namespace towline::api::door {

// Answers Executions.Watch: pulls from a Watcher and writes, one message at a time, at the pace of
// the caller.
grpc::ServerWriteReactor<v1::WatchExecutionResponse>* Watch(
    Executions& executions, grpc::CallbackServerContext* context,
    const v1::WatchExecutionRequest* request);

}  // namespace towline::api::door
