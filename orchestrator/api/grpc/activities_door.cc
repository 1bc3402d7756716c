#include "orchestrator/api/grpc/services.h"
#include "orchestrator/api/grpc/unary.h"
#include "proto/towline/v1/activities.grpc.pb.h"

namespace towline::api::door {
namespace {

class Door final : public v1::Activities::CallbackService {
 public:
  explicit Door(Activities& activities) : activities_(activities) {}

  grpc::ServerUnaryReactor* Create(grpc::CallbackServerContext* context,
                                   const v1::CreateActivityRequest* request,
                                   v1::Activity* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { activities_.Create(*request, reply); });
  }

  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext* context,
                                     const v1::DescribeActivityRequest* request,
                                     v1::Activity* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { activities_.Describe(*request, reply); });
  }

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const v1::ListActivitiesRequest* request,
                                 v1::ListActivitiesResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { activities_.List(*request, reply); });
  }

  grpc::ServerUnaryReactor* Delete(grpc::CallbackServerContext* context,
                                   const v1::DeleteActivityRequest* request,
                                   v1::DeleteActivityResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { activities_.Delete(*request, reply); });
  }

 private:
  Activities& activities_;
};

}  // namespace

std::unique_ptr<grpc::Service> ActivitiesDoor(Service& service) {
  return std::make_unique<Door>(service.activities());
}

}  // namespace towline::api::door
