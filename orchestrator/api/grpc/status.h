#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <optional>

#include "orchestrator/api/call.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::api::door {

// An error as errors.proto describes it.
grpc::Status ToStatus(const Error& error, const Diagnostics& diagnostics);

std::optional<Millis> PatienceOf(const grpc::CallbackServerContext& context);  // until its deadline

}  // namespace towline::api::door
