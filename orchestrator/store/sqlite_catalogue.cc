#include "orchestrator/store/sqlite_catalogue.h"

#include <SQLiteCpp/Database.h>

#include "orchestrator/store/mac_key.h"
#include "orchestrator/store/sqlite_schema.h"

namespace towline::store {
namespace {

Timestamp At(std::int64_t ms) { return Timestamp(Millis(ms)); }
std::int64_t Ms(Timestamp time) { return time.time_since_epoch().count(); }

MachineRow ReadMachine(const SqliteCursor& cursor) {
  return {.tenant = cursor.String(0),
          .name = cursor.String(1),
          .revision = cursor.String(2),
          .created = At(cursor.Int(3)),
          .updated = At(cursor.Int(4)),
          .deleting = cursor.Int(5) != 0};
}

ActivityRow ReadActivity(const SqliteCursor& cursor) {
  return {.tenant = cursor.String(0), .name = cursor.String(1), .created = At(cursor.Int(2))};
}

}  // namespace

SqliteCatalogue::SqliteCatalogue(std::string path, int partitions_if_new)
    : connection_(std::move(path), CatalogueSchema(),
                  {.writer = true, .create = true, .cache_kib = 512}),
      machine_(connection_, "SELECT * FROM machines WHERE tenant=? AND name=?"),
      machines_(connection_,
                "SELECT * FROM machines WHERE tenant=? AND name>? ORDER BY name LIMIT ?"),
      deleting_(connection_, "SELECT * FROM machines WHERE deleting ORDER BY tenant, name"),
      put_machine_(connection_, "INSERT OR REPLACE INTO machines VALUES(?, ?, ?, ?, ?, ?)"),
      delete_machine_(connection_, "DELETE FROM machines WHERE tenant=? AND name=?"),
      put_revision_(connection_, "INSERT OR IGNORE INTO revisions VALUES(?, ?)"),
      revision_(connection_, "SELECT definition FROM revisions WHERE hash=?"),
      activity_(connection_, "SELECT * FROM activities WHERE tenant=? AND name=?"),
      activities_(connection_,
                  "SELECT * FROM activities WHERE tenant=? AND name>? ORDER BY name LIMIT ?"),
      put_activity_(connection_, "INSERT OR REPLACE INTO activities VALUES(?, ?, ?)"),
      delete_activity_(connection_, "DELETE FROM activities WHERE tenant=? AND name=?"),
      grants_(connection_, "SELECT * FROM grants"),
      put_grant_(connection_, "INSERT OR IGNORE INTO grants VALUES(?, ?, ?, ?)"),
      delete_grant_(connection_, "DELETE FROM grants WHERE principal=? AND role=? AND tenant=? "
                                 "AND machine_prefix=?"),
      api_tokens_(connection_, "SELECT * FROM api_tokens"),
      put_api_token_(connection_, "INSERT OR REPLACE INTO api_tokens VALUES(?, ?, ?, ?, ?)"),
      delete_api_token_(connection_, "DELETE FROM api_tokens WHERE id=?"),
      invitations_(connection_, "SELECT * FROM invitations"),
      put_invitation_(connection_,
                      "INSERT OR REPLACE INTO invitations VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      delete_invitation_(connection_, "DELETE FROM invitations WHERE id=?"),
      revoked_workers_(connection_, "SELECT * FROM revoked_workers"),
      put_revoked_worker_(connection_, "INSERT OR REPLACE INTO revoked_workers VALUES(?, ?, ?, ?)"),
      delete_revoked_worker_(connection_, "DELETE FROM revoked_workers WHERE tenant=? AND name=?"),
      mac_keys_(connection_, "SELECT id, bytes FROM mac_keys ORDER BY id"),
      meta_(connection_, "SELECT value FROM meta WHERE name=?") {
  FillIfNew(partitions_if_new);
}

void SqliteCatalogue::FillIfNew(int partitions) {
  if (Meta("partitions") != 0) return;
  SqliteStatement put(connection_, "INSERT INTO meta VALUES(?, ?)");
  SqliteStatement add_key(connection_, "INSERT INTO mac_keys VALUES(0, ?)");
  const std::string key = RandomMacKey();
  connection_.Execute("BEGIN IMMEDIATE");
  put.Run(std::string("partitions"), std::int64_t{partitions});
  put.Run(std::string("epoch"), std::int64_t{1});
  add_key.Run(SqliteBlob{key});
  connection_.Execute("COMMIT");
}

std::int64_t SqliteCatalogue::Meta(const std::string& name) {
  SqliteCursor cursor = meta_.Query(name);
  return cursor.Next() ? cursor.Int(0) : 0;
}

std::optional<MachineRow> SqliteCatalogue::Machine(std::string_view tenant,
                                                   std::string_view name) {
  const std::lock_guard lock(mutex_);
  const std::string t(tenant), n(name);
  SqliteCursor cursor = machine_.Query(t, n);
  if (!cursor.Next()) return std::nullopt;
  return ReadMachine(cursor);
}

std::vector<MachineRow> SqliteCatalogue::Machines(std::string_view tenant, std::string_view after,
                                                  int limit) {
  const std::lock_guard lock(mutex_);
  const std::string t(tenant), a(after);
  std::vector<MachineRow> rows;
  SqliteCursor cursor = machines_.Query(t, a, std::int64_t{limit});
  while (cursor.Next()) rows.push_back(ReadMachine(cursor));
  return rows;
}

std::vector<MachineRow> SqliteCatalogue::DeletingMachines() {
  const std::lock_guard lock(mutex_);
  std::vector<MachineRow> rows;
  SqliteCursor cursor = deleting_.Query();
  while (cursor.Next()) rows.push_back(ReadMachine(cursor));
  return rows;
}

void SqliteCatalogue::PutMachine(const MachineRow& row) {
  const std::lock_guard lock(mutex_);
  put_machine_.Run(row.tenant, row.name, row.revision, Ms(row.created), Ms(row.updated),
                   std::int64_t{row.deleting ? 1 : 0});
}

void SqliteCatalogue::DeleteMachine(std::string_view tenant, std::string_view name) {
  const std::lock_guard lock(mutex_);
  delete_machine_.Run(std::string(tenant), std::string(name));
}

void SqliteCatalogue::PutRevision(std::string_view hash, std::string_view definition) {
  const std::lock_guard lock(mutex_);
  put_revision_.Run(std::string(hash), std::string(definition));
}

std::optional<std::string> SqliteCatalogue::Revision(std::string_view hash) {
  const std::lock_guard lock(mutex_);
  const std::string h(hash);
  SqliteCursor cursor = revision_.Query(h);
  if (!cursor.Next()) return std::nullopt;
  return cursor.String(0);
}

std::optional<ActivityRow> SqliteCatalogue::Activity(std::string_view tenant,
                                                     std::string_view name) {
  const std::lock_guard lock(mutex_);
  const std::string t(tenant), n(name);
  SqliteCursor cursor = activity_.Query(t, n);
  if (!cursor.Next()) return std::nullopt;
  return ReadActivity(cursor);
}

std::vector<ActivityRow> SqliteCatalogue::Activities(std::string_view tenant,
                                                     std::string_view after, int limit) {
  const std::lock_guard lock(mutex_);
  const std::string t(tenant), a(after);
  std::vector<ActivityRow> rows;
  SqliteCursor cursor = activities_.Query(t, a, std::int64_t{limit});
  while (cursor.Next()) rows.push_back(ReadActivity(cursor));
  return rows;
}

void SqliteCatalogue::PutActivity(const ActivityRow& row) {
  const std::lock_guard lock(mutex_);
  put_activity_.Run(row.tenant, row.name, Ms(row.created));
}

bool SqliteCatalogue::DeleteActivity(std::string_view tenant, std::string_view name) {
  const std::lock_guard lock(mutex_);
  delete_activity_.Run(std::string(tenant), std::string(name));
  return connection_.database().getChanges() > 0;
}

std::vector<GrantRow> SqliteCatalogue::Grants() {
  const std::lock_guard lock(mutex_);
  std::vector<GrantRow> rows;
  SqliteCursor cursor = grants_.Query();
  while (cursor.Next()) {
    rows.push_back({.principal = cursor.String(0),
                    .role = cursor.String(1),
                    .tenant = cursor.String(2),
                    .machine_prefix = cursor.String(3)});
  }
  return rows;
}

void SqliteCatalogue::PutGrant(const GrantRow& row) {
  const std::lock_guard lock(mutex_);
  put_grant_.Run(row.principal, row.role, row.tenant, row.machine_prefix);
}

bool SqliteCatalogue::DeleteGrant(const GrantRow& row) {
  const std::lock_guard lock(mutex_);
  delete_grant_.Run(row.principal, row.role, row.tenant, row.machine_prefix);
  return connection_.database().getChanges() > 0;
}

std::vector<ApiTokenRow> SqliteCatalogue::ApiTokens() {
  const std::lock_guard lock(mutex_);
  std::vector<ApiTokenRow> rows;
  SqliteCursor cursor = api_tokens_.Query();
  while (cursor.Next()) {
    rows.push_back({.id = cursor.String(0),
                    .hash = cursor.String(1),
                    .principal = cursor.String(2),
                    .created = At(cursor.Int(3)),
                    .expires = At(cursor.Int(4))});
  }
  return rows;
}

void SqliteCatalogue::PutApiToken(const ApiTokenRow& row) {
  const std::lock_guard lock(mutex_);
  put_api_token_.Run(row.id, row.hash, row.principal, Ms(row.created), Ms(row.expires));
}

bool SqliteCatalogue::DeleteApiToken(std::string_view id) {
  const std::lock_guard lock(mutex_);
  delete_api_token_.Run(std::string(id));
  return connection_.database().getChanges() > 0;
}

std::vector<InvitationRow> SqliteCatalogue::Invitations() {
  const std::lock_guard lock(mutex_);
  std::vector<InvitationRow> rows;
  SqliteCursor cursor = invitations_.Query();
  while (cursor.Next()) {
    rows.push_back({.id = cursor.String(0),
                    .hash = cursor.String(1),
                    .tenant = cursor.String(2),
                    .name = cursor.String(3),
                    .labels = cursor.String(4),
                    .created = At(cursor.Int(5)),
                    .expires = At(cursor.Int(6)),
                    .uses_left = static_cast<int>(cursor.Int(7)),
                    .by = cursor.String(8),
                    .enrolled = cursor.String(9)});
  }
  return rows;
}

void SqliteCatalogue::PutInvitation(const InvitationRow& row) {
  const std::lock_guard lock(mutex_);
  put_invitation_.Run(row.id, row.hash, row.tenant, row.name, row.labels, Ms(row.created),
                      Ms(row.expires), std::int64_t{row.uses_left}, row.by, row.enrolled);
}

bool SqliteCatalogue::DeleteInvitation(std::string_view id) {
  const std::lock_guard lock(mutex_);
  delete_invitation_.Run(std::string(id));
  return connection_.database().getChanges() > 0;
}

std::vector<RevokedWorkerRow> SqliteCatalogue::RevokedWorkers() {
  const std::lock_guard lock(mutex_);
  std::vector<RevokedWorkerRow> rows;
  SqliteCursor cursor = revoked_workers_.Query();
  while (cursor.Next()) {
    rows.push_back({.tenant = cursor.String(0),
                    .name = cursor.String(1),
                    .time = At(cursor.Int(2)),
                    .by = cursor.String(3)});
  }
  return rows;
}

void SqliteCatalogue::PutRevokedWorker(const RevokedWorkerRow& row) {
  const std::lock_guard lock(mutex_);
  put_revoked_worker_.Run(row.tenant, row.name, Ms(row.time), row.by);
}

bool SqliteCatalogue::DeleteRevokedWorker(std::string_view tenant, std::string_view name) {
  const std::lock_guard lock(mutex_);
  delete_revoked_worker_.Run(std::string(tenant), std::string(name));
  return connection_.database().getChanges() > 0;
}

std::vector<MacKey> SqliteCatalogue::MacKeys() {
  const std::lock_guard lock(mutex_);
  std::vector<MacKey> keys;
  SqliteCursor cursor = mac_keys_.Query();
  while (cursor.Next()) {
    keys.push_back({.id = static_cast<int>(cursor.Int(0)), .bytes = cursor.String(1)});
  }
  return keys;
}

int SqliteCatalogue::Partitions() {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(Meta("partitions"));
}

std::int64_t SqliteCatalogue::Epoch() {
  const std::lock_guard lock(mutex_);
  return Meta("epoch");
}

}  // namespace towline::store
