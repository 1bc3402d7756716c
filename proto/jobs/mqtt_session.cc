#include "proto/jobs/mqtt_session.h"

#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <new>

namespace towline::jobs {
namespace {

// Messages of the protocol are smaller; what is larger shall not reach our memory.
constexpr std::uint32_t kPacketBytesMax = 1 << 20;

class Properties {
 public:
  Properties() = default;
  ~Properties() { mosquitto_property_free_all(&list_); }
  Properties(const Properties&) = delete;
  Properties& operator=(const Properties&) = delete;

  void Add(int id, std::uint32_t value) { mosquitto_property_add_int32(&list_, id, value); }
  void AddBinary(int id, std::string_view value) {
    mosquitto_property_add_binary(&list_, id, value.data(),
                                  static_cast<std::uint16_t>(value.size()));
  }
  const mosquitto_property* get() const { return list_; }
  mosquitto_property* Release() { return std::exchange(list_, nullptr); }

 private:
  mosquitto_property* list_ = nullptr;
};

MqttSession& Self(void* session) { return *static_cast<MqttSession*>(session); }

std::string TakeString(char* text) {
  std::string copy = text == nullptr ? "" : text;
  std::free(text);  // NOLINT: libmosquitto's malloc
  return copy;
}

}  // namespace

MqttSession::MqttSession(const MqttConnection::Options& options, Protocol protocol,
                         const std::optional<MqttConnection::Will>& will,
                         const OnMessage& on_message)
    : options_(options),
      protocol_(protocol),
      on_message_(on_message),
      client_(mosquitto_new(options.client_id.c_str(), options.clean_start, this)) {
  if (!client_) throw std::bad_alloc();
  SetOptions(will);
  mosquitto_connect_v5_callback_set(
      client_.get(), [](mosquitto*, void* self, int rc, int, const mosquitto_property*) {
        Self(self).OnConnack(rc);
      });
  mosquitto_disconnect_v5_callback_set(
      client_.get(), [](mosquitto*, void* self, int rc, const mosquitto_property*) {
        if (rc > 127) Self(self).Break(mosquitto_reason_string(rc));
      });
  mosquitto_subscribe_v5_callback_set(
      client_.get(), [](mosquitto*, void* self, int, int count, const int* granted,
                        const mosquitto_property*) { Self(self).OnSuback(count, granted); });
  mosquitto_publish_v5_callback_set(
      client_.get(), [](mosquitto*, void* self, int mid, int reason, const mosquitto_property*) {
        Self(self).OnPublished(mid, reason);
      });
  mosquitto_message_v5_callback_set(
      client_.get(),
      [](mosquitto*, void* self, const mosquitto_message* message,
         const mosquitto_property* properties) { Self(self).OnArrived(*message, properties); });
}

MqttSession::~MqttSession() { FailUnacknowledged(); }

void MqttSession::SetOptions(const std::optional<MqttConnection::Will>& will) {
  mosquitto* const client = client_.get();
  const bool v5 = protocol_ == Protocol::kV5;
  mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION,
                       v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
  mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, 65535);
  mosquitto_int_option(client, MOSQ_OPT_RECEIVE_MAXIMUM, options_.receive_max);
  const std::string& user = options_.user.empty() ? options_.client_id : options_.user;
  mosquitto_username_pw_set(client, user.c_str(),
                            options_.password.empty() ? nullptr : options_.password.c_str());
  if (!options_.ca_file.empty()) SetTls();
  if (!will) return;
  Properties properties;
  if (v5 && will->delay_seconds > 0) {
    properties.Add(MQTT_PROP_WILL_DELAY_INTERVAL, will->delay_seconds);
  }
  const int rc = mosquitto_will_set_v5(
      client, will->topic.c_str(), static_cast<int>(will->payload.size()), will->payload.data(),
      /*qos=*/1, /*retain=*/true, const_cast<mosquitto_property*>(properties.get()));  // NOLINT
  if (rc == MOSQ_ERR_SUCCESS) {
    properties.Release();  // libmosquitto owns them now
  } else {
    Check(rc, "set the will");
  }
}

void MqttSession::SetTls() {
  const auto or_none = [](const std::string& file) {
    return file.empty() ? nullptr : file.c_str();
  };
  // Not on a terminal: a key with a passphrase is refused.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  Check(mosquitto_tls_set(client_.get(), options_.ca_file.c_str(), nullptr,
                          or_none(options_.certificate_file), or_none(options_.key_file),
                          no_passphrase),
        "use the certificates");
  Check(mosquitto_tls_opts_set(client_.get(), /*verify peer=*/1, "tlsv1.2", nullptr),
        "set up TLS");
  // What OpenSSL complains of, libmosquitto only tells its log.
  mosquitto_log_callback_set(client_.get(),
                             [](mosquitto*, void* self, int level, const char* text) {
                               if (level == MOSQ_LOG_ERR) Self(self).complaint_ = text;
                             });
}

void MqttSession::Connect() {
  if (state_ == State::kBroken) return;
  Properties properties;
  if (protocol_ == Protocol::kV5) {
    properties.Add(MQTT_PROP_MAXIMUM_PACKET_SIZE, kPacketBytesMax);
    if (options_.session_expiry_seconds > 0) {
      properties.Add(MQTT_PROP_SESSION_EXPIRY_INTERVAL, options_.session_expiry_seconds);
    }
  }
  Check(mosquitto_connect_bind_v5(client_.get(), options_.host.c_str(), options_.port,
                                  options_.keepalive_seconds, nullptr, properties.get()),
        "connect");
}

void MqttSession::Check(int rc, const char* doing) {
  if (rc == MOSQ_ERR_SUCCESS) return;
  const std::string why = rc == MOSQ_ERR_ERRNO ? std::strerror(errno) : mosquitto_strerror(rc);
  Break(std::string("cannot ") + doing + ": " + why);
}

void MqttSession::Break(std::string reason) {
  if (state_ == State::kBroken) return;  // the first reason is the true one
  state_ = State::kBroken;
  reason_ = std::move(reason);
  if (!complaint_.empty()) reason_ += ": " + complaint_;
}

void MqttSession::Read() {
  // TLS decrypts more than one packet at a time; the socket will not tell of the others.
  SSL* const tls = static_cast<SSL*>(mosquitto_ssl_get(client_.get()));
  do {
    if (const int rc = mosquitto_loop_read(client_.get(), 1); rc != MOSQ_ERR_SUCCESS) {
      Break(rc == MOSQ_ERR_CONN_LOST ? "the broker closed the connection" : mosquitto_strerror(rc));
    }
  } while (tls != nullptr && state_ != State::kBroken && SSL_pending(tls) > 0);
  if (!subscribe_due_ || state_ != State::kSubscribing) return;
  subscribe_due_ = false;
  std::vector<char*> filters;
  for (const std::string& filter : options_.subscriptions) {
    filters.push_back(const_cast<char*>(filter.c_str()));  // NOLINT: C's missing const
  }
  Check(mosquitto_subscribe_multiple(client_.get(), nullptr, static_cast<int>(filters.size()),
                                     filters.data(), /*qos=*/1, /*options=*/0, nullptr),
        "subscribe");
}

void MqttSession::Write() { Check(mosquitto_loop_write(client_.get(), 1), "write"); }
void MqttSession::Misc() { Check(mosquitto_loop_misc(client_.get()), "keep the connection alive"); }

void MqttSession::Cork(bool on) const {
  const int value = on ? 1 : 0;
  setsockopt(fd(), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

void MqttSession::Publish(MqttConnection::Publication publication) {
  Properties properties;
  if (protocol_ == Protocol::kV5) {
    if (publication.expiry_seconds) {
      properties.Add(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, *publication.expiry_seconds);
    }
    if (!publication.correlation_data.empty()) {
      properties.AddBinary(MQTT_PROP_CORRELATION_DATA, publication.correlation_data);
    }
  }
  int mid = 0;
  const int rc = mosquitto_publish_v5(
      client_.get(), &mid, publication.topic.c_str(), static_cast<int>(publication.payload.size()),
      publication.payload.data(), publication.qos, publication.retain, properties.get());
  const std::size_t bytes = publication.topic.size() + publication.payload.size();
  const bool lost = rc == MOSQ_ERR_NO_CONN || rc == MOSQ_ERR_CONN_LOST;
  if (lost) Break("the broker closed the connection");
  if (publication.qos > 0 && (rc == MOSQ_ERR_SUCCESS || lost)) {
    unacknowledged_[mid] = Waiting{bytes, std::move(publication.on_ack)};
    return;
  }
  // QoS 0 has no acknowledgement; the rest libmosquitto refuses, as a topic with wildcards.
  acknowledged_bytes_ += bytes;
  if (publication.on_ack) publication.on_ack(rc == MOSQ_ERR_SUCCESS);
}

void MqttSession::Disconnect() {
  mosquitto_disconnect(client_.get());
  Break("stopped");
}

void MqttSession::FailUnacknowledged() {
  for (auto& [mid, waiting] : std::exchange(unacknowledged_, {})) {
    if (waiting.on_ack) waiting.on_ack(false);
  }
}

void MqttSession::OnConnack(int rc) {
  answered_ = true;
  if (rc != 0) {
    const bool v5 = protocol_ == Protocol::kV5;
    refused_version_ = v5 && rc == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION;
    Break(std::string("the broker refused the connection: ") +
          (v5 ? mosquitto_reason_string(rc) : mosquitto_connack_string(rc)));
    return;
  }
  if (options_.subscriptions.empty()) {
    state_ = State::kUp;
    return;
  }
  state_ = State::kSubscribing;
  subscribe_due_ = true;
}

void MqttSession::OnSuback(int count, const int* granted) {
  for (int i = 0; i < count; i++) {
    if (granted[i] < 128) continue;
    Break("the broker refused the subscription to " +
          options_.subscriptions[static_cast<std::size_t>(i)]);
    return;
  }
  if (state_ == State::kSubscribing) state_ = State::kUp;
}

void MqttSession::OnPublished(int mid, int reason) {
  const auto found = unacknowledged_.find(mid);
  if (found == unacknowledged_.end()) return;  // QoS 0
  acknowledged_bytes_ += found->second.bytes;
  const auto on_ack = std::move(found->second.on_ack);
  unacknowledged_.erase(found);
  if (on_ack) on_ack(reason < 128);
}

void MqttSession::OnArrived(const mosquitto_message& message,
                            const mosquitto_property* properties) {
  MqttConnection::Message arrived;
  arrived.topic = message.topic;
  arrived.payload.assign(static_cast<const char*>(message.payload),
                         static_cast<std::size_t>(message.payloadlen));
  arrived.retained = message.retain;
  char* topic = nullptr;
  if (properties != nullptr && mosquitto_property_read_string(properties, MQTT_PROP_RESPONSE_TOPIC,
                                                              &topic, false) != nullptr) {
    arrived.response_topic = TakeString(topic);
  }
  void* data = nullptr;
  std::uint16_t size = 0;
  if (properties != nullptr &&
      mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA, &data, &size, false)) {
    arrived.correlation_data.assign(static_cast<const char*>(data), size);
    std::free(data);  // NOLINT: libmosquitto's malloc
  }
  on_message_(std::move(arrived));
}

}  // namespace towline::jobs
