// Options → Config → Host; or a word to the agent that runs already.

#include "worker/agent_main.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <cstdio>
#include <cxxopts.hpp>
#include <exception>
#include <set>
#include <string>

#include "net/service_manager.h"
#include "statemachines/base/log.h"
#include "worker/config.h"
#include "worker/enrol_command.h"
#include "worker/host.h"
#include "worker/local_command.h"
#include "worker/renewal.h"
#include "worker/secrets.h"

namespace towline::worker {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

constexpr const char* kAbout =
    "towline-worker runs the jobs of Towline workflows on this machine. It dials out to one\n"
    "MQTT broker and needs no open port. What a job runs is this site's own file:\n"
    "docs/worker.md has its keys.\n\n"
    "  towline-worker --config /etc/towline/worker.toml\n"
    "  towline-worker enrol INVITATION       joins a server that has invited it\n"
    "  towline-worker renew                  gets the next certificate now\n"
    "  towline-worker complete  --token TOKEN [--output JSON]\n"
    "  towline-worker fail      --token TOKEN [--error NAME] [--cause TEXT]\n"
    "  towline-worker heartbeat --token TOKEN\n"
    "  towline-worker progress  --token TOKEN [--percent NUMBER] [--message TEXT]\n\n"
    "The last four tell the running agent about a task of its tenant; each has its own --help.\n"
    "Logs go to standard error. SIGTERM and SIGINT: it takes no more jobs, lets the running ones\n"
    "end (stop_seconds) and leaves; a second one ends it at once. Nothing is lost by a kill.\n"
    "Exit codes: 0 ended as asked, 1 could not start or run, 2 wrong usage or configuration.\n";

int Fail(int code, const std::string& what) {
  std::fprintf(stderr, "towline-worker: %s\n", what.c_str());
  return code;
}

cxxopts::Options MakeOptions() {
  cxxopts::Options options("towline-worker", kAbout);
  options.custom_help("--config FILE [OPTIONS]");
  options.add_options()("config", "the site's file (TOML)", cxxopts::value<std::string>(), "FILE")(
      "check-config", "check the configuration and end")("version", "print the version and end")(
      "help", "print this and end");
  return options;
}

// Signals arrive on a descriptor; threads started later inherit the mask.
int OpenSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Each program takes five descriptors; the usual 1,024 are few for many slots.
void RaiseFileLimit(int slots) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = 5 * static_cast<rlim_t>(slots) + 256;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Whatever the agent will load or read when a job needs it.
Status CheckNeeds(const Config& config) {
  const SecretStore secrets(config.secrets, config.secret_variables);
  for (const Config::Type& type : config.types) {
    if (auto checked = CheckLibraries(type.settings); !checked) return checked;
    for (const std::string& name : type.secrets) {
      if (const auto read = secrets.Read(name); !read) {
        return Error{read.error().code, "job type '" + type.name + "': " + read.error().message};
      }
    }
  }
  return Ok();
}

std::set<std::string> NamesOf(const sdk::Functions& functions) {
  std::set<std::string> names;
  for (const auto& [name, function] : functions) names.insert(name);
  return names;
}

int Run(int argc, char** argv, const sdk::Functions& own) {
  if (argc > 1 && IsIdentityCommand(argv[1])) return RunIdentityCommand(argc - 1, argv + 1);
  if (argc > 1 && IsLocalCommand(argv[1])) return RunLocalCommand(argc - 1, argv + 1);
  cxxopts::Options options = MakeOptions();
  const cxxopts::ParseResult given = options.parse(argc, argv);
  if (given.count("help")) {
    std::printf("%s", options.help().c_str());
    return 0;
  }
  if (given.count("version")) {
    std::printf("towline-worker %s\n", TOWLINE_VERSION);
    return 0;
  }
  if (!given.unmatched().empty()) {
    return Fail(kExitUsage,
                "unknown command '" + given.unmatched()[0] + "'; --help shows the usage");
  }
  if (!given.count("config")) return Fail(kExitUsage, "give --config FILE; --help shows the usage");
  const Result<Config> config = LoadConfig(given["config"].as<std::string>(), NamesOf(own));
  if (!config) return Fail(kExitUsage, config.error().message);
  if (given.count("check-config")) {
    if (const auto checked = CheckNeeds(*config); !checked) {
      return Fail(kExitUsage, checked.error().message);
    }
    std::printf("the configuration is good\n");
    return 0;
  }
  SetLogLevel(config->log_level);
  RaiseFileLimit(config->slots);
  const int signals = OpenSignals();
  auto manager = net::ServiceManager::FromEnvironment();
  const Renewal renewal(*config);
  Host host(*config, own);
  return host.Run(signals, manager);
}

}  // namespace

int Main(int argc, char** argv, const sdk::Functions& own) {
  try {
    return Run(argc, argv, own);
  } catch (const cxxopts::exceptions::exception& error) {
    return Fail(kExitUsage, std::string(error.what()) + "; --help shows the usage");
  } catch (const std::exception& error) {
    return Fail(kExitFailed, error.what());
  }
}

}  // namespace towline::worker
