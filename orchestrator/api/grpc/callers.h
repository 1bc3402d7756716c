#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "orchestrator/api/caller.h"

namespace towline::api::door {

// What the connection proves. Any thread.
Caller CallerOf(const grpc::ServerContextBase& context);
// Not OK: callers like this one have no business at this door.
grpc::Status Admit(const Caller& caller);

}  // namespace towline::api::door
