#pragma once

// The certificates of one installation, in a directory (DATA/pki): its authority, the server's own,
// and those that it issues. towline-server init-ca, certificate and broker-config.

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/config.h"
#include "proto/jobs/topics.h"
#include "proto/pki/certificates.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline {

class Authority {
 public:
  struct Files {
    std::filesystem::path certificate{};
    std::filesystem::path key{};
  };

  // Makes the directory, the authority (10 years), a certificate of the server (1 year, for
  // `hosts`) and one of the user "admin" (1 year), who may do everything.
  // Error: there is an authority already, or a file cannot be written; then nothing
  // stays.
  static Status Make(const std::filesystem::path& folder, const std::string& name,
                     const std::vector<std::string>& hosts, Timestamp now);
  // The same with somebody else's: `authority.certificate` is the one that signs, first, and those
  // above it. Error also: it may not sign certificates, or its key is another's.
  static Status Import(const std::filesystem::path& folder, const pki::Identity& authority,
                       const std::vector<std::string>& hosts, Timestamp now);
  static Result<Authority> Open(const std::filesystem::path& folder);

  // Issues a certificate of a new key and writes it as {name}.crt and {name}.key into `out`, beside
  // a copy of the authority's (ca.crt). Error: the name is not one for the purpose (a worker's is
  // its principal, TENANT_NAME; a user's holds no '_'), or the files are there already.
  Result<Files> Issue(const std::filesystem::path& out, const pki::Grant& grant) const;

  // Signs what somebody else's key asks for. Whatever is signed here is written down before it is
  // handed out, so that it can be revoked.
  Result<std::string> Sign(std::string_view request, const pki::Grant& grant) const;

  struct Issued {
    std::string serial{};
    std::string unit{};
    std::string name{};
    Timestamp until{};
  };
  std::vector<Issued> AllIssued() const;  // the oldest first
  std::set<std::string> Revoked() const;  // serials
  // Puts them on the list (revoked.crl) besides those that are on it.
  Status Revoke(const std::set<std::string>& serials, Timestamp now) const;
  // New certificates of the server, for the same hosts, and of the admin, if it is here, when two
  // thirds of their lives are over. The names of those that were made. Keys stay.
  Result<std::vector<std::string>> RenewOwn(Timestamp now) const;

  const pki::Identity& identity() const { return identity_; }
  std::filesystem::path RevocationList() const { return folder_ / "revoked.crl"; }

 private:
  Authority(std::filesystem::path folder, pki::Identity identity)
      : folder_(std::move(folder)), identity_(std::move(identity)) {}
  Status WriteDown(const std::string& certificate) const;
  Result<bool> RenewOne(const std::string& file, Timestamp now) const;

  std::filesystem::path folder_;
  pki::Identity identity_;
};

// Of a worker that enrols or renews: good for `life` from `now` on.
pki::Grant WorkerGrant(const jobs::Principal& worker, Timestamp now, Seconds life);

Result<std::string> ReadFile(const std::filesystem::path& path);
std::filesystem::path PkiFolder(const Config& config);
// The first start: makes an authority in DATA/pki where TLS is wanted and there is none. Says so in
// the log.
Status MakeAuthorityIfNone(const Config& config, Timestamp now);
// Fills in what [tls], [broker] and [access] leave out: the files in DATA/pki are used, unless the
// server is to be plain.
Config WithTls(Config config);
// That the files of [tls] can be read, belong together and are valid. The error names the file.
Status CheckTls(const Config& config, Timestamp now);

// Writes what a mosquitto needs to serve this installation: its configuration, access rules and
// certificates for `hosts`. Error as Issue.
Status WriteBrokerConfig(const Authority& authority, const std::filesystem::path& out,
                         const std::vector<std::string>& hosts, Timestamp now);

}  // namespace towline
