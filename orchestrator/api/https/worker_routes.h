#pragma once

#include "orchestrator/api/https/exchange.h"
#include "orchestrator/api/service.h"

namespace towline::api::https {

// What agents ask for over HTTPS (docs/job-protocol.md):
//
//   GET  /v1/authority   the server's authority, PEM; anybody
//   POST /v1/enrol       with an invitation: a certificate
//   POST /v1/renew       with a worker's certificate: the next one
//   HEAD, GET, PUT /v1/payloads/SHA256   with a worker's certificate: payload_routes.h
//
// Other bodies are JSON. Every answer has the header towline-time, the server's clock.
class WorkerRoutes final : public Routes {
 public:
  explicit WorkerRoutes(Service& service) : service_(service) {}
  std::unique_ptr<Exchange> Begin(const HttpCall& call) override;

 private:
  Service& service_;
};

}  // namespace towline::api::https
