#include "orchestrator/api/grpc/services.h"
#include "orchestrator/api/grpc/unary.h"
#include "proto/towline/v1/state_machines.grpc.pb.h"

namespace towline::api::door {
namespace {

class Door final : public v1::StateMachines::CallbackService {
 public:
  explicit Door(StateMachines& state_machines) : state_machines_(state_machines) {}

  grpc::ServerUnaryReactor* Create(grpc::CallbackServerContext* context,
                                   const v1::CreateStateMachineRequest* request,
                                   v1::CreateStateMachineResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { state_machines_.Create(*request, reply); });
  }

  grpc::ServerUnaryReactor* Update(grpc::CallbackServerContext* context,
                                   const v1::UpdateStateMachineRequest* request,
                                   v1::UpdateStateMachineResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { state_machines_.Update(*request, reply); });
  }

  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext* context,
                                     const v1::DescribeStateMachineRequest* request,
                                     v1::StateMachine* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { state_machines_.Describe(*request, reply); });
  }

  grpc::ServerUnaryReactor* DescribeForExecution(
      grpc::CallbackServerContext* context,
      const v1::DescribeStateMachineForExecutionRequest* request,
      v1::StateMachine* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { state_machines_.DescribeForExecution(*request, reply); });
  }

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const v1::ListStateMachinesRequest* request,
                                 v1::ListStateMachinesResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { state_machines_.List(*request, reply); });
  }

  grpc::ServerUnaryReactor* Delete(grpc::CallbackServerContext* context,
                                   const v1::DeleteStateMachineRequest* request,
                                   v1::DeleteStateMachineResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { state_machines_.Delete(*request, reply); });
  }

  grpc::ServerUnaryReactor* Validate(grpc::CallbackServerContext* context,
                                     const v1::ValidateStateMachineRequest* request,
                                     v1::ValidateStateMachineResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { state_machines_.Validate(*request, reply); });
  }

  grpc::ServerUnaryReactor* TestState(grpc::CallbackServerContext* context,
                                      const v1::TestStateRequest* request,
                                      v1::TestStateResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { state_machines_.TestState(*request, reply); });
  }

 private:
  StateMachines& state_machines_;
};

}  // namespace

std::unique_ptr<grpc::Service> StateMachinesDoor(Service& service) {
  return std::make_unique<Door>(service.state_machines());
}

}  // namespace towline::api::door
