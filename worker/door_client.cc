#include "worker/door_client.h"

#include "net/http_client.h"

namespace towline::worker {
namespace {

constexpr Millis kTimeout{30'000};
constexpr std::size_t kAnswerBytesMax = 1 << 20;

}  // namespace

Result<DoorClient::Authority> DoorClient::FetchAuthority(std::stop_token stop) const {
  if (!net::LoadCurl()) return net::LoadCurl().error();
  net::HttpClient client({.verify = false});
  const auto response = client.Perform({.url = "https://" + options_.address + "/v1/authority",
                                        .response_bytes_max = kAnswerBytesMax,
                                        .timeout = kTimeout,
                                        .stop = stop});
  if (!response) {
    return Error{Error::Code::kUnavailable,
                 "cannot reach the server at " + options_.address + ": " +
                     response.error().message + "; may this machine dial out to that port?"};
  }
  const auto time = response->headers.find("towline-time");
  const auto now = time == response->headers.end() ? std::nullopt : ParseTimestamp(time->second);
  if (response->status != 200 || !now) {
    return Error{Error::Code::kUnavailable,
                 "what answers at " + options_.address + " is no Towline server (status " +
                     std::to_string(response->status) + "); is a proxy in between?"};
  }
  return Authority{.file = response->body, .time = *now};
}

Result<json::object> DoorClient::Post(const std::string& path, const json::object& body,
                                      std::stop_token stop) const {
  if (!net::LoadCurl()) return net::LoadCurl().error();
  net::HttpClient client({.ca_file = options_.ca,
                          .certificate_file = options_.certificate,
                          .key_file = options_.key});
  const std::string text = PrintJson(body);
  const auto response = client.Perform({.method = "POST",
                                        .url = "https://" + options_.address + path,
                                        .headers = {{"content-type", "application/json"}},
                                        .body = text,
                                        .response_bytes_max = kAnswerBytesMax,
                                        .timeout = kTimeout,
                                        .stop = stop});
  if (!response) {
    const bool proof = response.error().code == Error::Code::kFailedPrecondition;
    return Error{response.error().code,
                 (proof ? "the server at " + options_.address + " cannot prove who it is: "
                        : "cannot reach the server at " + options_.address + ": ") +
                     response.error().message};
  }
  const auto answer = ParseJson(response->body);
  if (!answer || !(*answer)->is_object()) {
    return Error{Error::Code::kUnavailable,
                 "what answers at " + options_.address + " is no Towline server (status " +
                     std::to_string(response->status) + "); is a proxy in between?"};
  }
  const json::object& object = (*answer)->get_object();
  if (response->status == 200) return object;
  return Error{Error::Code::kPermissionDenied, TextMember(object, "message"),
               TextMember(object, "error")};
}

}  // namespace towline::worker
