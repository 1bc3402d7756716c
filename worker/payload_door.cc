#include "worker/payload_door.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "statemachines/base/json.h"

namespace towline::worker {
namespace {

constexpr std::size_t kAnswerBytesMax = 64 << 10;

std::uint64_t StoredBytes(const net::HttpResponse& response, std::uint64_t otherwise) {
  const auto header = response.headers.find("towline-stored");
  if (header == response.headers.end()) return otherwise;
  const std::string& text = header->second;
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return error == std::errc() && end == text.data() + text.size() ? bytes : otherwise;
}

// What the server has said about a request that it has not served.
Error Refusal(const net::HttpResponse& response) {
  const std::string status = std::to_string(response.status);
  std::string name;
  std::string message;
  if (const auto answer = ParseJson(response.body); answer && (*answer)->is_object()) {
    name = TextMember((*answer)->get_object(), "error");
    message = TextMember((*answer)->get_object(), "message");
  }
  if (message.empty()) message = "the server's door answers with status " + status;
  const int code = response.status;
  const bool busy = code == 409 || code == 408 || code == 429 || code >= 500 || code < 400;
  if (busy) return {Error::Code::kUnavailable, std::move(message), std::move(name)};
  if (name.empty()) name = code == 404 ? "Towline.PayloadMissing" : "Towline.PayloadRefused";
  return {code == 404   ? Error::Code::kNotFound
          : code == 413 ? Error::Code::kResourceExhausted
                        : Error::Code::kPermissionDenied,
          std::move(message), std::move(name)};
}

bool IsMismatch(const Error& error) {
  return error.name.find("ContentMismatch") != std::string::npos;
}

}  // namespace

Result<net::HttpResponse> PayloadDoor::Perform(net::HttpRequest request,
                                               const Reference& reference) const {
  if (!net::LoadCurl()) {
    return Error{Error::Code::kFailedPrecondition, net::LoadCurl().error().message,
                 "Towline.PayloadUnreachable"};
  }
  // A new one each time: certificates are renewed.
  net::HttpClient client({.ca_file = options_.ca,
                          .certificate_file = options_.certificate,
                          .key_file = options_.key});
  request.url = options_.url + "/v1/payloads/" + reference.sha256;
  request.response_bytes_max = kAnswerBytesMax;
  Result<net::HttpResponse> response = client.Perform(request);
  if (response || response.error().code == Error::Code::kDeadlineExceeded) return response;
  return Error{Error::Code::kUnavailable,
               "cannot reach the server at " + options_.url + ": " + response.error().message};
}

Result<PayloadDoor::Stored> PayloadDoor::Look(const Reference& reference,
                                              std::stop_token stop) const {
  const auto response = Perform({.method = "HEAD", .stop = stop}, reference);
  if (!response) return response.error();
  if (response->status == 200) return Stored{.whole = true, .bytes = reference.size};
  if (response->status == 404) return Stored{.bytes = StoredBytes(*response, 0)};
  return Refusal(*response);
}

Result<PayloadDoor::Stored> PayloadDoor::Send(const Reference& reference, int file,
                                              std::uint64_t from, std::stop_token stop) const {
  const std::string range = "bytes " + std::to_string(from) + "-" +
                            std::to_string(reference.size - 1) + "/" +
                            std::to_string(reference.size);
  const auto response =
      Perform({.method = "PUT",
               .headers = {{"content-range", range}, {"content-type", "application/octet-stream"}},
               .upload = net::HttpUpload{.file = file, .from = from, .to = reference.size},
               .stop = stop},
              reference);
  if (!response) return response.error();
  if (response->status == 200 || response->status == 201) {
    return Stored{.whole = true, .bytes = reference.size};
  }
  const bool elsewhere = response->status == 409 && response->headers.count("towline-stored") == 1;
  if (response->status == 202 || elsewhere) return Stored{.bytes = StoredBytes(*response, from)};
  Error refusal = Refusal(*response);
  if (response->status == 400 && IsMismatch(refusal)) {
    refusal.code = Error::Code::kUnavailable;  // it has dropped what it had, and begins anew
  }
  return refusal;
}

Status PayloadDoor::Receive(const Reference& reference, int file, std::uint64_t from,
                            std::uint64_t& received, std::stop_token stop) const {
  received = from;
  int disk_error = 0;
  bool too_long = false;
  const auto on_body = [&](int status, std::string_view bytes) {
    if (status == 200 && received == from) received = 0;  // the whole, though not asked for
    if (status == 200 && from > 0) from = 0;
    too_long = received + bytes.size() > reference.size;
    while (!bytes.empty() && !too_long && disk_error == 0) {
      const ssize_t wrote = pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(received));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) {
        disk_error = errno;
        break;
      }
      received += static_cast<std::uint64_t>(wrote);
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return !too_long && disk_error == 0;
  };
  const auto response =
      Perform({.headers = {{"range", "bytes=" + std::to_string(from) + "-"}},
               .on_body = on_body,
               .stop = stop},
              reference);
  if (disk_error != 0) {
    return Error{Error::Code::kFailedPrecondition,
                 std::string("cannot write a payload to disk: ") + std::strerror(disk_error),
                 "Towline.PayloadNotKept"};
  }
  if (too_long) received = 0;
  if (!response) return response.error();
  if (response->status == 200 || response->status == 206) return Ok();
  if (response->status == 416) {
    received = 0;
    return Error{Error::Code::kUnavailable, "the server has no such part of the payload"};
  }
  return Refusal(*response);
}

}  // namespace towline::worker
