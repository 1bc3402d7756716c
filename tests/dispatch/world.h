#pragma once

// Everything around a Dispatcher, in virtual time: a partition that follows the rules of attempts
// and outcomes, a broker that remembers what was published, a store of payloads. Workers are what
// the test makes them say.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/dispatch/dispatcher.h"
#include "proto/jobs/messages.h"
#include "proto/jobs/topics.h"

namespace towline::dispatch {

inline const Timestamp kStart = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23};

// What the test wants a task to be; the rest is a job of type "add" for tenant "default".
struct TaskOptions {
  std::string type = "add";
  std::string tenant = "default";         // of the execution
  std::string workers_of{};               // default: the execution's tenant
  std::string queue = "default";
  std::map<std::string, std::string> labels{};
  int priority = 5;
  bool at_most_once = false;
  interpreter::TaskSpec::OnWorkerLost on_worker_lost =
      interpreter::TaskSpec::OnWorkerLost::kTypeDefault;
  std::string payload = "{\"a\":1}";
  std::string topic{};     // an mqtt:publish
  std::string activity{};  // an activity's ARN
};

struct WorkerOptions {
  int slots = 2;
  std::vector<std::string> types{"add"};
  int type_slots = 0;  // of each type; 0: only the worker's own
  std::vector<std::string> queues{"default"};
  std::map<std::string, std::string> labels{};
  jobs::WorkerState state = jobs::WorkerState::kOnline;
  std::uint64_t incarnation = 1;
  std::uint64_t connection = 1;
  std::uint64_t seen = 0;
  std::vector<jobs::Held> held{};
  std::string on_worker_lost{};
  bool retained = false;
  bool payloads = false;
};

class World final : public engine::RequestPort, public engine::TaskSource, public Broker {
 public:
  explicit World(Settings settings = {});

  // The partition.
  struct Row {
    std::shared_ptr<interpreter::OpenTask> open;
    std::string tenant;
    std::uint32_t attempt = 1;
    store::TaskState state = store::TaskState::kWaiting;
    std::string worker{};
    std::uint64_t incarnation = 0;
    std::optional<std::string> checkpoint{};
  };
  engine::TaskRef Open(const TaskOptions& options = {});
  engine::TaskRef AddRow(const TaskOptions& options, store::TaskState state = {},
                         std::string worker = {}, std::uint64_t incarnation = 0);
  // The execution was stopped, or the task timed out.
  void Close(const engine::TaskRef& task, const std::string& reason = "stopped");
  // What a partition says at its start: reset, then every open row.
  void Recover();
  bool Has(const engine::TaskRef& task) const { return rows.count(task) != 0; }
  Row& At(const engine::TaskRef& task) { return rows.at(task); }

  // Time.
  void Run();                 // rounds and commits until nothing happens any more
  void Pass(Millis time);     // the same at every moment that the dispatcher asks for

  // Workers: named "{tenant}_{worker}".
  void Say(const std::string& worker, const WorkerOptions& options = {});
  void Will(const std::string& worker, std::uint64_t incarnation = 1,
            std::uint64_t connection = 1);
  void Send(const std::string& worker, jobs::WorkerEvent event, std::uint64_t incarnation = 1);
  void Accepted(const std::string& worker, const jobs::Offer& offer,
                std::uint64_t incarnation = 1);
  void Declined(const std::string& worker, const jobs::Offer& offer, const std::string& reason,
                std::uint64_t incarnation = 1);
  void Beat(const std::string& worker, const std::string& token, std::uint32_t attempt);
  void Result(const std::string& worker, const std::string& token, std::uint32_t attempt,
              const std::string& output = "{\"sum\":3}");
  void Failed(const std::string& worker, const std::string& token, std::uint32_t attempt,
              const std::string& error, std::optional<std::string> checkpoint = {});
  void Cancelled(const std::string& worker, const std::string& token, std::uint32_t attempt);
  void Raw(const std::string& topic, const std::string& payload, const std::string& response = {},
           const std::string& correlation = {});

  // What came out since the last look.
  std::vector<jobs::Offer> Offers(const std::string& worker);
  jobs::Control Controls(const std::string& worker);  // merged
  std::string Token(const engine::TaskRef& task) const { return tokens.Mint(task); }
  static jobs::Held Holding(const std::string& token, std::uint32_t attempt,
                            const std::string& state = "running");
  std::string Why(const engine::TaskRef& task) {
    const auto view = dispatcher.Describe(task, now);
    return view ? view->stage + ": " + view->reason : "unknown";
  }

  // engine::RequestPort
  bool Post(int partition, engine::Request request) override;
  // engine::TaskSource
  std::shared_ptr<const interpreter::OpenTask> Load(const engine::TaskRef& task) override;
  std::string ExecutionArn(const engine::TaskRef& task) override;
  // Broker
  bool Publish(std::string topic, std::string payload, std::uint32_t expiry_seconds) override;
  bool PublishTask(const engine::TaskRef& task, std::string topic, std::string payload, int qos,
                   bool retain) override;
  void Respond(std::string topic, std::string correlation, std::string payload) override;

  struct Message {
    std::string topic, payload, correlation{};
    engine::TaskRef task{};
    std::uint32_t expiry = 0;
  };
  Timestamp now = kStart;
  bool inbox_full = false;
  bool store_broken = false;
  bool broker_busy = false;
  std::map<engine::TaskRef, Row> rows;
  std::map<engine::TaskRef, std::string> outcomes;  // "succeeded {…}", "failed Error: cause"
  std::map<engine::TaskRef, std::string> saved;     // checkpoints
  std::vector<store::EvidenceRow> evidence;
  std::vector<std::string> holds;  // whose clocks stand still: "all", or names
  std::deque<Message> published;   // to workers
  std::deque<Message> task_messages;
  std::vector<Message> answers;
  int loads = 0;
  engine::Tokens tokens{{store::MacKey{1, std::string(32, 'k')}}};
  engine::WatchHub hub;
  // Keeps what it gets, unless it is full.
  struct KeptLogs final : logs::LogSink {
    void Take(logs::LogPiece piece) override {
      if (!full) piece.done(piece.offset + piece.text.size());
      pieces.push_back(std::move(piece));
    }
    std::vector<logs::LogPiece> pieces;
    bool full = false;
  };
  KeptLogs logs;
  Dispatcher dispatcher;

 private:
  using Verdict = engine::TaskVerdict;
  void Commit();
  Verdict Apply(const engine::TaskRef& task, const interpreter::Command& command);
  Verdict End(const engine::TaskRef& task, std::uint32_t attempt, std::string outcome);
  engine::TaskOpened OpenedNotice(const engine::TaskRef& task, const Row& row) const;

  std::uint64_t next_task_ = 1;
  Timestamp next_run_ = kStart;
  std::vector<engine::TaskNotice> notices_;        // of the batch being made
  std::vector<std::pair<std::function<void(Verdict)>, Verdict>> answers_;
  std::deque<std::unique_ptr<Dispatcher::Reply>> replies_;
};

}  // namespace towline::dispatch
