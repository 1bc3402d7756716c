#include "orchestrator/server.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "orchestrator/api/grpc/server.h"
#include "orchestrator/api/service.h"
#include "orchestrator/authority.h"
#include "orchestrator/children/driver.h"
#include "orchestrator/dispatch/driver.h"
#include "orchestrator/engine/activities.h"
#include "orchestrator/engine/clock.h"
#include "orchestrator/engine/definitions.h"
#include "orchestrator/engine/partition_thread.h"
#include "orchestrator/engine/task_source.h"
#include "orchestrator/engine/tokens.h"
#include "orchestrator/engine/watch.h"
#include "orchestrator/store/store.h"
#include "statemachines/base/log.h"

namespace towline {
namespace {

constexpr Millis kShutdownGrace{2'000};
constexpr std::chrono::seconds kSweepEvery{10};
constexpr std::chrono::seconds kStuckAfter{120};  // a recovery is one round

std::uint64_t RandomSeed() {
  std::random_device random;
  return (static_cast<std::uint64_t>(random()) << 32) ^ random();
}

// Dispatch comes before the partitions, which it posts to: this is the wire between them.
class LatePort final : public engine::RequestPort {
 public:
  bool Post(int partition, engine::Request request) override {
    return target != nullptr && target->Post(partition, std::move(request));
  }
  engine::RequestPort* target = nullptr;
};

class Fleet final : public api::FleetPort {
 public:
  explicit Fleet(dispatch::DispatchThread& dispatch) : dispatch_(dispatch) {}
  void Ask(std::function<void(dispatch::Dispatcher&, Timestamp)> question) override {
    dispatch_.Ask(std::move(question));
  }

 private:
  dispatch::DispatchThread& dispatch_;
};

dispatch::Settings DispatchSettings(const Config& config) {
  dispatch::Settings settings;
  settings.offer_timeout = Seconds{config.dispatch.offer_timeout_seconds};
  settings.liveness_window = Seconds{config.dispatch.liveness_seconds};
  settings.grace = Seconds{config.dispatch.grace_seconds};
  for (const auto& [tenant, others] : config.grants) {
    for (const std::string& other : others) settings.grants.emplace_back(tenant, other);
  }
  settings.publish_allow = config.publish;
  return settings;
}

jobs::MqttConnection::Options BrokerOptions(const Config& config) {
  jobs::MqttConnection::Options options;
  options.host = config.broker.host;
  options.port = config.broker.port;
  options.client_id = config.broker.client_id;
  options.user = config.broker.user;
  options.password = config.broker.password;
  if (config.broker.tls) {
    options.ca_file = config.broker.ca;
    options.certificate_file = config.broker.certificate;
    options.key_file = config.broker.key;
  }
  return options;
}

}  // namespace

// In the order in which they need each other; destroyed in the opposite one.
struct Server::Parts {
  explicit Parts(const Config& config)
      : backend(store::OpenSqliteBackend(config.data, config.partitions)),
        tokens(backend->catalogue().MacKeys()),
        definitions(backend->catalogue()),
        activities(backend->catalogue()),
        tasks(*backend),
        nested_tasks(*backend),
        dispatch(DispatchSettings(config), BrokerOptions(config), tokens, port, tasks, &hub, clock),
        fleet(dispatch),
        objects(OpenObjects(config)),
        children(MakeNested(), MakeRunner(config), clock),
        notices(children, dispatch),
        partitions(MakePartitions(config)),
        audit(AuditSettings(config)),
        service({*backend, definitions, partitions, hub, tokens, fleet,
                 [this] { return clock.Now(); }, &audit},
                ServiceSettings(config)) {
    port.target = &partitions;
  }

  static interpreter::Limits LimitsOf(const Config& config) {
    return config.limits == "aws" ? interpreter::AwsLimits() : interpreter::Limits{};
  }
  static api::Quota QuotaOf(const Config::Quota& quota) {
    return {.starts_per_second = quota.starts_per_second,
            .starts_burst = quota.starts_burst,
            .open_executions = quota.open_executions,
            .request_bytes = quota.request_bytes};
  }
  static api::Settings ServiceSettings(const Config& config) {
    api::Settings settings;
    settings.value_bytes_max = LimitsOf(config).value_bytes_max;
    settings.admins = config.admins;
    settings.quotas.others = QuotaOf(config.quotas);
    for (const auto& [tenant, quota] : config.tenant_quotas) {
      settings.quotas.tenants[tenant] = QuotaOf(quota);
    }
    return settings;
  }

  static api::AuditLog::Settings AuditSettings(const Config& config) {
    return {.directory = config.data + "/audit",
            .file_bytes_max = static_cast<std::size_t>(config.audit.file_mb) << 20,
            .files_max = static_cast<std::size_t>(config.audit.files),
            .clock = [] { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }};
  }

  std::vector<std::unique_ptr<engine::PartitionThread>> MakePartitions(const Config& config) {
    std::vector<std::unique_ptr<engine::PartitionThread>> threads;
    for (int i = 0; i < backend->catalogue().Partitions(); i++) {
      engine::PartitionSettings settings;
      settings.number = i;
      settings.limits = LimitsOf(config);
      settings.inbox_max = static_cast<std::size_t>(config.inbox_max);
      settings.retention = std::chrono::hours{24 * config.retention_days};
      settings.seed = RandomSeed();
      threads.push_back(std::make_unique<engine::PartitionThread>(
          std::make_unique<engine::Partition>(settings, backend->OpenPartition(i), definitions,
                                              activities, notices, &hub, &children.runner()),
          clock));
    }
    return threads;
  }

  std::unique_ptr<objects::ObjectStore> OpenObjects(const Config& config) {
    objects::StoreConfig where = config.objects;
    if (where.root.empty() && where.s3.endpoint.empty()) where.root = config.data + "/objects";
    auto opened = objects::OpenStore(where, stopping.get_token());
    if (!opened) throw store::StoreError(opened.error().message);
    return std::move(*opened);
  }
  std::unique_ptr<children::Nested> MakeNested() {
    return std::make_unique<children::Nested>(port, backend->catalogue().Partitions(), nested_tasks,
                                              backend->catalogue(), definitions, tokens);
  }
  std::unique_ptr<children::MapRunner> MakeRunner(const Config& config) {
    children::MapRunnerSettings settings;
    settings.limits = LimitsOf(config);
    settings.seed = RandomSeed();
    return std::make_unique<children::MapRunner>(settings, port, *backend, definitions,
                                                 objects.get());
  }

  // Machines that are being deleted go when their last execution has ended.
  void Sweep(std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, stop, kSweepEvery, [] { return false; })) {
      if (stop.stop_requested()) return;
      try {
        service.Sweep();
      } catch (const store::StoreError& error) {
        Log(LogLevel::kWarning, "sweep_failed", {{"why", error.what()}});
      }
    }
  }

  bool IsAlive() {
    const auto now = std::chrono::steady_clock::now();
    if (dispatch_answered->exchange(false)) {
      dispatch_asked = now;
      dispatch.Ask([answered = dispatch_answered](auto&, auto) { *answered = true; });
    }
    const auto oldest = now - kStuckAfter;
    return dispatch_asked > oldest && partitions.last_round() > oldest;
  }

  const engine::Clock clock;
  std::unique_ptr<store::Backend> backend;
  engine::Tokens tokens;
  engine::Definitions definitions;
  engine::CatalogueActivities activities;
  engine::WatchHub hub;
  engine::StoreTaskSource tasks;
  engine::StoreTaskSource nested_tasks;
  LatePort port;
  dispatch::DispatchThread dispatch;
  Fleet fleet;
  std::stop_source stopping;  // ends requests to the object store
  std::unique_ptr<objects::ObjectStore> objects;
  children::ChildrenThreads children;
  children::NoticeSplit notices;
  engine::Partitions partitions;
  api::AuditLog audit;
  api::Service service;
  std::unique_ptr<api::GrpcServer> grpc;
  std::jthread sweeper;
  std::shared_ptr<std::atomic<bool>> dispatch_answered = std::make_shared<std::atomic<bool>>(true);
  std::chrono::steady_clock::time_point dispatch_asked;
};

Server::Server(Config config) : config_(WithTls(std::move(config))) {}

Server::~Server() { Stop(); }

Status Server::Start() {
  const auto address = api::ParseListenAddress(config_.listen, config_.tls.on());
  if (!address) return address.error();
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  if (Status good = CheckTls(config_, now); !good) return good;
  try {
    parts_ = std::make_unique<Parts>(config_);
  } catch (const store::StoreError& error) {
    return Error{Error::Code::kUnavailable, error.what()};
  }
  auto grpc = api::GrpcServer::Start(parts_->service, *address,
                                     {config_.tls.ca, config_.tls.certificate, config_.tls.key});
  if (!grpc) return grpc.error();
  parts_->grpc = std::move(*grpc);
  parts_->partitions.Start();
  parts_->dispatch.Start();
  parts_->children.Start();
  Parts* const parts = parts_.get();
  parts_->sweeper = std::jthread([parts](std::stop_token stop) { parts->Sweep(stop); });
  Log(LogLevel::kInfo, "serving",
      {{"data", config_.data},
       {"port", std::to_string(parts_->grpc->port())},
       {"broker", config_.broker.host + ":" + std::to_string(config_.broker.port)}});
  return Ok();
}

void Server::Stop() {
  if (parts_ == nullptr || parts_->grpc == nullptr) return;
  parts_->sweeper.request_stop();
  parts_->grpc->Shutdown(kShutdownGrace);
  parts_->stopping.request_stop();
  parts_->partitions.Stop();
  parts_->dispatch.Stop();
  parts_->children.Stop();
  parts_->grpc.reset();
  parts_.reset();
}

bool Server::IsAlive() { return parts_->IsAlive(); }

int Server::port() const {
  return parts_ != nullptr && parts_->grpc != nullptr ? parts_->grpc->port() : 0;
}

}  // namespace towline
