#include "proto/pki/certificates.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <array>
#include <ctime>

#include "proto/pki/openssl.h"
#include "statemachines/base/check.h"
#include "statemachines/base/digest.h"

namespace towline::pki {
namespace {

constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kCommonNameMax = 64;  // X.509's own bound
constexpr auto kRevocationListLife = std::chrono::hours{24 * 3650};

Error Wrong(std::string what) { return {Error::Code::kInvalidArgument, std::move(what)}; }

std::time_t SecondsOf(Timestamp time) {
  return std::chrono::floor<Seconds>(time).time_since_epoch().count();
}

void SetTimes(X509* certificate, Timestamp from, Timestamp until) {
  std::time_t begin = SecondsOf(from);
  std::time_t end = SecondsOf(until);
  CHECK(X509_time_adj_ex(X509_getm_notBefore(certificate), 0, 0, &begin) != nullptr);
  CHECK(X509_time_adj_ex(X509_getm_notAfter(certificate), 0, 0, &end) != nullptr);
}

Timestamp TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  CHECK(ASN1_TIME_to_tm(time, &parts) == 1);
  return Timestamp(Seconds(timegm(&parts)));
}

void SetRandomSerial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> bytes{};
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7F) | 0x40);  // positive, and of full length
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(
      BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  CHECK(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

void SetSubject(X509_NAME* name, std::string_view common_name, std::string_view unit) {
  const auto add = [name](const char* field, std::string_view text) {
    CHECK(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()), -1, 0) == 1);
  };
  if (!unit.empty()) add("OU", unit);
  add("CN", common_name);
}

std::string TextOf(const X509_NAME* name, int field) {
  const int at = X509_NAME_get_index_by_NID(name, field, -1);
  if (at < 0) return "";
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return "";
  std::string copy(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return copy;
}

bool AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Of its 4 or 16 bytes.
std::string ShowAddress(const std::string& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return "";
  inet_ntop(family, bytes.data(), text.data(), text.size());
  return text.data();
}

// The public key that a request asks for, once it is known to have been made with its private one.
Result<Key> ReadRequest(std::string_view text) {
  const Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  const SignRequest request(PEM_read_bio_X509_REQ(memory.get(), nullptr, nullptr, nullptr));
  if (request == nullptr) {
    return Wrong("this is no request for a certificate in PEM form: " + LastProblem());
  }
  Key key(X509_REQ_get_pubkey(request.get()));
  if (key == nullptr || X509_REQ_verify(request.get(), key.get()) != 1) {
    LastProblem();
    return Wrong("the request for a certificate was not signed with its own key");
  }
  return key;
}

std::vector<std::string> HostsOf(X509* certificate) {
  std::vector<std::string> hosts;
  const std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); i++) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    const ASN1_STRING* const text = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    const std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                            static_cast<std::size_t>(ASN1_STRING_length(text)));
    hosts.push_back(name->type == GEN_DNS ? bytes : ShowAddress(bytes));
  }
  return hosts;
}

bool IsAddress(const std::string& host) {
  const std::unique_ptr<ASN1_OCTET_STRING, Freer<ASN1_OCTET_STRING_free>> address(
      a2i_IPADDRESS(host.c_str()));
  return address != nullptr;
}

Certificate Blank(EVP_PKEY* key, Timestamp from, Timestamp until) {
  Certificate certificate(X509_new());
  CHECK(certificate != nullptr);
  CHECK(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  SetRandomSerial(certificate.get());
  SetTimes(certificate.get(), from, until);
  CHECK(X509_set_pubkey(certificate.get(), key) == 1);
  return certificate;
}

Status AddUses(X509* certificate, X509* issuer, const Grant& grant) {
  const bool server = grant.purpose == Purpose::kServer;
  bool good = AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
              AddExtension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
              // A server is also the client of its broker.
              AddExtension(certificate, issuer, NID_ext_key_usage,
                           server ? "serverAuth,clientAuth" : "clientAuth") &&
              AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid");
  std::string hosts;
  for (const std::string& host : grant.hosts) {
    if (host.find_first_of(", \n") != std::string::npos || host.empty()) {
      return Wrong("'" + host + "' is no host name or address");
    }
    hosts += (hosts.empty() ? "" : ",") + std::string(IsAddress(host) ? "IP:" : "DNS:") + host;
  }
  if (!hosts.empty()) {
    good = good && AddExtension(certificate, issuer, NID_subject_alt_name, hosts);
  }
  if (!good) return Wrong("the certificate cannot be made: " + LastProblem());
  return Ok();
}

}  // namespace

const char* NameOf(Purpose purpose) {
  switch (purpose) {
    case Purpose::kServer: return "server";
    case Purpose::kWorker: return "worker";
    case Purpose::kUser: break;
  }
  return "user";
}

std::string MakeKey() {
  const Key key(EVP_EC_gen("P-256"));
  CHECK(key != nullptr);
  return WriteKey(key.get());
}

Identity MakeAuthority(std::string_view name, Timestamp from, Timestamp until) {
  const Key key(EVP_EC_gen("P-256"));
  CHECK(key != nullptr);
  const Certificate certificate = Blank(key.get(), from, until);
  X509* const self = certificate.get();
  SetSubject(X509_get_subject_name(self), name, "authority");
  CHECK(X509_set_issuer_name(self, X509_get_subject_name(self)) == 1);
  CHECK(AddExtension(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  CHECK(AddExtension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign"));
  CHECK(AddExtension(self, self, NID_subject_key_identifier, "hash"));
  CHECK(X509_sign(self, key.get(), EVP_sha256()) > 0);
  return {.key = WriteKey(key.get()), .certificate = WriteCertificate(self)};
}

Result<std::string> MakeRequest(std::string_view key_text, std::string_view common_name) {
  const Result<Key> key = ReadKey(key_text);
  if (!key) return key.error();
  const SignRequest request(X509_REQ_new());
  CHECK(request != nullptr);
  SetSubject(X509_REQ_get_subject_name(request.get()), common_name.substr(0, kCommonNameMax), "");
  CHECK(X509_REQ_set_pubkey(request.get(), key->get()) == 1);
  CHECK(X509_REQ_sign(request.get(), key->get(), EVP_sha256()) > 0);
  const Memory memory(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509_REQ(memory.get(), request.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<std::string> FingerprintOfRequest(std::string_view request) {
  const Result<Key> key = ReadRequest(request);
  if (!key) return key.error();
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key->get(), &der);
  CHECK(size > 0);
  const std::optional<std::string> fingerprint = HexDigest(
      "SHA-256", {reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return *fingerprint;
}

Result<std::string> Sign(const Identity& authority, std::string_view request_text,
                         const Grant& grant) {
  const Result<Key> key = ReadRequest(request_text);
  if (!key) return key.error();
  if (grant.common_name.empty() || grant.common_name.size() > kCommonNameMax) {
    return Wrong("a certificate's name has 1 to 64 characters: '" + grant.common_name + "'");
  }
  if (Status pair = CheckPair(authority); !pair) return pair.error();
  const Result<Key> authority_key = ReadKey(authority.key);
  const Result<Certificate> issuer = ReadCertificate(authority.certificate);
  const Certificate certificate = Blank(key->get(), grant.from, grant.until);
  SetSubject(X509_get_subject_name(certificate.get()), grant.common_name, NameOf(grant.purpose));
  CHECK(X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer->get())) == 1);
  if (Status used = AddUses(certificate.get(), issuer->get(), grant); !used) return used.error();
  if (X509_sign(certificate.get(), authority_key->get(), EVP_sha256()) <= 0) {
    return Wrong("the authority's key cannot sign: " + LastProblem());
  }
  return WriteCertificate(certificate.get());
}

Result<Identity> Issue(const Identity& authority, const Grant& grant) {
  Identity identity{.key = MakeKey()};
  const Result<std::string> request = MakeRequest(identity.key, grant.common_name);
  if (!request) return request.error();
  Result<std::string> certificate = Sign(authority, *request, grant);
  if (!certificate) return certificate.error();
  identity.certificate = std::move(*certificate);
  return identity;
}

Result<CertificateInfo> Inspect(std::string_view text) {
  const Result<Certificate> certificate = ReadCertificate(text);
  if (!certificate) return certificate.error();
  X509* const self = certificate->get();
  CertificateInfo info;
  info.common_name = TextOf(X509_get_subject_name(self), NID_commonName);
  info.unit = TextOf(X509_get_subject_name(self), NID_organizationalUnitName);
  const std::unique_ptr<BIGNUM, Freer<BN_free>> serial(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(self), nullptr));
  char* const hex = BN_bn2hex(serial.get());
  for (const char* c = hex; *c != 0; ++c) {
    info.serial += *c >= 'A' && *c <= 'F' ? static_cast<char>(*c - 'A' + 'a') : *c;
  }
  OPENSSL_free(hex);
  info.fingerprint = FingerprintOf(self);
  info.from = TimeOf(X509_get0_notBefore(self));
  info.until = TimeOf(X509_get0_notAfter(self));
  info.authority = X509_check_ca(self) == 1;
  info.hosts = HostsOf(self);
  return info;
}

Timestamp RenewalTime(const CertificateInfo& info) {
  return info.from + (info.until - info.from) * 2 / 3;
}

Status Verify(std::string_view certificate_text, std::string_view authority_text, Timestamp now) {
  const Result<Certificate> certificate = ReadCertificate(certificate_text);
  if (!certificate) return certificate.error();
  const Result<Certificate> authority = ReadCertificate(authority_text);
  if (!authority) return authority.error();
  const std::unique_ptr<X509_STORE, Freer<X509_STORE_free>> store(X509_STORE_new());
  CHECK(X509_STORE_add_cert(store.get(), authority->get()) == 1);
  const std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  CHECK(X509_STORE_CTX_init(context.get(), store.get(), certificate->get(), nullptr) == 1);
  X509_STORE_CTX_set_time(context.get(), 0, SecondsOf(now));
  const bool good = X509_verify_cert(context.get()) == 1;
  const int code = X509_STORE_CTX_get_error(context.get());
  LastProblem();
  if (good) return Ok();
  return Wrong(X509_verify_cert_error_string(code));
}

Status CheckPair(const Identity& identity) {
  const Result<Key> key = ReadKey(identity.key);
  if (!key) return key.error();
  const Result<Certificate> certificate = ReadCertificate(identity.certificate);
  if (!certificate) return certificate.error();
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    LastProblem();
    return Wrong("the private key does not belong to the certificate");
  }
  return Ok();
}

Result<std::string> MakeRevocationList(const Identity& authority,
                                       const std::vector<std::string>& serials, Timestamp now) {
  if (Status pair = CheckPair(authority); !pair) return pair.error();
  const Result<Key> key = ReadKey(authority.key);
  const Result<Certificate> issuer = ReadCertificate(authority.certificate);
  const RevocationList list(X509_CRL_new());
  CHECK(list != nullptr && X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1);
  CHECK(X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer->get())) == 1);
  const std::unique_ptr<ASN1_TIME, Freer<ASN1_TIME_free>> from(
      ASN1_TIME_set(nullptr, SecondsOf(now)));
  const std::unique_ptr<ASN1_TIME, Freer<ASN1_TIME_free>> until(
      ASN1_TIME_set(nullptr, SecondsOf(now + kRevocationListLife)));
  CHECK(X509_CRL_set1_lastUpdate(list.get(), from.get()) == 1);
  CHECK(X509_CRL_set1_nextUpdate(list.get(), until.get()) == 1);
  for (const std::string& serial : serials) {
    BIGNUM* number = nullptr;
    if (BN_hex2bn(&number, serial.c_str()) == 0) return Wrong("'" + serial + "' is no serial");
    const std::unique_ptr<BIGNUM, Freer<BN_free>> owned(number);
    const Integer integer(BN_to_ASN1_INTEGER(number, nullptr));
    X509_REVOKED* const entry = X509_REVOKED_new();  // the list's
    CHECK(entry != nullptr && X509_REVOKED_set_serialNumber(entry, integer.get()) == 1);
    CHECK(X509_REVOKED_set_revocationDate(entry, from.get()) == 1);
    CHECK(X509_CRL_add0_revoked(list.get(), entry) == 1);
  }
  CHECK(X509_CRL_sort(list.get()) == 1);
  CHECK(X509_CRL_sign(list.get(), key->get(), EVP_sha256()) > 0);
  const Memory memory(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509_CRL(memory.get(), list.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace towline::pki
