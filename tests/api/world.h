#pragma once

// A whole server without transport, threads or broker: memory store, real partitions, real
// dispatch, Map Runs without an object store, the service on top, in virtual time. Workers are
// what the test makes them say.

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/api/service.h"
#include "orchestrator/children/map_runner.h"
#include "orchestrator/dispatch/dispatcher.h"
#include "orchestrator/engine/activities.h"
#include "orchestrator/engine/partition.h"
#include "orchestrator/engine/task_source.h"
#include "orchestrator/logs/logs.h"
#include "proto/jobs/messages.h"
#include "proto/jobs/topics.h"
#include "tests/base/scratch.h"

namespace towline::api {

inline const Timestamp kStart = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23};

// One call of a test: what a door would have been answered.
template <class Response>
class TestCall final : public Call<Response> {
 public:
  explicit TestCall(std::string tenant, Caller caller = {.kind = Caller::Kind::kLocal})
      : tenant_(std::move(tenant)), caller_(std::move(caller)) {}
  Asker asker() const override { return {tenant_, caller_}; }
  std::optional<Millis> patience() const override { return patience_; }
  void OnGone(std::function<void()> hook) override { gone_ = std::move(hook); }
  Response* Claim() override { return std::exchange(claimed_, true) ? nullptr : &response; }
  void Finish() override { done = true; }
  void Finish(const Error& refused, const Diagnostics& found) override {
    done = true;
    error = refused;
    diagnostics = found;
  }

  // The caller goes away.
  void Leave() {
    if (gone_) std::exchange(gone_, nullptr)();
    claimed_ = true;
  }
  // "OK", or the error's name.
  std::string outcome() const {
    return !done ? "(nothing yet)" : error ? error->name : std::string("OK");
  }
  void set_patience(Millis patience) { patience_ = patience; }

  bool done = false;
  std::optional<Error> error;
  Diagnostics diagnostics;
  Response response;

 private:
  const std::string tenant_;
  const Caller caller_;
  std::optional<Millis> patience_;
  std::function<void()> gone_;
  bool claimed_ = false;
};
template <class Response>
using Answer = std::shared_ptr<TestCall<Response>>;

struct WorldOptions {
  int partitions = 1;
  std::size_t inbox_max = 1000;
  Settings settings{};
  std::chrono::hours retention{24 * 90};
  // Between the service and the store, if the test wants to see or break what is read.
  std::function<std::unique_ptr<store::Queries>(std::unique_ptr<store::Queries>)> wrap_reader{};
};

class World final : public engine::RequestPort,
                    public engine::TaskSink,
                    public dispatch::Broker,
                    public FleetPort {
 public:
  explicit World(WorldOptions options = {});
  ~World() override;

  // Calls one use case and lets everything happen that can without time passing.
  template <class Response, class Noun, class Request>
  Answer<Response> Ask(Noun& noun, void (Noun::*use_case)(const Request&, const Reply<Response>&),
                       const Request& request, const std::string& tenant = "") {
    auto call = std::make_shared<TestCall<Response>>(tenant, caller_);
    const Reply<Response> reply(call);
    Serve(reply, [&] { (noun.*use_case)(request, reply); });
    Settle();
    return call;
  }

  void Settle();
  void Advance(Millis passing);  // second by second, so that timers fire in their order

  // Frequent steps. They expect success.
  void Create(const std::string& machine, const std::string& definition,
              const std::string& tenant = "");
  Answer<v1::StartExecutionResponse> Start(const std::string& machine, const std::string& name = "",
                                           const std::string& input = "", bool wait = false,
                                           const std::string& tenant = "");
  v1::Execution Describe(const std::string& execution);
  void Stop(const std::string& execution);
  void CreateActivity(const std::string& name, const std::string& tenant = "");
  std::vector<v1::HistoryEvent> History(const std::string& execution);

  // An online worker "default_{name}" with one job type; what it was told last.
  void Announce(const std::string& name, const std::string& type);
  void Say(const std::string& name, const jobs::EventBatch& events);
  void Finish(const std::string& name, const jobs::JobResult& result);
  std::vector<jobs::Offer> TakeOffers();
  jobs::Control TakeControl();  // what workers were told besides, in one
  void Acknowledge();  // PUBACK for everything published by tasks

  Service& service() { return *service_; }
  store::Backend& backend() { return *readers_; }
  engine::Tokens& tokens() { return *tokens_; }
  engine::WatchHub& hub() { return hub_; }
  logs::Logs& logs() { return logs_; }
  Timestamp now() const { return now_; }
  void set_busy(bool busy) { busy_ = busy; }
  // Who makes the calls from now on; at first, who is on the server's machine.
  void set_caller(Caller caller) { caller_ = std::move(caller); }
  const Caller& caller() const { return caller_; }
  engine::TaskRef OnlyTask();  // the one that was opened last

  // engine::RequestPort
  bool Post(int partition, engine::Request request) override;
  // engine::TaskSink
  void Post(std::vector<engine::TaskNotice> notices) override;
  // dispatch::Broker
  bool Publish(std::string topic, std::string payload, std::uint32_t expiry_seconds) override;
  bool PublishTask(const engine::TaskRef& task, std::string topic, std::string payload, int qos,
                   bool retain) override;
  void Respond(std::string topic, std::string correlation, std::string payload) override;
  // FleetPort
  void Ask(std::function<void(dispatch::Dispatcher&, Timestamp)> question) override;

 private:
  bool Step();
  std::vector<std::string> Take(jobs::TopicKind kind);

  Timestamp now_ = kStart;
  bool busy_ = false;
  Caller caller_{.kind = Caller::Kind::kLocal};
  std::unique_ptr<store::Backend> backend_;
  const Scratch scratch_;
  AuditLog audit_;
  std::unique_ptr<store::Backend> readers_;  // backend_ with wrapped readers
  std::unique_ptr<engine::Tokens> tokens_;
  std::unique_ptr<engine::Definitions> definitions_;
  std::unique_ptr<engine::CatalogueActivities> activities_;
  engine::WatchHub hub_;
  logs::Logs logs_{scratch_.path() + "/logs.db", {}, hub_};
  std::unique_ptr<engine::StoreTaskSource> tasks_;
  std::unique_ptr<dispatch::Dispatcher> dispatcher_;
  std::unique_ptr<children::MapRunner> runner_;
  std::vector<std::unique_ptr<engine::Partition>> partitions_;
  std::unique_ptr<Service> service_;

  std::deque<engine::TaskNotice> notices_;
  std::deque<std::unique_ptr<dispatch::Dispatcher::Reply>> replies_;
  std::deque<std::function<void(dispatch::Dispatcher&, Timestamp)>> questions_;
  std::vector<engine::TaskRef> opened_;
  std::vector<engine::TaskRef> published_;
  std::vector<std::pair<std::string, std::string>> messages_;  // topic, payload
  std::uint64_t connections_ = 0;
};

// Definitions that several tests use.
extern const char* const kPass;      // one Pass state
extern const char* const kWait;      // waits 60 s
extern const char* const kJob;       // offers a job "add"
extern const char* const kCallback;  // publishes its token and waits for the callback

template <class Request>
Request About(const std::string& execution) {
  Request request;
  request.set_execution(execution);
  return request;
}

}  // namespace towline::api
