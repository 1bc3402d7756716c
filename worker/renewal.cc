#include "worker/renewal.h"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "proto/jobs/topics.h"
#include "proto/pki/certificates.h"
#include "statemachines/base/log.h"
#include "statemachines/base/random.h"
#include "worker/door_client.h"
#include "worker/identity.h"

namespace towline::worker {
namespace {

constexpr Millis kRetryMin{60'000};
constexpr Millis kRetryMax{3'600'000};
constexpr Millis kLookAgain{3'600'000};  // somebody else may have replaced the file
constexpr int kSpread = 20;              // of a life: how far agents are spread

Timestamp Now() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

std::string PrincipalOf(const Config& config) {
  return jobs::Principal{config.tenant, config.name}.text();
}

}  // namespace

Result<Timestamp> RenewCertificate(const Config& config, std::stop_token stop) {
  if (config.door.address.empty() || config.broker.certificate.empty()) {
    return Error{Error::Code::kFailedPrecondition,
                 "this agent has nothing to renew: it has not enrolled, and its file has no "
                 "[server] address"};
  }
  const auto key = ReadTextFile(config.broker.key);
  if (!key) return key.error();
  const auto request = pki::MakeRequest(*key, PrincipalOf(config));
  if (!request) return request.error();
  const DoorClient door({.address = config.door.address,
                         .ca = config.door.ca,
                         .certificate = config.broker.certificate,
                         .key = config.broker.key});
  const auto answer = door.Post("/v1/renew", {{"request", *request}}, stop);
  if (!answer) return answer.error();
  const std::string certificate = TextMember(*answer, "certificate");
  const auto info = pki::Inspect(certificate);
  if (!info) return info.error();
  if (Status pair = pki::CheckPair({*key, certificate}); !pair) return pair.error();
  if (Status done = ReplaceFile(config.broker.certificate, certificate); !done) {
    return done.error();
  }
  return info->until;
}

Timestamp RenewalTimeOf(const std::string& certificate, const std::string& principal) {
  const auto info = pki::Inspect(certificate);
  if (!info) return Timestamp{};
  std::uint64_t seed = std::hash<std::string>{}(principal);
  const auto spread = std::chrono::duration<double, std::milli>((info->until - info->from) /
                                                                kSpread) * NextFraction(seed);
  return pki::RenewalTime(*info) + std::chrono::floor<Millis>(spread);
}

Renewal::Renewal(const Config& config) : config_(config) {
  if (config.door.address.empty() || config.broker.certificate.empty()) return;
  thread_ = std::jthread([this](std::stop_token stop) { Run(std::move(stop)); });
}

void Renewal::Run(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  std::uint64_t seed = std::hash<std::string>{}(PrincipalOf(config_));
  Millis pause = kRetryMin;
  while (!stop.stop_requested()) {
    const auto certificate = ReadTextFile(config_.broker.certificate);
    const Timestamp due =
        certificate ? RenewalTimeOf(*certificate, PrincipalOf(config_)) : Timestamp{};
    Millis wait = std::clamp<Millis>(due - Now(), Millis{0}, kLookAgain);
    if (wait == Millis{0}) {
      const auto until = RenewCertificate(config_, stop);
      if (until) {
        Log(LogLevel::kInfo, "certificate_renewed", {{"until", FormatTimestamp(*until)}});
        pause = kRetryMin;
        continue;
      }
      if (stop.stop_requested()) return;
      Log(LogLevel::kWarning, "certificate_not_renewed", {{"why", until.error().message}});
      wait = std::chrono::floor<Millis>(
          std::chrono::duration<double, std::milli>(pause) * (0.5 + NextFraction(seed)));
      pause = std::min(pause * 2, kRetryMax);
    }
    wake.wait_for(lock, stop, wait, [] { return false; });
  }
}

}  // namespace towline::worker
