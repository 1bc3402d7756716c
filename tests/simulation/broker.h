#pragma once

// An MQTT broker as bad as a real one may be: it loses, repeats, delays and reorders messages,
// dies with all that was under way and comes back, and kicks clients out. What it promises it
// keeps: retained messages, wills with a delay, sessions that outlive a connection, and expiry.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/world.h"

namespace towline::sim {

struct Message {
  std::string topic;
  std::string payload;
  bool retained = false;
  std::optional<Timestamp> expires{};
  std::string response_topic{};
  std::string correlation{};
};

class MqttClient {
 public:
  virtual ~MqttClient() = default;
  virtual void OnBrokerMessage(const Message& message) = 0;
  virtual void OnKicked() = 0;  // the connection is gone; connect again some time
};

struct Will {
  std::string topic;
  std::string payload;
};

class Broker {
 public:
  explicit Broker(World& world) : world_(world) {}

  void Start();  // begins to live and die
  // False when there is no broker just now. A session with the same id is taken over.
  bool Connect(const std::string& id, MqttClient& client, std::vector<std::string> filters,
               bool clean_start, std::optional<Will> will);
  void Disconnect(const std::string& id);  // in order: no will
  void Vanish(const std::string& id);      // without a word: the will comes later
  // Nobody whose id begins with `ids` reaches the broker until `until`: no network there.
  void CutOff(const std::string& ids, Timestamp until);
  bool IsCutOff(const std::string& id) const;
  // False when not connected.
  bool Publish(const std::string& id, Message message, bool retain = false);

 private:
  struct Session {
    MqttClient* client = nullptr;  // null: not connected
    std::vector<std::string> filters;
    bool clean = true;
    std::optional<Will> will;
    std::uint64_t connection = 0;
    std::deque<Message> queued;
  };
  static bool Matches(const std::string& filter, const std::string& topic);
  void Arrive(const Message& message, bool retain);
  void Send(const std::string& id, const Message& message);
  void Deliver(const std::string& id, const Message& message);
  void Drop(const std::string& id);
  void Die();
  void Rise();
  void Kick();

  World& world_;
  bool up_ = true;
  std::uint64_t life_ = 1;
  std::uint64_t connections_ = 0;
  std::map<std::string, Session> sessions_;
  std::map<std::string, Message> retained_;
  std::string cut_off_{};
  Timestamp cut_off_until_{};
};

}  // namespace towline::sim
