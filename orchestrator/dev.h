#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "orchestrator/config.h"
#include "statemachines/base/result.h"

namespace towline {

// `towline-server dev`: a broker and a worker with sample job types beside the server, all in one
// directory, so that a developer needs one command. The children die with the server, are started
// again when they end by themselves, and write their logs into the directory.
class DevChildren {
 public:
  explicit DevChildren(std::string directory) : directory_(std::move(directory)) {}
  ~DevChildren() { Stop(); }
  DevChildren(const DevChildren&) = delete;
  DevChildren& operator=(const DevChildren&) = delete;

  // Writes the configurations that are not there yet (an edited worker.toml stays), starts the
  // broker and waits until it answers. The port of the broker is put into `config`.
  Status StartBroker(Config& config);
  Status StartWorker();

  // Call after SIGCHLD and at Next(): collects who has ended and starts them again.
  void Supervise();
  // SIGTERM, then SIGKILL after 5 s. The worker first, while the server still listens to it.
  void StopWorker();
  void Stop();

 private:
  using Steady = std::chrono::steady_clock;
  struct Child {
    std::string name;
    std::vector<std::string> argv;
    pid_t pid = -1;
    Steady::time_point started{};
    Steady::time_point restart_at{};
    int failures = 0;
  };
  Status Spawn(Child& child);
  static void End(Child& child);

  const std::string directory_;
  int broker_port_ = 0;
  std::vector<Child> children_;
};

}  // namespace towline
