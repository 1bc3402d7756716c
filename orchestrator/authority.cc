#include "orchestrator/authority.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "proto/jobs/topics.h"

namespace towline {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

constexpr hours kAuthorityLife{24 * 3650};
constexpr hours kClockSkew{24};  // others' clocks may be behind ours
constexpr hours kServerLife{24 * 365};
constexpr mode_t kPublic = 0644;
constexpr mode_t kSecret = 0600;

Error Wrong(std::string what) { return {Error::Code::kInvalidArgument, std::move(what)}; }

// A file that is not there yet; complete and synced, or not at all.
Status WriteNew(const fs::path& path, const std::string& text, mode_t mode) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) {
    return Wrong(errno == EEXIST ? path.string() + " is there already; nothing was changed"
                                 : "cannot write " + path.string() + ": " + std::strerror(errno));
  }
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fsync(fd) == 0;
  const int problem = errno;
  close(fd);
  if (written) return Ok();
  unlink(path.c_str());
  return Wrong("cannot write " + path.string() + ": " + std::strerror(problem));
}

Result<std::string> ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Wrong("cannot read " + path.string() + ": " + std::strerror(errno));
  return text.str();
}

Status MakeFolder(const fs::path& folder) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) return Wrong("cannot make " + folder.string() + ": " + problem.message());
  return Ok();
}

Status WriteIdentity(const fs::path& folder, const std::string& name,
                     const pki::Identity& identity) {
  if (Status done = WriteNew(folder / (name + ".key"), identity.key, kSecret); !done) return done;
  return WriteNew(folder / (name + ".crt"), identity.certificate, kPublic);
}

pki::Grant ServerGrant(const std::string& name, const std::vector<std::string>& hosts,
                       Timestamp now) {
  return {.purpose = pki::Purpose::kServer,
          .common_name = name,
          .hosts = hosts,
          .from = now - kClockSkew,
          .until = now + kServerLife};
}

// The broker takes a certificate's name as the user, and that decides over topics: a user must not
// be called what a worker is.
Status CheckName(const pki::Grant& grant) {
  const std::string& name = grant.common_name;
  const std::size_t bar = name.find('_');
  if (grant.purpose == pki::Purpose::kWorker) {
    const bool good = bar != std::string::npos && jobs::IsTenantName(name.substr(0, bar)) &&
                      jobs::IsWorkerName(name.substr(bar + 1));
    if (good) return Ok();
    return Wrong("'" + name + "' is no worker: write TENANT_NAME, for example default_ams");
  }
  const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789-.@") == std::string::npos;
  if (!name.empty() && name.size() <= 64 && plain) return Ok();
  return Wrong("'" + name + "' cannot be in a certificate: write 1 to 64 letters, digits, '-', '.' "
               "and '@'");
}

}  // namespace

Status Authority::Make(const fs::path& folder, const std::string& name,
                       const std::vector<std::string>& hosts, Timestamp now) {
  if (fs::exists(folder / "ca.key")) {
    return Wrong("there is an authority in " + folder.string() + " already; nothing was changed");
  }
  const pki::Identity authority = pki::MakeAuthority(name, now - kClockSkew, now + kAuthorityLife);
  const auto server = pki::Issue(authority, ServerGrant("towline-server", hosts, now));
  if (!server) return server.error();
  if (Status made = MakeFolder(folder); !made) return made;
  if (Status done = WriteIdentity(folder, "server", *server); !done) return done;
  // Last: with it, the directory is complete.
  if (Status done = WriteIdentity(folder, "ca", authority); !done) {
    for (const char* file : {"server.key", "server.crt"}) fs::remove(folder / file);
    return done;
  }
  return Ok();
}

Result<Authority> Authority::Open(const fs::path& folder) {
  auto key = ReadFile(folder / "ca.key");
  auto certificate = ReadFile(folder / "ca.crt");
  if (!key || !certificate) {
    return Wrong((key ? certificate.error() : key.error()).message +
                 "; has towline-server init-ca been run?");
  }
  pki::Identity identity{.key = std::move(*key), .certificate = std::move(*certificate)};
  if (Status pair = pki::CheckPair(identity); !pair) {
    return Wrong((folder / "ca.key").string() + ": " + pair.error().message);
  }
  return Authority(std::move(identity));
}

Result<Authority::Files> Authority::Issue(const fs::path& out, const pki::Grant& grant) const {
  if (Status good = CheckName(grant); !good) return good.error();
  const auto issued = pki::Issue(identity_, grant);
  if (!issued) return issued.error();
  if (Status made = MakeFolder(out); !made) return made.error();
  const std::string& name = grant.common_name;
  if (Status done = WriteIdentity(out, name, *issued); !done) return done.error();
  const fs::path ca = out / "ca.crt";
  if (!fs::exists(ca)) {
    if (Status done = WriteNew(ca, identity_.certificate, kPublic); !done) return done.error();
  }
  return Files{.certificate = out / (name + ".crt"), .key = out / (name + ".key")};
}

fs::path PkiFolder(const Config& config) { return fs::path(config.data) / "pki"; }

Config WithTls(Config config) {
  const fs::path folder = PkiFolder(config);
  Config::Tls& tls = config.tls;
  if (!tls.on() && tls.certificate.empty() && tls.key.empty() && fs::exists(folder / "ca.crt")) {
    tls = {.ca = folder / "ca.crt",
           .certificate = folder / "server.crt",
           .key = folder / "server.key"};
  }
  if (!config.broker.tls) return config;
  if (config.broker.ca.empty()) config.broker.ca = tls.ca;
  if (config.broker.certificate.empty() && config.broker.key.empty()) {
    config.broker.certificate = tls.certificate;
    config.broker.key = tls.key;
  }
  return config;
}

Status CheckTls(const Config& config, Timestamp now) {
  const Config::Tls& tls = config.tls;
  if (config.broker.tls && config.broker.ca.empty()) {
    return Wrong("broker.tls: broker.ca must name the authority of the broker (PEM)");
  }
  if (!tls.on()) {
    if (tls.certificate.empty() && tls.key.empty()) return Ok();
    return Wrong("tls.ca: missing; it names the authority of those who may call (PEM)");
  }
  const auto ca = ReadFile(tls.ca);
  if (!ca) return Wrong("tls.ca: " + ca.error().message);
  const auto certificate = ReadFile(tls.certificate);
  if (!certificate) return Wrong("tls.certificate: " + certificate.error().message);
  const auto key = ReadFile(tls.key);
  if (!key) return Wrong("tls.key: " + key.error().message);
  const auto authority = pki::Inspect(*ca);
  if (!authority) return Wrong(tls.ca + ": " + authority.error().message);
  const auto info = pki::Inspect(*certificate);
  if (!info) return Wrong(tls.certificate + ": " + info.error().message);
  if (Status pair = pki::CheckPair({*key, *certificate}); !pair) {
    return Wrong(tls.key + ": " + pair.error().message);
  }
  if (info->until < now) {
    return Wrong(tls.certificate + " has expired at " + FormatTimestamp(info->until));
  }
  return Ok();
}

Status WriteBrokerConfig(const Authority& authority, const fs::path& out,
                         const std::vector<std::string>& hosts, Timestamp now) {
  std::error_code problem;
  const fs::path folder = fs::absolute(out, problem);
  pki::Grant grant = ServerGrant("broker", hosts, now);
  if (const auto files = authority.Issue(folder, grant); !files) return files.error();
  const auto none_revoked = pki::MakeRevocationList(authority.identity(), {}, now);
  if (!none_revoked) return none_revoked.error();
  if (Status done = WriteNew(folder / "revoked.crl", *none_revoked, kPublic); !done) return done;
  const std::string where = folder.string() + "/";
  const std::string access =
      "# Who may use which topics. The user is the name in the certificate.\n\n"
      "# Each worker its own world, and nothing else.\n"
      "pattern readwrite towline/1/%u/#\n\n"
      "# The server talks with all workers; mqtt:publish tasks write elsewhere.\n"
      "user towline-server\n"
      "topic readwrite towline/1/#\n"
      "topic write #\n";
  if (Status done = WriteNew(folder / "access", access, kPublic); !done) return done;
  const std::string text =
      "# A mosquitto for Towline, made by towline-server broker-config. Include it, or start\n"
      "# mosquitto -c " + where + "mosquitto.conf\n\n"
      "listener 8883\n"
      "cafile " + where + "ca.crt\n"
      "certfile " + where + "broker.crt\n"
      "keyfile " + where + "broker.key\n"
      "crlfile " + where + "revoked.crl\n"
      "tls_version tlsv1.2\n\n"
      "# Who somebody is, is the name in the certificate; what one may do, the access rules say.\n"
      "require_certificate true\n"
      "use_identity_as_username true\n"
      "allow_anonymous false\n"
      "acl_file " + where + "access\n\n"
      "# Without it, small messages wait 40 ms for each other.\n"
      "set_tcp_nodelay true\n\n"
      "# Messages of the protocol have at most 96 KiB. What the broker loses, is sent again.\n"
      "max_packet_size 1048576\n"
      "max_inflight_messages 0\n"
      "max_queued_messages 10000\n"
      "max_queued_bytes 104857600\n"
      "persistence false\n";
  return WriteNew(folder / "mosquitto.conf", text, kPublic);
}

}  // namespace towline
