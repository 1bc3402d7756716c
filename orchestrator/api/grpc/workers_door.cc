#include "orchestrator/api/grpc/services.h"
#include "orchestrator/api/grpc/unary.h"
#include "proto/towline/v1/workers.grpc.pb.h"

namespace towline::api::door {
namespace {

class Door final : public v1::Workers::CallbackService {
 public:
  explicit Door(Workers& workers) : workers_(workers) {}

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const v1::ListWorkersRequest* request,
                                 v1::ListWorkersResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { workers_.List(*request, reply); });
  }

  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext* context,
                                     const v1::DescribeWorkerRequest* request,
                                     v1::Worker* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { workers_.Describe(*request, reply); });
  }

  grpc::ServerUnaryReactor* Drain(grpc::CallbackServerContext* context,
                                  const v1::DrainWorkerRequest* request,
                                  v1::Worker* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { workers_.Drain(*request, reply); });
  }

  grpc::ServerUnaryReactor* Forget(grpc::CallbackServerContext* context,
                                   const v1::ForgetTaskRequest* request,
                                   v1::ForgetTaskResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { workers_.Forget(*request, reply); });
  }

 private:
  Workers& workers_;
};

}  // namespace

std::unique_ptr<grpc::Service> WorkersDoor(Service& service) {
  return std::make_unique<Door>(service.workers());
}

}  // namespace towline::api::door
