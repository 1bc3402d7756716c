#pragma once

#include <stop_token>
#include <string>

#include "statemachines/base/json.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::worker {

// The server's HTTPS door, as an agent calls it.
class DoorClient {
 public:
  struct Options {
    std::string address{};      // HOST:PORT
    std::string ca{};           // PEM file
    std::string certificate{};  // PEM files; empty: none yet
    std::string key{};
  };
  explicit DoorClient(Options options) : options_(std::move(options)) {}

  struct Authority {
    std::string file{};  // PEM
    Timestamp time{};    // the server's clock
  };
  // Believes whoever answers: what comes is to be compared with the invitation.
  Result<Authority> FetchAuthority(std::stop_token stop) const;
  // The answer's object. An error of the server has its name and message; one of the connection has
  // no name and says what to look at.
  Result<json::object> Post(const std::string& path, const json::object& body,
                            std::stop_token stop) const;

 private:
  const Options options_;
};

}  // namespace towline::worker
