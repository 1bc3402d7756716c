// towline access … and token …: who may do what, and with which secrets.

#include <ostream>

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/show.h"
#include "proto/towline/v1/access.grpc.pb.h"

namespace towline::cli {
namespace {

using v1::Access;

v1::AccessGrant ReadGrant(const Invocation& call) {
  v1::AccessGrant grant;
  grant.set_principal(call.arguments[0]);
  grant.set_role(call.arguments[1]);
  grant.set_tenant(call.Flag("everywhere") ? "*" : call.Tenant());
  if (call.Has("machines")) grant.set_machine_prefix(call.Option("machines"));
  return grant;
}

int Grant(Invocation& call) {
  v1::GrantRequest request;
  *request.mutable_grant() = ReadGrant(call);
  v1::GrantResponse response;
  const auto status = call.client.Call<Access>(&Access::Stub::Grant, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) PrintJsonLine(call.terminal, ToJson(response));
  return kOk;
}

int Revoke(Invocation& call) {
  v1::RevokeRequest request;
  *request.mutable_grant() = ReadGrant(call);
  v1::RevokeResponse response;
  const auto status = call.client.Call<Access>(&Access::Stub::Revoke, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) PrintJsonLine(call.terminal, ToJson(response));
  return kOk;
}

int List(Invocation& call) {
  v1::ListGrantsRequest request;
  if (call.Has("principal")) request.set_principal(call.Option("principal"));
  v1::ListGrantsResponse response;
  const auto status = call.client.Call<Access>(&Access::Stub::ListGrants, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
    return kOk;
  }
  Table table({"PRINCIPAL", "ROLE", "TENANT", "STATE MACHINES"});
  for (const v1::AccessGrant& grant : response.grants()) {
    table.Add({grant.principal(), grant.role(), grant.tenant(),
               grant.machine_prefix().empty() ? "all" : grant.machine_prefix() + "…"});
  }
  table.Print(call.terminal);
  return kOk;
}

int Check(Invocation& call) {
  v1::CheckAccessRequest request;
  request.set_action(call.arguments[0]);
  request.set_tenant(call.Tenant());
  if (call.Has("principal")) request.set_principal(call.Option("principal"));
  if (call.Has("machine")) request.set_machine(call.Option("machine"));
  v1::CheckAccessResponse response;
  const auto status = call.client.Call<Access>(&Access::Stub::Check, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
  } else {
    const Colour colour = response.allowed() ? Colour::kGreen : Colour::kRed;
    call.terminal.out << call.terminal.Paint(colour, response.allowed() ? "allowed" : "denied")
                      << ": " << response.reason() << '\n';
  }
  return response.allowed() ? kOk : kFailed;
}

int CreateToken(Invocation& call) {
  const auto life = call.Duration("life");
  if (!life) return Fail(call, life.error());
  v1::CreateTokenRequest request;
  request.set_principal(call.arguments[0]);
  request.set_life_seconds(*life);
  v1::CreateTokenResponse response;
  const auto status = call.client.Call<Access>(&Access::Stub::CreateToken, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
  } else {
    call.terminal.out << response.secret() << '\n';
    call.terminal.err << "keep it: it is shown this once, and good until "
                      << ShowTime(FromProto(response.token().expiry_time())) << '\n';
  }
  return kOk;
}

int ListTokens(Invocation& call) {
  v1::ListTokensResponse response;
  const auto status =
      call.client.Call<Access>(&Access::Stub::ListTokens, v1::ListTokensRequest(), &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
    return kOk;
  }
  Table table({"ID", "PRINCIPAL", "CREATED", "EXPIRES"});
  for (const v1::ApiToken& token : response.tokens()) {
    table.Add({token.id(), token.principal(), ShowTime(FromProto(token.creation_time())),
               ShowTime(FromProto(token.expiry_time()))});
  }
  table.Print(call.terminal);
  return kOk;
}

int RevokeToken(Invocation& call) {
  v1::RevokeTokenRequest request;
  request.set_id(call.arguments[0]);
  v1::RevokeTokenResponse response;
  const auto status = call.client.Call<Access>(&Access::Stub::RevokeToken, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) PrintJsonLine(call.terminal, ToJson(response));
  return kOk;
}

void AddGrantOptions(cxxopts::OptionAdder& add) {
  add("machines", "only state machines whose names begin so (default: everything)",
      cxxopts::value<std::string>(), "PREFIX");
  add("everywhere", "in every tenant instead of --tenant");
}

std::string ShowWho(const v1::AuditEntry& entry) {
  if (entry.proof() == "local") return "(local)";
  return entry.principal().empty() ? "(unknown)" : entry.principal();
}

int Audit(Invocation& call) {
  v1::ListAuditEntriesRequest request;
  request.set_everywhere(call.Flag("everywhere"));
  request.set_denied(call.Flag("denied"));
  if (call.Has("principal")) request.set_principal(call.Option("principal"));
  const auto limit = call.Count("limit");
  if (!limit) return Fail(call, limit.error());
  request.set_max_results(*limit);
  v1::ListAuditEntriesResponse response;
  const auto status = call.client.Call<Access>(&Access::Stub::ListAuditEntries, request, &response);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(response));
    return kOk;
  }
  Table table({"TIME", "WHO", "FROM", "ACTION", "TENANT", "TO WHAT", "DECISION"});
  for (const v1::AuditEntry& entry : response.entries()) {
    table.Add(
        {ShowTime(FromProto(entry.time())), ShowWho(entry), entry.peer(), entry.action(),
         entry.tenant(), entry.object(), entry.allowed() ? "allowed" : "denied: " + entry.reason()},
        entry.allowed() ? Colour::kPlain : Colour::kRed);
  }
  table.Print(call.terminal);
  return kOk;
}

std::string ShowLimit(std::int64_t limit, const char* unit) {
  return limit == 0 ? "no limit" : std::to_string(limit) + unit;
}

int ShowQuotas(Invocation& call) {
  v1::Quotas quotas;
  const auto status = call.client.Call<Access>(&Access::Stub::DescribeQuotas,
                                               v1::DescribeQuotasRequest(), &quotas);
  if (!status.ok()) return Fail(call, status);
  if (call.json) {
    PrintJsonLine(call.terminal, ToJson(quotas));
    return kOk;
  }
  Table table({"OF TENANT " + quotas.tenant(), "IN USE", "LIMIT"});
  table.Add({"open executions", std::to_string(quotas.open_executions()),
             ShowLimit(quotas.open_executions_max(), "")});
  std::string left = "-";
  if (quotas.has_starts_left()) left = std::to_string(quotas.starts_left()) + " may start now";
  table.Add({"starts", left, ShowLimit(quotas.starts_per_second(), " a second")});
  table.Add({"bytes of a request", "-", ShowLimit(quotas.request_bytes_max(), "")});
  table.Add({"requests refused", std::to_string(quotas.refused()), "-"});
  table.Print(call.terminal);
  return kOk;
}

constexpr const char* kRoles =
    "Roles: viewer (see), starter (see and start executions), worker (poll activities, answer "
    "tasks), operator (all of it), admin (and say who may do what).";

}  // namespace

std::vector<Command> AccessCommands() {
  const auto text = [] { return cxxopts::value<std::string>(); };
  return {
      {"access grant", "PRINCIPAL ROLE", "let a user do things in a tenant", AddGrantOptions, Grant,
       kRoles},
      {"access revoke", "PRINCIPAL ROLE", "take that back", AddGrantOptions, Revoke,
       "Say it as it was granted."},
      {"access list", "", "show who may do what",
       [text](cxxopts::OptionAdder& add) { add("principal", "only of this one", text(), "NAME"); },
       List},
      {"auth check", "ACTION", "say whether somebody may do something, and why",
       [text](cxxopts::OptionAdder& add) {
         add("principal", "who (default: you)", text(), "NAME");
         add("machine", "to which state machine", text(), "NAME");
       },
       Check,
       "ACTION: machines:view, machines:change, executions:view, executions:start, "
       "executions:change, activities:view, activities:change, activities:poll, tasks:answer, "
       "workers:view, workers:change, access:view, access:change. Exit code 1: denied."},
      {"audit", "", "show who wanted to change what, and what was denied",
       [text](cxxopts::OptionAdder& add) {
         add("principal", "only of this one", text(), "NAME");
         add("denied", "only what was denied");
         add("everywhere", "of all tenants, and those whom nobody knows");
         add("limit", "how many, the newest first; at most 1000",
             cxxopts::value<std::string>()->default_value("100"), "N");
       },
       Audit, "For admins. The server keeps the whole log below DATA/audit, as lines of JSON."},
      {"token create", "PRINCIPAL", "make a secret that proves who a program is",
       [](cxxopts::OptionAdder& add) {
         add("life", "how long it is good: 15m, 12h, 30d (at most 365d)",
             cxxopts::value<std::string>()->default_value("30d"), "TIME");
       },
       CreateToken, "It is printed once; programs send it as `authorization: Bearer …`."},
      {"token list", "", "show the tokens, without their secrets", nullptr, ListTokens},
      {"quotas", "", "show what the tenant may ask for, and what is in use", nullptr, ShowQuotas,
       "The limits stand in the server's file; what was refused is counted since its start."},
      {"token revoke", "ID", "from now on it proves nothing", nullptr, RevokeToken},
  };
}

}  // namespace towline::cli
