#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "orchestrator/engine/definitions.h"
#include "orchestrator/store/store.h"

namespace towline::api {

// State machines with their compiled definitions, as starts need them: read from the catalogue
// once, then looked up under a reader lock that is only ever contended while a machine changes.
// Whoever changes a machine calls Forget() after the change. Thread-safe; holds nothing that is
// not in the catalogue.
class MachineTable {
 public:
  struct Entry {
    store::MachineRow row;
    std::shared_ptr<const asl::Definition> definition;
  };

  MachineTable(store::Catalogue& catalogue, engine::Definitions& definitions)
      : catalogue_(catalogue), definitions_(definitions) {}

  // Null when there is none. Throws StoreError.
  std::shared_ptr<const Entry> Find(std::string_view tenant, std::string_view name);
  void Forget(std::string_view tenant, std::string_view name);

 private:
  struct Key {
    std::string tenant, name;
  };
  struct KeyView {
    std::string_view tenant, name;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const KeyView& key) const {
      const std::hash<std::string_view> hash;
      return hash(key.tenant) * 31 + hash(key.name);
    }
    std::size_t operator()(const Key& key) const { return (*this)(KeyView{key.tenant, key.name}); }
  };
  struct Equal {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return a.tenant == b.tenant && a.name == b.name;
    }
  };

  store::Catalogue& catalogue_;
  engine::Definitions& definitions_;
  std::shared_mutex mutex_;
  std::uint64_t changes_ = 0;  // guarded by mutex_
  std::unordered_map<Key, std::shared_ptr<const Entry>, Hash, Equal> entries_;  // guarded by mutex_
};

}  // namespace towline::api
