#pragma once

#include <grpcpp/server_context.h>

#include "orchestrator/api/caller.h"

namespace towline::api::door {

// What the connection and the metadata (towline-tenant, authorization) show. Any thread; valid as
// long as the context.
Asker AskerOf(const grpc::CallbackServerContext& context);

}  // namespace towline::api::door
