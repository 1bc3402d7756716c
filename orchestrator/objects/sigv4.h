#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "statemachines/base/time.h"

namespace towline::objects {

struct Credentials {
  std::string access_key_id{};
  std::string secret_access_key{};
  std::string session_token{};  // of temporary ones
};

// A request as AWS Signature Version 4 sees it.
struct SigningRequest {
  std::string method{};
  std::string path{};  // encoded, as it is sent
  std::vector<std::pair<std::string, std::string>> query{};  // not encoded; in any order
  std::map<std::string, std::string> headers{};  // lower-case names; all of them are signed
  std::string payload_hash{};                    // Sha256Hex of the body
};

struct SigningScope {
  std::string region{};
  std::string service = "s3";
};

// The value of the Authorization header. `headers` must hold host and x-amz-date.
std::string Authorization(const SigningRequest& request, const Credentials& credentials,
                          const SigningScope& scope);

// "20130524T000000Z", for x-amz-date.
std::string SigningTime(Timestamp now);

std::string Sha256Hex(std::string_view bytes);

// Percent-encodes all but unreserved characters; slashes only when `slashes`.
std::string UriEncode(std::string_view text, bool slashes);
// name=value&…, encoded and sorted: the same for the URL and the signature.
std::string CanonicalQuery(const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace towline::objects
