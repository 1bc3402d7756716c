#pragma once

// Certificates: a built-in authority, requests for certificates, and what a certificate says. Keys
// are EC P-256. Everything is PEM text. Pure but for the random numbers of keys and serials.

#include <string>
#include <string_view>
#include <vector>

#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::pki {

// A private key with its certificate.
struct Identity {
  std::string key{};
  std::string certificate{};
};

// Whom a certificate is for. Stands in its subject (OU) and decides what it may be used for:
// servers show it to clients, the others to servers.
enum class Purpose { kServer, kWorker, kUser };
const char* NameOf(Purpose purpose);  // "worker"

struct CertificateInfo {
  std::string common_name{};
  std::string unit{};         // "server", "worker", "user"; of others' authorities: as it is
  std::string serial{};       // lower-case hex
  std::string fingerprint{};  // SHA-256 of the certificate, lower-case hex
  Timestamp from{};
  Timestamp until{};
  bool authority = false;
  std::vector<std::string> hosts{};  // names and addresses that it is good for
};

// What an authority says when it signs; nothing of a request but its key is taken over.
struct Grant {
  Purpose purpose = Purpose::kWorker;
  std::string common_name{};         // 1 to 64 characters
  std::vector<std::string> hosts{};  // of a server: names and addresses
  Timestamp from{};
  Timestamp until{};
};

std::string MakeKey();
Identity MakeAuthority(std::string_view name, Timestamp from, Timestamp until);
// For the owner of a key, to be signed by an authority. Error: the key is none.
Result<std::string> MakeRequest(std::string_view key, std::string_view common_name);
// The certificate. Errors: the request is none, or was not made with its own key; the authority's
// certificate and key do not belong together.
Result<std::string> Sign(const Identity& authority, std::string_view request, const Grant& grant);
// SHA-256 of the public key that a request was made for, lower-case hex. Error: it is none.
Result<std::string> FingerprintOfRequest(std::string_view request);
// An identity of its own key.
Result<Identity> Issue(const Identity& authority, const Grant& grant);

// The first certificate of a PEM text. Error: there is none.
Result<CertificateInfo> Inspect(std::string_view certificate);
// When two thirds of its life are over: time for the next.
Timestamp RenewalTime(const CertificateInfo& info);
// Error: `certificate` was not signed by `authority`, or is not valid at `now`.
Status Verify(std::string_view certificate, std::string_view authority, Timestamp now);
// Error: the key is not that of the certificate.
Status CheckPair(const Identity& identity);

// A list of revoked serials (CRL), as brokers read it, valid from now on for 10 years: a new one
// is made whenever something is revoked.
Result<std::string> MakeRevocationList(const Identity& authority,
                                       const std::vector<std::string>& serials, Timestamp now);

}  // namespace towline::pki
