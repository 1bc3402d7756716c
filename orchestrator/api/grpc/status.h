#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/api/call.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::api::door {

// An error as errors.proto describes it; `name` is the AWS error name.
grpc::Status MakeStatus(grpc::StatusCode code, const std::string& name, const std::string& message,
                        const Diagnostics& diagnostics = {});
grpc::Status ToStatus(const Error& error, const Diagnostics& diagnostics);

// The metadata `towline-tenant`; empty without.
std::string_view TenantOf(const grpc::CallbackServerContext& context);
std::optional<Millis> PatienceOf(const grpc::CallbackServerContext& context);  // until its deadline

}  // namespace towline::api::door
