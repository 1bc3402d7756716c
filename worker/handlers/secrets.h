#pragma once

#include <set>
#include <string>
#include <string_view>

#include "statemachines/base/result.h"

namespace towline::handlers {

// The site's secrets: one file each in one directory, which never leave the site. A workflow names
// one as {"$secret": "name"}; a job type may use those that the site's file grants it.
class Secrets {
 public:
  Secrets() = default;
  Secrets(std::string directory, std::set<std::string> granted)
      : directory_(std::move(directory)), granted_(std::move(granted)) {}

  // The file's content without a line break at its end, read anew each time: secrets are rotated.
  // Errors: kPermissionDenied, not granted; kFailedPrecondition, not there or unusable.
  Result<std::string> Read(const std::string& name) const;

 private:
  std::string directory_{};
  std::set<std::string> granted_{};
};

// Letters, digits, '-', '_' and '.', not beginning with a dot.
bool IsSecretName(std::string_view name);

// Every occurrence of `secret` replaced by "***".
std::string Redacted(std::string text, std::string_view secret);

}  // namespace towline::handlers
