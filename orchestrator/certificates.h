#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "orchestrator/api/foundation.h"
#include "orchestrator/authority.h"
#include "orchestrator/config.h"

namespace towline {

// The authority at work inside the server: signs for workers, keeps the revocation list, renews the
// server's own certificate. Any thread.
class Certificates final : public api::CertificatePort {
 public:
  // None when the server does not speak TLS with an authority of its own. Error: its files are bad.
  static Result<std::unique_ptr<Certificates>> Open(const Config& config);

  std::string AuthorityFile() const override { return authority_.identity().certificate; }
  Result<std::string> SignWorker(const jobs::Principal& worker, std::string_view request,
                                 Timestamp now) override;
  std::optional<Timestamp> CertifiedUntil(const jobs::Principal& worker) const override;
  Result<int> RevokeAllOf(const jobs::Principal& worker, Timestamp now) override;
  bool IsRevoked(std::string_view serial) const override;

  // Called now and then: what of our own is due. Says in the log what it has done.
  void Renew(Timestamp now);

 private:
  Certificates(Authority authority, const Config& config);
  Status CopyList() const;

  const Authority authority_;
  const Seconds worker_life_;
  const std::string list_copy_;  // empty: none
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> revoked_;  // guarded by mutex_; serials
};

}  // namespace towline
