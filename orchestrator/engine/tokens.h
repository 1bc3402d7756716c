#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/store/store.h"

namespace towline::engine {

// Names one task anywhere in the installation.
struct TaskRef {
  int partition = 0;
  store::ExecutionKey execution = 0;
  std::uint64_t task = 0;
  auto operator<=>(const TaskRef&) const = default;
};

struct TaskRefHash {
  std::size_t operator()(const TaskRef& ref) const {
    std::uint64_t h = static_cast<std::uint64_t>(ref.execution) * 0x9E3779B97F4A7C15ULL;
    h ^= (ref.task + 0x7F4A7C15ULL + (h << 6) + (h >> 2)) * 0xC2B2AE3D27D4EB4FULL;
    h ^= static_cast<std::uint64_t>(ref.partition) << 48;
    return static_cast<std::size_t>(h ^ (h >> 29));
  }
};

// Task tokens: a name and a capability in one, checked without a look-up. base64url of key id,
// partition, execution, task and the first 16 bytes of their HMAC-SHA256; about 40 characters.
// Immutable after construction: any thread may use it.
class Tokens {
 public:
  explicit Tokens(std::vector<store::MacKey> keys);  // the last one signs, all verify
  ~Tokens();
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  std::string Mint(const TaskRef& ref) const;
  // Nothing for a text that is no token, or one that was not made with a key of ours.
  std::optional<TaskRef> Verify(std::string_view token) const;
  // What logs and histories show instead: the first 12 hex digits of its SHA-256.
  static std::string Fingerprint(std::string_view token);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// `text` with interpreter::TokenPlaceholder(task) replaced by `token` wherever it stands.
std::string PutToken(std::string text, std::uint64_t task, std::string_view token);

}  // namespace towline::engine
