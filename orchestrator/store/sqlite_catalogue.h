#pragma once

// The catalogue's file: definitions, activities and keys of the node. Any thread may call; one
// connection serves them in turn.

#include <mutex>
#include <string>

#include "orchestrator/store/sqlite_connection.h"
#include "orchestrator/store/store.h"

namespace towline::store {

class SqliteCatalogue final : public Catalogue {
 public:
  // `partitions_if_new` counts when the file has to be made.
  SqliteCatalogue(std::string path, int partitions_if_new);

  std::optional<MachineRow> Machine(std::string_view tenant, std::string_view name) override;
  std::vector<MachineRow> Machines(std::string_view tenant, std::string_view after,
                                   int limit) override;
  std::vector<MachineRow> DeletingMachines() override;
  void PutMachine(const MachineRow& row) override;
  void DeleteMachine(std::string_view tenant, std::string_view name) override;
  void PutRevision(std::string_view hash, std::string_view definition) override;
  std::optional<std::string> Revision(std::string_view hash) override;
  std::optional<ActivityRow> Activity(std::string_view tenant, std::string_view name) override;
  std::vector<ActivityRow> Activities(std::string_view tenant, std::string_view after,
                                      int limit) override;
  void PutActivity(const ActivityRow& row) override;
  bool DeleteActivity(std::string_view tenant, std::string_view name) override;
  std::vector<GrantRow> Grants() override;
  void PutGrant(const GrantRow& row) override;
  bool DeleteGrant(const GrantRow& row) override;
  std::vector<ApiTokenRow> ApiTokens() override;
  void PutApiToken(const ApiTokenRow& row) override;
  bool DeleteApiToken(std::string_view id) override;
  std::vector<InvitationRow> Invitations() override;
  void PutInvitation(const InvitationRow& row) override;
  bool DeleteInvitation(std::string_view id) override;
  std::vector<RevokedWorkerRow> RevokedWorkers() override;
  void PutRevokedWorker(const RevokedWorkerRow& row) override;
  bool DeleteRevokedWorker(std::string_view tenant, std::string_view name) override;
  std::vector<MacKey> MacKeys() override;
  int Partitions() override;
  std::int64_t Epoch() override;

 private:
  void FillIfNew(int partitions);
  std::int64_t Meta(const std::string& name);

  std::mutex mutex_;
  SqliteConnection connection_;  // guarded by mutex_, as all below
  SqliteStatement machine_, machines_, deleting_, put_machine_, delete_machine_;
  SqliteStatement put_revision_, revision_;
  SqliteStatement activity_, activities_, put_activity_, delete_activity_;
  SqliteStatement grants_, put_grant_, delete_grant_;
  SqliteStatement api_tokens_, put_api_token_, delete_api_token_;
  SqliteStatement invitations_, put_invitation_, delete_invitation_;
  SqliteStatement revoked_workers_, put_revoked_worker_, delete_revoked_worker_;
  SqliteStatement mac_keys_, meta_;
};

}  // namespace towline::store
