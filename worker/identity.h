#pragma once

// Who an enrolled agent is: a folder beside its journal with its key and certificate, the
// authorities that it trusts, and enrolment.toml, which is written last and makes it valid.

#include <filesystem>
#include <map>
#include <string>

#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::worker {

inline constexpr const char* kEnrolmentFile = "enrolment.toml";
inline constexpr const char* kKeyFile = "worker.key";

std::filesystem::path IdentityFolder(const std::string& state);  // STATE/identity
bool IsEnrolled(const std::string& state);

struct Identity {
  std::string tenant{};
  std::string name{};
  std::map<std::string, std::string> labels{};
  std::string certificate{};       // PEM
  std::string authority{};         // of the server, PEM
  std::string broker_authority{};  // empty: the same
  std::string broker_host{};
  int broker_port = 0;
  std::string door{};  // HOST:PORT of the server
};

// The key to ask with: made at the first call, the same until the identity is written, so that who
// asks again after a lost answer is known. Error: the folder cannot be written.
Result<std::string> KeyForEnrolment(const std::string& state);
// Puts it in the place of whatever identity there was. The files belong to whom STATE belongs.
Status WriteIdentity(const std::string& state, const Identity& identity);
// Another certificate for the same key: readers see the old one or the new one.
Status ReplaceFile(const std::filesystem::path& path, const std::string& text);
Result<std::string> ReadTextFile(const std::filesystem::path& path);

}  // namespace towline::worker
