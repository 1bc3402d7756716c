#include "orchestrator/objects/s3_client.h"

#include <openssl/rand.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "orchestrator/objects/s3_xml.h"
#include "statemachines/base/check.h"

namespace towline::objects {
namespace {

// Faults that pass by themselves.
bool IsTransient(int status, const std::string& code) {
  return status >= 500 || status == 429 || code == "RequestTimeout" || code == "SlowDown" ||
         code == "InternalError" || code == "ServiceUnavailable";
}

std::string Hint(const std::string& code) {
  if (code == "SignatureDoesNotMatch") return "; is the secret access key right?";
  if (code == "InvalidAccessKeyId") return "; is access_key_id right?";
  if (code == "RequestTimeTooSkewed") return "; is this machine's clock right?";
  if (code == "ExpiredToken" || code == "InvalidToken") return "; renew the session token's file";
  if (code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed") {
    return "; is region right, and the endpoint that of the bucket's region?";
  }
  return "";
}

Error Refused(const ObjectName& name, int status, S3Fault fault) {
  if (fault.code.empty()) {
    fault.code = status == 403   ? "AccessDenied"
                 : status == 412 ? "PreconditionFailed"
                 : status == 404 ? (name.key.empty() ? "NoSuchBucket" : "NoSuchKey")
                                 : "HTTP " + std::to_string(status);
  }
  if (fault.code == "NoSuchKey" || fault.code == "NotFound") return NoSuchKey(name);
  if (fault.code == "NoSuchBucket") return NoSuchBucket(name.bucket, "");
  if (fault.code == "AccessDenied") return AccessDenied(name, "");
  if (fault.code == "PreconditionFailed") return Changed(name);
  const bool denied = status == 401 || status == 403;
  return Error{.code = denied          ? Error::Code::kPermissionDenied
                       : status >= 500 ? Error::Code::kUnavailable
                                       : Error::Code::kFailedPrecondition,
               .message = Uri(name) + ": " + fault.code +
                          (fault.message.empty() ? "" : ": " + fault.message) + Hint(fault.code),
               .name = fault.code};
}

}  // namespace

S3Client::S3Client(S3Options options) : options_(std::move(options)), http_(options_.http) {
  const std::size_t colon = options_.endpoint.find("://");
  CHECK(colon != std::string::npos);
  scheme_ = options_.endpoint.substr(0, colon);
  host_ = options_.endpoint.substr(colon + 3);
  while (!host_.empty() && host_.back() == '/') host_.pop_back();
}

Result<net::HttpRequest> S3Client::Signed(const Call& call) const {
  const auto credentials = options_.credentials();
  if (!credentials) return credentials.error();
  const bool in_host = options_.addressing == S3Options::Addressing::kVirtualHost;
  const std::string host = in_host ? call.name.bucket + "." + host_ : host_;
  SigningRequest signing{.method = call.method, .query = call.query, .headers = call.headers};
  signing.path = (in_host ? "" : "/" + UriEncode(call.name.bucket, true)) + "/" +
                 UriEncode(call.name.key, false);
  signing.payload_hash = Sha256Hex(call.body);
  signing.headers["host"] = host;
  signing.headers["x-amz-date"] =
      SigningTime(std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()));
  signing.headers["x-amz-content-sha256"] = signing.payload_hash;
  if (!credentials->session_token.empty()) {
    signing.headers["x-amz-security-token"] = credentials->session_token;
  }
  net::HttpRequest request{.method = call.method,
                           .headers = signing.headers,
                           .body = call.body,
                           .response_bytes_max = call.response_bytes_max};
  request.headers["authorization"] =
      Authorization(signing, *credentials, {.region = options_.region});
  const std::string query = CanonicalQuery(call.query);
  request.url = scheme_ + "://" + host + signing.path + (query.empty() ? "" : "?" + query);
  return request;
}

Result<net::HttpResponse> S3Client::Send(const Call& call) {
  for (int attempt = 1;; attempt++) {
    const auto request = Signed(call);
    if (!request) return request.error();
    auto response = http_.Perform(*request);
    Error failure;
    bool transient = false;
    if (response) {
      // The answer to a POST may turn out to be a fault after its status has gone out.
      S3Fault fault;
      const bool accepted = response->status < 300;
      if (!accepted || call.method == "POST") fault = ReadFault(response->body);
      if (accepted && fault.code.empty()) return response;
      transient = IsTransient(response->status, fault.code);
      failure = Refused(call.name, response->status, fault);
    } else {
      transient = response.error().code == Error::Code::kUnavailable;
      failure = {
          .code = response.error().code,
          .message = Uri(call.name) + ": " + options_.endpoint + ": " + response.error().message,
          .name = "ServiceUnavailable"};
    }
    if (!transient) return failure;
    if (attempt == options_.attempts_max || !Wait(attempt)) {
      failure.message += " (tried " + std::to_string(attempt) + " times)";
      return failure;
    }
  }
}

bool S3Client::Wait(int attempt) const {
  Millis longest = options_.backoff_first;
  for (int i = 1; i < attempt && longest < options_.backoff_max; i++) longest *= 2;
  longest = std::min(longest, options_.backoff_max);
  std::uint32_t random = 0;
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random) == 1);
  const Millis wait{static_cast<Millis::rep>(random) % (longest.count() + 1)};
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  const std::stop_token& stop = options_.http.stop;
  never.wait_for(lock, stop, wait, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace towline::objects
