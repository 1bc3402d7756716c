#include "orchestrator/api/grpc/services.h"
#include "orchestrator/api/grpc/unary.h"
#include "proto/towline/v1/map_runs.grpc.pb.h"

namespace towline::api::door {
namespace {

class Door final : public v1::MapRuns::CallbackService {
 public:
  explicit Door(MapRuns& map_runs) : map_runs_(map_runs) {}

  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext* context,
                                     const v1::DescribeMapRunRequest* request,
                                     v1::MapRun* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { map_runs_.Describe(*request, reply); });
  }

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const v1::ListMapRunsRequest* request,
                                 v1::ListMapRunsResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { map_runs_.List(*request, reply); });
  }

  grpc::ServerUnaryReactor* Update(grpc::CallbackServerContext* context,
                                   const v1::UpdateMapRunRequest* request,
                                   v1::MapRun* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { map_runs_.Update(*request, reply); });
  }

 private:
  MapRuns& map_runs_;
};

}  // namespace

std::unique_ptr<grpc::Service> MapRunsDoor(Service& service) {
  return std::make_unique<Door>(service.map_runs());
}

}  // namespace towline::api::door
