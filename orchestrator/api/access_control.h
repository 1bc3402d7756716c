#pragma once

#include "orchestrator/api/call.h"
#include "orchestrator/api/foundation.h"
#include "proto/towline/v1/access.pb.h"

namespace towline::api {

// The use cases of proto/towline/v1/access.proto. Any thread.
class AccessControl {
 public:
  explicit AccessControl(Foundation& foundation) : base_(foundation) {}

  void Grant(const v1::GrantRequest& request, const Reply<v1::GrantResponse>& reply);
  void Revoke(const v1::RevokeRequest& request, const Reply<v1::RevokeResponse>& reply);
  void ListGrants(const v1::ListGrantsRequest& request, const Reply<v1::ListGrantsResponse>& reply);
  void CreateToken(const v1::CreateTokenRequest& request,
                   const Reply<v1::CreateTokenResponse>& reply);
  void RevokeToken(const v1::RevokeTokenRequest& request,
                   const Reply<v1::RevokeTokenResponse>& reply);
  void ListTokens(const v1::ListTokensRequest& request, const Reply<v1::ListTokensResponse>& reply);
  void ListAuditEntries(const v1::ListAuditEntriesRequest& request,
                        const Reply<v1::ListAuditEntriesResponse>& reply);
  void Check(const v1::CheckAccessRequest& request, const Reply<v1::CheckAccessResponse>& reply);
  void DescribeQuotas(const v1::DescribeQuotasRequest& request, const Reply<v1::Quotas>& reply);

 private:
  // The caller, who may say who may do what in the grant's tenant.
  Result<store::GrantRow> ReadGrant(const Asker& asker, const v1::AccessGrant& grant) const;
  // The caller, if the principal is himself or he is an admin everywhere.
  Result<Caller> OwnerOf(const Asker& asker, std::string_view principal) const;

  Foundation& base_;
};

}  // namespace towline::api
