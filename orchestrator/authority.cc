#include "orchestrator/authority.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "statemachines/base/log.h"

namespace towline {

namespace fs = std::filesystem;

namespace {

using std::chrono::hours;

constexpr hours kAuthorityLife{24 * 3650};
constexpr hours kClockSkew{24};  // others' clocks may be behind ours
constexpr hours kServerLife{24 * 365};
constexpr const char* kAdmin = "admin";
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

// One piece behind the others, and synced.
Status Append(const fs::path& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kSecret);
  if (fd < 0) return Wrong("cannot write " + path.string() + ": " + std::strerror(errno));
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fsync(fd) == 0;
  const int problem = errno;
  close(fd);
  if (written) return Ok();
  return Wrong("cannot write " + path.string() + ": " + std::strerror(problem));
}

// Instead of what is there: whoever reads sees the old one or the new one.
Status Replace(const fs::path& path, const std::string& text, mode_t mode) {
  const fs::path fresh = path.string() + ".new";
  unlink(fresh.c_str());
  if (Status done = WriteNew(fresh, text, mode); !done) return done;
  if (rename(fresh.c_str(), path.c_str()) == 0) return Ok();
  return Wrong("cannot replace " + path.string() + ": " + std::strerror(errno));
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

pki::Grant AdminGrant(Timestamp now) {
  return {.purpose = pki::Purpose::kUser,
          .common_name = kAdmin,
          .from = now - kClockSkew,
          .until = now + kServerLife};
}

std::string HostName() {
  std::string name(256, '\0');
  if (gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.c_str();
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

Result<std::string> ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Wrong("cannot read " + path.string() + ": " + std::strerror(errno));
  return text.str();
}

Status Authority::Make(const fs::path& folder, const std::string& name,
                       const std::vector<std::string>& hosts, Timestamp now) {
  return Import(folder, pki::MakeAuthority(name, now - kClockSkew, now + kAuthorityLife), hosts,
                now);
}

Status Authority::Import(const fs::path& folder, const pki::Identity& authority,
                         const std::vector<std::string>& hosts, Timestamp now) {
  if (fs::exists(folder / "ca.key")) {
    return Wrong("there is an authority in " + folder.string() + " already; nothing was changed");
  }
  const auto info = pki::Inspect(authority.certificate);
  if (!info) return info.error();
  if (!info->authority) {
    return Wrong("the first certificate, of '" + info->common_name +
                 "', is not one of an authority: it may not sign others");
  }
  if (info->until < now) {
    return Wrong("the certificate of '" + info->common_name + "' has expired at " +
                 FormatTimestamp(info->until));
  }
  if (Status pair = pki::CheckPair(authority); !pair) return pair;
  const auto server = pki::Issue(authority, ServerGrant("towline-server", hosts, now));
  if (!server) return server.error();
  if (Status made = MakeFolder(folder); !made) return made;
  if (Status done = WriteIdentity(folder, "server", *server); !done) return done;
  // Last: with it, the directory is complete.
  if (Status done = WriteIdentity(folder, "ca", authority); !done) {
    for (const char* file : {"server.key", "server.crt"}) fs::remove(folder / file);
    return done;
  }
  const auto made = Open(folder);
  if (!made) return made.error();
  if (const auto files = made->Issue(folder, AdminGrant(now)); !files) return files.error();
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
  return Authority(folder, std::move(identity));
}

// A line for each: serial, unit, name and end.
Status Authority::WriteDown(const std::string& certificate) const {
  const auto info = pki::Inspect(certificate);
  if (!info) return info.error();
  return Append(folder_ / "issued", info->serial + ' ' + info->unit + ' ' + info->common_name +
                                        ' ' + FormatTimestamp(info->until) + '\n');
}

Result<std::string> Authority::Sign(std::string_view request, const pki::Grant& grant) const {
  if (Status good = CheckName(grant); !good) return good.error();
  auto certificate = pki::Sign(identity_, request, grant);
  if (!certificate) return certificate.error();
  if (Status done = WriteDown(*certificate); !done) return done.error();
  return certificate;
}

std::vector<Authority::Issued> Authority::AllIssued() const {
  std::vector<Issued> all;
  std::ifstream file(folder_ / "issued");
  Issued one;
  std::string until;
  while (file >> one.serial >> one.unit >> one.name >> until) {
    const auto time = ParseTimestamp(until);
    if (!time) continue;
    one.until = *time;
    all.push_back(one);
  }
  return all;
}

std::set<std::string> Authority::Revoked() const {
  std::set<std::string> serials;
  std::ifstream file(folder_ / "revoked");
  for (std::string serial; file >> serial;) serials.insert(serial);
  return serials;
}

Status Authority::Revoke(const std::set<std::string>& serials, Timestamp now) const {
  std::set<std::string> all = Revoked();
  std::string lines;
  for (const std::string& serial : serials) {
    if (all.insert(serial).second) lines += serial + '\n';
  }
  if (!lines.empty()) {
    if (Status done = Append(folder_ / "revoked", lines); !done) return done;
  }
  const auto list = pki::MakeRevocationList(identity_, {all.begin(), all.end()}, now);
  if (!list) return list.error();
  return Replace(RevocationList(), *list, kPublic);
}

Result<bool> Authority::RenewOne(const std::string& file, Timestamp now) const {
  const auto certificate = ReadFile(folder_ / (file + ".crt"));
  if (!certificate) return certificate.error();
  const auto key = ReadFile(folder_ / (file + ".key"));
  if (!key) return key.error();
  const auto info = pki::Inspect(*certificate);
  if (!info) return info.error();
  if (now < pki::RenewalTime(*info)) return false;
  const auto request = pki::MakeRequest(*key, info->common_name);
  if (!request) return request.error();
  const auto renewed = Sign(*request, info->unit == pki::NameOf(pki::Purpose::kUser)
                                          ? AdminGrant(now)
                                          : ServerGrant(info->common_name, info->hosts, now));
  if (!renewed) return renewed.error();
  if (Status done = Replace(folder_ / (file + ".crt"), *renewed, kPublic); !done) {
    return done.error();
  }
  return true;
}

Result<std::vector<std::string>> Authority::RenewOwn(Timestamp now) const {
  std::vector<std::string> renewed;
  for (const char* const file : {"server", kAdmin}) {
    if (!fs::exists(folder_ / (std::string(file) + ".crt"))) continue;
    const auto one = RenewOne(file, now);
    if (!one) return one.error();
    if (*one) renewed.emplace_back(file);
  }
  return renewed;
}

pki::Grant WorkerGrant(const jobs::Principal& worker, Timestamp now, Seconds life) {
  return {.purpose = pki::Purpose::kWorker,
          .common_name = worker.text(),
          .from = now - kClockSkew,
          .until = now + life};
}

Result<Authority::Files> Authority::Issue(const fs::path& out, const pki::Grant& grant) const {
  if (Status good = CheckName(grant); !good) return good.error();
  const auto issued = pki::Issue(identity_, grant);
  if (!issued) return issued.error();
  if (Status done = WriteDown(issued->certificate); !done) return done.error();
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

Status MakeAuthorityIfNone(const Config& config, Timestamp now) {
  const fs::path folder = PkiFolder(config);
  if (config.plain || config.tls.on() || fs::exists(folder / "ca.crt")) return Ok();
  std::vector<std::string> hosts = {"localhost", "127.0.0.1", "::1"};
  if (const std::string name = HostName(); !name.empty() && name != "localhost") {
    hosts.insert(hosts.begin(), name);
  }
  if (Status made = Authority::Make(folder, "Towline", hosts, now); !made) return made;
  Log(LogLevel::kInfo, "authority_made",
      {{"folder", folder.string()}, {"server_is", hosts.front()}, {"for_you", "admin.crt"}});
  return Ok();
}

Config WithTls(Config config) {
  const fs::path folder = PkiFolder(config);
  Config::Tls& tls = config.tls;
  if (config.plain) return config;
  if (fs::exists(folder / (std::string(kAdmin) + ".crt"))) config.admins.emplace_back(kAdmin);
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
  if (config.plain && tls.on()) return Wrong("plain and [tls] exclude each other");
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
