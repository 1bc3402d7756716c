#pragma once

#include <memory>
#include <string>

#include "orchestrator/api/listen_address.h"
#include "orchestrator/api/service.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::api {

// The gRPC door: proto/towline/v1 with the standard health and reflection services, on threads of
// gRPC's own. Calls are answered from construction by Start() until Shutdown().
class GrpcServer {
 public:
  // PEM files; read again every minute, so that they can be renewed.
  struct Tls {
    std::string ca{};  // of the callers; empty: no TLS
    std::string certificate{};
    std::string key{};
  };
  // Error when the address cannot be listened on. `service` must outlive the server; the files of
  // `tls` must be good.
  static Result<std::unique_ptr<GrpcServer>> Start(Service& service, const ListenAddress& address,
                                                   const Tls& tls);
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // The port listened on; of interest when the address said 0.
  int port() const;
  // Answers no new call; cancels those still open after `grace`. Returns when all have ended.
  void Shutdown(Millis grace);

 private:
  struct Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace towline::api
