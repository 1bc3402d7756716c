#include "worker/secrets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "proto/jobs/json_text.h"
#include "statemachines/base/check.h"
#include "statemachines/base/json.h"

namespace towline::worker {
namespace {

constexpr std::size_t kSecretBytesMax = 8 << 10;
constexpr std::string_view kReference = "$secret";

Error Unusable(const std::string& name, const std::string& why) {
  return {Error::Code::kFailedPrecondition, "secret '" + name + "' " + why};
}

Result<std::string> ReadVariable(const std::string& name, const std::string& variable) {
  const char* const value = std::getenv(variable.c_str());
  if (value != nullptr) return std::string(value);
  return Unusable(name, "is not there: the agent's environment has no variable " + variable);
}

Result<std::string> ReadFile(const std::string& directory, const std::string& name) {
  const int fd = open((directory + "/" + name).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Unusable(name, "cannot be read from the site's directory of secrets");
  struct stat about {};
  std::array<char, kSecretBytesMax + 3> bytes{};
  const bool regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  const ssize_t got = regular ? read(fd, bytes.data(), bytes.size()) : -1;
  close(fd);
  if (got < 0) return Unusable(name, "is no file that can be read");
  std::string secret(bytes.data(), static_cast<std::size_t>(got));
  if (!secret.empty() && secret.back() == '\n') secret.pop_back();
  if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  return secret;
}

// Walks an input; the first mistake ends it.
struct Resolver {
  const std::set<std::string>& granted;
  const std::function<Result<std::string>(const std::string& name)>& read;
  Blot& blot;
  sdk::Failure failure;

  bool Resolve(json::value& value) {
    if (value.is_array()) {
      auto& items = value.get_array();
      return std::all_of(items.begin(), items.end(),
                         [&](json::value& each) { return Resolve(each); });
    }
    if (!value.is_object()) return true;
    json::object& members = value.get_object();
    if (members.contains(kReference)) return PutIn(value);
    return std::all_of(members.begin(), members.end(),
                       [&](auto& each) { return Resolve(each.value()); });
  }

  bool PutIn(json::value& value) {
    const json::object& reference = value.get_object();
    const json::string* const text = reference.at(kReference).if_string();
    if (reference.size() != 1 || text == nullptr || !IsSecretName({text->data(), text->size()})) {
      failure = {"Towline.BadInput",
                 "a reference to a secret is {\"$secret\": \"name\"} and nothing else; a name "
                 "holds letters, digits, '-', '_' and '.', and does not begin with a dot"};
      return false;
    }
    const std::string name(*text);
    if (granted.count(name) == 0) {
      failure = {"Towline.Refused", "this job type may not use the secret '" + name +
                                        "'; the site's file grants them with 'secrets'"};
      return false;
    }
    const auto secret = read(name);
    if (!secret) {
      failure = {"Towline.NotReady", secret.error().message};
      return false;
    }
    blot.Add(*secret);
    value = *secret;
    return true;
  }
};

}  // namespace

bool IsSecretName(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 80 && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), good);
}

Result<std::string> SecretStore::Read(const std::string& name) const {
  CHECK(IsSecretName(name));
  const auto variable = variables_.find(name);
  const bool in_file = variable == variables_.end();
  auto secret = in_file ? ReadFile(directory_, name) : ReadVariable(name, variable->second);
  if (!secret) return secret;
  if (secret->size() > kSecretBytesMax) return Unusable(name, "is longer than 8 KiB");
  if (secret->size() < Blot::kSecretBytesMin) {
    return Unusable(name, "is shorter than 4 bytes, so it could not be kept out of what jobs say");
  }
  if (jobs::ToUtf8(*secret) != *secret) return Unusable(name, "is not UTF-8; JSON cannot hold it");
  return secret;
}

std::variant<ResolvedInput, sdk::Failure> ResolveSecrets(
    std::string input, const std::set<std::string>& granted,
    const std::function<Result<std::string>(const std::string& name)>& read) {
  if (input.find(kReference) == std::string::npos) return ResolvedInput{.input = std::move(input)};
  Result<Json> parsed = ParseJson(input);
  CHECK(parsed);  // the reader of offers has seen to it
  json::value value = **parsed;
  ResolvedInput resolved;
  Resolver resolver{granted, read, resolved.blot, {}};
  if (!resolver.Resolve(value)) return std::move(resolver.failure);
  resolved.input = PrintJson(value);
  return resolved;
}

}  // namespace towline::worker
