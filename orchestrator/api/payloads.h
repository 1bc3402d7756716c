#pragma once

#include <memory>

#include "orchestrator/api/call.h"
#include "orchestrator/api/enrolment.h"
#include "orchestrator/api/foundation.h"

namespace towline::api {

// Large payloads: who may have which. Any thread.
class Payloads {
 public:
  explicit Payloads(Foundation& foundation) : base_(foundation) {}

  // All for a tenant that has been established. Errors PayloadsUnavailable when the server keeps
  // none, Towline.PayloadMissing when the tenant has no such payload, and those of
  // BlobStore::Begin().
  Result<Reference> Find(const std::string& tenant, const std::string& sha256) const;
  // An open file of what Find() has found. The caller closes it.
  Result<int> Open(const std::string& tenant, const std::string& sha256) const;
  Result<std::unique_ptr<blobs::BlobStore::Upload>> Begin(const std::string& tenant,
                                                          const Reference& blob,
                                                          std::uint64_t offset) const;
  std::uint64_t Stored(const std::string& tenant, const std::string& sha256) const;

  // Deletes payloads that no execution refers to and nobody has touched for long: called often, it
  // looks once an hour. Throws StoreError.
  void Sweep();

 private:
  Status CheckName(const std::string& sha256) const;

  Foundation& base_;
  Timestamp swept_{};  // of whoever calls Sweep()
};

}  // namespace towline::api
