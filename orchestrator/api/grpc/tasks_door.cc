#include "orchestrator/api/grpc/services.h"
#include "orchestrator/api/grpc/unary.h"
#include "proto/towline/v1/tasks.grpc.pb.h"

namespace towline::api::door {
namespace {

class Door final : public v1::Tasks::CallbackService {
 public:
  explicit Door(Tasks& tasks) : tasks_(tasks) {}

  grpc::ServerUnaryReactor* SendSuccess(grpc::CallbackServerContext* context,
                                        const v1::SendTaskSuccessRequest* request,
                                        v1::SendTaskSuccessResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { tasks_.SendSuccess(*request, reply); });
  }

  grpc::ServerUnaryReactor* SendFailure(grpc::CallbackServerContext* context,
                                        const v1::SendTaskFailureRequest* request,
                                        v1::SendTaskFailureResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { tasks_.SendFailure(*request, reply); });
  }

  grpc::ServerUnaryReactor* SendHeartbeat(grpc::CallbackServerContext* context,
                                          const v1::SendTaskHeartbeatRequest* request,
                                          v1::SendTaskHeartbeatResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { tasks_.SendHeartbeat(*request, reply); });
  }

  grpc::ServerUnaryReactor* GetActivityTask(grpc::CallbackServerContext* context,
                                            const v1::GetActivityTaskRequest* request,
                                            v1::GetActivityTaskResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { tasks_.GetActivityTask(*request, reply); });
  }

 private:
  Tasks& tasks_;
};

}  // namespace

std::unique_ptr<grpc::Service> TasksDoor(Service& service) {
  return std::make_unique<Door>(service.tasks());
}

}  // namespace towline::api::door
