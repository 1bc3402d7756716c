#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace towline::cli {

// The connection to one server, for one tenant. Connects at the first call.
class Client {
 public:
  // PEM texts. With `ca` the connection is TLS.
  struct Tls {
    std::string ca{};
    std::string certificate{};
    std::string key{};
    std::string token{};  // no PEM: the secret that says who calls
  };
  // `server`: HOST:PORT. `tenant`: empty leaves it to the server.
  Client(std::string server, std::string tenant, const Tls& tls);

  const std::string& server() const { return server_; }
  const std::string& tenant() const { return tenant_; }
  bool tls() const { return tls_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // For one call; without patience it may take as long as it takes.
  std::unique_ptr<grpc::ClientContext> Context(
      std::optional<std::chrono::milliseconds> patience) const;

  // One call of a service: client.Call<v1::Executions>(&v1::Executions::Stub::Describe, …).
  template <class Service, class Request, class Response>
  grpc::Status Call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&,
                                                          Response*),
                    const Request& request, Response* response,
                    std::optional<std::chrono::milliseconds> patience =
                        std::chrono::seconds(30)) const {
    const auto stub = Service::NewStub(channel_);
    const auto context = Context(patience);
    return ((*stub).*method)(context.get(), request, response);
  }

 private:
  const std::string server_;
  const std::string tenant_;
  const std::string token_;
  const bool tls_;
  const std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace towline::cli
