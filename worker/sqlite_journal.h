#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <memory>
#include <string>

#include "worker/journal.h"

namespace towline::worker {

// The journal as an SQLite database, journal.db, in the agent's state directory. Constructed and
// used by one thread. A lock file next to it keeps a second agent away. In WAL mode an unsynced
// commit is a write to the page cache: it survives the agent, and a crash of the machine takes it
// away without harm to what was synced before.
class SqliteJournal : public Journal {
 public:
  // Makes the directory and the database where needed. Throws JournalError: the directory cannot
  // be used, another agent has it, the database is of a newer version or damaged.
  explicit SqliteJournal(const std::string& directory);
  ~SqliteJournal() override;
  SqliteJournal(const SqliteJournal&) = delete;
  SqliteJournal& operator=(const SqliteJournal&) = delete;

  std::uint64_t BeginIncarnation(Timestamp now) override;
  std::vector<JournalEntry> Load() override;
  void Write(const JournalBatch& batch, bool sync) override;
  void Sync() override;

 private:
  void Migrate();
  void SetSync(bool sync);
  void Put(const JournalEntry& entry);
  void Drop(const JournalKey& key);
  template <class F>
  auto Guarded(const char* doing, F act) -> decltype(act());

  const std::string directory_;
  int lock_fd_ = -1;
  bool syncs_ = true;  // what the database is set to
  std::unique_ptr<SQLite::Database> db_;
  std::unique_ptr<SQLite::Statement> put_;
  std::unique_ptr<SQLite::Statement> drop_;
};

}  // namespace towline::worker
