#pragma once

// What owns OpenSSL's objects.

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "statemachines/base/result.h"

namespace towline::pki {

template <auto kFree>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using SignRequest = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using RevocationList = std::unique_ptr<X509_CRL, Freer<X509_CRL_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Integer = std::unique_ptr<ASN1_INTEGER, Freer<ASN1_INTEGER_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

// OpenSSL's own words for the last thing that went wrong, which are then forgotten.
std::string LastProblem();

Result<Key> ReadKey(std::string_view pem);
Result<Certificate> ReadCertificate(std::string_view pem);
std::string WriteKey(EVP_PKEY* key);
std::string WriteCertificate(X509* certificate);
// Of the DER form, lower-case hex.
std::string FingerprintOf(X509* certificate);

}  // namespace towline::pki
