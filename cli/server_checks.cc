#include "cli/server_checks.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "cli/show.h"
#include "cli/terminal.h"
#include "proto/towline/v1/explain.grpc.pb.h"

namespace towline::cli {
namespace {

using Result = Finding::Result;
using Clock = std::chrono::steady_clock;

constexpr int kRounds = 5;
constexpr Millis kRoundTripMax{250};
constexpr Millis kClockMax{1'000};
constexpr std::uint64_t kFreeLeast = std::uint64_t{100} << 20;  // less is as good as full
constexpr std::uint64_t kFreeScarce = std::uint64_t{2} << 30;

std::string Mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

Finding DiskOf(const v1::ServerState& state) {
  Finding finding{.check = "disk-space",
                  .what = Mebibytes(state.disk_free()) + " of " + Mebibytes(state.disk_size()) +
                          " are free where the server keeps its data"};
  if (state.disk_free() >= kFreeScarce) return finding;
  finding.result = state.disk_free() < kFreeLeast ? Result::kFail : Result::kWarn;
  finding.advice =
      "make room, or keep closed executions for a shorter time (retention_days): on a full disk "
      "nothing goes on";
  return finding;
}

Finding ClockOf(const v1::ServerState& state, Timestamp here) {
  const Millis apart = std::chrono::abs(FromProto(state.now()) - here);
  Finding finding{.check = "clock",
                  .what = "the server's clock and this one are " + ShowDuration(apart) + " apart"};
  if (apart <= kClockMax) return finding;
  finding.result = Result::kWarn;
  finding.advice = "let both follow a time server: certificates and Wait states go by them";
  return finding;
}

Finding RefusedOf(const v1::Refusals& refused) {
  Finding finding{.check = "refused"};
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count == 0) return;
    finding.what += (finding.what.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  add(refused.calls(), "calls that somebody may not make");
  add(refused.malformed_messages(), "malformed messages");
  add(refused.forged_tokens(), "messages with a token that is not theirs");
  add(refused.revoked_workers(), "messages of revoked workers");
  if (finding.what.empty()) {
    finding.what = "nothing has been refused since the server started";
    return finding;
  }
  finding.what = "since the server started it has refused " + finding.what;
  finding.result = Result::kWarn;
  finding.advice = "who it was: towline audit --denied for calls, the server's log for messages";
  return finding;
}

}  // namespace

bool CheckServer(const Client& client, const std::function<Timestamp()>& now, const Tell& tell) {
  v1::ServerState state;
  std::vector<Millis> rounds;
  for (int i = 0; i < kRounds; i++) {
    const auto begun = Clock::now();
    const auto status =
        client.Call<v1::Explain>(&v1::Explain::Stub::Server, v1::ExplainServerRequest(), &state);
    if (!status.ok()) {
      tell({.result = Result::kFail,
            .check = "connection",
            .what = client.server() + ": " + status.error_message(),
            .advice = "check --server, whether it runs, a firewall, and --ca, --certificate and "
                      "--key where it speaks TLS"});
      return false;
    }
    rounds.push_back(std::chrono::floor<Millis>(Clock::now() - begun));
  }
  const Timestamp here = now();
  std::sort(rounds.begin() + 1, rounds.end());  // the first one has also connected
  const Millis median = rounds[kRounds / 2];
  tell({.check = "connection", .what = client.server() + " answers"});
  const bool slow = median > kRoundTripMax;
  tell({.result = slow ? Result::kWarn : Result::kOk,
        .check = "round-trip",
        .what = std::to_string(median.count()) + " ms for an answer",
        .advice = slow ? "the network is slow, or the server's machine is busy" : ""});
  const bool same = state.version() == TOWLINE_VERSION;
  tell({.result = same ? Result::kOk : Result::kWarn,
        .check = "version",
        .what = "the server is " + state.version() + ", this is " TOWLINE_VERSION,
        .advice = same ? "" : "use the same version on both sides"});
  const bool linked = state.broker_link();
  tell({.result = linked ? Result::kOk : Result::kFail,
        .check = "broker-link",
        .what = linked ? "the server is connected to its broker"
                       : "the server has no connection to its broker: jobs wait",
        .advice = linked ? "" : "see the server's log, and towline doctor --broker HOST:PORT"});
  tell(DiskOf(state));
  tell(ClockOf(state, here));
  tell(RefusedOf(state.refused()));
  return true;
}

}  // namespace towline::cli
