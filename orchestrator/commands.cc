// towline-server init-ca, certificate and broker-config: what prepares an installation and ends.

#include "orchestrator/commands.h"

#include <cstdio>
#include <cxxopts.hpp>
#include <functional>

#include "orchestrator/authority.h"
#include "orchestrator/config.h"

namespace towline {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

int Fail(int code, const std::string& what) {
  std::fprintf(stderr, "towline-server: %s\n", what.c_str());
  return code;
}

Timestamp Now() {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

std::vector<std::string> Hosts(const cxxopts::ParseResult& given) {
  if (given.count("host")) return given["host"].as<std::vector<std::string>>();
  return {"localhost", "127.0.0.1", "::1"};
}

// A new one, or somebody's own.
Status MakeAuthority(const cxxopts::ParseResult& given, const std::filesystem::path& folder) {
  if (!given.count("certificate") && !given.count("key")) {
    return Authority::Make(folder, given["name"].as<std::string>(), Hosts(given), Now());
  }
  if (!given.count("certificate") || !given.count("key")) {
    return Error{Error::Code::kInvalidArgument, "--certificate and --key go together"};
  }
  pki::Identity own;
  for (const auto& [option, into] :
       {std::pair{"certificate", &own.certificate}, std::pair{"key", &own.key}}) {
    auto text = ReadFile(given[option].as<std::string>());
    if (!text) return text.error();
    *into = std::move(*text);
  }
  return Authority::Import(folder, own, Hosts(given), Now());
}

int InitCa(const cxxopts::ParseResult& given) {
  Config config;
  config.data = given["data"].as<std::string>();
  const auto folder = PkiFolder(config);
  const Status made = MakeAuthority(given, folder);
  if (!made) return Fail(kExitFailed, made.error().message);
  std::printf(
      "%s holds the authority and the server's certificate; ca.key is the secret of secrets: who\n"
      "has it, is anybody. A server on this data directory now speaks TLS. Next:\n\n"
      "  towline-server certificate user NAME --data %s --out .   for people and programs\n"
      "  towline-server certificate worker TENANT_NAME …          for a worker\n"
      "  towline-server broker-config --out DIR …                 for the MQTT broker\n",
      folder.c_str(), config.data.c_str());
  return 0;
}

Result<Authority> OpenAuthority(const cxxopts::ParseResult& given) {
  Config config;
  config.data = given["data"].as<std::string>();
  return Authority::Open(PkiFolder(config));
}

int MakeCertificate(const cxxopts::ParseResult& given) {
  if (!given.count("what") || !given.count("name")) {
    return Fail(kExitUsage, "usage: towline-server certificate user|worker|server NAME [OPTIONS]");
  }
  pki::Grant grant{.common_name = given["name"].as<std::string>()};
  const std::string what = given["what"].as<std::string>();
  if (what == "server") {
    grant.purpose = pki::Purpose::kServer;
    grant.hosts = Hosts(given);
  } else if (what == "user" || what == "worker") {
    grant.purpose = what == "user" ? pki::Purpose::kUser : pki::Purpose::kWorker;
  } else {
    return Fail(kExitUsage, "a certificate is for a user, a worker or a server, not for '" + what +
                                "'");
  }
  const int days = given["days"].as<int>();
  if (days < 1 || days > 3650) return Fail(kExitUsage, "--days takes 1 to 3650");
  const Timestamp now = Now();
  grant.from = now - std::chrono::hours{24};
  grant.until = now + std::chrono::hours{24 * days};
  const auto authority = OpenAuthority(given);
  if (!authority) return Fail(kExitFailed, authority.error().message);
  const auto files = authority->Issue(given["out"].as<std::string>(), grant);
  if (!files) return Fail(kExitFailed, files.error().message);
  std::printf("%s\n%s\n", files->certificate.c_str(), files->key.c_str());
  return 0;
}

int BrokerConfig(const cxxopts::ParseResult& given) {
  if (!given.count("out")) return Fail(kExitUsage, "--out must name a directory");
  const auto authority = OpenAuthority(given);
  if (!authority) return Fail(kExitFailed, authority.error().message);
  const std::string out = given["out"].as<std::string>();
  const Status written = WriteBrokerConfig(*authority, out, Hosts(given), Now());
  if (!written) return Fail(kExitFailed, written.error().message);
  std::printf(
      "%s/mosquitto.conf is a whole configuration: port 8883, TLS, certificates as identities.\n"
      "The broker must be able to read all files there (chown -R mosquitto %s).\n"
      "In server.toml: [broker] host = …, port = 8883, tls = true\n\n"
      "Another broker must do the same: take the certificate's common name (CN) as the user, let\n"
      "each user read and write towline/1/{user}/# and no more, and let towline-server read and\n"
      "write towline/1/# and write whatever mqtt:publish tasks are to publish.\n",
      out.c_str(), out.c_str());
  return 0;
}

struct Command {
  const char* name;
  const char* usage;
  const char* about;
  std::vector<std::string> positional;
  std::function<void(cxxopts::OptionAdder&)> options;
  std::function<int(const cxxopts::ParseResult&)> run;
};

void AddHost(cxxopts::OptionAdder& add) {
  add("host",
      "a name or address by which it is reached; may be repeated [localhost, 127.0.0.1, ::1]",
      cxxopts::value<std::vector<std::string>>(), "HOST");
}

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {"init-ca", "towline-server init-ca",
       "Makes a certificate authority and the server's own certificate in DIR/pki.", {},
       [](cxxopts::OptionAdder& add) {
         add("name", "what it is called [Towline]",
             cxxopts::value<std::string>()->default_value("Towline"), "NAME");
         add("certificate", "an authority of your own instead, which may sign certificates, and\n"
             "those above it (PEM)", cxxopts::value<std::string>(), "FILE");
         add("key", "its private key (PEM, without a password)", cxxopts::value<std::string>(),
             "FILE");
         AddHost(add);
       },
       InitCa},
      {"certificate", "towline-server certificate user|worker|server NAME",
       "Issues a certificate with a new key and prints where both are. NAME is the user, a\n"
       "worker's TENANT_NAME, or what a server calls itself.",
       {"what", "name"},
       [](cxxopts::OptionAdder& add) {
         add("what", "", cxxopts::value<std::string>());
         add("name", "", cxxopts::value<std::string>());
         add("out", "directory to write to [.]", cxxopts::value<std::string>()->default_value("."),
             "DIR");
         add("days", "how long it is valid [365]", cxxopts::value<int>()->default_value("365"),
             "N");
         AddHost(add);
       },
       MakeCertificate},
      {"broker-config", "towline-server broker-config --out DIR",
       "Writes a mosquitto configuration with certificates and access rules, and says what to do\n"
       "on other brokers.",
       {},
       [](cxxopts::OptionAdder& add) {
         add("out", "directory to write to", cxxopts::value<std::string>(), "DIR");
         AddHost(add);
       },
       BrokerConfig}};
  return commands;
}

}  // namespace

bool IsCommand(const std::string& word) {
  for (const Command& command : Commands()) {
    if (command.name == word) return true;
  }
  return false;
}

int RunCommand(int argc, const char* const* argv) {
  for (const Command& command : Commands()) {
    if (command.name != std::string(argv[0])) continue;
    cxxopts::Options options(command.usage, command.about);
    options.custom_help("[OPTIONS]");
    options.positional_help("");
    options.set_width(100);
    cxxopts::OptionAdder add = options.add_options();
    command.options(add);
    add("data", "the server's directory [./towline-data]",
        cxxopts::value<std::string>()->default_value("./towline-data"), "DIR");
    add("help", "print this and end");
    options.parse_positional(command.positional);
    try {
      const cxxopts::ParseResult given = options.parse(argc, argv);
      if (given.count("help")) {
        std::printf("%s", options.help().c_str());
        return 0;
      }
      return command.run(given);
    } catch (const cxxopts::exceptions::exception& error) {
      return Fail(kExitUsage, std::string(error.what()) + "; --help shows the usage");
    }
  }
  return Fail(kExitUsage, "there is no such command");
}

}  // namespace towline
