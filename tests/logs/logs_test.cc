#include "orchestrator/logs/logs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/base/scratch.h"

namespace towline::logs {
namespace {

const Timestamp kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 25};
constexpr LogOwner kOne{0, 1};

class LogsTest : public testing::Test {
 protected:
  void Open(LogLimits limits = {}) {
    logs_.reset();
    logs_ = std::make_unique<Logs>(scratch_.path() + "/logs.db", limits, hub_);
  }
  void SetUp() override { Open(); }

  struct Options {
    LogPiece::Sender sender = LogPiece::Sender::kHolder;
    bool end = false;
    std::string worker = "acme_w";
    std::string stream = "stdout";
    std::uint32_t attempt = 1;
    engine::TaskRef task{0, 1, 4};
  };
  // What the server answers: up to where it is kept; "refused"; "silence".
  std::string Say(std::uint64_t offset, const std::string& text, const Options& options) {
    std::string answer = "silence";
    logs_->Take({.task = options.task,
                 .attempt = options.attempt,
                 .worker = options.worker,
                 .sender = options.sender,
                 .stream = options.stream,
                 .offset = offset,
                 .text = text,
                 .written = kNow,
                 .end = options.end,
                 .done = [&answer](std::optional<std::uint64_t> kept) {
                   answer = kept ? std::to_string(*kept) : "refused";
                 }});
    logs_->RunOnce();
    return answer;
  }
  std::string Say(std::uint64_t offset, const std::string& text) {
    return Say(offset, text, Options{});
  }
  // "offset:text" of each entry, notes as "note".
  std::string Text(const LogOwner& owner = kOne) {
    std::string text;
    for (const LogEntry& entry : logs_->Read(owner, 0, 1 << 20)) {
      text += std::to_string(entry.offset) + ":" + (entry.stream == "note" ? "note" : entry.text);
      text += ' ';
    }
    return text;
  }

  Scratch scratch_;
  engine::WatchHub hub_;
  std::unique_ptr<Logs> logs_;
};

TEST_F(LogsTest, PiecesAreKeptInTheOrderOfTheirArrival) {
  EXPECT_EQ(Say(0, "one"), "3");
  EXPECT_EQ(Say(0, "other", {.task = {0, 1, 9}}), "5");
  EXPECT_EQ(Say(3, "two"), "6");
  EXPECT_EQ(Text(), "0:one 0:other 3:two ");
  const auto entries = logs_->Read(kOne, 0, 1 << 20);
  EXPECT_EQ(entries[1].task, 9U);
  EXPECT_EQ(entries[1].worker, "acme_w");
  EXPECT_EQ(entries[1].written, kNow);
  EXPECT_EQ(logs_->Read(kOne, entries[1].number, 1 << 20).size(), 1U);
  EXPECT_EQ(logs_->Read(kOne, 0, 1).size(), 1U) << "a page has one at least";
}

TEST_F(LogsTest, WhatIsSaidAgainIsKeptOnce) {
  Say(0, "one");
  EXPECT_EQ(Say(0, "one"), "3");
  EXPECT_EQ(Say(0, "onetwo"), "6") << "with more behind it";
  EXPECT_EQ(Say(2, "e"), "6");
  EXPECT_EQ(Text(), "0:one 3:two ");
  EXPECT_EQ(Say(6, "né"), "9");
  EXPECT_EQ(Say(8, "\xA9!"), "10") << "an overlap within a character";
  EXPECT_EQ(Text(), "0:one 3:two 6:né 9:! ");
}

TEST_F(LogsTest, AGapStays) {
  Say(0, "one");
  EXPECT_EQ(Say(100, "two"), "103");
  EXPECT_EQ(Say(3, "too late"), "103") << "what comes for the gap later is not wanted";
  EXPECT_EQ(Say(200, "", {.end = true}), "200") << "also one at the end";
  EXPECT_EQ(Text(), "0:one 100:two 200: ");
}

TEST_F(LogsTest, AnUnknownSendersPieceIsKeptOnlyBehindItsOwn) {
  using Sender = LogPiece::Sender;
  EXPECT_EQ(Say(0, "x", {.sender = Sender::kPerhaps}), "silence") << "it says it again";
  EXPECT_EQ(Say(0, "x", {.sender = Sender::kStranger}), "refused");
  Say(0, "one");
  EXPECT_EQ(Say(3, "two", {.sender = Sender::kStranger}), "6")
      << "the server has restarted in between";
  EXPECT_EQ(Say(6, "x", {.sender = Sender::kStranger, .worker = "acme_other"}), "refused");
  EXPECT_EQ(Say(6, "x", {.worker = "acme_other"}), "refused") << "another worker has this attempt";
  EXPECT_EQ(Say(0, "x", {.sender = Sender::kStranger, .attempt = 2}), "refused");
  EXPECT_EQ(Text(), "0:one 3:two ");
}

TEST_F(LogsTest, AllIsThereAfterAReopening) {
  Say(0, "one");
  Open();
  EXPECT_EQ(Say(0, "one"), "3");
  EXPECT_EQ(Text(), "0:one ");
}

TEST_F(LogsTest, AJobsLogIsBoundedAndSaysSo) {
  Open({.job_bytes_max = 10});
  EXPECT_EQ(Say(0, "12345678"), "8");
  EXPECT_EQ(Say(8, "abc"), "11");
  EXPECT_EQ(Say(11, "more"), "15") << "taken, so that it is not said again";
  EXPECT_EQ(Say(0, "next", {.attempt = 2}), "4");
  EXPECT_EQ(Text(), "0:12345678 8:note 0:next ");
}

TEST_F(LogsTest, TheFileIsBoundedTheOldestGoes) {
  constexpr std::int64_t kMax = 2 << 20;
  Open({.total_bytes_max = kMax});
  const std::string block(4'000, 'x');
  for (int i = 0; i < 2'000; i++) {
    Say(0, std::to_string(i) + block, {.task = {0, i + 1, 4}});
  }
  EXPECT_LE(std::filesystem::file_size(scratch_.path() + "/logs.db"), 2U * kMax);
  EXPECT_EQ(Text({0, 1}), "");
  EXPECT_NE(Text({0, 2'000}), "");
}

TEST_F(LogsTest, TheEndOfAllLogsIsKnown) {
  EXPECT_FALSE(logs_->AllEnded(kOne)) << "nothing there, who knows";
  Say(0, "one");
  EXPECT_FALSE(logs_->AllEnded(kOne));
  Say(0, "one", {.end = true});
  EXPECT_TRUE(logs_->AllEnded(kOne));
  Say(0, "x", {.task = {0, 1, 9}});
  EXPECT_FALSE(logs_->AllEnded(kOne));
  Say(1, "", {.end = true, .task = {0, 1, 9}});
  EXPECT_TRUE(logs_->AllEnded(kOne));
}

TEST_F(LogsTest, AnExecutionIsForgottenWholeAndNoOther) {
  Say(0, "one");
  Say(0, "two", {.task = {0, 2, 4}});
  Say(0, "far", {.task = {1, 1, 4}});
  EXPECT_EQ(logs_->Owners({}, 10).size(), 3U);
  EXPECT_EQ(logs_->Owners({0, 1}, 1), (std::vector<LogOwner>{{0, 2}}));
  logs_->Forget(kOne);
  logs_->RunOnce();
  EXPECT_EQ(Text(), "");
  EXPECT_EQ(Text({0, 2}), "0:two ");
  EXPECT_EQ(Text({1, 1}), "0:far ");
  EXPECT_EQ(logs_->Owners({}, 10).size(), 2U);
}

TEST_F(LogsTest, WhoFollowsIsWokenWhenItIsKept) {
  int wakes = 0;
  std::string seen;
  hub_.Subscribe({0, 1}, [&](const engine::Notice& notice) {
    wakes += notice.kind == engine::Notice::Kind::kLogs ? 1 : 0;
    seen = Text();
  });
  Say(0, "one");
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(seen, "0:one ");
  Say(0, "two", {.task = {0, 2, 4}});
  EXPECT_EQ(wakes, 1) << "another execution";
}

TEST_F(LogsTest, AThreadWritesWhatComesAndTheRestAtItsEnd) {
  logs_->Start();
  std::atomic<int> kept = 0;
  for (int i = 0; i < 200; i++) {
    logs_->Take({.task = {0, 1, 4},
                 .attempt = 1,
                 .worker = "acme_w",
                 .sender = LogPiece::Sender::kHolder,
                 .stream = "stdout",
                 .offset = static_cast<std::uint64_t>(i),
                 .text = "x",
                 .written = kNow,
                 .done = [&kept](std::optional<std::uint64_t> upto) { kept += upto ? 1 : 0; }});
  }
  logs_->Stop();
  EXPECT_EQ(kept, 200);
  EXPECT_TRUE(logs_->idle());
}

}  // namespace
}  // namespace towline::logs
