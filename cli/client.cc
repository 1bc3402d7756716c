#include "cli/client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

namespace towline::cli {
namespace {

constexpr int kMessageBytesMax = 16 << 20;

std::shared_ptr<grpc::Channel> Connect(const std::string& server, const Client::Tls& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  // A server on this machine must not be asked for through the site's web proxy.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  if (tls.ca.empty()) {
    return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
  }
  return grpc::CreateCustomChannel(
      server, grpc::SslCredentials({tls.ca, tls.key, tls.certificate}), arguments);
}

}  // namespace

Client::Client(std::string server, std::string tenant, const Tls& tls)
    : server_(std::move(server)),
      tenant_(std::move(tenant)),
      token_(tls.token),
      tls_(!tls.ca.empty()),
      channel_(Connect(server_, tls)) {}

std::unique_ptr<grpc::ClientContext> Client::Context(
    std::optional<std::chrono::milliseconds> patience) const {
  auto context = std::make_unique<grpc::ClientContext>();
  if (patience) context->set_deadline(std::chrono::system_clock::now() + *patience);
  if (!tenant_.empty()) context->AddMetadata("towline-tenant", tenant_);
  if (!token_.empty()) context->AddMetadata("authorization", "Bearer " + token_);
  return context;
}

}  // namespace towline::cli
