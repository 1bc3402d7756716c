#include "orchestrator/server.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "orchestrator/api/grpc/server.h"
#include "orchestrator/api/https/door.h"
#include "orchestrator/api/https/worker_routes.h"
#include "orchestrator/api/service.h"
#include "orchestrator/authority.h"
#include "orchestrator/certificates.h"
#include "orchestrator/blobs/blob_store.h"
#include "orchestrator/children/driver.h"
#include "orchestrator/dispatch/driver.h"
#include "orchestrator/engine/activities.h"
#include "orchestrator/engine/clock.h"
#include "orchestrator/engine/definitions.h"
#include "orchestrator/engine/partition_thread.h"
#include "orchestrator/engine/task_source.h"
#include "orchestrator/engine/tokens.h"
#include "orchestrator/engine/watch.h"
#include "orchestrator/logs/logs.h"
#include "orchestrator/store/store.h"
#include "statemachines/base/log.h"

namespace towline {
namespace {

constexpr Millis kShutdownGrace{2'000};
constexpr std::chrono::seconds kSweepEvery{10};
constexpr int kHttpsPort = 8461;
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

// Large payloads go through the HTTPS door.
bool HasHttps(const Config& config) { return config.https.listen != "off" && config.tls.on(); }

dispatch::Settings DispatchSettings(const Config& config, blobs::BlobStore* blobs) {
  dispatch::Settings settings;
  settings.blobs = blobs;
  settings.offer_timeout = Seconds{config.dispatch.offer_timeout_seconds};
  settings.liveness_window = Seconds{config.dispatch.liveness_seconds};
  settings.grace = Seconds{config.dispatch.grace_seconds};
  for (const auto& [tenant, others] : config.grants) {
    for (const std::string& other : others) settings.grants.emplace_back(tenant, other);
  }
  settings.publish_allow = config.publish;
  return settings;
}

// Unless the configuration says so, workers dial the first name in our certificate.
api::WorkerAddresses AddressesFor(const Config& config, int https_port) {
  api::WorkerAddresses addresses{.door = config.https.address,
                                 .broker_host = config.broker.host,
                                 .broker_port = config.broker.port};
  const auto certificate = ReadFile(config.tls.certificate);
  Result<pki::CertificateInfo> own =
      certificate ? pki::Inspect(*certificate) : Result<pki::CertificateInfo>(certificate.error());
  const std::string name = own && !own->hosts.empty() ? own->hosts.front() : "localhost";
  if (addresses.door.empty()) {
    const bool v6 = name.find(':') != std::string::npos;
    addresses.door = (v6 ? "[" + name + "]" : name) + ":" + std::to_string(https_port);
  }
  if (!config.enrolment.broker.empty()) {
    std::tie(addresses.broker_host, addresses.broker_port) =
        *SplitAddress(config.enrolment.broker);
  }
  if (config.broker.tls && config.broker.ca != config.tls.ca) {
    if (const auto ca = ReadFile(config.broker.ca)) addresses.broker_ca = *ca;
  }
  return addresses;
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
  Parts(const Config& config, std::unique_ptr<Certificates> own)
      : certificates(std::move(own)),
        backend(store::OpenSqliteBackend(config.data, config.partitions)),
        tokens(backend->catalogue().MacKeys()),
        definitions(backend->catalogue()),
        activities(backend->catalogue()),
        tasks(*backend),
        nested_tasks(*backend),
        logs(config.data + "/logs.db", LogLimitsOf(config), hub),
        blobs({.directory = config.data + "/payloads",
               .tenant_bytes_max = static_cast<std::uint64_t>(config.payloads.tenant_mb) << 20U}),
        dispatch(DispatchSettings(config, BlobsOf(config)), BrokerOptions(config), tokens, port,
                 tasks, &hub, &logs, clock),
        fleet(dispatch),
        objects(OpenObjects(config)),
        children(MakeNested(), MakeRunner(config), clock),
        notices(children, dispatch),
        partitions(MakePartitions(config)),
        audit(AuditSettings(config)),
        service({*backend, definitions, partitions, hub, tokens, fleet,
                 [this] { return clock.Now(); }, &audit, certificates.get(), &logs, &blobs},
                ServiceSettings(config)) {
    port.target = &partitions;
    for (const store::RevokedWorkerRow& row : backend->catalogue().RevokedWorkers()) {
      dispatch.Ask([worker = jobs::Principal{row.tenant, row.name}](auto& dispatcher, auto now) {
        dispatcher.SetRevoked(worker, true, now);
      });
    }
  }

  static interpreter::Limits LimitsOf(const Config& config) {
    interpreter::Limits limits =
        config.limits == "aws" ? interpreter::AwsLimits() : interpreter::Limits{};
    if (HasHttps(config)) limits.job_payload_bytes_max = limits.value_bytes_max;
    return limits;
  }
  blobs::BlobStore* BlobsOf(const Config& config) { return HasHttps(config) ? &blobs : nullptr; }
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
    settings.version = TOWLINE_VERSION;
    settings.unused_payloads = std::chrono::hours{config.payloads.unused_hours};
    settings.data = config.data;
    settings.quotas.others = QuotaOf(config.quotas);
    for (const auto& [tenant, quota] : config.tenant_quotas) {
      settings.quotas.tenants[tenant] = QuotaOf(quota);
    }
    return settings;
  }

  static logs::LogLimits LogLimitsOf(const Config& config) {
    return {.job_bytes_max = std::int64_t{config.logs.job_mb} << 20,
            .total_bytes_max = std::int64_t{config.logs.total_mb} << 20};
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
      settings.blobs = BlobsOf(config);
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
    settings.blobs = BlobsOf(config);
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
      if (certificates != nullptr) certificates->Renew(clock.Now());
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
  const std::unique_ptr<Certificates> certificates;
  std::unique_ptr<store::Backend> backend;
  engine::Tokens tokens;
  engine::Definitions definitions;
  engine::CatalogueActivities activities;
  engine::WatchHub hub;
  engine::StoreTaskSource tasks;
  engine::StoreTaskSource nested_tasks;
  LatePort port;
  logs::Logs logs;
  blobs::BlobStore blobs;
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
  api::https::WorkerRoutes routes{service};
  std::unique_ptr<api::https::Door> https;
  std::jthread sweeper;
  std::shared_ptr<std::atomic<bool>> dispatch_answered = std::make_shared<std::atomic<bool>>(true);
  std::chrono::steady_clock::time_point dispatch_asked;
};

Server::Server(Config config) : config_(std::move(config)) {}

Server::~Server() { Stop(); }

Status Server::Start() {
  const auto address = api::ParseListenAddress(config_.listen, !config_.plain);
  if (!address) return address.error();
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  if (Status made = MakeAuthorityIfNone(config_, now); !made) return made;
  config_ = WithTls(std::move(config_));
  if (Status good = CheckTls(config_, now); !good) return good;
  auto certificates = Certificates::Open(config_);
  if (!certificates) return certificates.error();
  try {
    parts_ = std::make_unique<Parts>(config_, std::move(*certificates));
  } catch (const store::StoreError& error) {
    return Error{Error::Code::kUnavailable, error.what()};
  } catch (const std::filesystem::filesystem_error& error) {
    return Error{Error::Code::kUnavailable, error.what()};
  }
  auto grpc = api::GrpcServer::Start(parts_->service, *address,
                                     {config_.tls.ca, config_.tls.certificate, config_.tls.key});
  if (!grpc) return grpc.error();
  parts_->grpc = std::move(*grpc);
  if (Status open = OpenHttps(*address); !open) return open;
  parts_->logs.Start();
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

Status Server::OpenHttps(const api::ListenAddress& grpc) {
  if (!HasHttps(config_)) return Ok();
  api::ListenAddress address{grpc.host, grpc.port == 0 ? 0 : kHttpsPort};
  if (!config_.https.listen.empty()) {
    const auto chosen = api::ParseListenAddress(config_.https.listen, true);
    if (!chosen) return chosen.error();
    address = *chosen;
  }
  auto door = api::https::Door::Start(parts_->routes, {.address = address,
                                                       .ca = config_.tls.ca,
                                                       .certificate = config_.tls.certificate,
                                                       .key = config_.tls.key});
  if (!door) return door.error();
  parts_->https = std::move(*door);
  parts_->service.enrolment().SetAddresses(AddressesFor(config_, parts_->https->port()));
  return Ok();
}

void Server::Stop() {
  if (parts_ == nullptr || parts_->grpc == nullptr) return;
  parts_->sweeper.request_stop();
  if (parts_->https != nullptr) parts_->https->Stop();
  parts_->grpc->Shutdown(kShutdownGrace);
  parts_->stopping.request_stop();
  parts_->partitions.Stop();
  parts_->dispatch.Stop();
  parts_->logs.Stop();
  parts_->children.Stop();
  parts_->grpc.reset();
  parts_.reset();
}

bool Server::IsAlive() { return parts_->IsAlive(); }

int Server::port() const {
  return parts_ != nullptr && parts_->grpc != nullptr ? parts_->grpc->port() : 0;
}

int Server::https_port() const {
  return parts_ != nullptr && parts_->https != nullptr ? parts_->https->port() : 0;
}

}  // namespace towline
