#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http_client.h"
#include "orchestrator/objects/object_store.h"
#include "orchestrator/objects/sigv4.h"

namespace towline::objects {

struct S3Options {
  enum class Addressing {
    kPath,         // https://ENDPOINT/BUCKET/KEY: works everywhere
    kVirtualHost,  // https://BUCKET.ENDPOINT/KEY
  };
  std::string endpoint{};  // "https://host[:port]"
  std::string region = "us-east-1";
  Addressing addressing = Addressing::kPath;
  std::function<Result<Credentials>()> credentials{};  // asked for each request: they may change
  net::HttpClient::Options http{};
  int attempts_max = 6;
  Millis backoff_first{100};  // doubled each time; the wait is a random part of it
  Millis backoff_max{5'000};
  std::size_t chunk_bytes = 4 << 20;  // of a reader: one request each
  std::size_t part_bytes = 8 << 20;   // of a writer; S3 wants at least 5 MiB
};

// Signed requests to one endpoint, tried again when the endpoint is busy or out of reach. Any
// thread may call.
class S3Client {
 public:
  explicit S3Client(S3Options options);

  struct Call {
    std::string method = "GET";
    ObjectName name{};  // without a key: the bucket itself
    std::vector<std::pair<std::string, std::string>> query{};
    std::map<std::string, std::string> headers{};  // lower-case names
    std::string_view body{};
    std::size_t response_bytes_max = 16 << 20;
  };
  // Answers with a status below 300. Everything else is an error as object_store.h has it; its
  // name is the fault's code, e.g. "InvalidRange".
  Result<net::HttpResponse> Send(const Call& call);

  const S3Options& options() const { return options_; }

 private:
  Result<net::HttpRequest> Signed(const Call& call) const;
  bool Wait(int attempt) const;  // false: the client is being stopped

  const S3Options options_;
  std::string scheme_;
  std::string host_;  // with the port
  net::HttpClient http_;
};

}  // namespace towline::objects
