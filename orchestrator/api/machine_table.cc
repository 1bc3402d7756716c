#include "orchestrator/api/machine_table.h"

#include <mutex>
#include <utility>

namespace towline::api {

std::shared_ptr<const MachineTable::Entry> MachineTable::Find(std::string_view tenant,
                                                              std::string_view name) {
  std::uint64_t changes = 0;
  {
    const std::shared_lock lock(mutex_);
    const auto found = entries_.find(KeyView{tenant, name});
    if (found != entries_.end()) return found->second;
    changes = changes_;
  }
  auto row = catalogue_.Machine(tenant, name);
  if (!row) return nullptr;
  auto definition = definitions_.Find(row->revision);
  if (definition == nullptr) {
    throw store::StoreError("the catalogue lacks revision " + row->revision +
                            " of state machine " + std::string(name));
  }
  auto entry =
      std::make_shared<const Entry>(Entry{std::move(*row), std::move(definition)});
  const std::unique_lock lock(mutex_);
  // A machine that was changed between our look into the catalogue and now may be an old one:
  // good enough for this caller, who came before the change was answered, but not for keeping.
  if (changes == changes_) {
    entries_.insert_or_assign(Key{std::string(tenant), std::string(name)}, entry);
  }
  return entry;
}

void MachineTable::Forget(std::string_view tenant, std::string_view name) {
  const std::unique_lock lock(mutex_);
  ++changes_;
  const auto found = entries_.find(KeyView{tenant, name});
  if (found != entries_.end()) entries_.erase(found);
}

}  // namespace towline::api
