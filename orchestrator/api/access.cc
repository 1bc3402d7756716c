#include "orchestrator/api/access.h"

#include <algorithm>

#include "orchestrator/api/secret.h"

namespace towline::api {
namespace {

constexpr std::string_view kEverywhere = "*";
constexpr std::string_view kSecretPrefix = "towline_";
constexpr std::size_t kIdBytes = 6;
constexpr std::size_t kSecretBytes = 32;

struct ActionName {
  Action action;
  const char* name;
};
constexpr ActionName kActions[] = {{Action::kViewMachines, "machines:view"},
                                   {Action::kChangeMachines, "machines:change"},
                                   {Action::kViewExecutions, "executions:view"},
                                   {Action::kStartExecutions, "executions:start"},
                                   {Action::kChangeExecutions, "executions:change"},
                                   {Action::kViewActivities, "activities:view"},
                                   {Action::kChangeActivities, "activities:change"},
                                   {Action::kPollActivities, "activities:poll"},
                                   {Action::kAnswerTasks, "tasks:answer"},
                                   {Action::kViewWorkers, "workers:view"},
                                   {Action::kChangeWorkers, "workers:change"},
                                   {Action::kViewAccess, "access:view"},
                                   {Action::kChangeAccess, "access:change"}};
constexpr const char* kRoles[] = {"viewer", "starter", "worker", "operator", "admin"};

bool Covers(const store::GrantRow& grant, Action action, const Resource& resource) {
  const auto role = ParseRole(grant.role);
  if (!role || !Allows(*role, action)) return false;
  if (grant.tenant != kEverywhere && grant.tenant != resource.tenant) return false;
  if (grant.machine_prefix.empty()) return true;
  return !resource.machine.empty() &&
         resource.machine.substr(0, grant.machine_prefix.size()) == grant.machine_prefix;
}

std::string Show(const store::GrantRow& grant) {
  return grant.role + " in " +
         (grant.tenant == kEverywhere ? "every tenant" : "tenant " + grant.tenant) +
         (grant.machine_prefix.empty() ? "" : ", state machines " + grant.machine_prefix + "…");
}

// "starter, operator or admin"
std::string RolesThatAllow(Action action) {
  std::vector<std::string> names;
  for (const Role role :
       {Role::kViewer, Role::kStarter, Role::kWorker, Role::kOperator, Role::kAdmin}) {
    if (Allows(role, action)) names.emplace_back(NameOf(role));
  }
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

// What nobody needs to be asked about later.
bool OnlyLooks(Action action) {
  return action == Action::kViewMachines || action == Action::kViewExecutions ||
         action == Action::kViewActivities || action == Action::kViewWorkers ||
         action == Action::kViewAccess;
}

}  // namespace

const char* NameOf(Action action) {
  for (const ActionName& each : kActions) {
    if (each.action == action) return each.name;
  }
  return "";
}

std::optional<Action> ParseAction(std::string_view name) {
  for (const ActionName& each : kActions) {
    if (each.name == name) return each.action;
  }
  return std::nullopt;
}

const char* NameOf(Role role) { return kRoles[static_cast<std::size_t>(role)]; }

std::optional<Role> ParseRole(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kRoles); ++i) {
    if (kRoles[i] == name) return static_cast<Role>(i);
  }
  return std::nullopt;
}

bool Allows(Role role, Action action) {
  const bool access = action == Action::kViewAccess || action == Action::kChangeAccess;
  switch (role) {
    case Role::kAdmin:
      return true;
    case Role::kOperator:
      return !access;
    case Role::kViewer:
      return action == Action::kViewMachines || action == Action::kViewExecutions ||
             action == Action::kViewActivities || action == Action::kViewWorkers;
    case Role::kStarter:
      return action == Action::kViewMachines || action == Action::kViewExecutions ||
             action == Action::kStartExecutions;
    case Role::kWorker:
      break;
  }
  return action == Action::kPollActivities || action == Action::kAnswerTasks;
}

Access::Access(store::Catalogue& catalogue, std::vector<std::string> admins, AuditLog* audit)
    : catalogue_(catalogue),
      admins_(std::move(admins)),
      audit_(audit),
      grants_(catalogue.Grants()),
      tokens_(catalogue.ApiTokens()) {}

bool Access::IsAdmin(std::string_view principal) const {
  return std::find(admins_.begin(), admins_.end(), principal) != admins_.end();
}

Decision Access::Decide(const Caller& caller, Action action, const Resource& resource) const {
  if (caller.kind == Caller::Kind::kLocal) {
    return {.allowed = true, .reason = "on the server's machine, without TLS, everybody may"};
  }
  if (caller.kind != Caller::Kind::kUser) return {.allowed = false, .reason = "no user"};
  if (IsAdmin(caller.name)) {
    return {.allowed = true, .reason = "admin by the server's configuration"};
  }
  const std::shared_lock lock(mutex_);
  for (const store::GrantRow& grant : grants_) {
    if (grant.principal == caller.name && Covers(grant, action, resource)) {
      return {.allowed = true, .reason = Show(grant)};
    }
  }
  return {
      .allowed = false,
      .reason =
          "needs to be " + RolesThatAllow(action) + " in tenant " + std::string(resource.tenant) +
          (resource.machine.empty() ? ""
                                    : " for the state machine " + std::string(resource.machine))};
}

Status Access::Allow(const Caller& caller, Action action, const Resource& resource) const {
  const Decision decision = Decide(caller, action, resource);
  if (!decision.allowed || !OnlyLooks(action)) Note(caller, action, resource, decision);
  if (decision.allowed) return Ok();
  return Error{Error::Code::kPermissionDenied,
               "User '" + caller.name + "' is not authorized to perform " + NameOf(action) + ": " +
                   decision.reason + "; an admin can allow it with towline access grant",
               "AccessDeniedException"};
}

bool Access::AllowsSome(const Caller& caller, Action action, std::string_view tenant) const {
  if (Decide(caller, action, {tenant}).allowed) return true;
  const std::shared_lock lock(mutex_);
  return std::any_of(grants_.begin(), grants_.end(), [&](const store::GrantRow& grant) {
    return grant.principal == caller.name && caller.kind == Caller::Kind::kUser &&
           Covers(grant, action, {tenant, grant.machine_prefix});
  });
}

void Access::Grant(const store::GrantRow& row) {
  const std::unique_lock lock(mutex_);
  catalogue_.PutGrant(row);
  grants_ = catalogue_.Grants();
}

bool Access::Revoke(const store::GrantRow& row) {
  const std::unique_lock lock(mutex_);
  const bool there = catalogue_.DeleteGrant(row);
  grants_ = catalogue_.Grants();
  return there;
}

std::vector<store::GrantRow> Access::Grants() const {
  const std::shared_lock lock(mutex_);
  return grants_;
}

Access::NewToken Access::CreateToken(const std::string& principal, Timestamp now,
                                     Timestamp expires) {
  const std::string id = RandomHex(kIdBytes);
  const std::string secret = std::string(kSecretPrefix) + id + "_" + RandomHex(kSecretBytes);
  store::ApiTokenRow row{
      .id = id,
      .hash = HashOfSecret(secret),
      .principal = principal,
      .created = now,
      .expires = expires};
  const std::unique_lock lock(mutex_);
  catalogue_.PutApiToken(row);
  tokens_ = catalogue_.ApiTokens();
  return {.secret = secret, .row = std::move(row)};
}

bool Access::RevokeToken(const std::string& id) {
  const std::unique_lock lock(mutex_);
  const bool there = catalogue_.DeleteApiToken(id);
  tokens_ = catalogue_.ApiTokens();
  return there;
}

std::vector<store::ApiTokenRow> Access::Tokens() const {
  const std::shared_lock lock(mutex_);
  return tokens_;
}

void Access::Note(const Caller& caller, Action action, const Resource& resource,
                  const Decision& decision) const {
  if (audit_ == nullptr) return;
  std::string object(resource.machine);
  if (!object.empty() && !resource.detail.empty()) object += '/';
  object += resource.detail;
  audit_->Write({.principal = caller.name,
                 .proof = caller.proof,
                 .peer = caller.peer,
                 .action = NameOf(action),
                 .tenant = std::string(resource.tenant),
                 .object = std::move(object),
                 .allowed = decision.allowed,
                 .reason = decision.reason});
}

void Access::NoteStranger(const Caller& caller, const std::string& why) const {
  if (audit_ == nullptr) return;
  audit_->Write(
      {.principal = caller.name, .peer = caller.peer, .action = "identify", .reason = why});
}

std::optional<Access::Proven> Access::Prove(std::string_view secret, Timestamp now) const {
  if (secret.substr(0, kSecretPrefix.size()) != kSecretPrefix) return std::nullopt;
  const std::string_view id = secret.substr(kSecretPrefix.size(), 2 * kIdBytes);
  const std::shared_lock lock(mutex_);
  for (const store::ApiTokenRow& row : tokens_) {
    if (row.id != id) continue;
    if (IsSecretOf(row.hash, secret) && now < row.expires) return Proven{row.principal, row.id};
  }
  return std::nullopt;
}

}  // namespace towline::api
