#pragma once

#include <memory>
#include <string>

#include "orchestrator/api/https/exchange.h"
#include "orchestrator/api/listen_address.h"
#include "statemachines/base/result.h"
#include "statemachines/base/time.h"

namespace towline::api::https {

// An HTTPS/1.1 server (TLS 1.2 or newer) for whoever has a certificate of the authority, or none:
// the routes decide what that is good for. Threads of its own; answers from Start() until Stop().
class Door {
 public:
  struct Settings {
    ListenAddress address{};
    std::string ca{};  // PEM files; read again when they have changed
    std::string certificate{};
    std::string key{};
    int threads = 2;
    int connections_max = 4'000;  // beyond it, new ones are closed at once
    Seconds patience{60};         // without a byte, of a request or of an answer
  };
  // Error when the address cannot be listened on or a file is bad. `routes` must outlive the door.
  static Result<std::unique_ptr<Door>> Start(Routes& routes, Settings settings);
  ~Door();  // stops
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  int port() const;  // of interest when the address said 0
  // Breaks off what is under way.
  void Stop();

 private:
  struct Impl;
  explicit Door(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace towline::api::https
