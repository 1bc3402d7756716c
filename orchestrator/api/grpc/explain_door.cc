#include "orchestrator/api/grpc/services.h"
#include "orchestrator/api/grpc/unary.h"
#include "proto/towline/v1/explain.grpc.pb.h"

namespace towline::api::door {
namespace {

class Door final : public v1::Explain::CallbackService {
 public:
  explicit Door(Explain& explain) : explain_(explain) {}

  grpc::ServerUnaryReactor* Execution(grpc::CallbackServerContext* context,
                                      const v1::ExplainExecutionRequest* request,
                                      v1::ExplainExecutionResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { explain_.Execution(*request, reply); });
  }

  grpc::ServerUnaryReactor* Server(grpc::CallbackServerContext* context,
                                   const v1::ExplainServerRequest* request,
                                   v1::ServerState* response) override {
    return Unary(context, response, [&](const auto& reply) { explain_.Server(*request, reply); });
  }

 private:
  Explain& explain_;
};

}  // namespace

std::unique_ptr<grpc::Service> ExplainDoor(Service& service) {
  return std::make_unique<Door>(service.explain());
}

}  // namespace towline::api::door
