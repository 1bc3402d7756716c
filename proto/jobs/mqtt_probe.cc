#include "proto/jobs/mqtt_probe.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <functional>
#include <new>
#include <utility>

namespace towline::jobs {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kKeepaliveSeconds = 60;
constexpr int kRefused = 128;  // reason codes from here on are refusals
// What MQTT 3.1.1 says when the version is wrong.
constexpr int kOldVersionRefused = 1;

struct Destroy {
  void operator()(mosquitto* client) const { mosquitto_destroy(client); }
};

struct FreeProperties {
  void operator()(mosquitto_property* list) const { mosquitto_property_free_all(&list); }
};
using Properties = std::unique_ptr<mosquitto_property, FreeProperties>;

void InitializeOnce() {
  static const int once = mosquitto_lib_init();
  static_cast<void>(once);
}

}  // namespace

struct MqttProbe::Impl {
  explicit Impl(Options given) : options(std::move(given)) {}

  // Lets the library work until `done` says so. False: the link broke, or time is up.
  bool Until(const std::function<bool()>& done, Millis patience) {
    const auto end = Clock::now() + patience;
    while (!done()) {
      const auto left = std::chrono::ceil<Millis>(end - Clock::now());
      if (broken || left <= Millis(0)) return false;
      const int rc = mosquitto_loop(client.get(), static_cast<int>(left.count()), 1);
      if (rc == MOSQ_ERR_SUCCESS) continue;
      broken = true;
      if (why.empty()) why = mosquitto_strerror(rc);
    }
    return true;
  }
  Error Unavailable() const {
    return Error{Error::Code::kUnavailable, why.empty() ? "no answer in time" : why};
  }
  Status Answered(const std::string& what) {
    const bool came = Until([this] { return answer.has_value(); }, options.patience);
    if (!came) return Unavailable();
    if (*answer < kRefused) return Ok();
    return Error{Error::Code::kPermissionDenied, what + ": " + mosquitto_reason_string(*answer)};
  }
  void SetUp();
  void OnConnack(int rc, const mosquitto_property* properties);

  const Options options;
  std::unique_ptr<mosquitto, Destroy> client{};
  bool broken = false;
  std::string why{};
  std::optional<int> answer{};  // the reason code of what was asked last
  Welcome welcome{};
  std::deque<Message> messages{};
};

void MqttProbe::Impl::OnConnack(int rc, const mosquitto_property* properties) {
  answer = rc;
  std::uint32_t bytes = 0;
  std::uint8_t flag = 0;
  if (mosquitto_property_read_int32(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &bytes, false) !=
      nullptr) {
    welcome.packet_bytes_max = bytes;
  }
  if (mosquitto_property_read_byte(properties, MQTT_PROP_RETAIN_AVAILABLE, &flag, false) !=
      nullptr) {
    welcome.retain = flag != 0;
  }
  if (mosquitto_property_read_byte(properties, MQTT_PROP_MAXIMUM_QOS, &flag, false) != nullptr) {
    welcome.qos_max = flag;
  }
}

void MqttProbe::Impl::SetUp() {
  mosquitto* const raw = client.get();
  const auto or_none = [](const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
  };
  mosquitto_int_option(raw, MOSQ_OPT_PROTOCOL_VERSION,
                       options.v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
  mosquitto_int_option(raw, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_username_pw_set(raw, or_none(options.user), or_none(options.password));
  if (!options.ca_file.empty()) {
    const auto no_passphrase = [](char*, int, int, void*) { return 0; };
    mosquitto_tls_set(raw, options.ca_file.c_str(), nullptr, or_none(options.certificate_file),
                      or_none(options.key_file), no_passphrase);
    mosquitto_tls_opts_set(raw, 1, "tlsv1.2", nullptr);
  }
  if (!options.will_topic.empty()) {
    mosquitto_will_set(raw, options.will_topic.c_str(), 4, "gone", 1, false);
  }
  mosquitto_connect_v5_callback_set(
      raw, [](mosquitto*, void* given, int rc, int, const mosquitto_property* properties) {
        static_cast<Impl*>(given)->OnConnack(rc, properties);
      });
  mosquitto_subscribe_v5_callback_set(raw, [](mosquitto*, void* given, int, int count,
                                              const int* granted, const mosquitto_property*) {
    static_cast<Impl*>(given)->answer = count > 0 ? granted[0] : kRefused;
  });
  mosquitto_publish_v5_callback_set(
      raw, [](mosquitto*, void* given, int, int reason, const mosquitto_property*) {
        static_cast<Impl*>(given)->answer = reason;
      });
  mosquitto_disconnect_v5_callback_set(
      raw, [](mosquitto*, void* given, int rc, const mosquitto_property*) {
        Impl& impl = *static_cast<Impl*>(given);
        impl.broken = true;
        if (impl.why.empty()) {
          impl.why = rc >= kRefused ? mosquitto_reason_string(rc) : "the broker has hung up";
        }
      });
  mosquitto_message_callback_set(raw, [](mosquitto*, void* given, const mosquitto_message* got) {
    static_cast<Impl*>(given)->messages.push_back(
        {.topic = got->topic,
         .payload = std::string(static_cast<const char*>(got->payload),
                                static_cast<std::size_t>(got->payloadlen)),
         .retained = got->retain});
  });
  mosquitto_log_callback_set(raw, [](mosquitto*, void* given, int level, const char* text) {
    if (level == MOSQ_LOG_ERR) static_cast<Impl*>(given)->why = text;  // of TLS, nobody else tells
  });
}

MqttProbe::MqttProbe(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {
  InitializeOnce();
  impl_->client.reset(mosquitto_new(impl_->options.client_id.c_str(), true, impl_.get()));
  if (!impl_->client) throw std::bad_alloc();
  impl_->SetUp();
}

MqttProbe::~MqttProbe() = default;

Result<MqttProbe::Welcome> MqttProbe::Connect() {
  Impl& impl = *impl_;
  const int rc = mosquitto_connect(impl.client.get(), impl.options.host.c_str(), impl.options.port,
                                   kKeepaliveSeconds);
  if (rc != MOSQ_ERR_SUCCESS) {
    if (impl.why.empty())
      impl.why = rc == MOSQ_ERR_ERRNO ? "nobody answers there" : mosquitto_strerror(rc);
    return impl.Unavailable();
  }
  if (!impl.Until([&] { return impl.answer.has_value(); }, impl.options.patience)) {
    // A broker that has never heard of MQTT 5 just hangs up.
    if (impl.options.v5 && impl.options.ca_file.empty()) {
      return Error{Error::Code::kFailedPrecondition, impl.Unavailable().message};
    }
    return impl.Unavailable();
  }
  const int code = *impl.answer;
  if (code == 0) return impl.welcome;
  const bool version = code == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION || code == kOldVersionRefused;
  return Error{version ? Error::Code::kFailedPrecondition : Error::Code::kPermissionDenied,
               code >= kRefused ? mosquitto_reason_string(code) : mosquitto_connack_string(code)};
}

Status MqttProbe::Subscribe(const std::string& topic) {
  impl_->answer.reset();
  mosquitto_subscribe(impl_->client.get(), nullptr, topic.c_str(), 1);
  return impl_->Answered("subscribing to " + topic);
}

Status MqttProbe::Publish(const Publication& publication) {
  mosquitto_property* list = nullptr;
  if (publication.expiry_seconds && impl_->options.v5) {
    mosquitto_property_add_int32(&list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
                                 *publication.expiry_seconds);
  }
  const Properties properties(list);
  impl_->answer.reset();
  const int rc =
      mosquitto_publish_v5(impl_->client.get(), nullptr, publication.topic.c_str(),
                           static_cast<int>(publication.payload.size()), publication.payload.data(),
                           1, publication.retain, properties.get());
  if (rc != MOSQ_ERR_SUCCESS) {
    return Error{Error::Code::kUnavailable,
                 "publishing to " + publication.topic + ": " + mosquitto_strerror(rc)};
  }
  return impl_->Answered("publishing to " + publication.topic);
}

std::optional<MqttProbe::Message> MqttProbe::Receive(Millis patience) {
  if (!impl_->Until([this] { return !impl_->messages.empty(); }, patience)) return std::nullopt;
  Message message = std::move(impl_->messages.front());
  impl_->messages.pop_front();
  return message;
}

}  // namespace towline::jobs
