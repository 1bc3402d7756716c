#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "orchestrator/api/call.h"
#include "orchestrator/api/foundation.h"
#include "proto/towline/v1/workers.pb.h"

namespace towline::api {

// How workers come in and are thrown out: the use cases of proto/towline/v1/workers.proto that
// admins call, and those that agents call at the HTTPS door. Any thread.
class Enrolment {
 public:
  explicit Enrolment(Foundation& foundation) : base_(foundation) {}

  void Invite(const v1::InviteWorkerRequest& request,
              const Reply<v1::InviteWorkerResponse>& reply);
  void ListInvitations(const v1::ListInvitationsRequest& request,
                       const Reply<v1::ListInvitationsResponse>& reply);
  void WithdrawInvitation(const v1::WithdrawInvitationRequest& request,
                          const Reply<v1::WithdrawInvitationResponse>& reply);
  void Revoke(const v1::RevokeWorkerRequest& request,
              const Reply<v1::RevokeWorkerResponse>& reply);

  // Once the door is open: what workers are told. Before, nobody can be invited.
  void SetAddresses(WorkerAddresses addresses);

  // PEM, for agents to compare with their invitation. Error EnrolmentUnavailable.
  Result<std::string> AuthorityFile() const;

  // An agent with an invitation, without a certificate yet.
  struct Application {
    std::string invitation{};  // "ID.SECRET"
    std::string name{};        // empty: the one that the invitation is for
    std::string request{};     // for a certificate, PEM
    Timestamp now{};           // by its clock
    std::string peer{};        // where it calls from
  };
  struct Enrolled {
    jobs::Principal worker{};
    std::string labels{};  // a JSON object of strings
    std::string certificate{};
    WorkerAddresses addresses{};
  };
  // Errors, each one line for the person in front of the agent: InvitationUnknown,
  // InvitationExpired, InvitationUsed, ClockSkew, InvalidName, NameTaken, WorkerRevoked,
  // EnrolmentUnavailable. The same agent may ask again: its answer may have been lost.
  Result<Enrolled> Enrol(const Application& application);

  // An agent that has shown a certificate of ours at the HTTPS door.
  struct Agent {
    std::string common_name{};
    std::string unit{};
    std::string serial{};
    std::string peer{};
  };
  // That it may come in. Errors: AccessDeniedException, WorkerRevoked.
  Result<jobs::Principal> Admit(const Agent& agent) const;
  // A new certificate for its name. Errors: those of Admit, InvalidRequest, EnrolmentUnavailable.
  Result<std::string> Renew(const Agent& agent, const std::string& request);

 private:
  Result<WorkerAddresses> Addresses() const;
  Result<store::InvitationRow> FindInvitation(const std::string& text, Timestamp now) const;
  Result<jobs::Principal> NameOf(const Application& application,
                                 const store::InvitationRow& row) const;
  Result<Enrolled> TakeUp(const Application& application, store::InvitationRow row);
  bool IsRevoked(const jobs::Principal& worker) const;
  Status Deny(const Agent& agent, Error error) const;

  Foundation& base_;
  mutable std::mutex mutex_;
  WorkerAddresses addresses_;  // guarded by mutex_
  std::mutex enrolling_;       // one at a time: a name and a use are taken once
};

}  // namespace towline::api
