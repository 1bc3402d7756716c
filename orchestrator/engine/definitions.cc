#include "orchestrator/engine/definitions.h"

#include <openssl/sha.h>

#include <mutex>

#include "statemachines/asl/parser.h"
#include "statemachines/base/log.h"

namespace towline::engine {

std::string RevisionHash(std::string_view definition_text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(definition_text.data()), definition_text.size(),
         digest);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(sizeof digest * 2);
  for (const unsigned char byte : digest) {
    hex += kHex[byte >> 4];
    hex += kHex[byte & 15];
  }
  return hex;
}

std::shared_ptr<const asl::Definition> Definitions::Find(const std::string& revision) {
  {
    const std::shared_lock lock(mutex_);
    const auto found = compiled_.find(revision);
    if (found != compiled_.end()) return found->second;
  }
  const std::optional<std::string> text = catalogue_.Revision(revision);
  if (!text) return nullptr;
  const asl::ParseResult parsed = asl::Parse(*text);
  if (!parsed.ok()) {
    Log(LogLevel::kError, "stored_definition_refused",
        {{"revision", revision}, {"why", asl::DescribeErrors(parsed.diagnostics)}});
    return nullptr;
  }
  const std::unique_lock lock(mutex_);
  return compiled_.emplace(revision, parsed.definition).first->second;
}

}  // namespace towline::engine
