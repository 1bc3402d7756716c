#include "orchestrator/api/access_control.h"

#include <algorithm>

#include "orchestrator/api/convert.h"
#include "statemachines/base/log.h"

namespace towline::api {
namespace {

constexpr std::int64_t kLifeSecondsMin = 60;
constexpr std::int64_t kLifeSecondsMax = std::int64_t{365} * 86'400;
constexpr int kEntriesMax = 1'000;
constexpr std::string_view kEverywhere = "*";

Error Invalid(std::string why) {
  return {Error::Code::kInvalidArgument, std::move(why), "ValidationException"};
}
Error NotFound(std::string what) {
  return {Error::Code::kNotFound, std::move(what), "ResourceNotFound"};
}

// As certificates name users.
Status CheckPrincipal(std::string_view name) {
  const bool plain = name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789-.@") == std::string_view::npos;
  if (plain && !name.empty() && name.size() <= 64) return Ok();
  return Invalid("'" + std::string(name) +
                 "' is no principal: 1 to 64 letters, digits, '-', '.' and '@'");
}

void Fill(const store::GrantRow& row, v1::AccessGrant* to) {
  to->set_principal(row.principal);
  to->set_role(row.role);
  to->set_tenant(row.tenant);
  to->set_machine_prefix(row.machine_prefix);
}

void Fill(const store::ApiTokenRow& row, v1::ApiToken* to) {
  to->set_id(row.id);
  to->set_principal(row.principal);
  SetTime(to->mutable_creation_time(), row.created);
  SetTime(to->mutable_expiry_time(), row.expires);
}

void Fill(const AuditEntry& entry, v1::AuditEntry* to) {
  SetTime(to->mutable_time(), entry.time);
  to->set_principal(entry.principal);
  to->set_proof(entry.proof);
  to->set_peer(entry.peer);
  to->set_action(entry.action);
  to->set_tenant(entry.tenant);
  to->set_object(entry.object);
  to->set_allowed(entry.allowed);
  to->set_reason(entry.reason);
}

std::string Actions() {
  std::string all;
  for (int i = 0; i <= static_cast<int>(Action::kChangeAccess); ++i) {
    all += (all.empty() ? "" : ", ") + std::string(NameOf(static_cast<Action>(i)));
  }
  return all;
}

std::string NameOf(const Caller& caller) {
  return caller.kind == Caller::Kind::kLocal ? "(on the server's machine)" : caller.name;
}

}  // namespace

Result<store::GrantRow> AccessControl::ReadGrant(const Asker& asker,
                                                 const v1::AccessGrant& grant) const {
  const auto caller = base_.Know(asker);
  if (!caller) return caller.error();
  store::GrantRow row{.principal = grant.principal(),
                      .role = grant.role(),
                      .tenant = grant.tenant(),
                      .machine_prefix = grant.machine_prefix()};
  if (Status good = CheckPrincipal(row.principal); !good) return good.error();
  if (!ParseRole(row.role)) {
    return Invalid("'" + row.role +
                   "' is no role; there are viewer, starter, worker, operator and admin");
  }
  if (row.tenant != kEverywhere) {
    const auto tenant = ResolveTenant(row.tenant);
    if (!tenant) return tenant.error();
    row.tenant = *tenant;
  }
  const std::string what = row.principal + " " + row.role + " " + row.machine_prefix;
  const Status allowed =
      base_.access.Allow(*caller, Action::kChangeAccess, {.tenant = row.tenant, .detail = what});
  if (!allowed) return allowed.error();
  return row;
}

void AccessControl::Grant(const v1::GrantRequest& request, const Reply<v1::GrantResponse>& reply) {
  const auto row = ReadGrant(reply.asker(), request.grant());
  if (!row) return reply.Fail(row.error());
  base_.access.Grant(*row);
  Log(LogLevel::kInfo, "access_granted",
      {{"principal", row->principal}, {"role", row->role}, {"tenant", row->tenant}});
  reply.Send(v1::GrantResponse());
}

void AccessControl::Revoke(const v1::RevokeRequest& request,
                           const Reply<v1::RevokeResponse>& reply) {
  const auto row = ReadGrant(reply.asker(), request.grant());
  if (!row) return reply.Fail(row.error());
  if (!base_.access.Revoke(*row)) {
    return reply.Fail(NotFound("There is no such grant; `towline access list` shows all"));
  }
  Log(LogLevel::kInfo, "access_revoked",
      {{"principal", row->principal}, {"role", row->role}, {"tenant", row->tenant}});
  reply.Send(v1::RevokeResponse());
}

void AccessControl::ListGrants(const v1::ListGrantsRequest& request,
                               const Reply<v1::ListGrantsResponse>& reply) {
  const auto caller = base_.Know(reply.asker());
  if (!caller) return reply.Fail(caller.error());
  v1::ListGrantsResponse response;
  for (const store::GrantRow& row : base_.access.Grants()) {
    if (!request.principal().empty() && row.principal != request.principal()) continue;
    const bool own = caller->kind == Caller::Kind::kUser && row.principal == caller->name;
    if (own || base_.access.Decide(*caller, Action::kViewAccess, {row.tenant}).allowed) {
      Fill(row, response.add_grants());
    }
  }
  reply.Send(std::move(response));
}

Result<Caller> AccessControl::OwnerOf(const Asker& asker, std::string_view principal) const {
  auto caller = base_.Know(asker);
  if (!caller) return caller;
  const std::string what = "token of " + std::string(principal);
  const Resource resource{.tenant = kEverywhere, .detail = what};
  if (caller->kind == Caller::Kind::kUser && caller->name == principal) {
    base_.access.Note(*caller, Action::kChangeAccess, resource,
                      {.allowed = true, .reason = "it is the caller's own"});
    return caller;
  }
  const Status allowed = base_.access.Allow(*caller, Action::kChangeAccess, resource);
  if (!allowed) return allowed.error();
  return caller;
}

void AccessControl::CreateToken(const v1::CreateTokenRequest& request,
                                const Reply<v1::CreateTokenResponse>& reply) {
  const auto caller = OwnerOf(reply.asker(), request.principal());
  if (!caller) return reply.Fail(caller.error());
  if (Status good = CheckPrincipal(request.principal()); !good) return reply.Fail(good.error());
  const std::int64_t life = request.life_seconds();
  if (life < kLifeSecondsMin || life > kLifeSecondsMax) {
    return reply.Fail(
        Invalid("life_seconds must be from 60 to 31536000 (a year), not " + std::to_string(life)));
  }
  const Timestamp now = base_.parts.clock();
  const Access::NewToken token =
      base_.access.CreateToken(request.principal(), now, now + Seconds{life});
  Log(LogLevel::kInfo, "token_created",
      {{"id", token.row.id}, {"principal", token.row.principal}, {"by", NameOf(*caller)}});
  v1::CreateTokenResponse response;
  response.set_secret(token.secret);
  Fill(token.row, response.mutable_token());
  reply.Send(std::move(response));
}

void AccessControl::RevokeToken(const v1::RevokeTokenRequest& request,
                                const Reply<v1::RevokeTokenResponse>& reply) {
  const auto tokens = base_.access.Tokens();
  const auto found = std::find_if(tokens.begin(), tokens.end(),
                                  [&](const auto& token) { return token.id == request.id(); });
  // Who may not see others' tokens does not learn here which there are.
  const auto caller =
      OwnerOf(reply.asker(), found == tokens.end() ? std::string_view() : found->principal);
  if (!caller) return reply.Fail(caller.error());
  if (found == tokens.end() || !base_.access.RevokeToken(request.id())) {
    return reply.Fail(
        NotFound("There is no token '" + request.id() + "'; `towline token list` shows all"));
  }
  Log(LogLevel::kInfo, "token_revoked", {{"id", request.id()}, {"by", NameOf(*caller)}});
  reply.Send(v1::RevokeTokenResponse());
}

void AccessControl::ListTokens(const v1::ListTokensRequest& /*request*/,
                               const Reply<v1::ListTokensResponse>& reply) {
  const auto caller = base_.Know(reply.asker());
  if (!caller) return reply.Fail(caller.error());
  const bool all = base_.access.Decide(*caller, Action::kViewAccess, {kEverywhere}).allowed;
  v1::ListTokensResponse response;
  for (const store::ApiTokenRow& row : base_.access.Tokens()) {
    const bool own = caller->kind == Caller::Kind::kUser && row.principal == caller->name;
    if (all || own) Fill(row, response.add_tokens());
  }
  reply.Send(std::move(response));
}

void AccessControl::ListAuditEntries(const v1::ListAuditEntriesRequest& request,
                                     const Reply<v1::ListAuditEntriesResponse>& reply) {
  const auto caller = base_.Know(reply.asker());
  if (!caller) return reply.Fail(caller.error());
  AuditLog::Filter filter{.principal = request.principal(), .denied = request.denied()};
  if (!request.everywhere()) {
    const auto tenant = ResolveTenant(reply.asker().tenant);
    if (!tenant) return reply.Fail(tenant.error());
    filter.tenant = *tenant;
  }
  const Status allowed =
      base_.access.Allow(*caller, Action::kViewAccess,
                         {request.everywhere() ? kEverywhere : std::string_view(filter.tenant)});
  if (!allowed) return reply.Fail(allowed.error());
  if (request.max_results() < 0 || request.max_results() > kEntriesMax) {
    return reply.Fail(Invalid("max_results must be from 1 to 1000, or 0 for 100, not " +
                              std::to_string(request.max_results())));
  }
  if (request.max_results() > 0) filter.limit = static_cast<std::size_t>(request.max_results());
  if (request.has_since()) filter.since = TimeOf(request.since());
  v1::ListAuditEntriesResponse response;
  if (base_.parts.audit != nullptr) {
    for (const AuditEntry& entry : base_.parts.audit->Read(filter)) {
      Fill(entry, response.add_entries());
    }
  }
  reply.Send(std::move(response));
}

void AccessControl::Check(const v1::CheckAccessRequest& request,
                          const Reply<v1::CheckAccessResponse>& reply) {
  const auto caller = base_.Know(reply.asker());
  if (!caller) return reply.Fail(caller.error());
  const auto tenant = ResolveTenant(request.tenant());
  if (!tenant) return reply.Fail(tenant.error());
  const auto action = ParseAction(request.action());
  if (!action) {
    return reply.Fail(Invalid("'" + request.action() + "' is no action; there are " + Actions()));
  }
  Caller subject = *caller;
  if (!request.principal().empty() && request.principal() != caller->name) {
    const Status allowed = base_.access.Allow(*caller, Action::kViewAccess, {*tenant});
    if (!allowed) return reply.Fail(allowed.error());
    subject = {.kind = Caller::Kind::kUser, .name = request.principal()};
  }
  const Decision decision = base_.access.Decide(subject, *action, {*tenant, request.machine()});
  v1::CheckAccessResponse response;
  response.set_allowed(decision.allowed);
  response.set_reason(decision.reason);
  reply.Send(std::move(response));
}

void AccessControl::DescribeQuotas(const v1::DescribeQuotasRequest& /*request*/,
                                   const Reply<v1::Quotas>& reply) {
  const auto tenant = base_.Tenant(reply.asker(), Action::kViewExecutions);
  if (!tenant) return reply.Fail(tenant.error());
  const Quotas::Use use = base_.quotas.Describe(*tenant, base_.parts.clock());
  v1::Quotas quotas;
  quotas.set_tenant(*tenant);
  quotas.set_starts_per_second(use.quota.starts_per_second);
  quotas.set_starts_burst(use.quota.starts_burst);
  if (use.quota.starts_per_second > 0) quotas.set_starts_left(use.starts_left);
  quotas.set_open_executions_max(use.quota.open_executions);
  quotas.set_open_executions(use.open);
  quotas.set_request_bytes_max(use.quota.request_bytes);
  quotas.set_refused(use.refused);
  reply.Send(std::move(quotas));
}

}  // namespace towline::api
