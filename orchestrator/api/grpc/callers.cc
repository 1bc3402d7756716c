#include "orchestrator/api/grpc/callers.h"

#include <grpcpp/security/auth_context.h>

#include "orchestrator/api/grpc/status.h"
#include "proto/pki/certificates.h"

namespace towline::api::door {

Caller CallerOf(const grpc::ServerContextBase& context) {
  const auto proof = context.auth_context();
  const auto transport = proof->FindPropertyValues("transport_security_type");
  // Only what is known to be no TLS counts as that.
  if (!transport.empty() && transport.front() == "insecure") return {.kind = Caller::Kind::kLocal};
  if (!proof->IsPeerAuthenticated()) return {};
  const auto certificates = proof->FindPropertyValues("x509_pem_cert");
  if (certificates.empty()) return {};
  const grpc::string_ref text = certificates.front();
  // The handshake has verified it against our authority.
  const auto info = pki::Inspect({text.data(), text.size()});
  if (!info) return {};
  const bool user = info->unit == pki::NameOf(pki::Purpose::kUser);
  return {.kind = user ? Caller::Kind::kUser : Caller::Kind::kOther, .name = info->common_name};
}

grpc::Status Admit(const Caller& caller) {
  switch (caller.kind) {
    case Caller::Kind::kLocal:
    case Caller::Kind::kUser: return grpc::Status::OK;
    case Caller::Kind::kNobody:
      return MakeStatus(grpc::StatusCode::UNAUTHENTICATED, "UnrecognizedClientException",
                        "this server wants to know who calls: show a user's certificate "
                        "(towline: --certificate and --key)");
    case Caller::Kind::kOther: break;
  }
  return MakeStatus(grpc::StatusCode::PERMISSION_DENIED, "AccessDeniedException",
                    "the certificate of '" + caller.name + "' is not for a user");
}

}  // namespace towline::api::door
