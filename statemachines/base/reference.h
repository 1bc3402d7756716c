#pragma once

// A large payload's stand-in: {"$blob": {"sha256": "<64 hexadecimal digits>", "size": <bytes>}}.
// Where a value is too large for a message, this travels, and the content is fetched by its hash.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "statemachines/base/json.h"
#include "statemachines/base/result.h"

namespace towline {

inline constexpr std::string_view kReferenceKey = "$blob";

struct Reference {
  std::string sha256{};  // lower-case
  std::uint64_t size = 0;
  auto operator<=>(const Reference&) const = default;  // NOLINT(modernize-use-nullptr)
};

bool IsSha256(std::string_view text);  // 64 lower-case hexadecimal digits

// What `value` stands for, if it is a reference: an object of that one member, whose members
// besides `sha256` and `size` do not matter.
std::optional<Reference> ReferenceOf(const json::value& value);
json::object ReferenceValue(const Reference& reference);

// Calls `visit` with each reference anywhere in `value`.
void ForEachReference(const json::value& value, const std::function<void(const Reference&)>& visit);

// Whether a JSON text, or an encoded form that holds texts as they are, may hold a reference.
bool MentionsReference(std::string_view text);

// Gives what references stand for. Content is named by its hash, so that whoever evaluates with it
// gets the same at any time, or an error.
class References {
 public:
  virtual ~References() = default;
  // The content, which must be JSON. Errors are one sentence: it is not there, too large, no JSON.
  virtual Result<Json> Load(const Reference& reference) const = 0;
};

// What one evaluation has looked into: each content is loaded once and lives as long as this.
class OpenReferences {
 public:
  // How much one evaluation may look into; each content counts as a disk's block at least.
  static constexpr std::uint64_t kBytesMax = 64 << 20;
  static constexpr std::uint64_t kBytesLeast = 4096;

  explicit OpenReferences(const References* references) : references_(references) {}  // may be null
  // What `value` stands for in the end if it is a reference, else null: so for all values without
  // `references`. Errors: those of Load, or it is too much for one evaluation.
  Result<const Json*> Open(const json::value& value);
  bool Holds(const Json& content) const;  // that very one
  bool empty() const { return contents_.empty(); }

 private:
  const References* const references_;
  std::map<Reference, Json> contents_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace towline
