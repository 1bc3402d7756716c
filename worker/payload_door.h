#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "net/http_client.h"
#include "statemachines/base/reference.h"
#include "statemachines/base/result.h"

namespace towline::worker {

// Large payloads at the server's HTTPS door: one request a call. Errors that another try may cure
// are kUnavailable (kDeadlineExceeded: it was stopped); all others are the server's last word, with
// its name for it. Any thread may call.
class PayloadDoor {
 public:
  struct Options {
    std::string url{};  // https://HOST:PORT
    std::string ca{};   // PEM files
    std::string certificate{};
    std::string key{};
  };
  explicit PayloadDoor(Options options) : options_(std::move(options)) {}

  // What the server has of a payload.
  struct Stored {
    bool whole = false;
    std::uint64_t bytes = 0;  // of an upload that is not finished
  };
  Result<Stored> Look(const Reference& reference, std::stop_token stop) const;
  // Sends the file's bytes from `from` on.
  Result<Stored> Send(const Reference& reference, int file, std::uint64_t from,
                      std::stop_token stop) const;
  // Writes the payload's bytes from `from` on into the file, there. Also after an error what has
  // come is in it; `received` is where that ends.
  Status Receive(const Reference& reference, int file, std::uint64_t from, std::uint64_t& received,
                 std::stop_token stop) const;

 private:
  Result<net::HttpResponse> Perform(net::HttpRequest request, const Reference& reference) const;

  const Options options_;
};

}  // namespace towline::worker
