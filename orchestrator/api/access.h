#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/api/audit.h"
#include "orchestrator/api/caller.h"
#include "orchestrator/store/store.h"
#include "statemachines/base/result.h"

namespace towline::api {

enum class Action {
  kViewMachines,
  kChangeMachines,
  kViewExecutions,
  kStartExecutions,
  kChangeExecutions,  // stop, redrive, update a Map Run
  kViewActivities,
  kChangeActivities,
  kPollActivities,
  kAnswerTasks,
  kViewWorkers,
  kChangeWorkers,
  kViewAccess,
  kChangeAccess,
};
const char* NameOf(Action action);  // "executions:start"
std::optional<Action> ParseAction(std::string_view name);

enum class Role { kViewer, kStarter, kWorker, kOperator, kAdmin };
const char* NameOf(Role role);  // "starter"
std::optional<Role> ParseRole(std::string_view name);
bool Allows(Role role, Action action);

// The AWS error name for callers whom nobody knows.
inline constexpr const char* kUnrecognizedClient = "UnrecognizedClientException";

// What it is done to. A machine where the action is about one.
struct Resource {
  std::string_view tenant;
  std::string_view machine{};
  std::string_view detail{};  // for the audit log: which execution, activity or grant
};

struct Decision {
  bool allowed = false;
  std::string reason{};  // for people
};

// The one place that decides. Default deny. Any thread. What somebody wants to change and whatever
// is denied is written to the audit log, if there is one.
class Access {
 public:
  // `admins`: users who are admin everywhere, whatever the catalogue says; the way to begin.
  Access(store::Catalogue& catalogue, std::vector<std::string> admins, AuditLog* audit);

  Decision Decide(const Caller& caller, Action action, const Resource& resource) const;
  // Error AccessDeniedException: who, what, and whom to ask.
  Status Allow(const Caller& caller, Action action, const Resource& resource) const;
  // Writes down what has been decided elsewhere: what everybody may do to his own.
  void Note(const Caller& caller, Action action, const Resource& resource,
            const Decision& decision) const;
  // Writes down that somebody is not who he says, or has not said who he is.
  void NoteStranger(const Caller& caller, const std::string& why) const;
  // Whether some machine of the tenant is within the caller's grants: lists show what is.
  bool AllowsSome(const Caller& caller, Action action, std::string_view tenant) const;

  // Whoever asks may change access in the grant's tenant. False: it was so already, or not there.
  void Grant(const store::GrantRow& row);
  bool Revoke(const store::GrantRow& row);
  std::vector<store::GrantRow> Grants() const;

  // The secret of a new token.
  struct NewToken {
    std::string secret;
    store::ApiTokenRow row;
  };
  NewToken CreateToken(const std::string& principal, Timestamp now, Timestamp expires);
  bool RevokeToken(const std::string& id);
  std::vector<store::ApiTokenRow> Tokens() const;
  // Whose the secret is. Nothing: unknown, wrong or expired.
  struct Proven {
    std::string principal;
    std::string token;  // its id
  };
  std::optional<Proven> Prove(std::string_view secret, Timestamp now) const;

 private:
  bool IsAdmin(std::string_view principal) const;

  store::Catalogue& catalogue_;
  const std::vector<std::string> admins_;
  AuditLog* const audit_;
  mutable std::shared_mutex mutex_;
  // guarded by mutex_
  std::vector<store::GrantRow> grants_;
  std::vector<store::ApiTokenRow> tokens_;
};

}  // namespace towline::api
