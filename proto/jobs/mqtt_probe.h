#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::jobs {

// One connection to a broker for finding out what that broker does: every call waits for the
// broker's answer and tells it as it is; nothing is repeated or repaired. Used by one thread.
class MqttProbe {
 public:
  struct Options {
    std::string host{};
    int port = 1883;
    std::string client_id{};
    std::string user{};
    std::string password{};
    std::string ca_file{};  // PEM files; with it the link is TLS
    std::string certificate_file{};
    std::string key_file{};
    bool v5 = true;            // else MQTT 3.1.1
    std::string will_topic{};  // with the payload "gone", at QoS 1, as soon as the link breaks
    Millis patience{10'000};
  };
  // What the broker says of itself when it lets somebody in.
  struct Welcome {
    std::optional<std::uint32_t> packet_bytes_max{};  // absent: no limit
    bool retain = true;
    int qos_max = 2;
  };
  struct Message {
    std::string topic{};
    std::string payload{};
    bool retained = false;
  };
  struct Publication {
    std::string topic{};
    std::string payload{};
    bool retain = false;
    std::optional<std::uint32_t> expiry_seconds{};
  };

  explicit MqttProbe(Options options);
  ~MqttProbe();  // without a word: the broker sends the will
  MqttProbe(const MqttProbe&) = delete;
  MqttProbe& operator=(const MqttProbe&) = delete;

  // Errors: kUnavailable, nobody answers there; kPermissionDenied, it does not let us in;
  // kFailedPrecondition, it does not speak this version. The message says why.
  Result<Welcome> Connect();
  // Errors: kPermissionDenied, it said no; kUnavailable, the link broke or nothing came.
  Status Subscribe(const std::string& topic);
  // At QoS 1, until the broker has acknowledged it. The same errors.
  Status Publish(const Publication& publication);
  // The next message; nothing when none comes within `patience`.
  std::optional<Message> Receive(Millis patience);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace towline::jobs
