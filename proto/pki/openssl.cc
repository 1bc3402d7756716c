#include "proto/pki/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>

#include "statemachines/base/check.h"
#include "statemachines/base/digest.h"

namespace towline::pki {
namespace {

Memory Reading(std::string_view text) {
  Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  CHECK(memory != nullptr);
  return memory;
}

std::string TextOf(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Error NoPem(const char* what) {
  return {Error::Code::kInvalidArgument,
          std::string("this is no ") + what + " in PEM form: " + LastProblem()};
}

// A key with a passphrase must not ask for it on somebody's terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

}  // namespace

std::string LastProblem() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

Result<Key> ReadKey(std::string_view pem) {
  const Memory memory = Reading(pem);
  Key key(PEM_read_bio_PrivateKey(memory.get(), nullptr, &NoPassphrase, nullptr));
  if (key == nullptr) return NoPem("private key");
  return key;
}

Result<Certificate> ReadCertificate(std::string_view pem) {
  const Memory memory = Reading(pem);
  Certificate certificate(PEM_read_bio_X509(memory.get(), nullptr, &NoPassphrase, nullptr));
  if (certificate == nullptr) return NoPem("certificate");
  return certificate;
}

std::string WriteKey(EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) ==
        1);
  return TextOf(memory.get());
}

std::string WriteCertificate(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509(memory.get(), certificate) == 1);
  return TextOf(memory.get());
}

std::string FingerprintOf(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  CHECK(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1);
  return Hex(digest.data(), size);
}

}  // namespace towline::pki
