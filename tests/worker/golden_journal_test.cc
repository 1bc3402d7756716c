// A journal that an older agent has left behind: a newer one takes it over.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "tests/base/scratch.h"
#include "tests/worker/agent_world.h"
#include "worker/sqlite_journal.h"

namespace towline::worker {
namespace {

using Stage = JournalEntry::Stage;

// Makes `directory` the state of an agent of that version, as recorded.
void MakeState(const std::string& directory, const std::string& version) {
  std::ifstream file(std::string(TOWLINE_SOURCE_DIR) + "/tests/worker/golden/journal-" + version +
                     ".sql");
  const std::string sql{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(sql.empty());
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((directory + "/journal.db").c_str(), &database), SQLITE_OK);
  char* why = nullptr;
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &why), SQLITE_OK) << why;
  sqlite3_close(database);
}

class GoldenJournalTest : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Versions, GoldenJournalTest, ::testing::Values("1"),
                         [](const auto& each) { return "Version" + std::string(each.param); });

TEST_P(GoldenJournalTest, IsReadWhole) {
  const Scratch scratch;
  MakeState(scratch.path(), GetParam());
  SqliteJournal journal(scratch.path());
  EXPECT_EQ(journal.BeginIncarnation(Timestamp(Millis(1))), 1'764'000'000'001U)
      << "above the recorded one";
  std::map<std::string, JournalEntry> entries;
  for (const JournalEntry& entry : journal.Load()) entries[entry.token] = entry;
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries["offered"].stage, Stage::kOffered);
  EXPECT_TRUE(entries["offered"].at_most_once);
  EXPECT_EQ(entries["running"].attempt, 3U);
  EXPECT_EQ(entries["running"].group, (ProcessGroup{4711, "boot:99"}));
  EXPECT_EQ(entries["done"].partition, 7);
  EXPECT_TRUE(jobs::DecodeEntry(entries["done"].result));
}

TEST_P(GoldenJournalTest, ItsResultsAreReportedAndItsJobsAccountedFor) {
  const Scratch scratch;
  MakeState(scratch.path(), GetParam());
  testing::World world;
  SqliteJournal journal(scratch.path());
  world.agent = std::make_unique<Agent>(world.settings, world.types, journal, world, world.now);
  world.Connect();
  std::map<std::string, jobs::JobResult> results;
  for (const jobs::JobResult& result : world.results) results[result.token] = result;
  ASSERT_EQ(results.size(), 3U) << "the job that may run again is offered again by the server";
  EXPECT_EQ(results["done"].output, "{\"sum\":57}");
  EXPECT_EQ(results["running"].error, "Towline.WorkerRestarted");
  EXPECT_EQ(results["offered"].error, "Towline.WorkerRestarted");
  ASSERT_EQ(world.killed.size(), 3U);
  for (const auto& [token, result] : results) world.Ack(token, result.attempt);
  world.Pass(Seconds(2));
  EXPECT_TRUE(journal.Load().empty());
}

}  // namespace
}  // namespace towline::worker
