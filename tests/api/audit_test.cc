#include "orchestrator/api/audit.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "orchestrator/store/store.h"
#include "tests/base/scratch.h"

namespace towline::api {
namespace {

class AuditTest : public testing::Test {
 protected:
  AuditLog::Settings Where(std::size_t bytes = 1 << 20, std::size_t files = 3) {
    return {.directory = scratch_.path() + "/audit",
            .file_bytes_max = bytes,
            .files_max = files,
            .clock = [this] { return now_; }};
  }
  static std::vector<std::string> Objects(const std::vector<AuditEntry>& entries) {
    std::vector<std::string> objects;
    for (const AuditEntry& entry : entries) objects.push_back(entry.object);
    return objects;
  }

  const Scratch scratch_;
  Timestamp now_{Millis{1'000'000}};
};

TEST_F(AuditTest, WhatWasWrittenIsReadNewestFirstAlsoAfterARestart) {
  const AuditEntry entry{.principal = "ann",
                         .proof = "token 0a",
                         .peer = "ipv4:10.0.0.1:9",
                         .action = "executions:start",
                         .tenant = "acme",
                         .object = "m \"x\"\n{}",
                         .allowed = false,
                         .reason = "no"};
  AuditLog(Where()).Write(entry);
  AuditLog log(Where());
  now_ += Millis{5};
  log.Write({.object = "second", .allowed = true});
  const auto all = log.Read({});
  ASSERT_EQ(Objects(all), (std::vector<std::string>{"second", "m \"x\"\n{}"}));
  EXPECT_EQ(all[0].time, now_);
  EXPECT_TRUE(all[0].allowed);
  EXPECT_EQ(all[1].time, now_ - Millis{5});
  EXPECT_EQ(all[1].principal, "ann");
  EXPECT_EQ(all[1].proof, "token 0a");
  EXPECT_EQ(all[1].peer, "ipv4:10.0.0.1:9");
  EXPECT_EQ(all[1].action, "executions:start");
  EXPECT_EQ(all[1].tenant, "acme");
  EXPECT_EQ(all[1].reason, "no");
  EXPECT_FALSE(all[1].allowed);
}

TEST_F(AuditTest, FiltersAndTheLimitCountWhatMatches) {
  AuditLog log(Where());
  for (const char* const tenant : {"a", "b"}) {
    for (const char* const who : {"ann", "bob"}) {
      for (const bool allowed : {true, false}) {
        log.Write({.principal = who,
                   .tenant = tenant,
                   .object = std::string(tenant) + who + (allowed ? "+" : "-"),
                   .allowed = allowed});
        now_ += Millis{1};
      }
    }
  }
  EXPECT_EQ(Objects(log.Read({.tenant = "a", .principal = "bob"})),
            (std::vector<std::string>{"abob-", "abob+"}));
  EXPECT_EQ(Objects(log.Read({.denied = true, .limit = 2})),
            (std::vector<std::string>{"bbob-", "bann-"}));
  EXPECT_EQ(Objects(log.Read({.since = now_ - Millis{1}})), (std::vector<std::string>{"bbob-"}));
}

TEST_F(AuditTest, FullFilesGiveWayAndTheOldestGoes) {
  AuditLog log(Where(/*bytes=*/2'000, /*files=*/3));
  for (int i = 0; i < 100; i++) log.Write({.object = std::to_string(i)});
  const auto all = log.Read({.limit = 1'000});
  ASSERT_GT(all.size(), 20U);
  ASSERT_LT(all.size(), 60U);
  for (std::size_t i = 0; i < all.size(); i++) EXPECT_EQ(all[i].object, std::to_string(99 - i));
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(scratch_.path() + "/audit")) {
    EXPECT_LE(file.file_size(), 2'000U);
    files++;
  }
  EXPECT_EQ(files, 3U);
  EXPECT_EQ(log.Read({.limit = 30}).size(), 30U) << "of more than one file";
}

TEST_F(AuditTest, ALineThatACrashHasCutOffHidesNoOther) {
  AuditLog(Where()).Write({.object = "before"});
  std::ofstream(scratch_.path() + "/audit/audit.jsonl", std::ios::app)
      << "{\"time\":\"2026-11-\n\xff\n[]\n";
  AuditLog log(Where());
  log.Write({.object = "after"});
  EXPECT_EQ(Objects(log.Read({})), (std::vector<std::string>{"after", "before"}));
}

TEST_F(AuditTest, NobodyElseReadsItAndAnUnwritablePlaceIsRefused) {
  const AuditLog log(Where());
  EXPECT_EQ(std::filesystem::status(scratch_.path() + "/audit").permissions(),
            std::filesystem::perms::owner_all);
  scratch_.Write("file", "");
  auto nowhere = Where();
  nowhere.directory = scratch_.path() + "/file/audit";
  EXPECT_THROW(AuditLog{nowhere}, store::StoreError);
}

TEST_F(AuditTest, ThreadsDoNotMixTheirLines) {
  AuditLog log(Where());
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&log] {
      for (int i = 0; i < 50; i++) log.Write({.object = std::string(300, 'x')});
      EXPECT_FALSE(log.Read({}).empty());
    });
  }
  threads.clear();
  EXPECT_EQ(log.Read({.limit = 1'000}).size(), 200U);
}

}  // namespace
}  // namespace towline::api
