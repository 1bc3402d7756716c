#include "orchestrator/api/enrolment.h"

#include <algorithm>

#include "orchestrator/api/convert.h"
#include "orchestrator/api/secret.h"
#include "proto/jobs/invitation.h"
#include "proto/pki/certificates.h"
#include "statemachines/base/digest.h"
#include "statemachines/base/log.h"

namespace towline::api {
namespace {

constexpr std::size_t kIdBytes = 6;
constexpr std::size_t kSecretBytes = 24;
constexpr std::int64_t kLifeSecondsMin = 60;
constexpr std::int64_t kLifeSecondsMax = std::int64_t{30} * 86'400;
constexpr std::chrono::hours kKeptAfterEnd{24 * 30};
constexpr int kUsesMax = 10'000;
constexpr int kLabelsMax = 32;
constexpr std::size_t kLabelCharactersMax = 64;

Error Invalid(std::string why) {
  return {Error::Code::kInvalidArgument, std::move(why), "ValidationException"};
}
Error Refused(const char* name, std::string why) {
  return {Error::Code::kPermissionDenied, std::move(why), name};
}

Error Unavailable() {
  return {Error::Code::kFailedPrecondition,
          "This server cannot sign certificates: it needs an authority (towline-server init-ca) "
          "and its HTTPS door; docs/security.md says how",
          "EnrolmentUnavailable"};
}

Result<std::string> LabelsOf(const v1::InviteWorkerRequest& request) {
  if (request.labels_size() > kLabelsMax) return Invalid("at most 32 labels");
  json::object labels;
  for (const auto& [key, value] : request.labels()) {
    if (key.empty() || key.size() > kLabelCharactersMax || value.size() > kLabelCharactersMax) {
      return Invalid("label '" + key + "': names and values have 1 to 64 characters");
    }
    labels[key] = value;
  }
  return PrintJson(labels);
}

json::object ObjectOf(const std::string& text) {
  const auto value = ParseJson(text);
  return value && (*value)->is_object() ? (*value)->get_object() : json::object();
}

// Those that expired long ago: nobody asks any more why they do not work.
void ForgetOld(store::Catalogue& catalogue, Timestamp now) {
  for (const store::InvitationRow& row : catalogue.Invitations()) {
    if (row.expires + kKeptAfterEnd < now) catalogue.DeleteInvitation(row.id);
  }
}

void Fill(const store::InvitationRow& row, v1::Invitation* to) {
  to->set_id(row.id);
  to->set_tenant(row.tenant);
  to->set_name(row.name);
  for (const auto& [key, value] : ObjectOf(row.labels)) {
    (*to->mutable_labels())[std::string(key)] = std::string(value.as_string());
  }
  SetTime(to->mutable_creation_time(), row.created);
  SetTime(to->mutable_expiry_time(), row.expires);
  to->set_uses_left(row.uses_left);
  to->set_by(row.by);
  for (const auto& [name, key] : ObjectOf(row.enrolled)) to->add_enrolled(std::string(name));
}

}  // namespace

void Enrolment::SetAddresses(WorkerAddresses addresses) {
  const std::lock_guard lock(mutex_);
  addresses_ = std::move(addresses);
}

Result<WorkerAddresses> Enrolment::Addresses() const {
  const std::lock_guard lock(mutex_);
  if (base_.parts.certificates == nullptr || addresses_.door.empty()) return Unavailable();
  return addresses_;
}

Result<std::string> Enrolment::AuthorityFile() const {
  if (base_.parts.certificates == nullptr) return Unavailable();
  return base_.parts.certificates->AuthorityFile();
}

void Enrolment::Invite(const v1::InviteWorkerRequest& request,
                       const Reply<v1::InviteWorkerResponse>& reply) {
  const auto tenant = base_.Tenant(reply.asker(), Action::kChangeAccess);
  if (!tenant) return reply.Fail(tenant.error());
  const auto addresses = Addresses();
  if (!addresses) return reply.Fail(addresses.error());
  const int uses = request.uses() == 0 ? 1 : request.uses();
  if (!request.name().empty() && !jobs::IsWorkerName(request.name())) {
    return reply.Fail(Invalid("'" + request.name() +
                              "' is no worker's name: 1 to 31 of a-z, 0-9 and '-', not beginning "
                              "with '-'"));
  }
  if (uses < 1 || uses > kUsesMax || (!request.name().empty() && uses != 1)) {
    return reply.Fail(Invalid("uses must be from 1 to 10000, and 1 for a single name"));
  }
  const std::int64_t life = request.life_seconds();
  if (life < kLifeSecondsMin || life > kLifeSecondsMax) {
    return reply.Fail(Invalid("life_seconds must be from 60 to 2592000 (30 days), not " +
                              std::to_string(life)));
  }
  auto labels = LabelsOf(request);
  if (!labels) return reply.Fail(labels.error());
  const Timestamp now = base_.parts.clock();
  const auto caller = base_.Know(reply.asker());
  const std::string secret = RandomHex(kSecretBytes);
  store::InvitationRow row{.id = RandomHex(kIdBytes),
                           .hash = HashOfSecret(secret),
                           .tenant = *tenant,
                           .name = request.name(),
                           .labels = std::move(*labels),
                           .created = now,
                           .expires = now + Seconds{life},
                           .uses_left = uses,
                           .by = caller ? caller->name : "",
                           .enrolled = "{}"};
  ForgetOld(base_.parts.backend.catalogue(), now);
  base_.parts.backend.catalogue().PutInvitation(row);
  Log(LogLevel::kInfo, "worker_invited", {{"invitation", row.id}, {"tenant", row.tenant}});
  v1::InviteWorkerResponse response;
  const auto authority = HexDigest("SHA-256", base_.parts.certificates->AuthorityFile());
  response.set_line("towline-worker enrol " +
                    jobs::Encode(jobs::Invitation{.door = addresses->door,
                                                  .authority = *authority,
                                                  .secret = row.id + "." + secret}));
  Fill(row, response.mutable_invitation());
  reply.Send(std::move(response));
}

void Enrolment::ListInvitations(const v1::ListInvitationsRequest& /*request*/,
                                const Reply<v1::ListInvitationsResponse>& reply) {
  const auto tenant = base_.Tenant(reply.asker(), Action::kViewAccess);
  if (!tenant) return reply.Fail(tenant.error());
  const Timestamp now = base_.parts.clock();
  auto rows = base_.parts.backend.catalogue().Invitations();
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.created < b.created; });
  v1::ListInvitationsResponse response;
  for (const store::InvitationRow& row : rows) {
    if (row.tenant == *tenant && row.expires > now) Fill(row, response.add_invitations());
  }
  reply.Send(std::move(response));
}

void Enrolment::WithdrawInvitation(const v1::WithdrawInvitationRequest& request,
                                   const Reply<v1::WithdrawInvitationResponse>& reply) {
  const auto tenant = base_.Tenant(reply.asker(), Action::kChangeAccess);
  if (!tenant) return reply.Fail(tenant.error());
  const std::lock_guard enrolling(enrolling_);
  store::Catalogue& catalogue = base_.parts.backend.catalogue();
  const auto rows = catalogue.Invitations();
  const bool there = std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
    return row.id == request.id() && row.tenant == *tenant;
  });
  if (!there || !catalogue.DeleteInvitation(request.id())) {
    return reply.Fail(Error{Error::Code::kNotFound,
                            "There is no invitation '" + request.id() +
                                "'; `towline worker invitations` shows all",
                            "ResourceNotFound"});
  }
  Log(LogLevel::kInfo, "invitation_withdrawn", {{"invitation", request.id()}});
  reply.Send(v1::WithdrawInvitationResponse());
}

void Enrolment::Revoke(const v1::RevokeWorkerRequest& request,
                       const Reply<v1::RevokeWorkerResponse>& reply) {
  const auto worker = base_.Worker(reply.asker(), Action::kChangeAccess, request.worker());
  if (!worker) return reply.Fail(worker.error());
  if (!jobs::IsWorkerName(worker->worker)) {
    return reply.Fail(Invalid("'" + worker->worker + "' is no worker's name"));
  }
  const Timestamp now = base_.parts.clock();
  store::Catalogue& catalogue = base_.parts.backend.catalogue();
  v1::RevokeWorkerResponse response;
  const std::lock_guard enrolling(enrolling_);
  if (request.lift()) {
    if (!catalogue.DeleteRevokedWorker(worker->tenant, worker->worker)) {
      return reply.Fail(Error{Error::Code::kNotFound,
                              "Worker '" + worker->worker + "' is not revoked",
                              "WorkerDoesNotExist"});
    }
  } else {
    const auto caller = base_.Know(reply.asker());
    catalogue.PutRevokedWorker({.tenant = worker->tenant,
                                .name = worker->worker,
                                .time = now,
                                .by = caller ? caller->name : ""});
  }
  // Also those of its name that were there before it was lifted.
  std::optional<Error> unlisted;
  if (base_.parts.certificates != nullptr) {
    const auto count = base_.parts.certificates->RevokeAllOf(*worker, now);
    if (count) response.set_certificates(*count);
    if (!count) {
      unlisted = Error{Error::Code::kUnavailable,
                       "Worker '" + worker->worker +
                           "' is locked out here, but the revocation list could not be written: " +
                           count.error().message + "; call again when it can",
                       "ServiceUnavailable"};
    }
  }
  Log(LogLevel::kWarning, request.lift() ? "revocation_lifted" : "worker_revoked",
      {{"worker", worker->text()}});
  base_.parts.fleet.Ask([reply, worker = *worker, revoked = !request.lift(),
                         unlisted, response](dispatch::Dispatcher& dispatcher, Timestamp at) {
    dispatcher.SetRevoked(worker, revoked, at);
    if (unlisted) return reply.Fail(*unlisted);
    reply.Send(response);
  });
}

bool Enrolment::IsRevoked(const jobs::Principal& worker) const {
  const auto rows = base_.parts.backend.catalogue().RevokedWorkers();
  return std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
    return row.tenant == worker.tenant && row.name == worker.worker;
  });
}

Result<store::InvitationRow> Enrolment::FindInvitation(const std::string& text,
                                                       Timestamp now) const {
  const std::size_t dot = text.find('.');
  const auto rows = base_.parts.backend.catalogue().Invitations();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) {
    return dot != std::string::npos && row.id == text.substr(0, dot) &&
           IsSecretOf(row.hash, std::string_view(text).substr(dot + 1));
  });
  if (found == rows.end()) {
    return Refused("InvitationUnknown",
                   "The server does not know this invitation: it was withdrawn, or the line was "
                   "not copied whole; ask for a new one (towline worker invite)");
  }
  if (found->expires <= now) {
    return Refused("InvitationExpired", "The invitation expired at " +
                                            FormatTimestamp(found->expires) +
                                            "; ask for a new one (towline worker invite)");
  }
  return *found;
}

Result<jobs::Principal> Enrolment::NameOf(const Application& application,
                                          const store::InvitationRow& row) const {
  if (!row.name.empty() && !application.name.empty() && application.name != row.name) {
    return Refused("InvalidName", "The invitation is for worker '" + row.name + "' and not for '" +
                                      application.name + "'");
  }
  const jobs::Principal worker{row.tenant,
                               application.name.empty() ? row.name : application.name};
  if (!jobs::IsWorkerName(worker.worker)) {
    return Refused("InvalidName", "'" + worker.worker +
                                      "' cannot be the worker's name: give one with --name, 1 to "
                                      "31 of a-z, 0-9 and '-', not beginning with '-'");
  }
  if (IsRevoked(worker)) {
    return Refused("WorkerRevoked",
                   "A worker '" + worker.worker +
                       "' was revoked: choose another name, or have an admin lift it (towline "
                       "worker revoke --lift " + worker.worker + ")");
  }
  return worker;
}

// The use is taken before anything is signed: a crash in between costs a use, never gives one.
Result<Enrolment::Enrolled> Enrolment::TakeUp(const Application& application,
                                              store::InvitationRow row) {
  const auto addresses = Addresses();
  if (!addresses) return addresses.error();
  const auto worker = NameOf(application, row);
  if (!worker) return worker.error();
  const auto key = pki::FingerprintOfRequest(application.request);
  if (!key) return Refused("InvalidRequest", key.error().message);
  CertificatePort& certificates = *base_.parts.certificates;
  const Timestamp now = base_.parts.clock();
  json::object enrolled = ObjectOf(row.enrolled);
  const bool again = TextMember(enrolled, worker->worker) == *key;
  if (!again) {
    if (const auto until = certificates.CertifiedUntil(*worker); until && *until > now) {
      return Refused("NameTaken",
                     "There is a worker '" + worker->worker +
                         "' already: give another --name, or have an admin revoke the old one "
                         "first (towline worker revoke " + worker->worker + ")");
    }
    if (row.uses_left < 1) {
      return Refused("InvitationUsed",
                     "The invitation has been used as often as it may be; ask for a new one "
                     "(towline worker invite)");
    }
    row.uses_left--;
    enrolled[worker->worker] = *key;
    row.enrolled = PrintJson(enrolled);
    base_.parts.backend.catalogue().PutInvitation(row);
  }
  auto certificate = certificates.SignWorker(*worker, application.request, now);
  if (!certificate) return certificate.error();
  return Enrolled{.worker = *worker,
                  .labels = row.labels,
                  .certificate = std::move(*certificate),
                  .addresses = *addresses};
}

Result<Enrolment::Enrolled> Enrolment::Enrol(const Application& application) {
  const Timestamp now = base_.parts.clock();
  const std::lock_guard enrolling(enrolling_);
  const Caller caller{.name = application.name, .peer = application.peer};
  const auto row = FindInvitation(application.invitation, now);
  if (!row) {
    base_.access.NoteStranger(caller, row.error().message);
    return row.error();
  }
  const auto off = application.now > now ? application.now - now : now - application.now;
  auto enrolled = off > jobs::kClockSkewMax
                      ? Result<Enrolled>(Refused(
                            "ClockSkew", "This machine's clock says " +
                                             FormatTimestamp(application.now) +
                                             " and the server's " + FormatTimestamp(now) +
                                             ": set the one that is wrong"))
                      : TakeUp(application, *row);
  base_.access.Note({.name = "invitation " + row->id, .peer = application.peer},
                    Action::kChangeAccess,
                    {.tenant = row->tenant,
                     .detail = "enrol " + (enrolled ? enrolled->worker.worker : application.name)},
                    {.allowed = enrolled.has_value(),
                     .reason = enrolled ? "invited by " + row->by : enrolled.error().message});
  if (enrolled) {
    Log(LogLevel::kInfo, "worker_enrolled",
        {{"worker", enrolled->worker.text()}, {"invitation", row->id}});
  }
  return enrolled;
}

Status Enrolment::Deny(const Agent& agent, Error error) const {
  base_.access.NoteStranger({.name = agent.common_name, .peer = agent.peer}, error.message);
  return error;
}

Result<jobs::Principal> Enrolment::Admit(const Agent& agent) const {
  const auto worker = jobs::Principal::Parse(agent.common_name);
  if (!worker || agent.unit != pki::NameOf(pki::Purpose::kWorker)) {
    const std::string who =
        agent.common_name.empty() ? "Nobody's" : "That of '" + agent.common_name + "'";
    return Deny(agent, Refused("AccessDeniedException",
                               "This door is for workers: show the certificate of one. " + who +
                                   " was shown"))
        .error();
  }
  const bool known = base_.parts.certificates != nullptr &&
                     base_.parts.certificates->IsRevoked(agent.serial);
  if (known || IsRevoked(*worker)) {
    return Deny(agent, Refused("WorkerRevoked",
                               "Worker '" + worker->text() + "' was revoked by an admin"))
        .error();
  }
  return *worker;
}

Result<std::string> Enrolment::Renew(const Agent& agent, const std::string& request) {
  const auto worker = Admit(agent);
  if (!worker) return worker.error();
  if (base_.parts.certificates == nullptr) return Unavailable();
  if (const auto key = pki::FingerprintOfRequest(request); !key) {
    return Refused("InvalidRequest", key.error().message);
  }
  auto certificate =
      base_.parts.certificates->SignWorker(*worker, request, base_.parts.clock());
  if (certificate) Log(LogLevel::kInfo, "certificate_renewed", {{"worker", worker->text()}});
  return certificate;
}

}  // namespace towline::api
