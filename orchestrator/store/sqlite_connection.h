#pragma once

// One SQLite connection and its prepared statements, with every failure turned into a StoreError
// that names the file, says what is wrong and what to do.
//
// Not thread-safe: one thread at a time, as all of SQLiteCpp.

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/store/store.h"

namespace towline::store {

// What a database file must be.
struct SqliteSchema {
  int application_id = 0;
  const char* what = "";            // "partition", for messages
  int version = 0;                  // user_version; each entry of `migrations` raises it by one
  const char* const* migrations = nullptr;
};

struct SqliteOptions {
  bool writer = false;
  bool create = false;              // the file may be missing
  int cache_kib = 1024;
};

class SqliteConnection {
 public:
  // Opens the file, migrates it when this is the writer. Throws StoreError.
  SqliteConnection(std::string path, const SqliteSchema& schema, const SqliteOptions& options);
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  SQLite::Database& database() { return database_; }
  const std::string& path() const { return path_; }
  void Execute(const char* sql);
  bool in_transaction() const;
  void Checkpoint();  // copies the WAL into the file and empties it

  // The failure that SQLite just reported, in words.
  [[noreturn]] void Throw(int code, const char* message) const;

 private:
  SQLite::Database Open(const SqliteOptions& options);
  void Migrate(const SqliteSchema& schema, bool writer);
  int Pragma(const char* name);

  std::string path_;
  SQLite::Database database_;
};

struct SqliteBlob {
  std::string_view bytes;
};

// One run of a statement: rows while Next() is true. Resets the statement at its end, so that it
// holds no lock.
class SqliteCursor {
 public:
  SqliteCursor(SQLite::Statement& statement, SqliteConnection& connection)
      : statement_(statement), connection_(connection) {}
  ~SqliteCursor() { statement_.tryReset(); }
  SqliteCursor(const SqliteCursor&) = delete;
  SqliteCursor& operator=(const SqliteCursor&) = delete;

  bool Next();
  std::int64_t Int(int column) const { return statement_.getColumn(column).getInt64(); }
  bool IsNull(int column) const { return statement_.getColumn(column).isNull(); }
  // Text or blob; valid until Next().
  std::string_view Bytes(int column) const;
  std::string String(int column) const { return std::string(Bytes(column)); }

 private:
  SQLite::Statement& statement_;
  SqliteConnection& connection_;
};

// Prepared when first used, then kept. Arguments are bound without copies: they must live until
// the cursor is gone.
class SqliteStatement {
 public:
  SqliteStatement(SqliteConnection& connection, const char* sql)
      : connection_(connection), sql_(sql) {}

  template <class... Args>
  SqliteCursor Query(const Args&... args) {
    Prepare();
    int index = 0;
    (Bind(++index, args), ...);
    return SqliteCursor(*statement_, connection_);
  }
  template <class... Args>
  void Run(const Args&... args) {
    SqliteCursor cursor = Query(args...);
    while (cursor.Next()) {
    }
  }

 private:
  void Prepare();
  void Bind(int index, std::int64_t value);
  void Bind(int index, const std::string& text);
  void Bind(int index, SqliteBlob blob);
  void Bind(int index, const std::optional<std::int64_t>& value);

  SqliteConnection& connection_;
  const char* sql_;
  std::optional<SQLite::Statement> statement_;
};

}  // namespace towline::store
