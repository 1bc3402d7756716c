#include "cli/broker_checks.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace towline::cli {
namespace {

using jobs::MqttProbe;
using Result = Finding::Result;
using Clock = std::chrono::steady_clock;

constexpr int kRounds = 20;
constexpr Millis kRoundTripMax{40};              // what Nagle's algorithm costs
constexpr std::size_t kMessageBytes = 96 << 10;  // the largest of the job protocol
constexpr std::uint32_t kPacketBytes = (96 << 10) + 1024;
constexpr Millis kQuiet{1'500};    // after which what has not come does not come
constexpr Millis kExpired{2'200};  // after which what lives a second is gone
constexpr const char* kServerName = "towline-server";

std::string RandomText() {
  std::random_device random;
  std::string text;
  for (int i = 0; i < 12; i++) text += static_cast<char>('a' + random() % 26);
  return text;
}

class Checks {
 public:
  Checks(MqttProbe::Options options, const Tell& tell)
      : options_(std::move(options)),
        tell_(tell),
        base_("towline/1/" + options_.user + "/doctor/" + RandomText()) {}

  bool Run() {
    if (!Enter()) return false;
    RoundTrip();
    LargeMessage();
    Retained();
    Will();
    Expiry();
    ForeignTopic();
    return true;
  }

 private:
  void Say(Result result, const char* check, std::string what, std::string advice = {}) {
    tell_({.result = result, .check = check, .what = std::move(what), .advice = std::move(advice)});
  }

  // A further connection, told apart by its client id.
  std::unique_ptr<MqttProbe> Open(const std::string& will_topic = {}) {
    MqttProbe::Options options = options_;
    options.client_id = options_.client_id + "-" + RandomText();
    options.will_topic = will_topic;
    auto probe = std::make_unique<MqttProbe>(std::move(options));
    const auto welcome = probe->Connect();
    if (!welcome) return nullptr;
    welcome_ = *welcome;
    return probe;
  }

  bool Enter() {
    const std::string where = options_.host + ":" + std::to_string(options_.port);
    const std::string how = options_.ca_file.empty() ? "without TLS" : "over TLS";
    const std::string in = where + " lets " + options_.user + " in " + how;
    const std::string not_in = where + " " + how + ": ";
    for (const bool v5 : {true, false}) {
      options_.v5 = v5;
      probe_ = std::make_unique<MqttProbe>(options_);
      const auto welcome = probe_->Connect();
      if (welcome) {
        welcome_ = *welcome;
        Say(Result::kOk, "connection", in);
        SayVersion();
        return true;
      }
      if (v5 && welcome.error().code == Error::Code::kFailedPrecondition) continue;
      const bool denied = welcome.error().code == Error::Code::kPermissionDenied;
      Say(Result::kFail, "connection", not_in + welcome.error().message,
          denied ? "check the certificate, or user and password, and what the broker's log says"
                 : "check host and port, whether the broker runs, a firewall, and that --ca is the "
                   "authority of the broker's certificate, which must name the host");
      return false;
    }
    return false;
  }

  void SayVersion() {
    if (options_.v5) return Say(Result::kOk, "version", "MQTT 5");
    Say(Result::kWarn, "version", "it speaks MQTT 3.1.1 only",
        "it works, but offers do not expire and callbacks need replyTo: a broker with MQTT 5 is "
        "better");
  }

  // Its own message, sent and received.
  std::optional<Millis> Round(const MqttProbe::Publication& publication) {
    const auto begun = Clock::now();
    if (const auto sent = probe_->Publish(publication); !sent) {
      why_ = sent.error().message;
      return std::nullopt;
    }
    const auto got = probe_->Receive(options_.patience);
    if (!got || got->payload != publication.payload) {
      why_ = "it was acknowledged, but did not arrive";
      return std::nullopt;
    }
    return std::chrono::floor<Millis>(Clock::now() - begun);
  }

  void RoundTrip() {
    if (const auto done = probe_->Subscribe(base_ + "/echo"); !done) {
      return Say(Result::kFail, "round-trip", done.error().message,
                 "give the client the right to read and write towline/1/" + options_.user + "/#");
    }
    std::vector<Millis> rounds;
    for (int i = 0; i < kRounds; i++) {
      const auto round = Round({.topic = base_ + "/echo", .payload = std::to_string(i)});
      if (!round) {
        return Say(Result::kFail, "round-trip", why_,
                   "give the client the right to read and write towline/1/" + options_.user + "/#");
      }
      rounds.push_back(*round);
    }
    std::sort(rounds.begin(), rounds.end());
    const Millis median = rounds[kRounds / 2];
    const std::string what = std::to_string(median.count()) + " ms for a message to come back (" +
                             std::to_string(rounds.front().count()) + " to " +
                             std::to_string(rounds.back().count()) + " ms)";
    if (median < kRoundTripMax) return Say(Result::kOk, "round-trip", what);
    Say(Result::kWarn, "round-trip", what,
        "a job takes several of them. On a near network 40 ms is Nagle's algorithm: mosquitto "
        "needs set_tcp_nodelay true");
  }

  void LargeMessage() {
    constexpr const char* kAdvice =
        "the largest message of the job protocol has 96 KiB: mosquitto needs max_packet_size "
        "100000 or more, or none";
    if (welcome_.packet_bytes_max && *welcome_.packet_bytes_max < kPacketBytes) {
      return Say(
          Result::kFail, "packet-size",
          "it takes packets of " + std::to_string(*welcome_.packet_bytes_max) + " bytes at most",
          kAdvice);
    }
    const auto round =
        Round({.topic = base_ + "/echo", .payload = std::string(kMessageBytes, 'x')});
    if (!round) return Reopen("packet-size", "a message of 96 KiB: " + why_, kAdvice);
    Say(Result::kOk, "packet-size",
        "96 KiB pass; " + (welcome_.packet_bytes_max
                               ? "the limit is " + std::to_string(*welcome_.packet_bytes_max)
                               : std::string("it names no limit")));
  }

  // A failed try may have cost the connection.
  void Reopen(const char* check, const std::string& what, const std::string& advice) {
    Say(Result::kFail, check, what, advice);
    probe_ = Open();
  }

  // What a new subscriber of a topic is told at once.
  std::optional<MqttProbe::Message> Kept(const std::string& topic) {
    const auto late = Open();
    if (late == nullptr || !late->Subscribe(topic)) return std::nullopt;
    return late->Receive(kQuiet);
  }

  // Nothing stays behind; a broker that does not let us has been reported already.
  void Forget(const std::string& topic) {
    const Status forgotten = probe_->Publish({.topic = topic, .payload = "", .retain = true});
    if (!forgotten) why_ = forgotten.error().message;
  }

  void Retained() {
    constexpr const char* kAdvice =
        "workers say who they are by retained messages: allow them (mosquitto: retain_available)";
    const std::string topic = base_ + "/kept";
    if (probe_ == nullptr || !welcome_.retain) {
      return Say(Result::kFail, "retained", "it keeps no messages", kAdvice);
    }
    if (const auto done = probe_->Publish({.topic = topic, .payload = "kept", .retain = true});
        !done) {
      return Reopen("retained", done.error().message, kAdvice);
    }
    const auto kept = Kept(topic);
    Forget(topic);
    if (!kept || !kept->retained) {
      return Say(Result::kFail, "retained", "a retained message did not reach a later subscriber",
                 kAdvice);
    }
    Say(Result::kOk, "retained", "a later subscriber gets what was kept");
  }

  void Will() {
    constexpr const char* kAdvice =
        "the loss of a worker is noticed by its will, else only after 45 s: allow wills, and "
        "writing to the client's own topics";
    const std::string topic = base_ + "/will";
    auto dying = Open(topic);
    if (dying == nullptr || probe_ == nullptr || !probe_->Subscribe(topic)) {
      return Say(Result::kFail, "will", "a connection with a will was refused", kAdvice);
    }
    dying.reset();
    const auto will = probe_->Receive(options_.patience);
    if (!will || will->payload != "gone") {
      return Say(Result::kFail, "will", "the will of a broken connection was not sent", kAdvice);
    }
    Say(Result::kOk, "will", "the will of a broken connection is sent");
  }

  void Expiry() {
    if (!options_.v5 || probe_ == nullptr) return;
    const std::string topic = base_ + "/expiring";
    const auto done =
        probe_->Publish({.topic = topic, .payload = "old", .retain = true, .expiry_seconds = 1});
    if (!done) return Reopen("expiry", done.error().message, "see retained");
    static_cast<void>(probe_->Receive(kExpired));  // nothing comes: it is the time that counts
    const bool kept = Kept(topic).has_value();
    Forget(topic);
    if (!kept) return Say(Result::kOk, "expiry", "a message expires when it should");
    Say(Result::kWarn, "expiry", "a message outlived its expiry",
        "workers that were away get offers that are void and drop them: it costs messages only");
  }

  void ForeignTopic() {
    if (options_.user == kServerName) {
      return Say(Result::kOk, "foreign-topic",
                 "not tried: the server may use the topics of all workers; try it as a worker");
    }
    const std::string topic = "towline/1/doctor_" + RandomText() + "/doctor/foreign";
    const auto probe = Open();
    if (probe == nullptr) {
      return Say(Result::kFail, "foreign-topic", "a second connection was refused",
                 "allow one principal several client ids, for this check at least");
    }
    const auto heard = probe->Subscribe(topic);
    const auto sent = probe->Publish({.topic = topic, .payload = "x"});
    if (heard && sent && probe->Receive(kQuiet)) {
      return Say(Result::kFail, "foreign-topic",
                 options_.user + " may read and write the topics of other workers",
                 "anybody who gets in can take and answer the jobs of all: use the access rules "
                 "that towline-server broker-config writes");
    }
    Say(Result::kOk, "foreign-topic",
        std::string("writing to the topics of others is ") +
            (sent ? "silently dropped" : "refused") + ", subscribing to them is " +
            (heard ? "taken, but what is written there does not come" : "refused"));
  }

  MqttProbe::Options options_;
  const Tell& tell_;
  const std::string base_;
  std::unique_ptr<MqttProbe> probe_;
  MqttProbe::Welcome welcome_;
  std::string why_;
};

}  // namespace

bool CheckBroker(const jobs::MqttProbe::Options& options, const Tell& tell) {
  return Checks(options, tell).Run();
}

}  // namespace towline::cli
