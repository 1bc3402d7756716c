// One suite for both journals, and what only a disk can do.

#include "worker/journal.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <memory>

#include "tests/base/scratch.h"
#include "worker/memory_journal.h"
#include "worker/sqlite_journal.h"

namespace towline::worker::testing {
namespace {

using Stage = JournalEntry::Stage;

// A journal that can be closed and opened again.
class Place {
 public:
  virtual ~Place() = default;
  virtual Journal& Open() = 0;  // closes the one before
};
class MemoryPlace : public Place {
 public:
  Journal& Open() override { return journal_; }

 private:
  MemoryJournal journal_;
};
class SqlitePlace : public Place {
 public:
  Journal& Open() override {
    journal_.reset();
    journal_ = std::make_unique<SqliteJournal>(scratch_.path() + "/state");
    return *journal_;
  }

 private:
  Scratch scratch_;
  std::unique_ptr<SqliteJournal> journal_;
};

std::unique_ptr<Place> MakePlace(const std::string& name) {
  if (name == "Memory") return std::make_unique<MemoryPlace>();
  return std::make_unique<SqlitePlace>();
}

JournalEntry Entry(std::string token, std::uint32_t attempt = 1) {
  return {.token = std::move(token), .attempt = attempt, .stage = Stage::kRunning, .type = "x"};
}

std::map<std::string, JournalEntry> ByToken(Journal& journal) {
  std::map<std::string, JournalEntry> entries;
  for (JournalEntry& entry : journal.Load()) {
    const std::string key = entry.token + "#" + std::to_string(entry.attempt);
    entries[key] = std::move(entry);
  }
  return entries;
}

class JournalTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Place> place_ = MakePlace(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Journals, JournalTest, ::testing::Values("Memory", "Sqlite"),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(JournalTest, KeepsEveryFieldAcrossLives) {
  JournalEntry entry{.token = "t\"1",
                     .attempt = 4'000'000'000,
                     .stage = Stage::kDone,
                     .at_most_once = true,
                     .partition = 7,
                     .type = "add-numbers",
                     .since = Timestamp(Millis(1'700'000'000'123)),
                     .group = ProcessGroup{4711, "boot:99"},
                     .result = "{\"token\":\"ü\"}"};
  place_->Open().Write({.puts = {entry, Entry("plain")}}, /*sync=*/true);
  const auto entries = ByToken(place_->Open());
  ASSERT_EQ(entries.size(), 2U);
  const JournalEntry& back = entries.at("t\"1#4000000000");
  EXPECT_EQ(back.stage, Stage::kDone);
  EXPECT_TRUE(back.at_most_once);
  EXPECT_EQ(back.partition, 7);
  EXPECT_EQ(back.type, "add-numbers");
  EXPECT_EQ(back.since, entry.since);
  EXPECT_EQ(back.group, entry.group);
  EXPECT_EQ(back.result, entry.result);
  EXPECT_FALSE(entries.at("plain#1").group);
}

TEST_P(JournalTest, APutReplacesTheSameAttemptOnly) {
  Journal& journal = place_->Open();
  journal.Write({.puts = {Entry("a", 1), Entry("a", 2)}}, false);
  JournalEntry done = Entry("a", 1);
  done.stage = Stage::kDone;
  journal.Write({.puts = {done}}, false);
  const auto entries = ByToken(journal);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries.at("a#1").stage, Stage::kDone);
  EXPECT_EQ(entries.at("a#2").stage, Stage::kRunning);
}

TEST_P(JournalTest, DropsComeAfterPutsAndMayNameNothing) {
  Journal& journal = place_->Open();
  journal.Write({.puts = {Entry("a"), Entry("b")}, .drops = {{"a", 1}, {"b", 2}, {"c", 1}}}, false);
  const auto entries = ByToken(journal);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries.count("b#1"), 1U);
}

TEST_P(JournalTest, SyncedAndUnsyncedBatchesMix) {
  Journal& journal = place_->Open();
  for (int i = 0; i < 20; i++) journal.Write({.puts = {Entry(std::to_string(i))}}, i % 3 == 0);
  journal.Sync();
  journal.Sync();
  EXPECT_EQ(place_->Open().Load().size(), 20U);
}

TEST_P(JournalTest, IncarnationsGrowAcrossLivesWhateverTheClockSays) {
  const Timestamp now{Millis(1'700'000'000'000)};
  EXPECT_EQ(place_->Open().BeginIncarnation(now), 1'700'000'000'000U);
  EXPECT_EQ(place_->Open().BeginIncarnation(now), 1'700'000'000'001U);
  EXPECT_EQ(place_->Open().BeginIncarnation(now - Seconds(99)), 1'700'000'000'002U);
  EXPECT_EQ(place_->Open().BeginIncarnation(now + Seconds(1)), 1'700'000'001'000U);
}

template <class F>
std::string ErrorOf(F act) {
  try {
    act();
  } catch (const JournalError& error) {
    return error.what();
  }
  return "no error";
}

TEST(SqliteJournalTest, ASecondAgentOnTheSameStateIsRefusedClearly) {
  const Scratch scratch;
  const SqliteJournal first(scratch.path());
  EXPECT_EQ(ErrorOf([&] { SqliteJournal second(scratch.path()); }),
            "another worker is running on the state directory " + scratch.path() +
                "; give each worker its own");
}

TEST(SqliteJournalTest, ADirectoryThatCannotBeMadeIsToldByName) {
  const Scratch scratch;
  scratch.Write("file", "");
  const std::string path = scratch.path() + "/file/state";
  const std::string error = ErrorOf([&] { SqliteJournal journal(path); });
  EXPECT_EQ(error.rfind("cannot make the state directory " + path, 0), 0U) << error;
}

TEST(SqliteJournalTest, ADatabaseOfANewerVersionIsLeftAlone) {
  const Scratch scratch;
  { SqliteJournal journal(scratch.path()); }
  {
    SQLite::Database db(scratch.path() + "/journal.db", SQLite::OPEN_READWRITE);
    db.exec("PRAGMA user_version = 9");
  }
  EXPECT_EQ(ErrorOf([&] { SqliteJournal journal(scratch.path()); }),
            scratch.path() +
                "/journal.db is of version 9, this program knows up to 1; use the "
                "newer towline-worker");
}

TEST(SqliteJournalTest, AFileThatIsNoDatabaseIsToldByName) {
  const Scratch scratch;
  scratch.Write("journal.db", std::string(5000, 'x'));
  const std::string error = ErrorOf([&] { SqliteJournal journal(scratch.path()); });
  EXPECT_EQ(error, "cannot open " + scratch.path() + "/journal.db: file is not a database");
}

// A child process dies without warning right after an unsynced write.
TEST(SqliteJournalTest, WhatWasWrittenUnsyncedOutlivesAKill) {
  const Scratch scratch;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    SqliteJournal journal(scratch.path());
    journal.Write({.puts = {Entry("a")}}, /*sync=*/false);
    std::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  SqliteJournal journal(scratch.path());
  EXPECT_EQ(journal.Load().size(), 1U);
}

// A small limit on the size of files stands for a full disk.
TEST(SqliteJournalTest, AFullDiskIsAnErrorNothingIsHalfKeptAndItRecovers) {
  const Scratch scratch;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    SqliteJournal journal(scratch.path());
    journal.Write({.puts = {Entry("before")}}, true);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit small{.rlim_cur = 64 << 10, .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    JournalBatch batch;
    for (int i = 0; i < 200; i++) {
      batch.puts.push_back(Entry("t" + std::to_string(i)));
      batch.puts.back().result = std::string(4000, 'x');
    }
    const bool refused = ErrorOf([&] { journal.Write(batch, true); }) != "no error";
    const bool refused_again = ErrorOf([&] { journal.Write(batch, false); }) != "no error";
    setrlimit(RLIMIT_FSIZE, &limit);
    const bool whole = journal.Load().size() == 1;
    const bool recovers = ErrorOf([&] { journal.Write(batch, true); }) == "no error";
    _exit(refused && refused_again && whole && recovers && journal.Load().size() == 201 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace towline::worker::testing
