#pragma once

#include <mosquitto.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "proto/jobs/mqtt_connection.h"

namespace towline::jobs {

// One life of one broker connection: a libmosquitto client from CONNECT to its end, never used
// again, so that nothing libmosquitto has queued or remembers leaks into the next connection.
//
// Used by the connection's thread only. libmosquitto's callbacks run inside Read(), Write() and
// Misc() and only note down; what they noted is looked at afterwards.
class MqttSession {
 public:
  enum class Protocol { kV5, kV311 };
  enum class State { kConnecting, kSubscribing, kUp, kBroken };
  using OnMessage = std::function<void(MqttConnection::Message)>;

  MqttSession(const MqttConnection::Options& options, Protocol protocol,
              const std::optional<MqttConnection::Will>& will, const OnMessage& on_message);
  ~MqttSession();
  MqttSession(const MqttSession&) = delete;
  MqttSession& operator=(const MqttSession&) = delete;

  // Blocks for a TCP handshake that must be known to succeed quickly.
  void Connect();
  int fd() const { return mosquitto_socket(client_.get()); }
  bool WantsWrite() const { return mosquitto_want_write(client_.get()); }
  void Read();
  void Write();
  void Misc();  // keep-alive
  // Only when up.
  void Publish(MqttConnection::Publication publication);
  // Records why it is over, unless that is known already.
  void Break(std::string reason);
  // No will is fired. The state is kBroken afterwards.
  void Disconnect();
  // Holds back small packets while many are handed over.
  void Cork(bool on) const;

  State state() const { return state_; }
  const std::string& reason() const { return reason_; }
  bool refused_version() const { return refused_version_; }
  bool answered() const { return answered_; }  // a CONNACK came, whatever it said
  std::size_t unacknowledged() const { return unacknowledged_.size(); }
  // Bytes of publications acknowledged since the last call.
  std::size_t TakeAcknowledgedBytes() { return std::exchange(acknowledged_bytes_, 0); }
  // Gives up on what was not acknowledged.
  void FailUnacknowledged();

 private:
  struct Destroy {
    void operator()(mosquitto* client) const { mosquitto_destroy(client); }
  };
  struct Waiting {
    std::size_t bytes = 0;
    std::function<void(bool)> on_ack{};
  };

  void SetOptions(const std::optional<MqttConnection::Will>& will);
  void SetTls();
  void Check(int rc, const char* doing);
  void OnConnack(int rc);
  void OnSuback(int count, const int* granted);
  void OnPublished(int mid, int reason);
  void OnArrived(const mosquitto_message& message, const mosquitto_property* properties);

  const MqttConnection::Options& options_;
  const Protocol protocol_;
  const OnMessage& on_message_;
  std::unique_ptr<mosquitto, Destroy> client_;
  State state_ = State::kConnecting;
  std::string reason_;
  std::string complaint_;  // libmosquitto's last one about TLS
  bool refused_version_ = false;
  bool answered_ = false;
  bool subscribe_due_ = false;
  std::unordered_map<int, Waiting> unacknowledged_;
  std::size_t acknowledged_bytes_ = 0;
};

}  // namespace towline::jobs
