#include "orchestrator/api/grpc/services.h"
#include "orchestrator/api/grpc/unary.h"
#include "proto/towline/v1/access.grpc.pb.h"

namespace towline::api::door {
namespace {

class Door final : public v1::Access::CallbackService {
 public:
  explicit Door(AccessControl& access) : access_(access) {}

  grpc::ServerUnaryReactor* Grant(grpc::CallbackServerContext* context,
                                  const v1::GrantRequest* request,
                                  v1::GrantResponse* response) override {
    return Unary(context, response, [&](const auto& reply) { access_.Grant(*request, reply); });
  }

  grpc::ServerUnaryReactor* Revoke(grpc::CallbackServerContext* context,
                                   const v1::RevokeRequest* request,
                                   v1::RevokeResponse* response) override {
    return Unary(context, response, [&](const auto& reply) { access_.Revoke(*request, reply); });
  }

  grpc::ServerUnaryReactor* ListGrants(grpc::CallbackServerContext* context,
                                       const v1::ListGrantsRequest* request,
                                       v1::ListGrantsResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { access_.ListGrants(*request, reply); });
  }

  grpc::ServerUnaryReactor* CreateToken(grpc::CallbackServerContext* context,
                                        const v1::CreateTokenRequest* request,
                                        v1::CreateTokenResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { access_.CreateToken(*request, reply); });
  }

  grpc::ServerUnaryReactor* RevokeToken(grpc::CallbackServerContext* context,
                                        const v1::RevokeTokenRequest* request,
                                        v1::RevokeTokenResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { access_.RevokeToken(*request, reply); });
  }

  grpc::ServerUnaryReactor* ListTokens(grpc::CallbackServerContext* context,
                                       const v1::ListTokensRequest* request,
                                       v1::ListTokensResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { access_.ListTokens(*request, reply); });
  }

  grpc::ServerUnaryReactor* ListAuditEntries(grpc::CallbackServerContext* context,
                                             const v1::ListAuditEntriesRequest* request,
                                             v1::ListAuditEntriesResponse* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { access_.ListAuditEntries(*request, reply); });
  }

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const v1::CheckAccessRequest* request,
                                  v1::CheckAccessResponse* response) override {
    return Unary(context, response, [&](const auto& reply) { access_.Check(*request, reply); });
  }

  grpc::ServerUnaryReactor* DescribeQuotas(grpc::CallbackServerContext* context,
                                           const v1::DescribeQuotasRequest* request,
                                           v1::Quotas* response) override {
    return Unary(context, response,
                 [&](const auto& reply) { access_.DescribeQuotas(*request, reply); });
  }

 private:
  AccessControl& access_;
};

}  // namespace

std::unique_ptr<grpc::Service> AccessDoor(Service& service) {
  return std::make_unique<Door>(service.access());
}

}  // namespace towline::api::door
