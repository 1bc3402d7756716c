#pragma once

// Secrets that are shown once and of which only a hash is kept.

#include <cstddef>
#include <string>
#include <string_view>

namespace towline::api {

// `count` random bytes as hexadecimal digits: ids and secrets.
std::string RandomHex(std::size_t count);
// What is kept of a secret. Our secrets are long and random, so a plain SHA-256 does.
std::string HashOfSecret(std::string_view secret);
// In a time that does not tell how far they agree.
bool IsSecretOf(std::string_view hash, std::string_view secret);

}  // namespace towline::api
