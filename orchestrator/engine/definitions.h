#pragma once

#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "orchestrator/store/store.h"
#include "statemachines/asl/definition.h"

namespace towline::engine {

// The content hash that names a revision: SHA-256 of its text, lower-case hex.
std::string RevisionHash(std::string_view definition_text);

// Compiled definitions by revision, read from the catalogue once and shared. Thread-safe.
class Definitions {
 public:
  explicit Definitions(store::Catalogue& catalogue) : catalogue_(catalogue) {}

  // Null when the catalogue has no such revision (or it no longer compiles, which is logged).
  // Throws StoreError.
  std::shared_ptr<const asl::Definition> Find(const std::string& revision);

 private:
  store::Catalogue& catalogue_;
  std::shared_mutex mutex_;
  // guarded by mutex_
  std::unordered_map<std::string, std::shared_ptr<const asl::Definition>> compiled_;
};

}  // namespace towline::engine
