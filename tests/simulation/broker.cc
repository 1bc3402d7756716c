#include "tests/simulation/broker.h"

#include <algorithm>
#include <utility>

namespace towline::sim {
namespace {

constexpr std::size_t kQueuedMax = 1000;

bool Expired(const Message& message, Timestamp now) {
  return message.expires && *message.expires <= now;
}

}  // namespace

void Broker::Start() {
  const Weather& weather = world_.weather();
  if (weather.broker_life > Millis(0)) {
    world_.After(world_.random().Delay(Millis(1'000), weather.broker_life * 3), [this] { Die(); });
  }
  if (weather.link_life > Millis(0)) {
    world_.After(world_.random().Delay(Millis(1'000), weather.link_life * 3), [this] { Kick(); });
  }
}

bool Broker::Connect(const std::string& id, MqttClient& client, std::vector<std::string> filters,
                     bool clean_start, std::optional<Will> will) {
  if (!up_ || IsCutOff(id)) return false;
  Session& session = sessions_[id];
  if (session.client != nullptr) Drop(id);
  session.client = &client;
  session.clean = clean_start;
  session.filters = std::move(filters);
  session.will = std::move(will);
  session.connection = ++connections_;
  std::deque<Message> queued = std::exchange(session.queued, {});
  if (clean_start) queued.clear();
  for (const Message& message : queued) Send(id, message);
  for (const auto& [topic, message] : retained_) {
    const auto matches = [&t = topic](const std::string& filter) { return Matches(filter, t); };
    if (!std::any_of(session.filters.begin(), session.filters.end(), matches)) continue;
    Message copy = message;
    copy.retained = true;
    Send(id, copy);
  }
  return true;
}

void Broker::Disconnect(const std::string& id) {
  Session& session = sessions_[id];
  session.client = nullptr;
  session.will.reset();
  if (session.clean) sessions_.erase(id);
}

// The broker notices within its keepalive, waits for the will's delay, and publishes it unless
// the client is back by then.
void Broker::Vanish(const std::string& id) {
  Session& session = sessions_[id];
  if (session.client == nullptr) return;
  session.client = nullptr;
  if (!session.will) return;
  const std::uint64_t connection = session.connection;
  const std::uint64_t life = life_;
  const Millis silence = world_.random().Delay(Millis(0), Millis(22'000)) + Millis(5'000);
  world_.After(silence, [this, id, connection, life] {
    const auto found = sessions_.find(id);
    if (life != life_ || found == sessions_.end() || found->second.connection != connection) return;
    if (!found->second.will) return;
    world_.Trace("broker: will of " + id);
    Arrive({.topic = found->second.will->topic, .payload = found->second.will->payload}, true);
    found->second.will.reset();
  });
}

bool Broker::Publish(const std::string& id, Message message, bool retain) {
  const auto found = sessions_.find(id);
  if (!up_ || found == sessions_.end() || found->second.client == nullptr) return false;
  if (world_.Strikes(world_.weather().lose)) return true;
  const std::uint64_t life = life_;
  world_.After(world_.random().Delay(Millis(0), world_.weather().latency),
               [this, life, retain, message = std::move(message)] {
                 if (life == life_) Arrive(message, retain);
               });
  return true;
}

void Broker::Arrive(const Message& message, bool retain) {
  if (!up_) return;
  if (retain) retained_[message.topic] = message;
  for (const auto& [id, session] : sessions_) {
    for (const std::string& filter : session.filters) {
      if (!Matches(filter, message.topic)) continue;
      Send(id, message);
      break;
    }
  }
}

void Broker::Send(const std::string& id, const Message& message) {
  const Weather& weather = world_.weather();
  const int copies = world_.Strikes(weather.repeat) ? 2 : 1;
  for (int i = 0; i < copies; i++) {
    const Millis latest = world_.Strikes(weather.late) ? weather.late_max : weather.latency;
    const std::uint64_t life = life_;
    world_.After(world_.random().Delay(Millis(0), latest), [this, life, id, message] {
      if (life == life_) Deliver(id, message);
    });
  }
}

void Broker::Deliver(const std::string& id, const Message& message) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || Expired(message, world_.now())) return;
  Session& session = found->second;
  if (session.client != nullptr) return session.client->OnBrokerMessage(message);
  if (!session.clean && session.queued.size() < kQueuedMax) session.queued.push_back(message);
}

void Broker::Drop(const std::string& id) {
  Session& session = sessions_[id];
  MqttClient* const client = std::exchange(session.client, nullptr);
  if (client != nullptr) client->OnKicked();
}

void Broker::Die() {
  if (!world_.stormy()) return;
  world_.Trace("broker: dies");
  up_ = false;
  life_++;
  std::vector<std::string> ids;
  for (const auto& [id, session] : sessions_) ids.push_back(id);
  for (const std::string& id : ids) Drop(id);
  sessions_.clear();
  if (!world_.random().Chance(world_.weather().broker_keeps_retained)) retained_.clear();
  world_.After(world_.random().Delay(Millis(500), Millis(90'000)), [this] { Rise(); });
}

void Broker::Rise() {
  world_.Trace("broker: is back");
  up_ = true;
  world_.After(world_.random().Delay(Millis(1'000), world_.weather().broker_life * 3),
               [this] { Die(); });
}

bool Broker::IsCutOff(const std::string& id) const {
  return world_.now() < cut_off_until_ && id.compare(0, cut_off_.size(), cut_off_) == 0;
}

void Broker::CutOff(const std::string& ids, Timestamp until) {
  world_.Trace("broker: no network for " + ids);
  cut_off_ = ids;
  cut_off_until_ = until;
  std::vector<std::pair<std::string, MqttClient*>> connected;
  for (const auto& [id, session] : sessions_) {
    if (session.client != nullptr && IsCutOff(id)) connected.emplace_back(id, session.client);
  }
  for (const auto& [id, client] : connected) {
    Vanish(id);
    client->OnKicked();
  }
}

// One connection breaks, and nobody has died.
void Broker::Kick() {
  if (!world_.stormy()) return;
  std::vector<std::string> connected;
  for (const auto& [id, session] : sessions_) {
    if (session.client != nullptr) connected.push_back(id);
  }
  if (!connected.empty()) {
    const std::string id = world_.random().Pick(connected);
    world_.Trace("broker: loses the connection of " + id);
    MqttClient* const client = sessions_[id].client;
    Vanish(id);
    client->OnKicked();
  }
  world_.After(world_.random().Delay(Millis(1'000), world_.weather().link_life * 3),
               [this] { Kick(); });
}

bool Broker::Matches(const std::string& filter, const std::string& topic) {
  std::size_t f = 0, t = 0;
  while (f < filter.size()) {
    if (filter[f] == '#') return true;
    if (filter[f] == '+') {
      while (t < topic.size() && topic[t] != '/') t++;
      f++;
      continue;
    }
    if (t >= topic.size() || filter[f] != topic[t]) return false;
    f++;
    t++;
  }
  return t == topic.size();
}

}  // namespace towline::sim
