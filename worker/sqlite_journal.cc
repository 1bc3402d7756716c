#include "worker/sqlite_journal.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace towline::worker {
namespace {

constexpr int kVersion = 1;
constexpr int kCheckpointPages = 4'000;  // a checkpoint syncs: seldom under load

constexpr const char* kSchema = R"(
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE job (
  token TEXT NOT NULL, attempt INTEGER NOT NULL, stage INTEGER NOT NULL,
  at_most_once INTEGER NOT NULL, part INTEGER NOT NULL, type TEXT NOT NULL,
  since INTEGER NOT NULL, process_group INTEGER, birth TEXT, result TEXT NOT NULL,
  PRIMARY KEY (token, attempt)) WITHOUT ROWID;
)";

[[noreturn]] void Refuse(const std::string& what, int error) {
  throw JournalError(what + ": " + std::strerror(error));
}

void MakeDirectory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    throw JournalError("cannot make the state directory " + directory + ": " + error.message());
  chmod(directory.c_str(), 0700);
}

int LockDirectory(const std::string& directory) {
  const std::string path = directory + "/lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) Refuse("cannot open " + path, errno);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  const int error = errno;
  close(fd);
  if (error != EWOULDBLOCK) Refuse("cannot lock " + path, error);
  throw JournalError("another worker is running on the state directory " + directory +
                     "; give each worker its own");
}

}  // namespace

// Turns what SQLite says into one line that names the file.
template <class F>
auto SqliteJournal::Guarded(const char* doing, F act) -> decltype(act()) {
  try {
    return act();
  } catch (const SQLite::Exception& error) {
    throw JournalError(std::string("cannot ") + doing + " " + directory_ +
                       "/journal.db: " + error.what());
  }
}

SqliteJournal::SqliteJournal(const std::string& directory) : directory_(directory) {
  MakeDirectory(directory);
  lock_fd_ = LockDirectory(directory);
  try {
    Guarded("open", [&] {
      db_ = std::make_unique<SQLite::Database>(directory + "/journal.db",
                                               SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      db_->exec("PRAGMA cache_size = -1024");
      // Nobody else opens it: spares the locks and the shared memory of every transaction.
      db_->exec("PRAGMA locking_mode = EXCLUSIVE");
      db_->exec("PRAGMA journal_mode = WAL");
      db_->exec("PRAGMA wal_autocheckpoint = " + std::to_string(kCheckpointPages));
      db_->exec("PRAGMA synchronous = FULL");
      Migrate();
      put_ = std::make_unique<SQLite::Statement>(
          *db_, "INSERT OR REPLACE INTO job VALUES (?,?,?,?,?,?,?,?,?,?)");
      drop_ = std::make_unique<SQLite::Statement>(
          *db_, "DELETE FROM job WHERE token = ? AND attempt = ?");
    });
  } catch (...) {
    db_.reset();
    close(lock_fd_);
    throw;
  }
}

SqliteJournal::~SqliteJournal() {
  put_.reset();
  drop_.reset();
  db_.reset();
  close(lock_fd_);
}

void SqliteJournal::Migrate() {
  const int version = db_->execAndGet("PRAGMA user_version").getInt();
  if (version > kVersion) {
    throw JournalError(directory_ + "/journal.db is of version " + std::to_string(version) +
                       ", this program knows up to " + std::to_string(kVersion) +
                       "; use the newer towline-worker");
  }
  if (version == kVersion) return;
  SQLite::Transaction transaction(*db_);
  db_->exec(kSchema);
  db_->exec("PRAGMA user_version = " + std::to_string(kVersion));
  transaction.commit();
}

void SqliteJournal::SetSync(bool sync) {
  if (syncs_ == sync) return;
  db_->exec(sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  syncs_ = sync;
}

std::uint64_t SqliteJournal::BeginIncarnation(Timestamp now) {
  return Guarded("write", [&] {
    SetSync(true);
    SQLite::Transaction transaction(*db_);
    SQLite::Statement read(*db_, "SELECT value FROM meta WHERE key = 'incarnation'");
    const std::int64_t last = read.executeStep() ? read.getColumn(0).getInt64() : 0;
    const std::int64_t next = std::max<std::int64_t>(last + 1, now.time_since_epoch().count());
    SQLite::Statement write(*db_, "INSERT OR REPLACE INTO meta VALUES ('incarnation', ?)");
    write.bind(1, next);
    write.exec();
    transaction.commit();
    return static_cast<std::uint64_t>(next);
  });
}

std::vector<JournalEntry> SqliteJournal::Load() {
  return Guarded("read", [&] {
    std::vector<JournalEntry> entries;
    SQLite::Statement read(*db_, "SELECT * FROM job");
    while (read.executeStep()) {
      JournalEntry entry{.token = read.getColumn(0).getString(),
                         .attempt = read.getColumn(1).getUInt(),
                         .stage = static_cast<JournalEntry::Stage>(read.getColumn(2).getInt()),
                         .at_most_once = read.getColumn(3).getInt() != 0,
                         .partition = read.getColumn(4).getInt(),
                         .type = read.getColumn(5).getString(),
                         .since = Timestamp(Millis(read.getColumn(6).getInt64())),
                         .result = read.getColumn(9).getString()};
      if (!read.getColumn(7).isNull()) {
        entry.group = ProcessGroup{read.getColumn(7).getInt64(), read.getColumn(8).getString()};
      }
      entries.push_back(std::move(entry));
    }
    return entries;
  });
}

void SqliteJournal::Put(const JournalEntry& entry) {
  SQLite::Statement& put = *put_;
  put.tryReset();
  put.bindNoCopy(1, entry.token);
  put.bind(2, static_cast<std::int64_t>(entry.attempt));
  put.bind(3, static_cast<int>(entry.stage));
  put.bind(4, entry.at_most_once ? 1 : 0);
  put.bind(5, entry.partition);
  put.bindNoCopy(6, entry.type);
  put.bind(7, static_cast<std::int64_t>(entry.since.time_since_epoch().count()));
  if (entry.group) {
    put.bind(8, entry.group->group);
    put.bindNoCopy(9, entry.group->birth);
  } else {
    put.bind(8);
    put.bind(9);
  }
  put.bindNoCopy(10, entry.result);
  put.exec();
}

void SqliteJournal::Drop(const JournalKey& key) {
  drop_->tryReset();
  drop_->bindNoCopy(1, key.token);
  drop_->bind(2, static_cast<std::int64_t>(key.attempt));
  drop_->exec();
}

void SqliteJournal::Write(const JournalBatch& batch, bool sync) {
  Guarded("write", [&] {
    SetSync(sync);
    SQLite::Transaction transaction(*db_);
    for (const JournalEntry& entry : batch.puts) Put(entry);
    for (const JournalKey& key : batch.drops) Drop(key);
    transaction.commit();
    put_->tryReset();
    drop_->tryReset();
  });
}

// A commit with synchronous=FULL syncs the whole write-ahead log, so all earlier ones with it.
void SqliteJournal::Sync() {
  Guarded("write", [&] {
    SetSync(true);
    db_->exec(
        "INSERT OR REPLACE INTO meta VALUES ('synced', "
        "coalesce((SELECT value FROM meta WHERE key = 'synced'), 0) + 1)");
  });
}

}  // namespace towline::worker
