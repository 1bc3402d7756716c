#pragma once

#include <stop_token>
#include <string>
#include <thread>

#include "statemachines/base/result.h"
#include "statemachines/base/time.h"
#include "worker/config.h"

namespace towline::worker {

// Gets the next certificate for the agent's key from the server and puts it in its file. The broker
// connection stays as it is: it shows the new one when it next connects. The value is its end.
Result<Timestamp> RenewCertificate(const Config& config, std::stop_token stop);

// When to renew: two thirds into its life, and a little later, not the same for all agents, so that
// a fleet that enrolled together does not come together.
Timestamp RenewalTimeOf(const std::string& certificate, const std::string& principal);

// Does so on a thread of its own, as long as it lives; says in the log what it has done. For
// agents that know the server's door.
class Renewal {
 public:
  explicit Renewal(const Config& config);

 private:
  void Run(std::stop_token stop);
  const Config& config_;
  std::jthread thread_;
};

}  // namespace towline::worker
