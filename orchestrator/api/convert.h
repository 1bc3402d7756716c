#pragma once

// Between the store's and the engine's types and the API's messages.

#include <google/protobuf/timestamp.pb.h>

#include "orchestrator/api/call.h"
#include "orchestrator/store/store.h"
#include "proto/towline/v1/executions.pb.h"
#include "statemachines/asl/parser.h"
#include "statemachines/base/time.h"
#include "statemachines/interpreter/state.h"

namespace towline::api {

void SetTime(google::protobuf::Timestamp* to, Timestamp time);
// To the millisecond; the last or first that can be said where it is far beyond all that is meant.
Timestamp TimeOf(const google::protobuf::Timestamp& time);
v1::ExecutionStatus ToProto(store::Status status);
v1::ExecutionStatus ToProto(interpreter::ExecutionStatus status);
// All but input, output, error and cause.
void FillExecution(const store::ExecutionRow& row, v1::Execution* to);
v1::Diagnostic ToProto(const asl::Diagnostic& diagnostic);

}  // namespace towline::api
