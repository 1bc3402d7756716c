#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/service_manager.h"
#include "proto/jobs/mqtt_connection.h"
#include "worker/agent.h"
#include "worker/cgroup.h"
#include "worker/config.h"
#include "worker/function_runner.h"
#include "worker/local_socket.h"
#include "worker/process_runner.h"
#include "worker/secrets.h"
#include "worker/sqlite_journal.h"
#include "worker/transfers.h"
#include "worker/wake_queue.h"

namespace towline::worker {

// The real world around one agent: broker, journal, programs, local socket, clock. It knows all
// parts, and is the driver: one thread, the caller's, that waits for whatever comes first and
// feeds the agent; the broker connection has a thread of its own and only hands over.
class Host : private Ports,
             private JobSink,
             private LocalSocket::Sink,
             private Transfers::Sink {
 public:
  // Throws std::exception with one line for people when it cannot start.
  Host(const Config& config, const sdk::Functions& own);
  ~Host() override;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Returns when `signals` (a signalfd) has brought SIGINT or SIGTERM and the agent has stopped;
  // a second signal ends it at once. The value is the exit code. It ends the process where a
  // function does not stop: its thread could not be joined.
  int Run(int signals, net::ServiceManager& manager);

 private:
  struct LinkUp {
    std::uint64_t connection = 0;
  };
  struct LinkDown {
    std::string why{};
  };
  using Input = std::variant<LinkUp, LinkDown, jobs::MqttConnection::Message>;

  // How the jobs of this host are kept apart.
  struct Isolation {
    std::unique_ptr<Cgroups> cgroups{};  // null: supervisors and rlimits
    std::string text{};                  // for people
  };

  static Isolation MakeIsolation(const Config& config);
  static std::string StateOf(const Config& config);
  std::unique_ptr<Transfers> MakeTransfers(const Config& config);
  static AgentSettings SettingsOf(const Config& config, const Isolation& isolation);
  std::vector<JobType> MakeTypes(const Config& config, const sdk::Functions& own);
  jobs::MqttConnection::Options OptionsOf(const Config& config) const;
  jobs::MqttConnection::Handlers MakeHandlers();
  void Take(Input input);
  int Leave(int code);
  bool TakeSignals(int signals);  // false: leave at once
  Timestamp Now() const;

  bool Publish(std::string topic, std::string payload, bool retain) override;
  void KillLeftovers(const std::string& token, std::uint32_t attempt,
                     const std::optional<ProcessGroup>& group) override;
  void Reply(std::uint64_t request, Answer answer) override;
  Result<std::string> ReadSecret(const std::string& name) override;
  void OnFinished(JobId id, Outcome outcome) override;
  void OnProgress(JobId id, Progress progress) override;
  void OnHeartbeat(JobId id) override;
  void OnLog(JobId id, std::string_view stream, std::string text) override;
  void OnRequest(std::uint64_t request, jobs::Callback callback) override;
  void OnFetched(JobId id, Result<Fetched> fetched) override;
  void OnKept(JobId id, Result<Reference> kept) override;
  void OnUploaded(JobId id, Status uploaded) override;

  const std::string broker_;  // for people
  const Timestamp wall_start_;
  const std::chrono::steady_clock::time_point steady_start_;
  WakeQueue<Input> inbox_;
  SqliteJournal journal_;
  const Isolation isolation_;  // after the journal, whose lock says that nobody else is here
  const AgentSettings settings_;
  const SecretStore secrets_;
  const std::unique_ptr<Transfers> transfers_;  // null: no door, or no certificate for it
  ProcessRunner runner_;
  FunctionRunner functions_;
  std::vector<std::unique_ptr<Handler>> handlers_;
  Agent agent_;
  LocalSocket local_;
  bool asked_to_stop_ = false;
  std::atomic<std::uint64_t> connection_number_;

  jobs::MqttConnection connection_;  // last: its thread ends before the rest goes
};

}  // namespace towline::worker
