#pragma once

#include <memory>

#include "orchestrator/api/listen_address.h"
#include "orchestrator/config.h"
#include "statemachines/base/result.h"

namespace towline {

// The whole server: the only place that knows all parts. Start() brings them up in the order in
// which they need each other, Stop() takes them down again: doors first, so that nothing new comes
// in, then the link, then the partitions, which finish their batch.
class Server {
 public:
  explicit Server(Config config);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The error is one line for the operator. Afterwards port() tells where gRPC listens.
  Status Start();
  void Stop();  // within 5 s; may be called twice
  int port() const;
  int https_port() const;  // 0: that door is closed
  // Do the threads that move executions and jobs still make rounds? False when one has been stuck
  // for two minutes. For the thread that started it, while it runs.
  bool IsAlive();

 private:
  struct Parts;
  Status OpenHttps(const api::ListenAddress& grpc);

  Config config_;  // complete once started
  std::unique_ptr<Parts> parts_;
};

}  // namespace towline
