#include "orchestrator/store/sqlite_connection.h"

#include <SQLiteCpp/Exception.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace towline::store {
namespace {

// Pages of the WAL after which a commit copies them into the file. A checkpoint costs two syncs
// and one write of each page that changed since the last; 8 MiB make that rare and still short.
constexpr int kCheckpointPages = 2000;
constexpr int kBusyTimeoutMs = 2000;

// Statistics of SQLite's allocator cost a global lock at each allocation. Possible only before
// its first use in the process; later it is refused, which does no harm.
void TuneProcess() {
  static const int tuned = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(tuned);
}

// Made by us before SQLite sees it, readable by nobody else; its -wal and -shm inherit that.
void MakePrivateFile(const std::string& path) {
  const int file = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) {
    throw StoreError(path + ": cannot be created: " + std::strerror(errno) +
                     "; check the directory's permissions and its free space");
  }
  close(file);
}

std::string Explain(int code, const char* message, int system_error) {
  const std::string system =
      system_error != 0 ? std::string(" (") + std::strerror(system_error) + ")" : "";
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return "the disk is full; free some space, nothing that was acknowledged is lost";
    case SQLITE_IOERR:
      return "the disk fails" + system + "; check its health, its free space and its limits";
    case SQLITE_CORRUPT:
      return "the database is damaged; stop the server and restore a backup";
    case SQLITE_NOTADB:
      return "this is no Towline database; restore a backup or give another directory";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "the database is not writable; check the owner and mode of file and directory";
    case SQLITE_CANTOPEN:
      return "the database cannot be opened" + system + "; check that it exists and its mode";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program has locked the database; end it";
    default: return message;
  }
}

}  // namespace

SqliteConnection::SqliteConnection(std::string path, const SqliteSchema& schema,
                                   const SqliteOptions& options)
    : path_(std::move(path)), database_(Open(options)) {
  Migrate(schema, options.writer);
  const std::string cache = "PRAGMA cache_size=-" + std::to_string(options.cache_kib);
  Execute(cache.c_str());
  if (options.writer) {
    Execute("PRAGMA synchronous=FULL");
    Execute("PRAGMA secure_delete=OFF");
    const std::string pages = "PRAGMA wal_autocheckpoint=" + std::to_string(kCheckpointPages);
    Execute(pages.c_str());
    Execute("PRAGMA journal_size_limit=16777216");
  } else {
    Execute("PRAGMA query_only=ON");
  }
}

SQLite::Database SqliteConnection::Open(const SqliteOptions& options) {
  TuneProcess();
  if (options.create) MakePrivateFile(path_);
  try {
    // Readers are opened for writing too (and then forbidden to): WAL needs its shared index.
    SQLite::Database database(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX,
                              kBusyTimeoutMs);
    sqlite3_extended_result_codes(database.getHandle(), 1);
    return database;
  } catch (const SQLite::Exception& e) {
    throw StoreError(path_ + ": " + Explain(e.getErrorCode(), e.what(), errno));
  }
}

void SqliteConnection::Execute(const char* sql) {
  const int code = database_.tryExec(sql);
  if (code != SQLITE_OK) Throw(code, database_.getErrorMsg());
}

bool SqliteConnection::in_transaction() const {
  return sqlite3_get_autocommit(database_.getHandle()) == 0;
}

void SqliteConnection::Checkpoint() { Execute("PRAGMA wal_checkpoint(TRUNCATE)"); }

void SqliteConnection::Throw(int code, const char* message) const {
  const int system_error = sqlite3_system_errno(database_.getHandle());
  throw StoreError(path_ + ": " + Explain(code, message, system_error));
}

int SqliteConnection::Pragma(const char* name) {
  const std::string sql = std::string("PRAGMA ") + name;
  SqliteStatement statement(*this, sql.c_str());
  SqliteCursor cursor = statement.Query();
  return cursor.Next() ? static_cast<int>(cursor.Int(0)) : 0;
}

void SqliteConnection::Migrate(const SqliteSchema& schema, bool writer) {
  const int version = Pragma("user_version");
  const int application_id = Pragma("application_id");
  const bool ours = application_id == schema.application_id;
  if (!ours && (application_id != 0 || version != 0 || Pragma("schema_version") != 0)) {
    throw StoreError(path_ + ": this is a database, but not a Towline " + schema.what +
                     "; restore a backup or give another directory");
  }
  if (version > schema.version) {
    throw StoreError(path_ + ": database of a newer version: its schema is " +
                     std::to_string(version) + ", this program knows up to " +
                     std::to_string(schema.version) + "; install the newer server again");
  }
  if (!writer) return;
  Execute("PRAGMA journal_mode=WAL");
  for (int from = version; from < schema.version; from++) {
    const std::string sql = std::string("BEGIN IMMEDIATE;") + schema.migrations[from] +
                            ";PRAGMA application_id=" + std::to_string(schema.application_id) +
                            ";PRAGMA user_version=" + std::to_string(from + 1) + ";COMMIT";
    Execute(sql.c_str());
  }
}

bool SqliteCursor::Next() {
  const int code = statement_.tryExecuteStep();
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  connection_.Throw(code, connection_.database().getErrorMsg());
}

std::string_view SqliteCursor::Bytes(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  const void* data = value.getBlob();
  const auto size = static_cast<std::size_t>(value.getBytes());
  return size == 0 ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

void SqliteStatement::Prepare() {
  if (statement_) return;
  try {
    statement_.emplace(connection_.database(), sql_);
  } catch (const SQLite::Exception& e) {
    connection_.Throw(e.getErrorCode(), e.what());
  }
}

void SqliteStatement::Bind(int index, std::int64_t value) { statement_->bind(index, value); }

void SqliteStatement::Bind(int index, const std::string& text) {
  statement_->bindNoCopy(index, text);
}

void SqliteStatement::Bind(int index, SqliteBlob blob) {
  // A null pointer would bind NULL rather than no bytes.
  const void* data = blob.bytes.empty() ? "" : blob.bytes.data();
  statement_->bindNoCopy(index, data, static_cast<int>(blob.bytes.size()));
}

void SqliteStatement::Bind(int index, const std::optional<std::int64_t>& value) {
  if (value) {
    statement_->bind(index, *value);
  } else {
    statement_->bind(index);
  }
}

}  // namespace towline::store
