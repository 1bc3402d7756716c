#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace towline::jobs {

// One MQTT connection over libmosquitto with a loop and a thread of our own: reconnects with
// backoff (1 s to 10 s, full jitter; the first retry at once), subscribes again on every connect,
// falls back from MQTT 5 to 3.1.1 when the broker refuses 5.
//
// Publish() may be called from any thread; while disconnected it drops and returns false: whoever
// publishes repairs by state (roll call), never by queueing. Handlers run on the connection's
// thread and must only hand over: the broker has its acknowledgement before they are called.
class MqttConnection {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 1883;
    std::string client_id{};
    std::string user{};      // defaults to client_id
    std::string password{};
    // PEM files. With `ca_file` the link is TLS (1.2 or newer), and the broker must name `host` in
    // a certificate of that authority; the other two are shown to a broker that asks for them.
    std::string ca_file{};
    std::string certificate_file{};
    std::string key_file{};
    bool clean_start = true; // the server: true (roll call repairs); a worker: false
    std::uint32_t session_expiry_seconds = 0;
    int keepalive_seconds = 15;
    std::uint16_t receive_max = 65535;
    std::vector<std::string> subscriptions{};  // QoS 1
    // Handed over and not yet acknowledged: beyond it Publish refuses.
    std::size_t backlog_bytes_max = 64 << 20;
  };
  struct Message {
    std::string topic{};
    std::string payload{};
    bool retained = false;
    std::string response_topic{};      // MQTT 5
    std::string correlation_data{};    // MQTT 5
  };
  struct Will {
    std::string topic{};
    std::string payload{};
    std::uint32_t delay_seconds = 5;
  };
  struct Publication {
    std::string topic{};
    std::string payload{};
    int qos = 1;
    bool retain = false;
    std::optional<std::uint32_t> expiry_seconds{};  // MQTT 5 only
    std::string correlation_data{};                 // MQTT 5 only
    std::function<void(bool acknowledged)> on_ack{};  // PUBACK, or false when the link broke first
  };
  struct Handlers {
    // Asked before each connect: the will of this connection (none: no will).
    std::function<std::optional<Will>()> make_will{};
    std::function<void()> on_up{};     // connected and subscribed
    std::function<void(std::string reason)> on_down{};
    // An attempt to connect has failed: the first after the start or after it was up, then one a
    // minute.
    std::function<void(std::string reason)> on_unreachable{};
    std::function<void(Message)> on_message{};
  };

  MqttConnection(Options options, Handlers handlers);
  ~MqttConnection();  // disconnects, joins the thread
  MqttConnection(const MqttConnection&) = delete;
  MqttConnection& operator=(const MqttConnection&) = delete;

  void Start();
  // Sends what is queued (at most `drain_ms`), then disconnects cleanly: no will is fired.
  void Stop(int drain_ms = 500);

  bool Publish(Publication publication);
  bool up() const;
  std::string last_error() const;  // why it is down, for people

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace towline::jobs
