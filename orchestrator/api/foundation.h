#pragma once

// What every use case stands on: the store's readers and catalogue, the partitions' inboxes, the
// notices, the fleet. One per server, shared by all doors and threads.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/api/access.h"
#include "orchestrator/api/caller.h"
#include "orchestrator/api/machine_table.h"
#include "orchestrator/api/names.h"
#include "orchestrator/api/page_token.h"
#include "orchestrator/api/quotas.h"
#include "orchestrator/api/readers.h"
#include "orchestrator/api/sensitive.h"
#include "orchestrator/blobs/blob_store.h"
#include "orchestrator/dispatch/dispatcher.h"
#include "orchestrator/engine/definitions.h"
#include "orchestrator/engine/request.h"
#include "orchestrator/engine/tokens.h"
#include "orchestrator/engine/watch.h"
#include "orchestrator/logs/logs.h"
#include "orchestrator/store/store.h"
#include "proto/jobs/topics.h"

namespace towline::api {

// Questions to the one actor that knows the fleet.
class FleetPort {
 public:
  virtual ~FleetPort() = default;
  // Calls `question` on dispatch's thread; it must be brief. Any thread may ask. Not called any
  // more once the server is shutting down.
  virtual void Ask(std::function<void(dispatch::Dispatcher&, Timestamp)> question) = 0;
};

// Who signs and revokes the certificates of workers.
class CertificatePort {
 public:
  virtual ~CertificatePort() = default;
  // Of whoever signs the server's: PEM, as workers shall trust it.
  virtual std::string AuthorityFile() const = 0;
  // A certificate for the worker with that name. Error: the request is none.
  virtual Result<std::string> SignWorker(const jobs::Principal& worker, std::string_view request,
                                         Timestamp now) = 0;
  // Until when there is a certificate of the worker that is not revoked.
  virtual std::optional<Timestamp> CertifiedUntil(const jobs::Principal& worker) const = 0;
  // Puts all that have been issued to it on the revocation list, and says how many there are.
  virtual Result<int> RevokeAllOf(const jobs::Principal& worker, Timestamp now) = 0;
  virtual bool IsRevoked(std::string_view serial) const = 0;
};

// Where workers find what they need; they are told when they enrol.
struct WorkerAddresses {
  std::string door{};  // "HOST:PORT" of the HTTPS door
  std::string broker_host{};
  int broker_port = 0;
  std::string broker_ca{};  // PEM; empty: the server's authority
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
  AuditLog* audit = nullptr;  // none: nothing is written down
  CertificatePort* certificates = nullptr;  // none: there is no authority to sign with
  logs::Logs* logs = nullptr;               // none: what jobs print is not kept
  blobs::BlobStore* blobs = nullptr;        // none: there are no large payloads
};

struct Settings {
  std::size_t value_bytes_max = 4 << 20;  // an input, an output; as the interpreter's limit
  std::size_t definition_bytes_max = 1 << 20;
  std::vector<std::string> admins{};  // users who may do everything
  QuotaSettings quotas{};
  Millis unused_payloads{7 * 24 * 3'600'000};  // kept so long when nothing refers to them
  std::string version{};  // of the server
  std::string data{};     // its directory
};

// An execution and where it lives.
struct Located {
  int partition = 0;
  store::ExecutionRow row;
};

struct Foundation {
  Foundation(Parts used_parts, Settings used_settings)
      : parts(std::move(used_parts)),
        settings(std::move(used_settings)),
        readers(parts.backend, parts.backend.catalogue().Partitions()),
        access(parts.backend.catalogue(), settings.admins, parts.audit),
        quotas(settings.quotas, [this](const std::string& tenant) { return CountOpen(tenant); }),
        machines(parts.backend.catalogue(), parts.definitions),
        pages(parts.backend.catalogue().MacKeys()) {}

  int PartitionOf(const ExecutionId& id) const;
  // The executions of a tenant that run, nested ones included, children of Map Runs not.
  std::int64_t CountOpen(const std::string& tenant);

  // How every use case begins: what the request names, provided that the asker may do that to it.
  // Errors besides those of the names: AccessDeniedException, UnrecognizedClientException.
  Result<std::string> Tenant(const Asker& asker, Action action) const;
  Result<MachineName> Machine(const Asker& asker, Action action, std::string_view text) const;
  Result<ActivityName> Activity(const Asker& asker, Action action, std::string_view text) const;
  Result<ExecutionId> Execution(const Asker& asker, Action action, std::string_view text) const;
  Result<jobs::Principal> Worker(const Asker& asker, Action action, const std::string& text) const;
  // And where it is. Error ExecutionDoesNotExist.
  Result<Located> Locate(const Asker& asker, Action action, std::string_view execution);
  // The caller with a bearer's token looked up. Error UnrecognizedClientException.
  Result<Caller> Know(const Asker& asker) const;
  // What of a tenant's machines the asker may see: for lists, which show that and no more. Error if
  // it is nothing at all.
  struct Sight {
    std::string tenant;
    Caller caller;
    Action action;
    const Access& access;
    bool Sees(std::string_view machine) const {
      return access.Decide(caller, action, {tenant, machine}).allowed;
    }
  };
  Result<Sight> Seen(const Asker& asker, Action action) const;
  // For what needs no permission but that one is known.
  Result<std::string> KnownTenant(const Asker& asker) const;

  // The definition that an execution runs; kept as long as the execution is.
  std::shared_ptr<const asl::Definition> DefinitionOf(const store::ExecutionRow& row);
  // What must not be shown of it, as far as it has come.
  SensitiveMask MaskOf(store::Queries& reader, int partition, const store::ExecutionRow& row) {
    return masks.Of(DefinitionOf(row), reader, partition, row.key);
  }
  // Puts "token:<fingerprint>" for each task token in `text`, and for each placeholder of one.
  void MaskTokens(int partition, store::ExecutionKey execution, std::string& text) const;

  const Parts parts;
  const Settings settings;
  Readers readers;
  Access access;
  Quotas quotas;
  MachineTable machines;
  SensitiveMasks masks;
  const PageTokens pages;
};

inline ExecutionId IdOf(const store::ExecutionRow& row) {
  return ExecutionId{row.tenant, row.machine, row.name};
}

}  // namespace towline::api
