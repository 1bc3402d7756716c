#pragma once

// What every use case stands on: the store's readers and catalogue, the partitions' inboxes, the
// notices, the fleet. One per server, shared by all doors and threads.

#include <functional>
#include <string>
#include <string_view>

#include "orchestrator/api/machine_table.h"
#include "orchestrator/api/names.h"
#include "orchestrator/api/page_token.h"
#include "orchestrator/api/readers.h"
#include "orchestrator/dispatch/dispatcher.h"
#include "orchestrator/engine/definitions.h"
#include "orchestrator/engine/request.h"
#include "orchestrator/engine/tokens.h"
#include "orchestrator/engine/watch.h"
#include "orchestrator/store/store.h"

namespace towline::api {

// Questions to the one actor that knows the fleet.
class FleetPort {
 public:
  virtual ~FleetPort() = default;
  // Calls `question` on dispatch's thread; it must be brief. Any thread may ask. Not called any
  // more once the server is shutting down.
  virtual void Ask(std::function<void(dispatch::Dispatcher&, Timestamp)> question) = 0;
};

// The parts of the server that the service uses; all outlive it.
struct Parts {
  store::Backend& backend;
  engine::Definitions& definitions;
  engine::RequestPort& requests;
  engine::WatchHub& hub;
  const engine::Tokens& tokens;
  FleetPort& fleet;
  std::function<Timestamp()> clock;
};

struct Settings {
  std::size_t value_bytes_max = 4 << 20;       // an input, an output; as the interpreter's limit
  std::size_t definition_bytes_max = 1 << 20;
};

// An execution and where it lives.
struct Located {
  int partition = 0;
  store::ExecutionRow row;
};

struct Foundation {
  Foundation(Parts used_parts, Settings used_settings)
      : parts(std::move(used_parts)),
        settings(used_settings),
        readers(parts.backend, parts.backend.catalogue().Partitions()),
        machines(parts.backend.catalogue(), parts.definitions),
        pages(parts.backend.catalogue().MacKeys()) {}

  int PartitionOf(const ExecutionId& id) const;
  // From the name that the caller used. Errors InvalidArn, ExecutionDoesNotExist.
  Result<Located> Locate(std::string_view said_tenant, std::string_view execution);
  // The definition that an execution runs; kept as long as the execution is.
  std::shared_ptr<const asl::Definition> DefinitionOf(const store::ExecutionRow& row);
  // Puts "token:<fingerprint>" for each placeholder of a task token in `text`.
  void MaskTokens(int partition, store::ExecutionKey execution, std::string& text) const;

  const Parts parts;
  const Settings settings;
  Readers readers;
  MachineTable machines;
  const PageTokens pages;
};

inline ExecutionId IdOf(const store::ExecutionRow& row) {
  return ExecutionId{row.tenant, row.machine, row.name};
}

}  // namespace towline::api
