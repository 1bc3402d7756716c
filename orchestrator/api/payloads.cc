#include "orchestrator/api/payloads.h"

#include "statemachines/base/log.h"

namespace towline::api {
namespace {

constexpr Millis kSweepEvery{3'600'000};

}  // namespace

Status Payloads::CheckName(const std::string& sha256) const {
  if (base_.parts.blobs == nullptr) {
    return Error{Error::Code::kUnavailable,
                 "This server keeps no large payloads: its HTTPS door is closed",
                 "PayloadsUnavailable"};
  }
  if (IsSha256(sha256)) return Ok();
  return Error{Error::Code::kInvalidArgument,
               "A large payload is named by its SHA-256, 64 lower-case hexadecimal digits",
               "InvalidRequest"};
}

Result<Reference> Payloads::Find(const std::string& tenant, const std::string& sha256) const {
  if (Status good = CheckName(sha256); !good) return good.error();
  const auto size = base_.parts.blobs->Find(tenant, sha256);
  if (size) return Reference{.sha256 = sha256, .size = *size};
  return Error{Error::Code::kNotFound,
               "Tenant " + tenant + " has no large payload " + sha256 + " (any more)",
               "Towline.PayloadMissing"};
}

Result<int> Payloads::Open(const std::string& tenant, const std::string& sha256) const {
  if (const auto found = Find(tenant, sha256); !found) return found.error();
  const int fd = base_.parts.blobs->Open(tenant, sha256);
  if (fd >= 0) return fd;
  return Error{Error::Code::kUnavailable, "The large payload " + sha256 + " cannot be read",
               "ServiceUnavailable"};
}

Result<std::unique_ptr<blobs::BlobStore::Upload>> Payloads::Begin(const std::string& tenant,
                                                                  const Reference& blob,
                                                                  std::uint64_t offset) const {
  if (Status good = CheckName(blob.sha256); !good) return good.error();
  return base_.parts.blobs->Begin(tenant, blob, offset);
}

std::uint64_t Payloads::Stored(const std::string& tenant, const std::string& sha256) const {
  return CheckName(sha256) ? base_.parts.blobs->Stored(tenant, sha256) : 0;
}

void Payloads::Sweep() {
  const Timestamp now = base_.parts.clock();
  if (base_.parts.blobs == nullptr || now < swept_ + kSweepEvery) return;
  swept_ = now;
  const int deleted =
      base_.parts.blobs->Sweep(base_.settings.unused_payloads, [this](const std::string& sha256) {
        for (int i = 0; i < base_.readers.partitions(); i++) {
          if (Readers::Lease(base_.readers, i)->PayloadInUse(sha256)) return true;
        }
        return false;
      });
  if (deleted > 0) Log(LogLevel::kInfo, "payloads_swept", {{"files", std::to_string(deleted)}});
}

}  // namespace towline::api
