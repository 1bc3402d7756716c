#include "orchestrator/store/sqlite_schema.h"

namespace towline::store {
namespace {

// The cost of a start and an end is the number of trees they touch, so there are few: tenant and
// machine are one small number, the index by status serves every listing (each status newest
// first, merged), and only the end of an execution pays for the index that retention needs.
constexpr const char* kPartition1 = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES('last_key', 0), ('recoveries', 0);

CREATE TABLE machines(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, machine TEXT NOT NULL,
                      UNIQUE(tenant, machine));
CREATE TABLE revisions(id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, uses INTEGER NOT NULL);

CREATE TABLE executions(key INTEGER PRIMARY KEY, machine INTEGER NOT NULL, name TEXT NOT NULL,
                        revision INTEGER NOT NULL, status INTEGER NOT NULL,
                        started INTEGER NOT NULL, stopped INTEGER);
CREATE UNIQUE INDEX executions_by_name ON executions(machine, name);
CREATE INDEX executions_by_status ON executions(machine, status);
CREATE INDEX executions_by_end ON executions(stopped) WHERE stopped IS NOT NULL;

CREATE TABLE steps(id INTEGER PRIMARY KEY, first_id INTEGER NOT NULL, events BLOB NOT NULL);
CREATE TABLE steps_far(execution INTEGER, first_seq INTEGER, first_id INTEGER NOT NULL,
                       events BLOB NOT NULL, PRIMARY KEY(execution, first_seq)) WITHOUT ROWID;

CREATE TABLE tasks(execution INTEGER, task INTEGER, state INTEGER NOT NULL,
                   attempt INTEGER NOT NULL, worker TEXT NOT NULL, incarnation INTEGER NOT NULL,
                   head BLOB NOT NULL, body BLOB NOT NULL,
                   PRIMARY KEY(execution, task)) WITHOUT ROWID;
CREATE TABLE timers(execution INTEGER, seq INTEGER, kind INTEGER, due INTEGER NOT NULL,
                    PRIMARY KEY(execution, seq, kind)) WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers(due);

CREATE TABLE snapshots(execution INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL,
                       state BLOB NOT NULL);
CREATE TABLE evidence(execution INTEGER, task INTEGER, number INTEGER, time INTEGER NOT NULL,
                      worker TEXT NOT NULL, attempt INTEGER NOT NULL, what TEXT NOT NULL,
                      data TEXT NOT NULL, PRIMARY KEY(execution, task, number)) WITHOUT ROWID;
)sql";
constexpr const char* kPartition2 = R"sql(
ALTER TABLE executions ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN redriven INTEGER;
ALTER TABLE executions ADD COLUMN map_execution INTEGER;
ALTER TABLE executions ADD COLUMN map_run INTEGER;
ALTER TABLE executions ADD COLUMN item INTEGER;
CREATE INDEX executions_by_map_run ON executions(map_execution, map_run, item)
  WHERE map_execution IS NOT NULL;
CREATE TABLE map_runs(execution INTEGER, run INTEGER, id TEXT NOT NULL UNIQUE,
                      open INTEGER NOT NULL, progress BLOB NOT NULL, spec BLOB NOT NULL,
                      PRIMARY KEY(execution, run)) WITHOUT ROWID;
CREATE INDEX map_runs_open ON map_runs(open) WHERE open;
)sql";
constexpr const char* kPartition3 = R"sql(
CREATE TABLE payload_uses(sha256 TEXT, execution INTEGER,
                          PRIMARY KEY(sha256, execution)) WITHOUT ROWID;
CREATE INDEX payload_uses_by_execution ON payload_uses(execution);
)sql";
constexpr const char* kPartitionMigrations[] = {kPartition1, kPartition2, kPartition3};

constexpr const char* kCatalogue1 = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE machines(tenant TEXT, name TEXT, revision TEXT NOT NULL, created INTEGER NOT NULL,
                      updated INTEGER NOT NULL, deleting INTEGER NOT NULL,
                      PRIMARY KEY(tenant, name)) WITHOUT ROWID;
CREATE TABLE revisions(hash TEXT PRIMARY KEY, definition TEXT NOT NULL);
CREATE TABLE activities(tenant TEXT, name TEXT, created INTEGER NOT NULL,
                        PRIMARY KEY(tenant, name)) WITHOUT ROWID;
CREATE TABLE mac_keys(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
)sql";
constexpr const char* kCatalogue2 = R"sql(
CREATE TABLE grants(principal TEXT, role TEXT, tenant TEXT, machine_prefix TEXT,
                    PRIMARY KEY(principal, role, tenant, machine_prefix)) WITHOUT ROWID;
CREATE TABLE api_tokens(id TEXT PRIMARY KEY, hash TEXT NOT NULL, principal TEXT NOT NULL,
                        created INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
)sql";
constexpr const char* kCatalogue3 = R"sql(
CREATE TABLE invitations(id TEXT PRIMARY KEY, hash TEXT NOT NULL, tenant TEXT NOT NULL,
                         name TEXT NOT NULL, labels TEXT NOT NULL, created INTEGER NOT NULL,
                         expires INTEGER NOT NULL, uses_left INTEGER NOT NULL,
                         invited_by TEXT NOT NULL, enrolled TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE revoked_workers(tenant TEXT, name TEXT, time INTEGER NOT NULL,
                             revoked_by TEXT NOT NULL, PRIMARY KEY(tenant, name)) WITHOUT ROWID;
)sql";
constexpr const char* kCatalogueMigrations[] = {kCatalogue1, kCatalogue2, kCatalogue3};

}  // namespace

const SqliteSchema& PartitionSchema() {
  static constexpr SqliteSchema kSchema{
      .application_id = 0x54574C50,  // "TWLP"
      .what = "partition",
      .version = std::size(kPartitionMigrations),
      .migrations = kPartitionMigrations};
  return kSchema;
}

const SqliteSchema& CatalogueSchema() {
  static constexpr SqliteSchema kSchema{
      .application_id = 0x54574C43,  // "TWLC"
      .what = "catalogue",
      .version = std::size(kCatalogueMigrations),
      .migrations = kCatalogueMigrations};
  return kSchema;
}

}  // namespace towline::store
