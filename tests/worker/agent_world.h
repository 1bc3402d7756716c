#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/jobs/topics.h"
#include "worker/agent.h"
#include "worker/memory_journal.h"

namespace towline::worker::testing {

using jobs::Control;
using jobs::JobResult;
using jobs::Offer;
using jobs::StartMode;
using jobs::WorkerEvent;

inline const std::string kW = "acme_ams-1";

// Starts what it is told to and ends it when the test says so.
class FakeHandler : public Handler {
 public:
  Started Start(Job job) override {
    started.push_back(job);
    if (next_group) return {.group = next_group};
    return {};
  }
  void Signal(JobId id, bool kill) override { signals.emplace_back(id, kill); }

  std::vector<Job> started;
  std::vector<std::pair<JobId, bool>> signals;
  std::optional<ProcessGroup> next_group;
};

class InstantHandler : public Handler {
 public:
  Started Start(Job job) override {
    started.push_back(job);
    return {.outcome = outcome};
  }
  void Signal(JobId, bool) override { ADD_FAILURE() << "an instant job cannot be signalled"; }
  bool instant() const override { return true; }

  std::vector<Job> started;
  Outcome outcome{.succeeded = true, .output = "57"};
};

// One agent, its journal, and a world that writes down what it says.
class World : public Ports {
 public:
  World() {
    types = {{.name = "slow", .handler = &slow},
             {.name = "rerun", .restart = JobType::Restart::kRerun, .handler = &slow},
             {.name = "manual", .manual_heartbeat = true, .handler = &slow},
             {.name = "single", .slots = 1, .handler = &slow},
             {.name = "patient", .grace = Seconds(60), .handler = &slow},
             {.name = "bounded", .wall_clock = Seconds(30), .handler = &slow},
             {.name = "trusted", .secrets = {"key", "gone"}, .handler = &slow},
             {.name = "quick", .handler = &quick}};
    settings = {.tenant = "acme", .name = "ams-1", .slots = 4, .version = "1"};
    Boot();
  }

  // A new life of the agent on the same journal; `power_loss` takes what was not synced.
  void Boot(bool power_loss = false) {
    if (power_loss) journal.LoseUnsynced();
    agent = std::make_unique<Agent>(settings, types, journal, *this, now, payloads);
    link = false;
  }
  void Connect() {
    connection = std::max(connection, agent->incarnation()) + 1;
    link = true;
    agent->OnLinkUp(connection, now);
    Run();
  }
  void Disconnect() {
    link = false;
    agent->OnLinkDown(now);
    Run();
  }
  void Run() { deadline = agent->RunOnce(now); }
  // Lets time pass as a driver would: the agent is called when it has asked to be.
  void Pass(Millis time) {
    const Timestamp end = now + time;
    while (deadline <= end) {
      const Timestamp before = now;
      now = std::max(now, deadline);
      Run();
      ASSERT_TRUE(deadline > now || now > before) << "the agent asks to be called again at once";
    }
    now = end;
    Run();
  }

  void Give(std::vector<Offer> offers, std::optional<std::uint64_t> fence = {}) {
    agent->OnMessage(
        jobs::JobsTopic(kW),
        jobs::Encode(jobs::JobBatch{
            .connection = fence.value_or(connection), .seq = ++seq, .jobs = std::move(offers)}),
        now);
    Run();
  }
  void Tell(Control control) {
    if (control.connection == 0) control.connection = connection;
    agent->OnMessage(jobs::ControlTopic(kW), jobs::Encode(control), now);
    Run();
  }
  void End(JobId id, Outcome outcome) {
    agent->OnFinished(id, std::move(outcome), now);
    Run();
  }
  void Ack(const std::string& token, std::uint32_t attempt = 1, bool recorded = true) {
    Tell({.acks = {{token, attempt, recorded}}});
  }

  bool Publish(std::string topic, std::string payload, bool retain) override {
    if (!link) return false;
    if (topic == jobs::PresenceTopic(kW)) {
      EXPECT_TRUE(retain);
      presence.push_back(*jobs::DecodePresence(payload));
    } else if (topic == jobs::EventsTopic(kW)) {
      const auto batch = *jobs::DecodeEventBatch(payload);
      EXPECT_EQ(batch.incarnation, agent->incarnation());
      for (const WorkerEvent& event : batch.events) events.push_back(event);
    } else if (topic == jobs::CallbacksTopic(kW)) {
      callbacks.push_back(*jobs::DecodeCallback(payload));
    } else {
      const auto parsed = jobs::ParseTopic(topic);
      EXPECT_TRUE(parsed && parsed->kind == jobs::TopicKind::kResults) << topic;
      result_messages++;
      result_was_before_logs = Count(WorkerEvent::Kind::kLog) == 0;
      EXPECT_LE(payload.size(), jobs::kMessageBytesMax);
      const auto batch = *jobs::DecodeResultBatch(payload);
      for (const JobResult& result : batch.results) {
        results.push_back(result);
        partition_of_last_result = parsed->partition;
      }
    }
    return true;
  }
  void KillLeftovers(const std::string& token, std::uint32_t,
                     const std::optional<ProcessGroup>& group) override {
    killed.emplace_back(token, group);
  }
  void Reply(std::uint64_t request, Answer answer) override { replies[request] = answer; }
  Result<std::string> ReadSecret(const std::string& name) override {
    const auto found = secrets.find(name);
    if (found != secrets.end()) return found->second;
    return Error{Error::Code::kFailedPrecondition, "there is no secret '" + name + "'"};
  }

  int Count(WorkerEvent::Kind kind) const {
    int count = 0;
    for (const WorkerEvent& event : events) count += event.kind == kind ? 1 : 0;
    return count;
  }
  int accepted() const { return Count(WorkerEvent::Kind::kAccepted); }
  std::string declined() const {  // the reason of the last one
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (event->kind == WorkerEvent::Kind::kDeclined) return event->reason;
    }
    return "";
  }

  FakeHandler slow;
  InstantHandler quick;
  std::map<std::string, std::string> secrets{{"key", "open sesame"}};
  std::vector<JobType> types;
  AgentSettings settings;
  MemoryJournal journal;
  Payloads* payloads = nullptr;
  Timestamp now{Millis(1'700'000'000'000)};
  Timestamp deadline{};
  std::uint64_t connection = 0;
  std::uint64_t seq = 0;
  bool link = false;
  std::unique_ptr<Agent> agent;

  std::vector<jobs::Presence> presence;
  std::vector<WorkerEvent> events;
  std::vector<JobResult> results;
  int result_messages = 0;
  bool result_was_before_logs = false;  // of the last one
  int partition_of_last_result = -1;
  std::vector<jobs::Callback> callbacks;
  std::vector<std::pair<std::string, std::optional<ProcessGroup>>> killed;
  std::map<std::uint64_t, Answer> replies;
};

inline Offer OfferOf(std::string token, std::string type, std::uint32_t attempt = 1) {
  return {.token = std::move(token), .attempt = attempt, .type = std::move(type), .input = "{}"};
}

inline Offer Once(Offer offer) {
  offer.start = StartMode::kAtMostOnce;
  return offer;
}

inline Outcome Success(std::string output = "1") {
  return {.succeeded = true, .output = std::move(output)};
}

}  // namespace towline::worker::testing
