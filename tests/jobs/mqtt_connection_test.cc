#include "proto/jobs/mqtt_connection.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/jobs/broker.h"

namespace towline::jobs {
namespace {

using testing::Broker;
using Message = MqttConnection::Message;

constexpr auto kPatience = std::chrono::seconds(20);

// For what nobody announces.
template <class F>
bool Eventually(F reached) {
  for (int i = 0; i < 2000 && !reached(); i++) poll(nullptr, 0, 10);
  return reached();
}

// What one connection has seen, for a test thread to wait on.
class Record {
 public:
  MqttConnection::Handlers Handlers() {
    return {.make_will = [this]() -> std::optional<MqttConnection::Will> {
              Note([this] { wills++; });
              return will;
            },
            .on_up = [this] { Note([this] { ups++; }); },
            .on_down =
                [this](std::string why) {
                  Note([&] {
                    downs++;
                    reason = std::move(why);
                  });
                },
            .on_unreachable =
                [this](std::string why) {
                  Note([&] { complaints.push_back(std::move(why)); });
                },
            .on_message =
                [this](Message message) { Note([&] { messages.push_back(std::move(message)); }); }};
  }
  template <class F>
  void Note(F change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <class F>
  bool Wait(F reached) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, reached);
  }

  int ups = 0, downs = 0, wills = 0, acks = 0, nacks = 0;
  std::string reason;
  std::vector<std::string> complaints;
  std::vector<Message> messages;
  std::optional<MqttConnection::Will> will;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

class MqttConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Broker::Installed()) GTEST_SKIP() << "no mosquitto in " << testing::kMosquitto;
    ASSERT_TRUE(broker_.Start());
  }
  MqttConnection::Options Options(std::string id, std::vector<std::string> subscriptions = {}) {
    return {.port = broker_.port(),
            .client_id = std::move(id),
            .subscriptions = std::move(subscriptions)};
  }
  Broker broker_;
};

TEST_F(MqttConnectionTest, DeliversInOrderBothWays) {
  Record seen, sent;
  MqttConnection reader(Options("reader", {"t/#"}), seen.Handlers());
  MqttConnection writer(Options("writer"), sent.Handlers());
  reader.Start();
  writer.Start();
  ASSERT_TRUE(seen.Wait([&] { return seen.ups == 1; }));
  ASSERT_TRUE(sent.Wait([&] { return sent.ups == 1; }));
  EXPECT_TRUE(writer.up());
  EXPECT_EQ(writer.last_error(), "");
  constexpr int kCount = 2000;
  for (int i = 0; i < kCount; i++) {
    ASSERT_TRUE(
        writer.Publish({.topic = "t/x", .payload = std::to_string(i), .on_ack = [&](bool ok) {
                          sent.Note([&] { (ok ? sent.acks : sent.nacks)++; });
                        }}));
  }
  ASSERT_TRUE(seen.Wait([&] { return seen.messages.size() == kCount; }));
  for (int i = 0; i < kCount; i++) {
    EXPECT_EQ(seen.messages[static_cast<std::size_t>(i)].payload, std::to_string(i));
  }
  EXPECT_TRUE(sent.Wait([&] { return sent.acks == kCount; }));
  EXPECT_EQ(sent.nacks, 0);
}

TEST_F(MqttConnectionTest, CarriesRetainAndCorrelationAndEmptyPayloads) {
  Record seen, sent;
  MqttConnection writer(Options("writer"), sent.Handlers());
  writer.Start();
  ASSERT_TRUE(sent.Wait([&] { return sent.ups == 1; }));
  ASSERT_TRUE(writer.Publish({.topic = "kept",
                              .payload = "x",
                              .retain = true,
                              .expiry_seconds = 60,
                              .correlation_data = std::string("a\0b", 3),
                              .on_ack = [&](bool ok) { sent.Note([&] { sent.acks += ok; }); }}));
  ASSERT_TRUE(sent.Wait([&] { return sent.acks == 1; }));
  MqttConnection reader(Options("reader", {"kept", "empty"}), seen.Handlers());
  reader.Start();
  ASSERT_TRUE(seen.Wait([&] { return seen.messages.size() == 1; }));
  EXPECT_TRUE(seen.messages[0].retained);
  EXPECT_EQ(seen.messages[0].correlation_data, std::string("a\0b", 3));
  ASSERT_TRUE(writer.Publish({.topic = "empty", .payload = "", .qos = 0}));
  ASSERT_TRUE(seen.Wait([&] { return seen.messages.size() == 2; }));
  EXPECT_EQ(seen.messages[1].payload, "");
  EXPECT_FALSE(seen.messages[1].retained);
}

TEST_F(MqttConnectionTest, WhatLibmosquittoRefusesIsNotAcknowledged) {
  Record sent;
  MqttConnection writer(Options("writer"), sent.Handlers());
  writer.Start();
  ASSERT_TRUE(sent.Wait([&] { return sent.ups == 1; }));
  ASSERT_TRUE(writer.Publish({.topic = "a/#", .payload = "x", .on_ack = [&](bool ok) {
                                sent.Note([&] { (ok ? sent.acks : sent.nacks)++; });
                              }}));
  ASSERT_TRUE(sent.Wait([&] { return sent.nacks == 1; }));
  EXPECT_TRUE(writer.up());
}

TEST_F(MqttConnectionTest, ReconnectsSubscribesAgainAndPublishesNothingOfBefore) {
  Record record;
  MqttConnection connection(Options("c", {"t"}), record.Handlers());
  connection.Start();
  ASSERT_TRUE(record.Wait([&] { return record.ups == 1; }));
  broker_.Freeze();  // accepts no acknowledgement
  ASSERT_TRUE(connection.Publish({.topic = "t", .payload = "lost", .on_ack = [&](bool ok) {
                                    record.Note([&] { (ok ? record.acks : record.nacks)++; });
                                  }}));
  broker_.Kill();
  ASSERT_TRUE(record.Wait([&] { return record.downs == 1 && record.nacks == 1; }));
  EXPECT_FALSE(connection.up());
  EXPECT_FALSE(connection.Publish({.topic = "t", .payload = "refused"}));
  EXPECT_NE(connection.last_error(), "");
  ASSERT_TRUE(broker_.Start());
  ASSERT_TRUE(record.Wait([&] { return record.ups == 2; }));
  ASSERT_TRUE(connection.Publish({.topic = "t", .payload = "after"}));
  ASSERT_TRUE(record.Wait([&] { return !record.messages.empty(); }));
  EXPECT_EQ(record.messages[0].payload, "after");
  EXPECT_EQ(record.messages.size(), 1U);
  EXPECT_GE(record.wills, 2);
}

TEST_F(MqttConnectionTest, StartsBeforeTheBrokerDoes) {
  broker_.Kill();
  Record record;
  MqttConnection connection(Options("c"), record.Handlers());
  EXPECT_EQ(connection.last_error(), "not started");
  connection.Start();
  const std::string expected =
      "cannot connect to 127.0.0.1:" + std::to_string(broker_.port()) + ": Connection refused";
  ASSERT_TRUE(record.Wait([&] { return !record.complaints.empty(); }));
  EXPECT_EQ(connection.last_error(), expected);
  ASSERT_TRUE(broker_.Start());
  ASSERT_TRUE(record.Wait([&] { return record.ups == 1; }));
  EXPECT_EQ(record.complaints, std::vector{expected}) << "one line, however often it tries";
  broker_.Kill();
  ASSERT_TRUE(record.Wait([&] { return record.complaints.size() == 2; }));
}

TEST_F(MqttConnectionTest, TheWillFollowsACrashAndNotAStop) {
  Record seen;
  MqttConnection reader(Options("reader", {"wills/#"}), seen.Handlers());
  reader.Start();
  ASSERT_TRUE(seen.Wait([&] { return seen.ups == 1; }));
  const auto connect = [&](Record& record, const std::string& id) {
    record.will = {.topic = "wills/" + id, .payload = "gone", .delay_seconds = 0};
    auto connection = std::make_unique<MqttConnection>(Options(id), record.Handlers());
    connection->Start();
    EXPECT_TRUE(record.Wait([&] { return record.ups >= 1; }));
    return connection;
  };
  Record polite, first, second;
  connect(polite, "polite")->Stop();
  const auto crashed = connect(first, "crashed");
  // A second client of the same name makes the broker drop the first one: its will is fired.
  const auto thief = connect(second, "crashed");
  ASSERT_TRUE(seen.Wait([&] { return !seen.messages.empty(); }));
  EXPECT_EQ(seen.messages[0].topic, "wills/crashed");
  crashed->Stop();
  thief->Stop();
  for (const Message& message : seen.messages) EXPECT_NE(message.topic, "wills/polite");
}

TEST_F(MqttConnectionTest, TheBrokersSessionKeepsMessagesForAWorkerThatIsAway) {
  auto options = Options("worker", {"jobs"});
  options.clean_start = false;
  options.session_expiry_seconds = 600;
  Record before, after, sent;
  {
    MqttConnection worker(options, before.Handlers());
    worker.Start();
    ASSERT_TRUE(before.Wait([&] { return before.ups == 1; }));
    worker.Stop();
  }
  MqttConnection writer(Options("writer"), sent.Handlers());
  writer.Start();
  ASSERT_TRUE(sent.Wait([&] { return sent.ups == 1; }));
  const auto count = [&](bool ok) { sent.Note([&] { sent.acks += ok; }); };
  ASSERT_TRUE(writer.Publish({.topic = "jobs", .payload = "kept", .on_ack = count}));
  ASSERT_TRUE(sent.Wait([&] { return sent.acks == 1; }));
  MqttConnection worker(options, after.Handlers());
  worker.Start();
  ASSERT_TRUE(after.Wait([&] { return after.messages.size() == 1; }));
  EXPECT_EQ(after.messages[0].payload, "kept");
}

TEST_F(MqttConnectionTest, StopSendsWhatIsQueued) {
  Record seen, sent;
  MqttConnection reader(Options("reader", {"t"}), seen.Handlers());
  reader.Start();
  ASSERT_TRUE(seen.Wait([&] { return seen.ups == 1; }));
  MqttConnection writer(Options("writer"), sent.Handlers());
  writer.Start();
  ASSERT_TRUE(sent.Wait([&] { return sent.ups == 1; }));
  for (int i = 0; i < 500; i++) ASSERT_TRUE(writer.Publish({.topic = "t", .payload = "x"}));
  writer.Stop(5'000);
  EXPECT_FALSE(writer.Publish({.topic = "t", .payload = "late"}));
  EXPECT_TRUE(seen.Wait([&] { return seen.messages.size() == 500; }));
}

TEST_F(MqttConnectionTest, RefusesBeyondItsBacklog) {
  Record record;
  auto options = Options("c");
  options.backlog_bytes_max = 1000;
  MqttConnection connection(options, record.Handlers());
  connection.Start();
  ASSERT_TRUE(record.Wait([&] { return record.ups == 1; }));
  EXPECT_FALSE(connection.Publish({.topic = "t", .payload = std::string(1000, 'x')}));
  broker_.Freeze();
  const auto count = [&](bool ok) { record.Note([&] { record.acks += ok; }); };
  EXPECT_TRUE(
      connection.Publish({.topic = "t", .payload = std::string(900, 'x'), .on_ack = count}));
  EXPECT_FALSE(connection.Publish({.topic = "t", .payload = std::string(900, 'x')}));
  broker_.Thaw();
  ASSERT_TRUE(record.Wait([&] { return record.acks == 1; }));
  // The room is given back with the next turn of the loop, which this publication brings about.
  EXPECT_TRUE(connection.Publish({.topic = "t", .payload = "x", .on_ack = count}));
  ASSERT_TRUE(record.Wait([&] { return record.acks == 2; }));
  EXPECT_TRUE(connection.Publish({.topic = "t", .payload = std::string(900, 'x')}));
}

// A broker of the test's own that knows 3.1.1 only: `answer` is what a CONNECT of version 5 gets
// before it hangs up.
class OldBroker {
 public:
  explicit OldBroker(std::string answer) : answer_(std::move(answer)) {
    listener_ = testing::ListenAnywhere(port_);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) Serve(accept(listener_, nullptr, nullptr));
    });
  }
  ~OldBroker() {
    thread_.request_stop();
    shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    close(listener_);
  }
  int port() const { return port_; }

 private:
  void Serve(int fd) {
    if (fd < 0) return;
    std::string in;
    char bytes[512];
    for (ssize_t got = 0; (got = read(fd, bytes, sizeof bytes)) > 0;) {
      in.assign(bytes, static_cast<std::size_t>(got));
      if (in[0] == 0x10 && in[8] == 5) {
        Send(fd, answer_);
        break;
      }
      if (in[0] == 0x10) Send(fd, std::string("\x20\x02\0\0", 4));
      if (static_cast<unsigned char>(in[0]) == 0x82) {
        Send(fd, std::string("\x90\x03", 2) + in.substr(2, 2) + '\1');
      }
    }
    close(fd);
  }
  static void Send(int fd, const std::string& text) {
    [[maybe_unused]] const auto sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }

  const std::string answer_;
  int port_ = 0;
  int listener_ = -1;
  std::jthread thread_;
};

TEST(MqttFallbackTest, FallsBackTo311WhenTheBrokerRefuses5OrHangsUp) {
  const std::string answers[] = {std::string("\x20\x02\0\x01", 4),    // as 3.1.1 says it
                                 std::string("\x20\x03\0\x84\0", 5),  // as 5 says it
                                 ""};
  for (const std::string& answer : answers) {
    OldBroker broker(answer);
    Record record;
    MqttConnection connection({.port = broker.port(), .client_id = "c", .subscriptions = {"t"}},
                              record.Handlers());
    connection.Start();
    EXPECT_TRUE(record.Wait([&] { return record.ups == 1; })) << connection.last_error();
    connection.Stop();
  }
}

TEST(MqttFallbackTest, ARefusalIsToldInWords) {
  OldBroker broker(std::string("\x20\x03\0\x87\0", 5));
  Record record;
  MqttConnection connection({.port = broker.port(), .client_id = "c"}, record.Handlers());
  connection.Start();
  const std::string expected = "the broker refused the connection: Not authorized";
  EXPECT_TRUE(Eventually([&] { return connection.last_error() == expected; }))
      << connection.last_error();
  EXPECT_EQ(record.ups, 0);
}

}  // namespace
}  // namespace towline::jobs
