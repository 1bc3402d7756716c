#include "orchestrator/api/secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "statemachines/base/check.h"
#include "statemachines/base/digest.h"

namespace towline::api {

std::string RandomHex(std::size_t count) {
  std::string bytes(count, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1);
  return Hex(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::string HashOfSecret(std::string_view secret) {
  const auto hash = HexDigest("SHA-256", secret);
  CHECK(hash.has_value());
  return *hash;
}

bool IsSecretOf(std::string_view hash, std::string_view secret) {
  const std::string other = HashOfSecret(secret);
  return hash.size() == other.size() &&
         CRYPTO_memcmp(hash.data(), other.data(), other.size()) == 0;
}

}  // namespace towline::api
