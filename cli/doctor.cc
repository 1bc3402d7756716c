// towline doctor: measures what an installation stands on.

#include <charconv>
#include <ostream>

#include "cli/broker_checks.h"
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/server_checks.h"
#include "proto/pki/certificates.h"

namespace towline::cli {
namespace {

constexpr std::chrono::days kSoon{30};

// What the command line says, else the environment.
std::string Setting(const Invocation& call, const std::string& name, const char* variable) {
  if (call.Has(name)) return call.Option(name);
  return call.terminal.environment(variable).value_or("");
}

Error Wrong(std::string what) { return Error{Error::Code::kInvalidArgument, std::move(what), ""}; }

Status ReadAddress(const std::string& text, jobs::MqttProbe::Options& options) {
  const std::size_t colon = text.rfind(':');
  const char* const end = text.data() + text.size();
  const char* const digits = text.data() + (colon == std::string::npos ? text.size() : colon + 1);
  const auto [stop, error] = std::from_chars(digits, end, options.port);
  const bool good = colon != std::string::npos && colon > 0 && error == std::errc() &&
                    stop == end && options.port > 0 && options.port <= 65'535;
  if (!good)
    return Wrong("--broker takes HOST:PORT, for example 127.0.0.1:1883, not '" + text + "'");
  options.host = text.substr(0, colon);
  if (options.host.size() > 2 && options.host.front() == '[' && options.host.back() == ']') {
    options.host = options.host.substr(1, options.host.size() - 2);
  }
  return Ok();
}

Result<jobs::MqttProbe::Options> ReadOptions(Invocation& call) {
  jobs::MqttProbe::Options options;
  if (Status read = ReadAddress(call.Option("broker"), options); !read) return read.error();
  options.ca_file = Setting(call, "ca", "TOWLINE_CA");
  options.certificate_file = Setting(call, "certificate", "TOWLINE_CERTIFICATE");
  options.key_file = Setting(call, "key", "TOWLINE_KEY");
  options.user = "default_doctor";
  if (!options.certificate_file.empty()) {
    const auto text = ReadFile(call.terminal, options.certificate_file);
    const auto info = text ? pki::Inspect(*text) : Result<pki::CertificateInfo>(text.error());
    if (!info) return Wrong("--certificate: " + info.error().message);
    options.user = info->common_name;
  }
  if (call.Has("user")) options.user = call.Option("user");
  if (call.Has("password-file")) {
    auto password = ReadFile(call.terminal, call.Option("password-file"));
    if (!password) return Wrong("--password-file: " + password.error().message);
    options.password = *std::move(password);
    while (!options.password.empty() && options.password.back() == '\n')
      options.password.pop_back();
  }
  options.client_id = options.user + "-doctor";
  return options;
}

const char* NameOf(Finding::Result result) {
  switch (result) {
    case Finding::Result::kOk:
      return "ok";
    case Finding::Result::kWarn:
      return "warn";
    case Finding::Result::kFail:
      break;
  }
  return "FAIL";
}

Colour ColourOf(Finding::Result result) {
  switch (result) {
    case Finding::Result::kOk:
      return Colour::kGreen;
    case Finding::Result::kWarn:
      return Colour::kYellow;
    case Finding::Result::kFail:
      break;
  }
  return Colour::kRed;
}

void Print(const Terminal& terminal, const Finding& finding) {
  std::string result = NameOf(finding.result);
  result.resize(5, ' ');
  std::string check = finding.check;
  check.resize(14, ' ');
  terminal.out << terminal.Paint(ColourOf(finding.result), result) << check << finding.what;
  if (!finding.advice.empty()) terminal.out << "\n     " << std::string(14, ' ') << finding.advice;
  terminal.out << std::endl;  // one at a time: some take seconds
}

json::value ToJson(const Finding& finding) {
  const bool fail = finding.result == Finding::Result::kFail;
  return json::object{{"check", finding.check},
                      {"result", fail ? "fail" : NameOf(finding.result)},
                      {"what", finding.what},
                      {"advice", finding.advice}};
}

Finding LifeOf(const std::string& file, const pki::CertificateInfo& info, Timestamp now) {
  Finding finding{.check = "certificate"};
  const auto left = std::chrono::floor<std::chrono::days>(info.until - now);
  finding.what = file + " of " + info.common_name + " is good until " + ShowTime(info.until);
  if (info.until <= now) {
    finding.result = Finding::Result::kFail;
    finding.what = file + " of " + info.common_name + " has expired at " + ShowTime(info.until);
  } else if (left < kSoon) {
    finding.result = Finding::Result::kWarn;
  }
  if (finding.result != Finding::Result::kOk) finding.advice = "make a new one: docs/security.md";
  return finding;
}

// The files at hand; one that cannot be read is told elsewhere.
void CheckFiles(Invocation& call, const std::vector<std::string>& files, const Tell& tell) {
  for (const std::string& file : files) {
    if (file.empty()) continue;
    const auto text = ReadFile(call.terminal, file);
    if (!text) continue;
    if (const auto info = pki::Inspect(*text)) tell(LifeOf(file, *info, call.terminal.now()));
  }
}

int Doctor(Invocation& call) {
  const bool of_broker = call.Has("broker");
  const auto options = of_broker ? ReadOptions(call) : jobs::MqttProbe::Options{};
  if (!options) return Fail(call, options.error());
  json::array checks;
  bool failed = false;
  const Tell tell = [&](const Finding& finding) {
    failed = failed || finding.result == Finding::Result::kFail;
    checks.push_back(ToJson(finding));
    if (!call.json) Print(call.terminal, finding);
  };
  CheckFiles(
      call,
      {Setting(call, "ca", "TOWLINE_CA"), Setting(call, "certificate", "TOWLINE_CERTIFICATE")},
      tell);
  const bool entered =
      of_broker ? CheckBroker(*options, tell) : CheckServer(call.client, call.terminal.now, tell);
  if (call.json) {
    json::object told;
    told[of_broker ? "broker" : "server"] =
        of_broker ? call.Option("broker") : call.client.server();
    told["checks"] = std::move(checks);
    PrintJsonLine(call.terminal, told);
  }
  if (!entered) return kUnreachable;
  return failed ? kFailed : kOk;
}

}  // namespace

std::vector<Command> DoctorCommands() {
  const auto text = [] { return cxxopts::value<std::string>(); };
  return {
      {"doctor", "", "measure whether the server, or a broker, is as Towline needs it",
       [text](cxxopts::OptionAdder& add) {
         add("broker", "look at this MQTT broker instead of the server", text(), "HOST:PORT");
         add("user",
             "who to be there: TENANT_WORKER (default: the certificate's name, else "
             "default_doctor)",
             text(), "NAME");
         add("password-file", "file with the password of --user", text(), "FILE");
       },
       Doctor,
       "Asks the server: does it answer, how fast, its version, has it a link to its broker, space "
       "on its disk, do the clocks agree. With --broker it connects as a plain client, with --ca, "
       "--certificate and --key where the broker wants TLS, and tries: MQTT 5, the round trip (40 "
       "ms and more are worth a warning), messages of 96 KiB, retained messages, the will, expiry, "
       "and that the topics of others are refused; that takes about ten seconds, uses topics of "
       "its own and disturbs nobody. Each check is a line: ok, warn or FAIL, and what to do. Exit "
       "codes: 0 nothing failed, 1 something did, 4 nobody lets us in."}};
}

}  // namespace towline::cli
