// towline-server: options → one Config → Server, then waits for a signal.

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cxxopts.hpp>
#include <optional>
#include <string>

#include "net/service_manager.h"
#include "orchestrator/commands.h"
#include "orchestrator/config.h"
#include "orchestrator/dev.h"
#include "orchestrator/server.h"
#include "statemachines/base/log.h"

namespace towline {
namespace {

constexpr int kExitUsage = 2;
constexpr int kExitFailed = 1;

constexpr char kAbout[] =
    "towline-server runs Amazon States Language workflows durably and hands their jobs\n"
    "to workers over MQTT.\n\n"
    "  towline-server --config /etc/towline/server.toml\n"
    "  towline-server dev        a broker, a worker with sample job types and the server,\n"
    "                            all in ./.towline; Ctrl-C ends all of it\n"
    "  towline-server init-ca | certificate | broker-config\n"
    "                            TLS: an authority, certificates, a broker; see their --help\n\n"
    "Callers and workers show certificates of an authority, which the first start makes below the\n"
    "data directory unless there is one; pki/admin.crt and admin.key there may do everything.\n"
    "Prints 'ready grpc=HOST:PORT' on standard output when it serves, with TLS before that\n"
    "'https port=PORT', the door where workers enrol; logs go to standard error. SIGTERM and\n"
    "SIGINT end it within 5 s; nothing is lost by a kill either.\n"
    "Exit codes: 0 ended as asked, 1 could not start or run, 2 wrong usage.\n";

int Fail(int code, const std::string& what) {
  std::fprintf(stderr, "towline-server: %s\n", what.c_str());
  return code;
}

cxxopts::Options MakeOptions() {
  cxxopts::Options options("towline-server", kAbout);
  options.custom_help("[dev] [OPTIONS]");
  options.positional_help("");
  options.set_width(100);
  options.add_options()
      ("config", "configuration file (TOML); options below override it",
       cxxopts::value<std::string>(), "FILE")
      ("data", "directory of the store [./towline-data; dev: ./.towline]",
       cxxopts::value<std::string>(), "DIR")
      ("listen", "gRPC address; with --plain loopback only; port 0: a free one [127.0.0.1:8460]",
       cxxopts::value<std::string>(), "HOST:PORT")
      ("plain", "no TLS, no certificates: for trying things out on this machine; dev implies it")
      ("broker", "MQTT broker [127.0.0.1:1883; dev: its own]", cxxopts::value<std::string>(),
       "HOST:PORT")
      ("log-level", "debug, info, warning, error or off [info]", cxxopts::value<std::string>(),
       "LEVEL")
      ("limits", "default, or aws for the service's own bounds [default]",
       cxxopts::value<std::string>(), "PROFILE")
      ("check-config", "check the configuration and end")
      ("version", "print the version and end")
      ("help", "print this and end")
      ("mode", "", cxxopts::value<std::string>());
  options.parse_positional({"mode"});
  return options;
}

Status Override(const cxxopts::ParseResult& given, Config& config) {
  if (given.count("data")) config.data = given["data"].as<std::string>();
  if (given.count("plain")) config.plain = true;
  if (given.count("listen")) config.listen = given["listen"].as<std::string>();
  if (given.count("log-level")) config.log_level = given["log-level"].as<std::string>();
  if (given.count("limits")) config.limits = given["limits"].as<std::string>();
  if (given.count("broker")) {
    const auto address = SplitAddress(given["broker"].as<std::string>());
    if (!address) return Error{address.error().code, "--broker: " + address.error().message};
    config.broker.host = address->first;
    config.broker.port = address->second;
  }
  return CheckConfig(config);
}

// Signals arrive on a descriptor; threads started later inherit the mask.
int OpenSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGCHLD);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Returns when SIGINT or SIGTERM has come.
void WaitForEnd(int signals, DevChildren* children, Server& server, net::ServiceManager& manager) {
  int wait_ms = manager.alive_every() ? static_cast<int>(manager.alive_every()->count()) : -1;
  if (children != nullptr) wait_ms = 1'000;
  for (;;) {
    if (manager.alive_every() && server.IsAlive()) manager.Alive();
    pollfd ready{signals, POLLIN, 0};
    poll(&ready, 1, wait_ms);
    signalfd_siginfo info{};
    while (read(signals, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo != SIGCHLD) return;
    }
    if (children != nullptr) children->Supervise();
  }
}

void PrintDevHelp(const Config& config, int port) {
  std::printf(
      "\nTowline is up for development; Ctrl-C ends the server, its broker and its worker.\n"
      "State and logs are in %s and survive a restart.\n\n"
      "  export TOWLINE_SERVER=127.0.0.1:%d\n"
      "  towline workers\n"
      "  towline machine create sum examples/on-prem-sum/workflow.asl.json\n"
      "  towline start sum --input '{\"a\":15,\"b\":42}' --wait\n"
      "  towline history sum/NAME\n\n",
      config.data.c_str(), port);
}

int Serve(Config config, bool dev, bool data_given) {
  if (dev && !data_given) config.data = "./.towline";
  config.plain = config.plain || dev;
  SetLogLevel(dev && config.log_level == "info" ? "warning" : config.log_level);
  const int signals = OpenSignals();
  auto manager = net::ServiceManager::FromEnvironment();
  std::optional<DevChildren> children;
  std::string directory = config.data;
  if (dev) {
    children.emplace(directory);
    if (Status up = children->StartBroker(config); !up) {
      return Fail(kExitFailed, up.error().message);
    }
    config.data = directory + "/server";
  }
  Server server(config);
  if (Status started = server.Start(); !started) {
    return Fail(kExitFailed, started.error().message);
  }
  if (dev) {
    if (Status up = children->StartWorker(); !up) return Fail(kExitFailed, up.error().message);
  }
  if (server.https_port() != 0) std::printf("https port=%d\n", server.https_port());
  std::printf("ready grpc=127.0.0.1:%d\n", server.port());
  config.data = directory;
  if (dev) PrintDevHelp(config, server.port());
  std::fflush(stdout);
  manager.Ready();
  WaitForEnd(signals, dev ? &*children : nullptr, server, manager);
  manager.Stopping();
  Log(LogLevel::kInfo, "stopping");
  if (dev) children->StopWorker();
  server.Stop();
  return 0;
}

int Main(int argc, char** argv) {
  if (argc > 1 && IsCommand(argv[1])) return RunCommand(argc - 1, argv + 1);
  cxxopts::Options options = MakeOptions();
  try {
    const cxxopts::ParseResult given = options.parse(argc, argv);
    if (given.count("help")) {
      std::printf("%s", options.help().c_str());
      return 0;
    }
    if (given.count("version")) {
      std::printf("towline-server %s\n", TOWLINE_VERSION);
      return 0;
    }
    const bool dev = given.count("mode") && given["mode"].as<std::string>() == "dev";
    if (given.count("mode") && !dev) {
      return Fail(kExitUsage, "unknown mode '" + given["mode"].as<std::string>() +
                                  "'; the only one is dev. --help shows the usage");
    }
    Config config;
    if (given.count("config")) {
      Result<Config> loaded = LoadConfig(given["config"].as<std::string>());
      if (!loaded) return Fail(kExitUsage, loaded.error().message);
      config = std::move(*loaded);
    }
    if (Status set = Override(given, config); !set) return Fail(kExitUsage, set.error().message);
    if (!SetLogLevel(config.log_level)) {
      return Fail(kExitUsage, "log_level: '" + config.log_level +
                                  "' is unknown; write debug, info, warning, error or off");
    }
    if (given.count("check-config")) {
      std::printf("the configuration is good\n");
      return 0;
    }
    return Serve(std::move(config), dev, given.count("data") != 0);
  } catch (const cxxopts::exceptions::exception& error) {
    return Fail(kExitUsage, std::string(error.what()) + "; --help shows the usage");
  }
}

}  // namespace
}  // namespace towline

int main(int argc, char** argv) { return towline::Main(argc, argv); }
