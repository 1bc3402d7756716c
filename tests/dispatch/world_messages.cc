// The world's MQTT side.

#include <gtest/gtest.h>

#include "tests/dispatch/world.h"

namespace towline::dispatch {

bool World::Publish(std::string topic, std::string payload, std::uint32_t expiry_seconds) {
  if (broker_busy) return false;
  EXPECT_LE(payload.size(), jobs::kMessageBytesMax);
  published.push_back({std::move(topic), std::move(payload), {}, {}, expiry_seconds});
  return true;
}

bool World::PublishTask(const engine::TaskRef& task, std::string topic, std::string payload, int,
                        bool) {
  if (broker_busy) return false;
  task_messages.push_back({std::move(topic), std::move(payload), {}, task});
  return true;
}

void World::Respond(std::string topic, std::string correlation, std::string payload) {
  answers.push_back({std::move(topic), std::move(payload), std::move(correlation), {}});
}

void World::Raw(const std::string& topic, const std::string& payload, const std::string& response,
                const std::string& correlation) {
  dispatcher.OnMessage(topic, payload, false, response, correlation, now);
}

void World::Say(const std::string& worker, const WorkerOptions& options) {
  jobs::Presence presence;
  presence.state = options.state;
  presence.incarnation = options.incarnation;
  presence.connection = options.connection;
  presence.seen = options.seen;
  presence.slots = options.slots;
  for (const std::string& type : options.types) {
    presence.types.push_back({.name = type,
                              .slots = options.type_slots,
                              .on_worker_lost = options.on_worker_lost});
  }
  presence.queues = options.queues;
  presence.labels = options.labels;
  presence.held = options.held;
  presence.payloads = options.payloads;
  dispatcher.OnMessage(jobs::PresenceTopic(worker), jobs::Encode(presence), options.retained, {},
                       {}, now);
}

void World::Will(const std::string& worker, std::uint64_t incarnation, std::uint64_t connection) {
  Say(worker, {.state = jobs::WorkerState::kOffline,
               .incarnation = incarnation,
               .connection = connection});
}

void World::Send(const std::string& worker, jobs::WorkerEvent event, std::uint64_t incarnation) {
  jobs::EventBatch batch;
  batch.incarnation = incarnation;
  batch.events.push_back(std::move(event));
  Raw(jobs::EventsTopic(worker), jobs::Encode(batch));
}

void World::Accepted(const std::string& worker, const jobs::Offer& offer,
                     std::uint64_t incarnation) {
  jobs::WorkerEvent event;
  event.kind = jobs::WorkerEvent::Kind::kAccepted;
  event.token = offer.token;
  event.attempt = offer.attempt;
  Send(worker, std::move(event), incarnation);
}

void World::Declined(const std::string& worker, const jobs::Offer& offer,
                     const std::string& reason, std::uint64_t incarnation) {
  jobs::WorkerEvent event;
  event.kind = jobs::WorkerEvent::Kind::kDeclined;
  event.token = offer.token;
  event.attempt = offer.attempt;
  event.reason = reason;
  Send(worker, std::move(event), incarnation);
}

void World::Beat(const std::string& worker, const std::string& token, std::uint32_t attempt) {
  jobs::WorkerEvent event;
  event.kind = jobs::WorkerEvent::Kind::kHeartbeat;
  event.beats.emplace_back(token, attempt);
  Send(worker, std::move(event));
}

void World::Result(const std::string& worker, const std::string& token, std::uint32_t attempt,
                   const std::string& output) {
  jobs::ResultBatch batch;
  batch.incarnation = 1;
  batch.results.push_back({.token = token, .attempt = attempt, .output = output});
  Raw(jobs::ResultsTopic(worker, 0), jobs::Encode(batch));
}

void World::Failed(const std::string& worker, const std::string& token, std::uint32_t attempt,
                   const std::string& error, std::optional<std::string> checkpoint) {
  jobs::ResultBatch batch;
  batch.incarnation = 1;
  batch.results.push_back({.token = token,
                           .attempt = attempt,
                           .outcome = jobs::JobResult::Outcome::kFailed,
                           .error = error,
                           .cause = "why",
                           .checkpoint = std::move(checkpoint)});
  Raw(jobs::ResultsTopic(worker, 0), jobs::Encode(batch));
}

void World::Cancelled(const std::string& worker, const std::string& token, std::uint32_t attempt) {
  jobs::ResultBatch batch;
  batch.incarnation = 1;
  batch.results.push_back(
      {.token = token, .attempt = attempt, .outcome = jobs::JobResult::Outcome::kCancelled});
  Raw(jobs::ResultsTopic(worker, 0), jobs::Encode(batch));
}

std::vector<jobs::Offer> World::Offers(const std::string& worker) {
  std::vector<jobs::Offer> offers;
  const std::string topic = jobs::JobsTopic(worker);
  for (auto it = published.begin(); it != published.end();) {
    if (it->topic != topic) {
      ++it;
      continue;
    }
    auto batch = jobs::DecodeJobBatch(it->payload);
    CHECK(batch.has_value());
    for (jobs::Offer& offer : batch->jobs) offers.push_back(std::move(offer));
    it = published.erase(it);
  }
  return offers;
}

jobs::Control World::Controls(const std::string& worker) {
  jobs::Control all;
  const std::string topic = jobs::ControlTopic(worker);
  const auto append = [](auto& to, auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (auto it = published.begin(); it != published.end();) {
    if (it->topic != topic) {
      ++it;
      continue;
    }
    auto control = jobs::DecodeControl(it->payload);
    CHECK(control.has_value());
    append(all.acks, control->acks);
    append(all.grants, control->grants);
    append(all.cancel, control->cancel);
    append(all.keep, control->keep);
    append(all.logs, control->logs);
    if (control->drain) all.drain = control->drain;
    all.roll_call = all.roll_call || control->roll_call;
    all.connection = control->connection;
    it = published.erase(it);
  }
  return all;
}

jobs::Held World::Holding(const std::string& token, std::uint32_t attempt,
                          const std::string& state) {
  return {token, attempt, state};
}

}  // namespace towline::dispatch
