#include "worker/log_outbox.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "proto/jobs/json_text.h"
#include "tests/worker/agent_world.h"

namespace towline::worker {
namespace {

using Kind = jobs::WorkerEvent::Kind;
using Event = jobs::WorkerEvent;

class LogOutboxTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kMax = 1 << 20;
  void Add(JobId id, const std::string& text, std::size_t bytes_max = kMax) {
    box_.Add(id, "t" + std::to_string(id), 1, "stdout", text, bytes_max, now_);
  }
  // A server that takes everything; what it has got, by token, gaps as "<N>".
  void Deliver(const std::vector<Event>& events, bool acknowledge = true) {
    for (const Event& event : events) {
      std::int64_t& next = next_[event.token];
      const std::int64_t end = event.offset + static_cast<std::int64_t>(event.text.size());
      if (event.offset > next) got_[event.token] += "<" + std::to_string(event.offset - next) + ">";
      if (end > next) {
        const auto known = static_cast<std::size_t>(std::max<std::int64_t>(0, next - event.offset));
        got_[event.token] += event.text.substr(known);
        next = end;
      }
      if (event.end) got_[event.token] += "END";
      if (acknowledge) {
        box_.OnAck({.token = event.token, .attempt = event.attempt, .offset = next});
      }
    }
  }
  // Lets the box send until it has nothing more to say.
  void Drain() {
    for (int i = 0; i < 10'000 && box_.Next() != Timestamp::max(); i++) {
      now_ = std::max(now_, box_.Next());
      Deliver(box_.Take(now_));
    }
  }

  LogOutbox box_;
  Timestamp now_{Millis(1'700'000'000'000)};
  std::map<std::string, std::int64_t> next_;
  std::map<std::string, std::string> got_;
};

TEST_F(LogOutboxTest, WhatIsWrittenTogetherGoesTogether) {
  EXPECT_EQ(box_.Next(), Timestamp::max()) << "an idle agent is not woken";
  Add(1, "one\n");
  EXPECT_TRUE(box_.Take(now_).empty());
  now_ += Millis(50);
  Add(1, "two\n");
  now_ += Millis(50);
  const auto events = box_.Take(now_);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].text, "one\ntwo\n");
  EXPECT_EQ(events[0].age_ms, 100);
  EXPECT_FALSE(events[0].end);
}

TEST_F(LogOutboxTest, TheEndLeavesAtOnceWithTheLastPiece) {
  Add(1, "one\n");
  box_.End(1, now_);
  const auto events = box_.Take(now_);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].end);
  EXPECT_FALSE(box_.empty());
  Deliver(events);
  EXPECT_TRUE(box_.empty());
  EXPECT_EQ(got_["t1"], "one\nEND");
}

TEST_F(LogOutboxTest, AJobWithoutAWordCostsNothing) {
  box_.End(7, now_);
  EXPECT_EQ(box_.Next(), Timestamp::max());
}

TEST_F(LogOutboxTest, WhatIsNotAcknowledgedIsSentAgainEverMoreSeldom) {
  Add(1, "one\n");
  now_ += Millis(100);
  EXPECT_EQ(box_.Take(now_).size(), 1U);
  Timestamp last = now_;
  Millis longest{0};
  for (int i = 0; i < 10; i++) {
    now_ = box_.Next();
    ASSERT_EQ(box_.Take(now_).size(), 1U);
    longest = std::max(longest, now_ - last);
    last = now_;
  }
  EXPECT_EQ(longest, Millis(60'000));
  box_.SayAgain(now_);
  EXPECT_EQ(box_.Next(), now_) << "a new connection: at once";
}

// Only so much is under way, however much was printed.
TEST_F(LogOutboxTest, AChattyJobIsHeldBack) {
  for (int i = 0; i < 1000; i++) Add(1 + static_cast<JobId>(i % 5), std::string(500, 'x') + "\n");
  now_ += Millis(100);
  std::size_t bytes = 0;
  for (const Event& event : box_.Take(now_)) bytes += event.text.size();
  EXPECT_LE(bytes, 48U << 10);
  EXPECT_GT(bytes, 30U << 10);
  now_ += Millis(1'000);
  for (const Event& event : box_.Take(now_)) bytes += event.text.size();
  EXPECT_LE(bytes, (48U << 10)) << "and no more before that is acknowledged";
  Drain();
}

TEST_F(LogOutboxTest, AllOfItArrivesInOrderHoweverOftenItIsRepeated) {
  std::string all;
  for (int i = 0; i < 3'000; i++) {
    const std::string line = "line " + std::to_string(i) + "\n";
    all += line;
    Add(1, line);
    if (i % 7 == 0) now_ += Millis(40);
    const auto events = box_.Take(now_);
    Deliver(events, i % 3 == 0);
    if (i % 500 == 0) box_.SayAgain(now_);
  }
  box_.End(1, now_);
  Drain();
  EXPECT_EQ(got_["t1"], all + "END");
  EXPECT_EQ(box_.bytes(), 0U);
}

TEST_F(LogOutboxTest, BeyondItsBoundHeadAndTailAreKeptWithAGapBetween) {
  for (int i = 0; i < 1000; i++) Add(1, "line " + std::to_string(1000 + i) + "\n", 1000);
  EXPECT_LE(box_.bytes(), 1000U);
  box_.End(1, now_);
  Drain();
  const std::string& got = got_["t1"];
  EXPECT_EQ(got.find("line 1000\nline 1001\n"), 0U);
  EXPECT_NE(got.find("line 1074\n<9"), std::string::npos) << "three quarters are the head" << got;
  EXPECT_NE(got.find("line 1998\nline 1999\nEND"), std::string::npos);
}

TEST_F(LogOutboxTest, HeadAndTailAreFilledUpToALineHoweverTheTextComes) {
  std::string all;
  for (int i = 0; i < 1000; i++) all += "line " + std::to_string(1000 + i) + "\n";
  Add(1, all, 1'995);  // a line has ten bytes: 1,490 are the head, 500 the tail
  box_.End(1, now_);
  Drain();
  const std::string gap = "<" + std::to_string(10'000 - 1'490 - 500) + ">";
  EXPECT_EQ(got_["t1"], all.substr(0, 1'490) + gap + all.substr(10'000 - 500) + "END");
}

TEST_F(LogOutboxTest, WhileNobodyTakesItTheOldestGoesFirst) {
  LogOutbox::Limits limits;
  limits.buffer_bytes_max = 20'000;
  LogOutbox box(limits);
  for (int i = 0; i < 10'000; i++) {
    box.Add(1, "t1", 1, "stderr", "line " + std::to_string(10'000 + i) + "\n", kMax, now_);
    ASSERT_LE(box.bytes(), 20'000U);
  }
  box.End(1, now_);
  EXPECT_GT(box.counters().dropped_bytes, 80'000U);
  std::string got;
  std::int64_t next = 0;
  bool ended = false;
  for (int i = 0; i < 100 && !box.empty(); i++) {
    now_ += Millis(300);
    for (const Event& event : box.Take(now_)) {
      if (event.offset > next) got += "<gap>";
      got += event.text;
      next = event.offset + static_cast<std::int64_t>(event.text.size());
      ended = ended || event.end;
      box.OnAck({.token = "t1", .attempt = 1, .offset = next});
    }
  }
  EXPECT_TRUE(ended);
  EXPECT_EQ(got.find("<gap>line 1"), 0U);
  EXPECT_EQ(got.find("<gap>", 5), std::string::npos) << "one gap, at the beginning";
  EXPECT_NE(got.find("line 19999\n"), std::string::npos);
}

TEST_F(LogOutboxTest, ARefusedLogIsDropped) {
  Add(1, "one\n");
  Add(2, "two\n");
  box_.OnAck({.token = "t1", .attempt = 2, .refused = true});
  EXPECT_EQ(box_.bytes(), 8U) << "another attempt";
  box_.OnAck({.token = "t1", .attempt = 1, .refused = true});
  EXPECT_EQ(box_.bytes(), 4U);
}

// No event may grow beyond what a message takes, whatever is in it.
TEST_F(LogOutboxTest, PiecesFitAMessageEvenWhenAllIsEscaped) {
  Add(1, std::string(40'000, '\x01') + "\n");
  std::string long_line;
  for (int i = 0; i < 10'000; i++) long_line += "é";
  Add(1, long_line + "\n");
  box_.End(1, now_);
  for (int i = 0; i < 100 && !box_.empty(); i++) {
    now_ += Millis(300);
    const auto events = box_.Take(now_);
    for (const Event& event : events) {
      EXPECT_LE(jobs::EntrySize(event), jobs::kMessageBytesMax - jobs::kEnvelopeBytesMax);
      EXPECT_EQ(jobs::ToUtf8(event.text), event.text) << "cut within a character";
    }
    Deliver(events);
  }
  EXPECT_EQ(got_["t1"], std::string(40'000, '\x01') + "\n" + long_line + "\nEND");
}

using testing::OfferOf;
using testing::World;

std::vector<Event> LogsOf(World& world) {
  std::vector<Event> logs;
  for (const Event& event : world.events) {
    if (event.kind == Kind::kLog) logs.push_back(event);
  }
  world.events.clear();
  return logs;
}

TEST(AgentLogTest, WhatAJobPrintsGoesOutAndIsAcknowledged) {
  World world;
  world.Connect();
  world.Give({OfferOf("a", "slow")});
  const JobId id = world.slow.started.at(0).id;
  world.agent->OnLog(id, "stderr", "hello\n", world.now);
  world.Pass(Millis(150));
  auto logs = LogsOf(world);
  ASSERT_EQ(logs.size(), 1U);
  EXPECT_EQ(logs[0].text, "hello\n");
  EXPECT_EQ(logs[0].stream, "stderr");
  world.Tell({.logs = {{.token = "a", .attempt = 1, .offset = 6}}});
  world.Pass(Millis(250));
  world.agent->OnLog(id, "stdout", "57\n", world.now);
  world.End(id, testing::Success("57"));
  logs = LogsOf(world);
  ASSERT_EQ(logs.size(), 1U) << "the end does not linger";
  EXPECT_EQ(logs[0].offset, 6);
  EXPECT_TRUE(logs[0].end);
  world.Ack("a");
  world.Tell({.logs = {{.token = "a", .attempt = 1, .offset = 9}}});
  world.Pass(Seconds(300));
  EXPECT_TRUE(LogsOf(world).empty());
}

TEST(AgentLogTest, ALongLogDoesNotDelayTheResult) {
  World world;
  world.Connect();
  world.Give({OfferOf("a", "slow")});
  const JobId id = world.slow.started.at(0).id;
  const std::string line = std::string(999, 'x') + "\n";
  for (int i = 0; i < 100; i++) world.agent->OnLog(id, "stderr", line, world.now);
  world.End(id, testing::Success("57"));
  ASSERT_EQ(world.results.size(), 1U);
  std::size_t bytes = 0;
  for (const Event& event : LogsOf(world)) bytes += event.text.size();
  EXPECT_LE(bytes, 48U << 10);
  EXPECT_TRUE(world.result_was_before_logs);
}

TEST(AgentLogTest, OfflineALogWaitsAndIsSentWithTheNextConnection) {
  World world;
  world.Connect();
  world.Give({OfferOf("a", "slow")});
  const JobId id = world.slow.started.at(0).id;
  world.Disconnect();
  world.agent->OnLog(id, "stdout", "in the dark\n", world.now);
  world.Pass(Seconds(3600));
  world.End(id, testing::Success("57"));
  EXPECT_TRUE(LogsOf(world).empty());
  world.Connect();
  const auto logs = LogsOf(world);
  ASSERT_EQ(logs.size(), 1U);
  EXPECT_EQ(logs[0].text, "in the dark\n");
  EXPECT_EQ(logs[0].age_ms, 3'600'000);
  EXPECT_TRUE(logs[0].end);
}

}  // namespace
}  // namespace towline::worker
