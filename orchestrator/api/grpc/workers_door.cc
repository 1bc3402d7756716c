#include "orchestrator/api/grpc/services.h"
#include "orchestrator/api/grpc/unary.h"
#include "proto/towline/v1/workers.grpc.pb.h"

namespace towline::api::door {
namespace {

class Door final : public v1::Workers::CallbackService {
 public:
  Door(Workers& workers, Enrolment& enrolment) : workers_(workers), enrolment_(enrolment) {}

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

  grpc::ServerUnaryReactor* Invite(grpc::CallbackServerContext* context,
                                   const v1::InviteWorkerRequest* request,
                                   v1::InviteWorkerResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { enrolment_.Invite(*request, reply); });
  }

  grpc::ServerUnaryReactor* ListInvitations(grpc::CallbackServerContext* context,
                                            const v1::ListInvitationsRequest* request,
                                            v1::ListInvitationsResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { enrolment_.ListInvitations(*request, reply); });
  }

  grpc::ServerUnaryReactor* WithdrawInvitation(grpc::CallbackServerContext* context,
                                               const v1::WithdrawInvitationRequest* request,
                                               v1::WithdrawInvitationResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { enrolment_.WithdrawInvitation(*request, reply); });
  }

  grpc::ServerUnaryReactor* Revoke(grpc::CallbackServerContext* context,
                                   const v1::RevokeWorkerRequest* request,
                                   v1::RevokeWorkerResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { enrolment_.Revoke(*request, reply); });
  }

 private:
  Workers& workers_;
  Enrolment& enrolment_;
};

}  // namespace

std::unique_ptr<grpc::Service> WorkersDoor(Service& service) {
  return std::make_unique<Door>(service.workers(), service.enrolment());
}

}  // namespace towline::api::door
