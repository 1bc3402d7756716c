#include "orchestrator/api/grpc/server.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <utility>
#include <vector>

#include "orchestrator/api/grpc/services.h"
#include "statemachines/base/log.h"

namespace towline::api {
namespace {

constexpr int kMessageBytesMax = 16 << 20;
constexpr unsigned kReadFilesAgainSeconds = 60;

std::shared_ptr<grpc::ServerCredentials> Credentials(const GrpcServer::Tls& tls) {
  if (tls.ca.empty()) return grpc::InsecureServerCredentials();
  namespace tls_api = grpc::experimental;
  tls_api::TlsServerCredentialsOptions options(
      std::make_shared<tls_api::FileWatcherCertificateProvider>(tls.key, tls.certificate, tls.ca,
                                                                kReadFilesAgainSeconds));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  // A caller without a certificate gets an answer that tells it so: see Admit.
  options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return tls_api::TlsServerCredentials(options);
}

}  // namespace

struct GrpcServer::Impl {
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  bool down = false;
};

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(Service& service,
                                                      const ListenAddress& address,
                                                      const Tls& tls) {
  // Its own lines about a failed start would stand beside ours on standard error.
  gpr_set_log_function([](gpr_log_func_args* line) {
    if (line->severity == GPR_LOG_SEVERITY_ERROR) {
      Log(LogLevel::kDebug, "grpc_error", {{"message", line->message}});
    }
  });
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  auto impl = std::make_unique<Impl>();
  impl->services.push_back(door::StateMachinesDoor(service));
  impl->services.push_back(door::ExecutionsDoor(service));
  impl->services.push_back(door::MapRunsDoor(service));
  impl->services.push_back(door::TasksDoor(service));
  impl->services.push_back(door::ActivitiesDoor(service));
  impl->services.push_back(door::WorkersDoor(service));
  impl->services.push_back(door::ExplainDoor(service));
  impl->services.push_back(door::AccessDoor(service));

  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  // Two servers on one port would share its callers between them: refuse instead.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Only health and reflection use the synchronous threads.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.AddListeningPort(address.text(), Credentials(tls), &impl->port);
  for (const auto& one : impl->services) builder.RegisterService(one.get());
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr || impl->port == 0) {
    return Error{Error::Code::kUnavailable,
                 "Cannot listen on " + address.text() +
                     " for gRPC: is another server running there? Give another address",
                 ""};
  }
  if (auto* health = impl->server->GetHealthCheckService()) health->SetServingStatus(true);
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
}

GrpcServer::~GrpcServer() { Shutdown(Millis{0}); }

int GrpcServer::port() const { return impl_->port; }

void GrpcServer::Shutdown(Millis grace) {
  if (std::exchange(impl_->down, true)) return;
  if (auto* health = impl_->server->GetHealthCheckService()) health->Shutdown();
  impl_->server->Shutdown(std::chrono::system_clock::now() + grace);
}

}  // namespace towline::api
