#include "orchestrator/api/grpc/callers.h"

#include <grpcpp/security/auth_context.h>

#include <unordered_map>

#include "proto/pki/certificates.h"

namespace towline::api::door {
namespace {

constexpr std::size_t kRememberedMax = 256;
constexpr std::string_view kBearer = "Bearer ";

std::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

std::string_view Metadata(const grpc::CallbackServerContext& context, const char* name) {
  const auto& all = context.client_metadata();
  const auto found = all.find(name);
  return found == all.end() ? std::string_view() : View(found->second);
}

// To look into a certificate costs more than many a call, and a connection shows always the same.
Caller OfCertificate(std::string_view text) {
  thread_local std::unordered_map<std::string, Caller> remembered;
  std::string key(text);
  if (const auto found = remembered.find(key); found != remembered.end()) return found->second;
  const auto info = pki::Inspect(text);
  if (!info) return {};
  const bool user = info->unit == pki::NameOf(pki::Purpose::kUser);
  Caller caller{.kind = user ? Caller::Kind::kUser : Caller::Kind::kOther,
                .name = info->common_name,
                .until = info->until,
                .proof = "certificate"};
  if (remembered.size() >= kRememberedMax) remembered.clear();
  remembered.emplace(std::move(key), caller);
  return caller;
}

Caller CallerOf(const grpc::CallbackServerContext& context) {
  const auto proof = context.auth_context();
  const auto transport = proof->FindPropertyValues("transport_security_type");
  // Only what is known to be no TLS counts as that.
  if (!transport.empty() && transport.front() == "insecure") {
    return {.kind = Caller::Kind::kLocal, .proof = "local"};
  }
  // The handshake has verified it against our authority.
  const auto certificates = proof->FindPropertyValues("x509_pem_cert");
  if (!proof->IsPeerAuthenticated() || certificates.empty()) return {};
  return OfCertificate(View(certificates.front()));
}

}  // namespace

Asker AskerOf(const grpc::CallbackServerContext& context) {
  Asker asker{.tenant = Metadata(context, "towline-tenant"), .caller = CallerOf(context)};
  asker.caller.peer = context.peer();
  const std::string_view authorization = Metadata(context, "authorization");
  if (authorization.substr(0, kBearer.size()) == kBearer) {
    asker.caller.bearer = authorization.substr(kBearer.size());
  }
  return asker;
}

}  // namespace towline::api::door
