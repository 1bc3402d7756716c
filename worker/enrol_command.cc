#include "worker/enrol_command.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <cxxopts.hpp>
#include <filesystem>
#include <string>

#include "proto/jobs/invitation.h"
#include "proto/jobs/topics.h"
#include "proto/pki/certificates.h"
#include "statemachines/base/digest.h"
#include "worker/config.h"
#include "worker/door_client.h"
#include "worker/identity.h"
#include "worker/renewal.h"

namespace towline::worker {
namespace {

namespace fs = std::filesystem;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr const char* kUsualConfig = "/etc/towline/worker.toml";
constexpr const char* kUsualState = "/var/lib/towline-worker";

int Fail(int code, const std::string& what) {
  std::fprintf(stderr, "towline-worker: %s\n", what.c_str());
  return code;
}

Timestamp Now() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

// This machine's, made into a worker's.
std::string HostName() {
  std::string name(256, '\0');
  if (gethostname(name.data(), name.size() - 1) != 0) return "";
  name.resize(std::strlen(name.c_str()));
  name = name.substr(0, name.find('.'));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) c = '-';
  }
  name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
  return name.substr(0, 31);
}

// The site's file where there is none yet.
Status MakeConfig(const std::string& path) {
  const std::string state = path == kUsualConfig
                                ? kUsualState
                                : (fs::absolute(path).parent_path() / "towline-worker").string();
  std::error_code failure;
  fs::create_directories(fs::absolute(path).parent_path(), failure);
  return ReplaceFile(
      fs::absolute(path),
      "# towline-worker: docs/worker.md explains all keys. Who this agent is and where its broker\n"
      "# is, its enrolment says (identity/enrolment.toml in the state directory).\n"
      "# Check a change with: towline-worker --config " + path + " --check-config\n\n"
      "state = \"" + state + "\"\n\n"
      "# What this machine offers. The first is a sample: {\"a\": 15, \"b\": 42} to their sum.\n"
      "[[job_type]]\nname = \"add-numbers\"\nhandler = \"add-numbers\"\n");
}

// The clock first: with a wrong one no certificate can be checked, and nothing else would say why.
Status CheckAuthority(const jobs::Invitation& invitation, const DoorClient::Authority& authority) {
  if (HexDigest("SHA-256", authority.file) != invitation.authority) {
    return Error{Error::Code::kPermissionDenied,
                 "the server at " + invitation.door +
                     " is not the one of the invitation: its authority is another. Somebody may be "
                     "in between, or the server has been set up anew; ask for a new invitation"};
  }
  const Timestamp now = Now();
  const auto off = authority.time > now ? authority.time - now : now - authority.time;
  if (off <= jobs::kClockSkewMax) return Ok();
  return Error{Error::Code::kFailedPrecondition,
               "this machine's clock says " + FormatTimestamp(now) + " and the server's " +
                   FormatTimestamp(authority.time) + ": set the one that is wrong"};
}

Result<Identity> Ask(const jobs::Invitation& invitation, const std::string& name,
                     const std::string& state) {
  const auto authority = DoorClient({.address = invitation.door}).FetchAuthority({});
  if (!authority) return authority.error();
  if (Status good = CheckAuthority(invitation, *authority); !good) return good.error();
  const auto key = KeyForEnrolment(state);
  if (!key) return key.error();
  const fs::path ca = IdentityFolder(state) / "ca.crt.next";
  if (Status done = ReplaceFile(ca, authority->file); !done) return done.error();
  const auto request = pki::MakeRequest(*key, name.empty() ? "worker" : name);
  if (!request) return request.error();
  const auto answer = DoorClient({.address = invitation.door, .ca = ca})
                          .Post("/v1/enrol",
                                {{"invitation", invitation.secret},
                                 {"name", name},
                                 {"request", *request},
                                 {"now", FormatTimestamp(Now())}},
                                {});
  unlink(ca.c_str());
  if (!answer) return answer.error();
  Identity identity{.tenant = TextMember(*answer, "tenant"),
                    .name = TextMember(*answer, "name"),
                    .certificate = TextMember(*answer, "certificate"),
                    .authority = authority->file,
                    .door = invitation.door};
  const json::value* const labels = answer->if_contains("labels");
  const json::value* const broker = answer->if_contains("broker");
  if (labels == nullptr || !labels->is_object() || broker == nullptr || !broker->is_object()) {
    return Error{Error::Code::kUnavailable, "the server's answer lacks labels or broker"};
  }
  for (const auto& [label, value] : labels->get_object()) {
    if (value.is_string()) identity.labels[std::string(label)] = std::string(value.get_string());
  }
  identity.broker_host = TextMember(broker->get_object(), "host");
  identity.broker_authority = TextMember(broker->get_object(), "authority");
  const json::value* const port = broker->get_object().if_contains("port");
  if (port != nullptr && port->is_int64()) {
    identity.broker_port = static_cast<int>(port->get_int64());
  }
  if (Status pair = pki::CheckPair({*key, identity.certificate}); !pair) return pair.error();
  return identity;
}

int StartAgent(const std::string& config) {
  std::fflush(stdout);
  if (config == kUsualConfig && access("/run/systemd/system", F_OK) == 0) {
    execl("/bin/sh", "sh", "-c",
          "systemctl enable --quiet towline-worker && systemctl restart towline-worker && "
          "echo 'started: journalctl -u towline-worker shows its log'",
          nullptr);
  } else {
    execl("/proc/self/exe", "towline-worker", "--config", config.c_str(), nullptr);
  }
  return Fail(kExitFailed, "cannot start the agent: " + std::string(std::strerror(errno)));
}

int Enrol(const cxxopts::ParseResult& given) {
  if (!given.count("invitation")) {
    return Fail(kExitUsage, "give the invitation that `towline worker invite` has printed");
  }
  const auto invitation = jobs::DecodeInvitation(given["invitation"].as<std::string>());
  if (!invitation) return Fail(kExitUsage, invitation.error().message);
  const std::string config = given["config"].as<std::string>();
  const bool fresh = !fs::exists(config);
  if (fresh) {
    if (Status made = MakeConfig(config); !made) return Fail(kExitFailed, made.error().message);
  }
  const auto state = StateOf(config);
  if (!state) return Fail(kExitUsage, state.error().message);
  if (IsEnrolled(*state) && !given["again"].as<bool>()) {
    return Fail(kExitFailed, "this agent has enrolled already (" +
                                 (IdentityFolder(*state) / kEnrolmentFile).string() +
                                 "); --again replaces that");
  }
  const std::string name = given.count("name") ? given["name"].as<std::string>() : "";
  auto identity = Ask(*invitation, name, *state);
  if (!identity && identity.error().name == "InvalidName" && name.empty()) {
    identity = Ask(*invitation, HostName(), *state);
  }
  if (!identity) return Fail(kExitFailed, identity.error().message);
  if (Status written = WriteIdentity(*state, *identity); !written) {
    return Fail(kExitFailed, written.error().message);
  }
  const auto info = pki::Inspect(identity->certificate);
  std::printf("enrolled as %s of tenant %s; the certificate is good until %s and renews itself\n",
              identity->name.c_str(), identity->tenant.c_str(),
              info ? FormatTimestamp(info->until).c_str() : "?");
  if (const auto loaded = LoadConfig(config); !loaded) {
    return Fail(kExitUsage, loaded.error().message);
  }
  if (given["no-start"].as<bool>()) return 0;
  return StartAgent(config);
}

int Renew(const cxxopts::ParseResult& given) {
  const auto config = LoadConfig(given["config"].as<std::string>());
  if (!config) return Fail(kExitUsage, config.error().message);
  const auto until = RenewCertificate(*config, {});
  if (!until) return Fail(kExitFailed, until.error().message);
  std::printf("the new certificate is good until %s\n", FormatTimestamp(*until).c_str());
  return 0;
}

}  // namespace

bool IsIdentityCommand(std::string_view word) { return word == "enrol" || word == "renew"; }

int RunIdentityCommand(int argc, char** argv) {
  const bool enrol = std::string_view(argv[0]) == "enrol";
  cxxopts::Options options(
      enrol ? "towline-worker enrol INVITATION" : "towline-worker renew",
      enrol ? "Makes a key, gets a certificate for it from the server that the invitation names,\n"
              "and starts the agent. INVITATION is what `towline worker invite` has printed; it\n"
              "is good as often and as long as it was made for. Asking again after a broken\n"
              "connection costs no further use.\n"
              "Exit codes: 0 enrolled, 1 refused or failed, 2 wrong usage or configuration.\n"
            : "Gets the agent's next certificate now; by itself it does so when two thirds of the\n"
              "old one's life are over. The running agent need not be restarted.\n"
              "Exit codes: 0 renewed, 1 refused or failed, 2 wrong usage or configuration.\n");
  options.custom_help("[OPTIONS]");
  options.positional_help("");
  auto add = options.add_options();
  add("config", "the site's file; made when missing",
      cxxopts::value<std::string>()->default_value(kUsualConfig), "FILE");
  if (enrol) {
    add("name", "of this worker in its tenant [the invitation's, else the host's]",
        cxxopts::value<std::string>(), "NAME");
    add("again", "replace the identity that this agent has");
    add("no-start", "do not start the agent");
    add("invitation", "", cxxopts::value<std::string>());
    options.parse_positional({"invitation"});
  }
  add("help", "print this and end");
  const cxxopts::ParseResult given = options.parse(argc, argv);
  if (given.count("help")) {
    std::printf("%s", options.help().c_str());
    return 0;
  }
  return enrol ? Enrol(given) : Renew(given);
}

}  // namespace towline::worker
