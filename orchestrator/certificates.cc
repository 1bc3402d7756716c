#include "orchestrator/certificates.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "statemachines/base/log.h"

namespace towline {

namespace fs = std::filesystem;

Result<std::unique_ptr<Certificates>> Certificates::Open(const Config& config) {
  const fs::path folder = PkiFolder(config);
  const bool own = config.tls.on() && fs::exists(folder / "ca.key") &&
                   fs::path(config.tls.ca) == folder / "ca.crt";
  if (!own) return std::unique_ptr<Certificates>();
  auto authority = Authority::Open(folder);
  if (!authority) return authority.error();
  return std::unique_ptr<Certificates>(new Certificates(std::move(*authority), config));
}

Certificates::Certificates(Authority authority, const Config& config)
    : authority_(std::move(authority)),
      worker_life_(std::chrono::hours{config.enrolment.certificate_hours}),
      list_copy_(config.enrolment.revocation_list) {
  for (const std::string& serial : authority_.Revoked()) revoked_.insert(serial);
}

Result<std::string> Certificates::SignWorker(const jobs::Principal& worker,
                                             std::string_view request, Timestamp now) {
  return authority_.Sign(request, WorkerGrant(worker, now, worker_life_));
}

std::optional<Timestamp> Certificates::CertifiedUntil(const jobs::Principal& worker) const {
  std::optional<Timestamp> until;
  for (const Authority::Issued& issued : authority_.AllIssued()) {
    if (issued.name == worker.text() && !IsRevoked(issued.serial)) {
      until = std::max(until.value_or(issued.until), issued.until);
    }
  }
  return until;
}

Result<int> Certificates::RevokeAllOf(const jobs::Principal& worker, Timestamp now) {
  std::set<std::string> serials;
  for (const Authority::Issued& issued : authority_.AllIssued()) {
    if (issued.name == worker.text()) serials.insert(issued.serial);
  }
  const std::lock_guard lock(mutex_);
  revoked_.insert(serials.begin(), serials.end());
  if (Status done = authority_.Revoke(serials, now); !done) return done.error();
  if (Status copied = CopyList(); !copied) return copied.error();
  return static_cast<int>(serials.size());
}

Status Certificates::CopyList() const {
  if (list_copy_.empty()) return Ok();
  std::error_code failure;
  const fs::path fresh = list_copy_ + ".new";
  fs::copy_file(authority_.RevocationList(), fresh, fs::copy_options::overwrite_existing, failure);
  if (!failure) fs::rename(fresh, list_copy_, failure);
  if (!failure) return Ok();
  return Error{Error::Code::kUnavailable,
               "enrolment.revocation_list: cannot write " + list_copy_ + ": " + failure.message()};
}

bool Certificates::IsRevoked(std::string_view serial) const {
  const std::lock_guard lock(mutex_);
  return revoked_.find(serial) != revoked_.end();
}

void Certificates::Renew(Timestamp now) {
  const auto renewed = authority_.RenewOwn(now);
  if (!renewed) {
    Log(LogLevel::kWarning, "certificate_not_renewed", {{"why", renewed.error().message}});
    return;
  }
  for (const std::string& file : *renewed) {
    Log(LogLevel::kInfo, "certificate_renewed", {{"file", file + ".crt"}});
  }
}

}  // namespace towline
