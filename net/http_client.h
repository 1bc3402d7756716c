#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "net/curl.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::net {

// A part of a file, sent as the body of a PUT.
struct HttpUpload {
  int file = -1;  // a descriptor that stays open; read with pread()
  std::uint64_t from = 0;
  std::uint64_t to = 0;  // behind the last byte
};

struct HttpRequest {
  std::string method = "GET";
  std::string url{};
  std::map<std::string, std::string> headers{};
  std::string_view body{};
  std::optional<HttpUpload> upload{};  // instead
  // Takes the body of an answer 200 or 206 piece by piece, with its status; false ends it all.
  std::function<bool(int status, std::string_view bytes)> on_body{};
  std::size_t response_bytes_max = 16 << 20;
  std::optional<Millis> timeout{};  // of the whole exchange
  std::stop_token stop{};           // ends it within milliseconds
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers{};  // lower-case names
  std::string body{};
};

// HTTP/1.1 and HTTPS through libcurl, with the server's certificate verified. Follows no redirect
// by itself, and keeps connections.
// Any thread may call; each call has a connection of its own. LoadCurl must have succeeded.
class HttpClient {
 public:
  struct Options {
    std::string ca_file{};  // trusted authorities in PEM; empty: the system's
    std::string certificate_file{};  // PEM; what is shown to servers that ask for it
    std::string key_file{};
    // False: whoever answers is believed. For what is then checked by other means.
    bool verify = true;
    std::string proxy{};    // empty: none, whatever the environment says
    int connect_timeout_seconds = 10;
    int stall_timeout_seconds = 30;  // without a byte
    std::stop_token stop{};          // ends what is under way
  };
  explicit HttpClient(Options options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // An error is one of the transport: kUnavailable when another try may succeed,
  // kFailedPrecondition when not (a certificate that is not trusted), kResourceExhausted when the
  // answer is larger than it may be, kDeadlineExceeded when it was stopped.
  Result<HttpResponse> Perform(const HttpRequest& request);

 private:
  // A connection is kept by the multi handle that made it.
  struct Handles {
    CURL* easy = nullptr;
    CURLM* multi = nullptr;
  };
  Handles Borrow();
  void GiveBack(const Handles& handles);
  CURLcode Run(const Handles& handles, const HttpRequest& request) const;

  const Options options_;
  std::mutex mutex_;
  std::vector<Handles> idle_;  // guarded by mutex_
};

}  // namespace towline::net
