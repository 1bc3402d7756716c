#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "statemachines/base/result.h"
#include "statemachines/base/blot.h"
#include "worker/sdk/job.h"

namespace towline::worker {

// The site's secrets, which never leave it: files of one directory, and variables of the agent's
// environment. Any thread may read them.
class SecretStore {
 public:
  SecretStore(std::string directory, std::map<std::string, std::string> variables)
      : directory_(std::move(directory)), variables_(std::move(variables)) {}

  // The variable that has this name, else the file's content without a line break at its end, read
  // anew each time: secrets are rotated. 4 bytes to 8 KiB. Error: kFailedPrecondition, it is not
  // there or cannot be used.
  Result<std::string> Read(const std::string& name) const;

 private:
  const std::string directory_;
  const std::map<std::string, std::string> variables_;
};

// Letters, digits, '-', '_' and '.', 80 at most, not beginning with a dot.
bool IsSecretName(std::string_view name);

struct ResolvedInput {
  std::string input{};  // JSON text
  Blot blot{};     // knows what was put in
};

// Puts the secrets into a job's input, JSON text: anywhere, {"$secret": "name"} stands for the text
// that `read` gives. Failures: Towline.BadInput, a reference that is none; Towline.Refused, not one
// of those that are granted; Towline.NotReady, the site has none that can be used.
std::variant<ResolvedInput, sdk::Failure> ResolveSecrets(
    std::string input, const std::set<std::string>& granted,
    const std::function<Result<std::string>(const std::string& name)>& read);

}  // namespace towline::worker
