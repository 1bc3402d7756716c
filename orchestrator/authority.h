#pragma once

// The certificates of one installation, in a directory (DATA/pki): its authority, the server's own,
// and those that it issues. towline-server init-ca, certificate and broker-config.

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/config.h"
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

  // Makes the directory, the authority (10 years) and a certificate of the server (1 year, for
  // `hosts`). Error: there is an authority already, or a file cannot be written; then nothing
  // stays.
  static Status Make(const std::filesystem::path& folder, const std::string& name,
                     const std::vector<std::string>& hosts, Timestamp now);
  static Result<Authority> Open(const std::filesystem::path& folder);

  // Issues a certificate of a new key and writes it as {name}.crt and {name}.key into `out`, beside
  // a copy of the authority's (ca.crt). Error: the name is not one for the purpose (a worker's is
  // its principal, TENANT_NAME; a user's holds no '_'), or the files are there already.
  Result<Files> Issue(const std::filesystem::path& out, const pki::Grant& grant) const;

  const pki::Identity& identity() const { return identity_; }

 private:
  explicit Authority(pki::Identity identity) : identity_(std::move(identity)) {}
  pki::Identity identity_;
};

std::filesystem::path PkiFolder(const Config& config);
// Fills in what [tls] and [broker] leave out: after init-ca, the files in DATA/pki are used.
Config WithTls(Config config);
// That the files of [tls] can be read, belong together and are valid. The error names the file.
Status CheckTls(const Config& config, Timestamp now);

// Writes what a mosquitto needs to serve this installation: its configuration, access rules and
// certificates for `hosts`. Error as Issue.
Status WriteBrokerConfig(const Authority& authority, const std::filesystem::path& out,
                         const std::vector<std::string>& hosts, Timestamp now);

}  // namespace towline
