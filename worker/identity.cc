#include "worker/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include "proto/pki/certificates.h"

namespace towline::worker {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNextKeyFile = "worker.key.next";
constexpr const char* kCertificateFile = "worker.crt";
constexpr const char* kAuthorityFile = "ca.crt";
constexpr const char* kBrokerAuthorityFile = "broker-ca.crt";
constexpr mode_t kSecret = 0600;

Error Failed(const std::string& what, const fs::path& path) {
  return {Error::Code::kUnavailable,
          "cannot " + what + " " + path.string() + ": " + std::strerror(errno)};
}

// As whoever runs the agent, also when root enrols for it.
Status HandOver(const fs::path& path, const fs::path& like) {
  struct stat owner {};
  if (geteuid() != 0 || stat(like.c_str(), &owner) != 0) return Ok();
  if (chown(path.c_str(), owner.st_uid, owner.st_gid) == 0) return Ok();
  return Failed("give away", path);
}

Status MakeFolder(const std::string& state) {
  const fs::path folder = IdentityFolder(state);
  std::error_code failure;
  fs::create_directories(state, failure);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return Failed("make", folder);
  return HandOver(folder, state);
}

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    // TOML takes no control characters in a basic string; none of ours has any.
    if (static_cast<unsigned char>(c) >= ' ') quoted += c;
  }
  return quoted + '"';
}

std::string TextOf(const Identity& identity) {
  std::string text =
      "# Written by towline-worker enrol: who this agent is. It wins over the site's file.\n\n"
      "tenant = " + Quote(identity.tenant) + "\nname = " + Quote(identity.name) + "\n\n[labels]\n";
  for (const auto& [key, value] : identity.labels) {
    text += Quote(key) + " = " + Quote(value) + "\n";
  }
  const char* const broker_ca =
      identity.broker_authority.empty() ? kAuthorityFile : kBrokerAuthorityFile;
  return text + "\n[broker]\nhost = " + Quote(identity.broker_host) +
         "\nport = " + std::to_string(identity.broker_port) + "\nca = " + Quote(broker_ca) +
         "\ncertificate = " + Quote(kCertificateFile) + "\nkey = " + Quote(kKeyFile) +
         "\n\n[server]\naddress = " + Quote(identity.door) + "\nca = " + Quote(kAuthorityFile) +
         "\n";
}

}  // namespace

fs::path IdentityFolder(const std::string& state) { return fs::path(state) / "identity"; }

bool IsEnrolled(const std::string& state) {
  return access((IdentityFolder(state) / kEnrolmentFile).c_str(), F_OK) == 0;
}

Result<std::string> ReadTextFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Failed("read", path);
  return text.str();
}

Status ReplaceFile(const fs::path& path, const std::string& text) {
  const fs::path fresh = path.string() + ".new";
  const int fd =
      open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kSecret);
  if (fd < 0) return Failed("write", fresh);
  const bool written =
      write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  const Status result = written ? HandOver(fresh, path.parent_path()) : Failed("write", fresh);
  close(fd);
  if (!result) return result;
  if (rename(fresh.c_str(), path.c_str()) != 0) return Failed("replace", path);
  return Ok();
}

Result<std::string> KeyForEnrolment(const std::string& state) {
  if (Status made = MakeFolder(state); !made) return made.error();
  const fs::path path = IdentityFolder(state) / kNextKeyFile;
  if (auto key = ReadTextFile(path); key && pki::MakeRequest(*key, "x")) return key;
  const std::string key = pki::MakeKey();
  if (Status written = ReplaceFile(path, key); !written) return written.error();
  return key;
}

Status WriteIdentity(const std::string& state, const Identity& identity) {
  const fs::path folder = IdentityFolder(state);
  unlink((folder / kEnrolmentFile).c_str());
  if (!identity.broker_authority.empty()) {
    const Status done = ReplaceFile(folder / kBrokerAuthorityFile, identity.broker_authority);
    if (!done) return done;
  }
  if (Status done = ReplaceFile(folder / kAuthorityFile, identity.authority); !done) return done;
  if (Status done = ReplaceFile(folder / kCertificateFile, identity.certificate); !done) {
    return done;
  }
  if (rename((folder / kNextKeyFile).c_str(), (folder / kKeyFile).c_str()) != 0) {
    return Failed("replace", folder / kKeyFile);
  }
  if (Status done = HandOver(folder / kKeyFile, folder); !done) return done;
  return ReplaceFile(folder / kEnrolmentFile, TextOf(identity));
}

}  // namespace towline::worker
