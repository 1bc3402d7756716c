// How the server itself is.

#include <sys/statvfs.h>

#include "orchestrator/api/convert.h"
#include "orchestrator/api/explain.h"

namespace towline::api {

void Explain::Server(const v1::ExplainServerRequest& /*request*/,
                     const Reply<v1::ServerState>& reply) {
  if (const auto caller = base_.Know(reply.asker()); !caller) return reply.Fail(caller.error());
  v1::ServerState state;
  state.set_version(base_.settings.version);
  struct statvfs disk {};
  if (!base_.settings.data.empty() && statvfs(base_.settings.data.c_str(), &disk) == 0) {
    state.set_disk_free(std::uint64_t{disk.f_bavail} * disk.f_frsize);
    state.set_disk_size(std::uint64_t{disk.f_blocks} * disk.f_frsize);
  }
  base_.parts.fleet.Ask(
      [this, reply, state = std::move(state)](dispatch::Dispatcher& dispatcher, Timestamp) {
        reply.Fill([&](v1::ServerState& response) {
          response = state;
          response.set_broker_link(dispatcher.linked());
          const dispatch::Counters& counters = dispatcher.counters();
          v1::Refusals& refused = *response.mutable_refused();
          if (base_.parts.audit != nullptr) refused.set_calls(base_.parts.audit->denied());
          refused.set_malformed_messages(counters.malformed);
          refused.set_forged_tokens(counters.forged);
          refused.set_revoked_workers(counters.revoked);
          SetTime(response.mutable_now(), base_.parts.clock());
        });
      });
}

}  // namespace towline::api
