#include "worker/host.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "proto/jobs/topics.h"
#include "statemachines/base/check.h"
#include "statemachines/base/log.h"
#include "worker/builtin_handlers.h"
#include "worker/leftovers.h"
#include "worker/program_limits.h"

namespace towline::worker {
namespace {

// Longer than the will's delay: a short interruption is then no loss of the worker.
constexpr std::uint32_t kSessionExpirySeconds = 300;
constexpr int kDrainMs = 500;

std::string OwnPath() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "towline-worker" : path.string();
}

std::map<std::string, std::string> HostFacts() {
  std::map<std::string, std::string> facts;
  utsname name{};
  if (uname(&name) == 0) {
    facts["name"] = name.nodename;
    facts["os"] = std::string(name.sysname) + " " + name.release + " " + name.machine;
  }
  facts["cpus"] = std::to_string(sysconf(_SC_NPROCESSORS_ONLN));
  return facts;
}

}  // namespace

Host::Isolation Host::MakeIsolation(const Config& config) {
  Isolation made{.text = "supervisors+rlimits"};
  if (config.cgroup != "never") {
    // The state directory has one agent, so its name tells agents of one host apart.
    const std::string folder = std::filesystem::absolute(config.state).lexically_normal().string();
    auto opened = Cgroups::Open(jobs::Principal{config.tenant, config.name}.text() + "-" +
                                std::to_string(std::hash<std::string>{}(folder) % 1'000'000'007));
    if (!opened && config.cgroup == "require") {
      throw std::runtime_error("cgroup = \"require\", but " + opened.error().message);
    }
    if (opened) {
      made.cgroups = *std::move(opened);
      made.text = "cgroups(" + made.cgroups->Controllers() + ")";
    } else {
      Log(LogLevel::kInfo, "no_cgroups", {{"why", opened.error().message}});
    }
  }
  for (const Config::Type& type : config.types) {
    for (const std::string& limit : UnkeptLimitsOf(type.program, made.cgroups.get())) {
      Log(LogLevel::kWarning, "limit_not_kept",
          {{"type", type.name}, {"limit", limit}, {"isolation", made.text}});
    }
  }
  return made;
}

std::string Host::StateOf(const Config& config) {
  return std::filesystem::absolute(config.state).string();
}

std::unique_ptr<Transfers> Host::MakeTransfers(const Config& config) {
  const Config::Broker& own = config.broker;
  if (config.door.address.empty() || own.certificate.empty() || own.key.empty()) return nullptr;
  return std::make_unique<Transfers>(
      Transfers::Options{.state = StateOf(config),
                         .door = {.url = "https://" + config.door.address,
                                  .ca = config.door.ca,
                                  .certificate = own.certificate,
                                  .key = own.key}},
      static_cast<Transfers::Sink&>(*this));
}

AgentSettings Host::SettingsOf(const Config& config, const Isolation& isolation) {
  std::map<std::string, std::string> facts = HostFacts();
  facts["isolation"] = isolation.text;
  return {.tenant = config.tenant,
          .name = config.name,
          .slots = config.slots,
          .queues = config.queues,
          .labels = config.labels,
          .host = std::move(facts),
          .version = TOWLINE_VERSION,
          .stop_timeout = Seconds(config.stop_seconds),
          .results_bytes_max = static_cast<std::size_t>(config.results_mb) << 20,
          .payload_bytes_max = static_cast<std::uint64_t>(config.payloads_disk_mb) << 20,
          .seed = std::random_device{}()};
}

std::vector<JobType> Host::MakeTypes(const Config& config, const sdk::Functions& own) {
  std::vector<JobType> types;
  for (const Config::Type& type : config.types) {
    const auto function = own.find(type.handler);
    if (type.handler.empty()) {
      handlers_.push_back(std::make_unique<ProgramHandler>(runner_, type.program));
    } else if (function != own.end()) {
      handlers_.push_back(std::make_unique<FunctionHandler>(functions_, function->second));
    } else if (IsReadyMade(type.handler)) {
      handlers_.push_back(
          std::make_unique<FunctionHandler>(functions_, MakeReadyMade(type.settings)));
    } else {
      handlers_.push_back(MakeBuiltinHandler(type.handler));
    }
    JobType made{.name = type.name,
                 .slots = type.slots,
                 .restart = type.restart,
                 .manual_heartbeat = type.manual_heartbeat,
                 .start = type.start,
                 .on_worker_lost = type.on_worker_lost,
                 .secrets = type.secrets,
                 .log_bytes_max = type.program.log.bytes_max,
                 .handler = handlers_.back().get()};
    if (type.wall_clock_seconds > 0) made.wall_clock = Seconds(type.wall_clock_seconds);
    if (type.grace_seconds) made.grace = Seconds(*type.grace_seconds);
    types.push_back(std::move(made));
  }
  return types;
}

jobs::MqttConnection::Options Host::OptionsOf(const Config& config) const {
  return {.host = config.broker.host,
          .port = config.broker.port,
          .client_id = agent_.principal(),
          .user = config.broker.user,
          .password = config.broker.password,
          .ca_file = config.broker.ca,
          .certificate_file = config.broker.certificate,
          .key_file = config.broker.key,
          .clean_start = false,
          .session_expiry_seconds = kSessionExpirySeconds,
          .keepalive_seconds = config.broker.keepalive_seconds,
          .receive_max = static_cast<std::uint16_t>(std::min(config.slots + 8, 65'535)),
          .subscriptions = agent_.Subscriptions()};
}

jobs::MqttConnection::Handlers Host::MakeHandlers() {
  return {
      .make_will = [this]() -> std::optional<jobs::MqttConnection::Will> {
        const std::uint64_t number = ++connection_number_;
        return jobs::MqttConnection::Will{
            .topic = jobs::PresenceTopic(agent_.principal()),
            .payload = Agent::Will(settings_, agent_.incarnation(), number)};
      },
      .on_up = [this] { inbox_.Push(LinkUp{connection_number_}); },
      .on_down = [this](std::string why) { inbox_.Push(LinkDown{std::move(why)}); },
      .on_unreachable =
          [this](std::string why) {
            Log(LogLevel::kWarning, "broker_unreachable",
                {{"broker", broker_}, {"why", std::move(why)}});
          },
      .on_message =
          [this](jobs::MqttConnection::Message message) { inbox_.Push(std::move(message)); }};
}

Host::Host(const Config& config, const sdk::Functions& own)
    : broker_(config.broker.host + ":" + std::to_string(config.broker.port)),
      wall_start_(std::chrono::floor<Millis>(std::chrono::system_clock::now())),
      steady_start_(std::chrono::steady_clock::now()),
      journal_(config.state),
      isolation_(MakeIsolation(config)),
      settings_(SettingsOf(config, isolation_)),
      secrets_(config.secrets, config.secret_variables),
      transfers_(MakeTransfers(config)),
      runner_({.socket = std::filesystem::absolute(config.socket).string(),
               .agent = OwnPath(),
               .worker = jobs::Principal{config.tenant, config.name}.text(),
               .state = StateOf(config),
               .cgroups = isolation_.cgroups.get(),
               .outgoing = transfers_ ? transfers_->outgoing() : ""},
              *this),
      functions_(config.threads, *this),
      agent_(settings_, MakeTypes(config, own), journal_, *this, wall_start_,
             transfers_.get()),
      local_(config.socket, *this),
      connection_number_(agent_.incarnation()),
      connection_(OptionsOf(config), MakeHandlers()) {}

Host::~Host() { connection_.Stop(0); }

// The wall clock may jump; durations may not. Site clocks are wrong anyway.
Timestamp Host::Now() const {
  return wall_start_ + std::chrono::floor<Millis>(std::chrono::steady_clock::now() - steady_start_);
}

int Host::Run(int signals, net::ServiceManager& manager) {
  connection_.Start();
  Log(LogLevel::kInfo, "worker_started",
      {{"worker", agent_.principal()},
       {"broker", broker_},
       {"slots", std::to_string(settings_.slots)},
       {"isolation", isolation_.text},
       {"incarnation", std::to_string(agent_.incarnation())},
       {"version", TOWLINE_VERSION}});
  manager.Ready();
  const std::int64_t wait_max = manager.alive_every().value_or(Millis{3'600'000}).count();
  Timestamp deadline = agent_.RunOnce(Now());
  while (!agent_.stopped()) {
    const auto wait = std::clamp<std::int64_t>((deadline - Now()).count(), 0, wait_max);
    pollfd waits[] = {{.fd = inbox_.fd(), .events = POLLIN, .revents = 0},
                      {.fd = runner_.fd(), .events = POLLIN, .revents = 0},
                      {.fd = local_.fd(), .events = POLLIN, .revents = 0},
                      {.fd = signals, .events = POLLIN, .revents = 0},
                      {.fd = functions_.fd(), .events = POLLIN, .revents = 0},
                      {.fd = transfers_ ? transfers_->fd() : -1, .events = POLLIN, .revents = 0}};
    poll(waits, 6, static_cast<int>(wait));
    if (waits[0].revents != 0) {
      for (Input& input : inbox_.TakeAll()) Take(std::move(input));
    }
    if (waits[1].revents != 0) runner_.HandleReady();
    if (waits[2].revents != 0) local_.HandleReady();
    if (waits[4].revents != 0) functions_.HandleReady();
    if (waits[5].revents != 0) transfers_->HandleReady();
    if (waits[3].revents != 0 && !TakeSignals(signals)) return Leave(1);
    if (waits[3].revents != 0) manager.Stopping();
    manager.Alive();
    deadline = agent_.RunOnce(Now());
  }
  connection_.Stop(kDrainMs);
  Log(LogLevel::kInfo, "worker_stopped",
      {{"unacknowledged", std::to_string(agent_.unacknowledged())}});
  return Leave(0);
}

// The journal holds the jobs that are cut off here: as after a kill.
int Host::Leave(int code) {
  if (functions_.busy() == 0) return code;
  connection_.Stop(0);
  std::_Exit(code);
}

void Host::Take(Input input) {
  const Timestamp now = Now();
  std::visit(
      Overload{[&](const LinkUp& link) {
                 Log(LogLevel::kInfo, "broker_connected", {{"broker", broker_}});
                 agent_.OnLinkUp(link.connection, now);
               },
               [&](const LinkDown& link) {
                 Log(LogLevel::kWarning, "broker_lost", {{"broker", broker_}, {"why", link.why}});
                 agent_.OnLinkDown(now);
               },
               [&](const jobs::MqttConnection::Message& message) {
                 agent_.OnMessage(message.topic, message.payload, now);
               }},
      input);
}

bool Host::TakeSignals(int signals) {
  signalfd_siginfo info{};
  while (read(signals, &info, sizeof info) == sizeof info) {
    if (agent_.held() > 0 || agent_.unacknowledged() > 0) {
      Log(LogLevel::kInfo, "worker_stopping",
          {{"running", std::to_string(agent_.held())},
           {"unacknowledged", std::to_string(agent_.unacknowledged())},
           {"patience_seconds", std::to_string(settings_.stop_timeout.count())}});
    }
    if (std::exchange(asked_to_stop_, true)) return false;
    agent_.Stop(Now());
  }
  return true;
}

bool Host::Publish(std::string topic, std::string payload, bool retain) {
  return connection_.Publish(
      {.topic = std::move(topic), .payload = std::move(payload), .retain = retain});
}

void Host::KillLeftovers(const std::string& token, std::uint32_t attempt,
                         const std::optional<ProcessGroup>& group) {
  const int killed = KillProcessesOf(token, attempt, group);
  if (killed > 0) {
    Log(LogLevel::kInfo, "leftovers_killed",
        {{"attempt", std::to_string(attempt)}, {"processes", std::to_string(killed)}});
  }
}

void Host::Reply(std::uint64_t request, Answer answer) { local_.Reply(request, answer); }

Result<std::string> Host::ReadSecret(const std::string& name) { return secrets_.Read(name); }

void Host::OnFinished(JobId id, Outcome outcome) {
  agent_.OnFinished(id, std::move(outcome), Now());
}
void Host::OnProgress(JobId id, Progress progress) {
  agent_.OnProgress(id, std::move(progress), Now());
}
void Host::OnHeartbeat(JobId id) { agent_.OnHeartbeat(id, Now()); }
void Host::OnLog(JobId id, std::string_view stream, std::string text) {
  agent_.OnLog(id, stream, std::move(text), Now());
}
void Host::OnRequest(std::uint64_t request, jobs::Callback callback) {
  agent_.OnRequest(request, std::move(callback), Now());
}

void Host::OnFetched(JobId id, Result<Fetched> fetched) {
  agent_.OnFetched(id, std::move(fetched), Now());
}
void Host::OnKept(JobId id, Result<Reference> kept) {
  agent_.OnKept(id, std::move(kept), Now());
}
void Host::OnUploaded(JobId id, Status uploaded) {
  agent_.OnUploaded(id, std::move(uploaded), Now());
}

}  // namespace towline::worker
