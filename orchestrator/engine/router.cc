#include "orchestrator/engine/router.h"

#include <charconv>

#include "statemachines/base/check.h"

namespace towline::engine {
namespace {

// FNV-1a: the same on every machine and in every version.
void Mix(std::uint64_t& hash, std::string_view text) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  hash ^= 0xFF;  // a separator that no name holds
  hash *= 1099511628211ULL;
}

}  // namespace

int PartitionOf(std::string_view tenant, std::string_view machine, std::string_view name,
                int partitions) {
  CHECK(partitions > 0);
  if (partitions == 1) return 0;
  if (machine.find('/') != std::string_view::npos) return PartitionOfMapRun(name, partitions);
  std::uint64_t hash = 14695981039346656037ULL;
  Mix(hash, tenant);
  Mix(hash, machine);
  Mix(hash, name);
  return static_cast<int>(hash % static_cast<std::uint64_t>(partitions));
}

int PartitionOfMapRun(std::string_view id, int partitions) {
  constexpr std::size_t kDigits = 4;
  int number = 0;
  if (id.size() < kDigits) return 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + kDigits, number, 16);
  const bool valid = error == std::errc() && end == id.data() + kDigits && number < partitions;
  return valid ? number : 0;
}

}  // namespace towline::engine
