#include "worker/handlers/secrets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace towline::handlers {
namespace {

constexpr std::size_t kSecretBytesMax = 8 << 10;
constexpr std::size_t kRedactedBytesMin = 4;  // shorter ones are everywhere

Error Unusable(const std::string& name, const std::string& why) {
  return {Error::Code::kFailedPrecondition, "secret '" + name + "' " + why};
}

}  // namespace

bool IsSecretName(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 80 && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), good);
}

Result<std::string> Secrets::Read(const std::string& name) const {
  if (!IsSecretName(name) || granted_.count(name) == 0) {
    return Error{Error::Code::kPermissionDenied,
                 "this job type may not use a secret of that name; the site's file grants them "
                 "with 'secrets'"};
  }
  const int fd = open((directory_ + "/" + name).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Unusable(name, "cannot be read from the site's directory of secrets");
  struct stat about {};
  std::array<char, kSecretBytesMax + 2> bytes{};
  const bool regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  const ssize_t got = regular ? read(fd, bytes.data(), bytes.size()) : -1;
  close(fd);
  if (got < 0) return Unusable(name, "is no file that can be read");
  std::string secret(bytes.data(), static_cast<std::size_t>(got));
  if (!secret.empty() && secret.back() == '\n') secret.pop_back();
  if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  if (secret.size() > kSecretBytesMax) return Unusable(name, "is longer than 8 KiB");
  if (secret.empty()) return Unusable(name, "is empty");
  return secret;
}

std::string Redacted(std::string text, std::string_view secret) {
  if (secret.size() < kRedactedBytesMin) return text;
  std::size_t at = 0;
  while ((at = text.find(secret, at)) != std::string::npos) {
    text.replace(at, secret.size(), "***");
    at += 3;
  }
  return text;
}

}  // namespace towline::handlers
