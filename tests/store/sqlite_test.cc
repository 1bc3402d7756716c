// What only files can do wrong.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "orchestrator/store/sqlite_connection.h"
#include "orchestrator/store/store.h"
#include "tests/base/scratch.h"
#include "tests/store/rows.h"

namespace towline::store {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

// The error of opening `directory`; empty when that works.
std::string OpenError(const std::string& directory) {
  try {
    const auto backend = OpenSqliteBackend(directory, 1);
    const auto store = backend->OpenPartition(0);
    return "";
  } catch (const StoreError& e) {
    EXPECT_EQ(std::string_view(e.what()).find('\n'), std::string_view::npos) << "one line";
    return e.what();
  }
}

void Fill(const std::string& directory, ExecutionKey last) {
  const auto backend = OpenSqliteBackend(directory, 1);
  const auto store = backend->OpenPartition(0);
  for (ExecutionKey key = store->LastKey() + 1; key <= last; key++) {
    Batch batch;
    batch.started = {Execution(key)};
    batch.steps = {AStep(key, 1)};
    store->Commit(batch);
  }
}

// Changes a file's database behind the store's back.
void Meddle(const std::string& path, const char* sql) {
  SQLite::Database database(path, SQLite::OPEN_READWRITE);
  database.exec(sql);
}

TEST(SqliteStoreTest, EachCommitIsThereWhenReopenedAfterIt) {
  const Scratch scratch;
  for (ExecutionKey last = 1; last <= 5; last++) {
    Fill(scratch.path(), last);
    const auto backend = OpenSqliteBackend(scratch.path(), 1);
    const auto store = backend->OpenPartition(0);
    EXPECT_EQ(store->LastKey(), last);
    for (ExecutionKey key = 1; key <= last; key++) {
      EXPECT_EQ(store->Get(key), Execution(key));
      EXPECT_EQ(AllSteps(*store, key), std::vector{AStep(key, 1)});
    }
  }
}

TEST(SqliteStoreTest, FilesAreNobodyElsesBusiness) {
  const Scratch scratch;
  const std::string directory = scratch.path() + "/made/here";
  const auto backend = OpenSqliteBackend(directory, 1);
  const auto store = backend->OpenPartition(0);
  store->Commit({.started = {Execution(1)}});
  EXPECT_EQ(fs::status(directory).permissions(), fs::perms(0700));
  int files = 0;
  for (const auto& entry : fs::directory_iterator(directory)) {
    EXPECT_EQ(entry.status().permissions(), fs::perms(0600)) << entry.path();
    files++;
  }
  EXPECT_GE(files, 5) << "two databases, the lock, the WAL and its index";
}

TEST(SqliteStoreTest, ASecondServerIsToldWhoHoldsTheDirectory) {
  const Scratch scratch;
  {
    const auto backend = OpenSqliteBackend(scratch.path(), 1);
    EXPECT_THAT(OpenError(scratch.path()),
                AllOf(HasSubstr(scratch.path()), HasSubstr("in use by another server"),
                      HasSubstr("process " + std::to_string(getpid()))));
  }
  EXPECT_EQ(OpenError(scratch.path()), "") << "the lock ends with its holder";
}

TEST(SqliteStoreTest, ADatabaseOfANewerVersionIsRefused) {
  for (const char* file : {"/partition-0.db", "/catalogue.db"}) {
    const Scratch scratch;
    Fill(scratch.path(), 1);
    Meddle(scratch.path() + file, "PRAGMA user_version=99");
    EXPECT_THAT(OpenError(scratch.path()),
                AllOf(HasSubstr(file), HasSubstr("database of a newer version"), HasSubstr("99"),
                      HasSubstr("install the newer server")));
  }
}

TEST(SqliteStoreTest, ForeignAndDamagedFilesGetOneClearLine) {
  for (const char* file : {"/partition-0.db", "/catalogue.db"}) {
    const Scratch scratch;
    Fill(scratch.path(), 1);
    std::ofstream(scratch.path() + file) << "My shopping list, which is longer than a header: "
                                         << std::string(1000, 'x');
    EXPECT_THAT(OpenError(scratch.path()),
                AllOf(HasSubstr(file), HasSubstr("no Towline database"), HasSubstr("backup")));
  }
  {
    const Scratch scratch;
    Fill(scratch.path(), 1);
    fs::remove(scratch.path() + "/partition-0.db");
    Meddle(scratch.path() + "/catalogue.db", "PRAGMA wal_checkpoint(TRUNCATE)");
    EXPECT_THAT(OpenError(scratch.path()), HasSubstr("partition-0.db: is missing"));
  }
  {
    const Scratch scratch;
    Fill(scratch.path(), 1);
    fs::remove(scratch.path() + "/catalogue.db");
    EXPECT_THAT(OpenError(scratch.path()),
                AllOf(HasSubstr("catalogue.db: is missing"), HasSubstr("has executions")));
  }
  {
    const Scratch scratch;
    Fill(scratch.path(), 1);
    fs::remove(scratch.path() + "/partition-0.db");
    SQLite::Database(scratch.path() + "/partition-0.db",
                     SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
        .exec("CREATE TABLE songs(name)");
    EXPECT_THAT(OpenError(scratch.path()), HasSubstr("not a Towline partition"));
  }
  {
    const Scratch scratch;
    std::ofstream(scratch.path() + "/file") << "x";
    EXPECT_THAT(OpenError(scratch.path() + "/file"), HasSubstr("directory"));
  }
}

TEST(SqliteStoreTest, ADamagedPageIsAnErrorAndNoCrash) {
  const Scratch scratch;
  Fill(scratch.path(), 300);
  const std::string path = scratch.path() + "/partition-0.db";
  const auto size = fs::file_size(path);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (std::uintmax_t page = 4096; page + 4096 <= size; page += 4096) {
      file.seekp(static_cast<std::streamoff>(page));
      file << std::string(64, '\x5a');
    }
  }
  const auto error = [&]() -> std::string {
    try {
      const auto backend = OpenSqliteBackend(scratch.path(), 1);
      const auto store = backend->OpenPartition(0);
      for (ExecutionKey key = 1; key <= 300; key++) store->Get(key);
      return "";
    } catch (const StoreError& e) {
      return e.what();
    }
  }();
  EXPECT_THAT(error, AllOf(HasSubstr(path), HasSubstr("damaged"), HasSubstr("backup")));
}

// Commits until the disk is full, and returns how many executions were acknowledged.
ExecutionKey CommitUntilFull(Store& store, std::string& error) {
  const std::string events(20'000, 'x');
  for (ExecutionKey key = store.LastKey() + 1; key < 10'000; key++) {
    Batch batch;
    batch.started = {Execution(key)};
    batch.steps = {AStep(key, 1, events)};
    try {
      store.Commit(batch);
    } catch (const StoreError& e) {
      error = e.what();
      return key - 1;
    }
  }
  return 10'000;
}

// What holds on any full disk: nothing acknowledged is lost, nothing half done is kept, and when
// there is space again the same object goes on.
void SurvivesAFullDisk(const std::string& directory, const std::function<void()>& make_space) {
  const auto backend = OpenSqliteBackend(directory, 1);
  const auto store = backend->OpenPartition(0);
  std::string error;
  const ExecutionKey acknowledged = CommitUntilFull(*store, error);
  ASSERT_GT(acknowledged, 0);
  ASSERT_LT(acknowledged, 10'000);
  EXPECT_THAT(error, AllOf(HasSubstr(directory + "/partition-0.db"), HasSubstr("disk")));
  bool recovered = true;
  try {
    store->Recover();
  } catch (const StoreError&) {
    recovered = false;  // still no space for the smallest write
  }
  make_space();
  if (!recovered) store->Recover();
  const ExecutionKey last = store->LastKey();
  EXPECT_THAT(last, testing::AnyOf(acknowledged, acknowledged + 1)) << "unknown, but not half";
  for (ExecutionKey key = 1; key <= last; key++) {
    ASSERT_EQ(store->Get(key), Execution(key));
    ASSERT_EQ(AllSteps(*store, key).size(), 1u);
  }
  store->Commit({.started = {Execution(last + 1)}});
  EXPECT_EQ(store->LastKey(), last + 1);
}

TEST(SqliteStoreTest, AFullDiskLosesNothingAndIsRecoveredFrom) {
  const Scratch scratch;
  const std::string disk = scratch.path() + "/disk";
  fs::create_directory(disk);
  if (mount("towline-test", disk.c_str(), "tmpfs", 0, "size=4m") != 0) {
    GTEST_SKIP() << "mounting a tmpfs needs root: see AFileThatMayNotGrow for the rest";
  }
  std::ofstream(disk + "/ballast") << std::string(2 << 20, 'x');
  SurvivesAFullDisk(disk + "/db", [&] { fs::remove(disk + "/ballast"); });
  umount(disk.c_str());
}

TEST(SqliteStoreTest, AFileThatMayNotGrowLosesNothingAndIsRecoveredFrom) {
  const Scratch scratch;
  // In a child: the limit and the signal are the process's.
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 2 << 20;
    setrlimit(RLIMIT_FSIZE, &limit);
    SurvivesAFullDisk(scratch.path() + "/db", [&] {
      limit.rlim_cur = limit.rlim_max;
      setrlimit(RLIMIT_FSIZE, &limit);
    });
    std::_Exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// Commits for ever and tells the pipe of each acknowledged key; ends by being killed.
[[noreturn]] void CommitAndTell(const std::string& directory, int pipe) {
  const auto backend = OpenSqliteBackend(directory, 1);
  const auto store = backend->OpenPartition(0);
  for (ExecutionKey key = store->LastKey() + 1;; key++) {
    Batch batch;
    batch.started = {Execution(key)};
    batch.steps = {AStep(key, 1), AStep(key, 2)};
    batch.tasks_opened = {ATask(key, 2)};
    batch.timers_set = {ATimer(key, 2, 3, key)};
    if (key > 10) batch.tasks_closed = {{key - 10, 2}};
    if (key > 10) batch.closed = {{.key = key - 10, .stopped = At(key)}};
    store->Commit(batch);
    if (write(pipe, &key, sizeof key) != sizeof key) std::_Exit(1);
  }
}

// Killed in the middle of commits: every acknowledged one is there whole, and of the one it was
// at, all or nothing.
TEST(SqliteStoreTest, AKilledProcessLosesNoAcknowledgedCommit) {
  const Scratch scratch;
  ExecutionKey acknowledged = 0;
  for (int round = 0; round < 8; round++) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      CommitAndTell(scratch.path(), ends[1]);
    }
    close(ends[1]);
    for (int i = 0; i < 20 * (round + 1); i++) {
      ASSERT_EQ(read(ends[0], &acknowledged, sizeof acknowledged), ssize_t{sizeof acknowledged});
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
    }
    close(ends[0]);
    const auto backend = OpenSqliteBackend(scratch.path(), 1);
    const auto store = backend->OpenPartition(0);
    const ExecutionKey last = store->LastKey();
    EXPECT_THAT(last, testing::AnyOf(acknowledged, acknowledged + 1));
    for (ExecutionKey key = 1; key <= last; key++) {
      ASSERT_EQ(AllSteps(*store, key).size(), 2u) << key;
      ASSERT_EQ(store->Tasks(key).size(), key + 10 <= last ? 0u : 1u) << key;
      ASSERT_EQ(store->Get(key)->stopped.has_value(), key + 10 <= last) << key;
    }
  }
}

}  // namespace
}  // namespace towline::store
