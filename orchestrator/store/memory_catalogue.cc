#include "orchestrator/store/memory_catalogue.h"

#include <map>
#include <mutex>
#include <set>

#include "orchestrator/store/mac_key.h"

namespace towline::store {
namespace {

class MemoryCatalogue final : public Catalogue {
 public:
  explicit MemoryCatalogue(int partitions)
      : partitions_(partitions), key_{.id = 0, .bytes = RandomMacKey()} {}

  std::optional<MachineRow> Machine(std::string_view tenant, std::string_view name) override {
    const std::lock_guard lock(mutex_);
    const auto found = machines_.find({std::string(tenant), std::string(name)});
    if (found == machines_.end()) return std::nullopt;
    return found->second;
  }
  std::vector<MachineRow> Machines(std::string_view tenant, std::string_view after,
                                   int limit) override {
    const std::lock_guard lock(mutex_);
    return Page(machines_, tenant, after, limit);
  }
  std::vector<MachineRow> DeletingMachines() override {
    const std::lock_guard lock(mutex_);
    std::vector<MachineRow> rows;
    for (const auto& [name, row] : machines_) {
      if (row.deleting) rows.push_back(row);
    }
    return rows;
  }
  void PutMachine(const MachineRow& row) override {
    const std::lock_guard lock(mutex_);
    machines_.insert_or_assign({row.tenant, row.name}, row);
  }
  void DeleteMachine(std::string_view tenant, std::string_view name) override {
    const std::lock_guard lock(mutex_);
    machines_.erase({std::string(tenant), std::string(name)});
  }
  void PutRevision(std::string_view hash, std::string_view definition) override {
    const std::lock_guard lock(mutex_);
    revisions_.emplace(hash, definition);
  }
  std::optional<std::string> Revision(std::string_view hash) override {
    const std::lock_guard lock(mutex_);
    const auto found = revisions_.find(hash);
    if (found == revisions_.end()) return std::nullopt;
    return found->second;
  }
  std::optional<ActivityRow> Activity(std::string_view tenant, std::string_view name) override {
    const std::lock_guard lock(mutex_);
    const auto found = activities_.find({std::string(tenant), std::string(name)});
    if (found == activities_.end()) return std::nullopt;
    return found->second;
  }
  std::vector<ActivityRow> Activities(std::string_view tenant, std::string_view after,
                                      int limit) override {
    const std::lock_guard lock(mutex_);
    return Page(activities_, tenant, after, limit);
  }
  void PutActivity(const ActivityRow& row) override {
    const std::lock_guard lock(mutex_);
    activities_.insert_or_assign({row.tenant, row.name}, row);
  }
  bool DeleteActivity(std::string_view tenant, std::string_view name) override {
    const std::lock_guard lock(mutex_);
    return activities_.erase({std::string(tenant), std::string(name)}) != 0;
  }
  std::vector<GrantRow> Grants() override {
    const std::lock_guard lock(mutex_);
    return {grants_.begin(), grants_.end()};
  }
  void PutGrant(const GrantRow& row) override {
    const std::lock_guard lock(mutex_);
    grants_.insert(row);
  }
  bool DeleteGrant(const GrantRow& row) override {
    const std::lock_guard lock(mutex_);
    return grants_.erase(row) != 0;
  }
  std::vector<ApiTokenRow> ApiTokens() override {
    const std::lock_guard lock(mutex_);
    std::vector<ApiTokenRow> rows;
    for (const auto& [id, row] : api_tokens_) rows.push_back(row);
    return rows;
  }
  void PutApiToken(const ApiTokenRow& row) override {
    const std::lock_guard lock(mutex_);
    api_tokens_.insert_or_assign(row.id, row);
  }
  bool DeleteApiToken(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    return api_tokens_.erase(std::string(id)) != 0;
  }
  std::vector<InvitationRow> Invitations() override {
    const std::lock_guard lock(mutex_);
    std::vector<InvitationRow> rows;
    for (const auto& [id, row] : invitations_) rows.push_back(row);
    return rows;
  }
  void PutInvitation(const InvitationRow& row) override {
    const std::lock_guard lock(mutex_);
    invitations_.insert_or_assign(row.id, row);
  }
  bool DeleteInvitation(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    return invitations_.erase(std::string(id)) != 0;
  }
  std::vector<RevokedWorkerRow> RevokedWorkers() override {
    const std::lock_guard lock(mutex_);
    std::vector<RevokedWorkerRow> rows;
    for (const auto& [name, row] : revoked_workers_) rows.push_back(row);
    return rows;
  }
  void PutRevokedWorker(const RevokedWorkerRow& row) override {
    const std::lock_guard lock(mutex_);
    revoked_workers_.insert_or_assign({row.tenant, row.name}, row);
  }
  bool DeleteRevokedWorker(std::string_view tenant, std::string_view name) override {
    const std::lock_guard lock(mutex_);
    return revoked_workers_.erase({std::string(tenant), std::string(name)}) != 0;
  }
  std::vector<MacKey> MacKeys() override { return {key_}; }
  int Partitions() override { return partitions_; }
  std::int64_t Epoch() override { return 1; }

 private:
  using Name = std::pair<std::string, std::string>;  // tenant, name

  template <class Row>
  static std::vector<Row> Page(const std::map<Name, Row>& all, std::string_view tenant,
                               std::string_view after, int limit) {
    std::vector<Row> rows;
    for (auto next = all.upper_bound({std::string(tenant), std::string(after)});
         next != all.end() && next->first.first == tenant; ++next) {
      if (static_cast<int>(rows.size()) < limit) rows.push_back(next->second);
    }
    return rows;
  }

  const int partitions_;
  const MacKey key_;
  std::mutex mutex_;
  // guarded by mutex_
  std::map<Name, MachineRow> machines_;
  std::map<Name, ActivityRow> activities_;
  std::set<GrantRow> grants_;
  std::map<std::string, ApiTokenRow> api_tokens_;
  std::map<std::string, InvitationRow> invitations_;
  std::map<Name, RevokedWorkerRow> revoked_workers_;
  std::map<std::string, std::string, std::less<>> revisions_;
};

}  // namespace

std::unique_ptr<Catalogue> MakeMemoryCatalogue(int partitions) {
  return std::make_unique<MemoryCatalogue>(partitions);
}

}  // namespace towline::store
