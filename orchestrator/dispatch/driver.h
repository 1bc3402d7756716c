#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "orchestrator/dispatch/dispatcher.h"
#include "orchestrator/engine/clock.h"
#include "orchestrator/engine/request.h"
#include "proto/jobs/mqtt_connection.h"

namespace towline::dispatch {

// Drives the Dispatcher: its thread, its inbox, its broker connection. Whatever arrives while a
// round runs is the next round, so that batches form under load and nothing waits for one.
//
// Post, Ask and Call may be called from any thread, also before Start. It holds nothing that a
// crash could lose: see Dispatcher.
class DispatchThread final : public engine::TaskSink {
 public:
  using Question = std::function<void(Dispatcher&, Timestamp)>;

  DispatchThread(Settings settings, jobs::MqttConnection::Options options,
                 const engine::Tokens& tokens, engine::RequestPort& partitions,
                 engine::TaskSource& tasks, engine::WatchHub* hub, logs::LogSink* logs,
                 const engine::Clock& clock);
  ~DispatchThread() override;  // stops
  DispatchThread(const DispatchThread&) = delete;
  DispatchThread& operator=(const DispatchThread&) = delete;

  void Start();
  // Works off what is waiting, sends it, disconnects. Partitions are stopped before.
  void Stop();

  void Post(std::vector<engine::TaskNotice> notices) override;
  // Runs `question` on the dispatcher's thread; dropped when that has stopped.
  void Ask(Question question);
  // The same, and waits for its result. Not for the dispatcher's own thread, and only while it
  // runs.
  template <class F>
  auto Call(F question) {
    using Answer = std::invoke_result_t<F, Dispatcher&, Timestamp>;
    auto answer = std::make_shared<std::promise<Answer>>();
    std::future<Answer> future = answer->get_future();
    Ask([answer, question = std::move(question)](Dispatcher& dispatcher, Timestamp now) mutable {
      if constexpr (std::is_void_v<Answer>) {
        question(dispatcher, now);
        answer->set_value();
      } else {
        answer->set_value(question(dispatcher, now));
      }
    });
    return future.get();
  }

  bool link_up() const;
  std::string link_error() const;  // why it is down, for people

 private:
  // The connection, as the Dispatcher sees it.
  class Link final : public Broker {
   public:
    explicit Link(DispatchThread& owner) : owner_(owner) {}
    bool Publish(std::string topic, std::string payload, std::uint32_t expiry_seconds) override;
    bool PublishTask(const engine::TaskRef& task, std::string topic, std::string payload, int qos,
                     bool retain) override;
    void Respond(std::string topic, std::string correlation, std::string payload) override;

   private:
    DispatchThread& owner_;
  };

  struct LinkChange {
    bool up = false;
  };
  struct Published {
    engine::TaskRef task;
    bool acknowledged = false;
  };
  using Item = std::variant<std::vector<engine::TaskNotice>, std::unique_ptr<Dispatcher::Reply>,
                            jobs::MqttConnection::Message, LinkChange, Published, Question>;

  void Push(Item item);
  void PushMessage(jobs::MqttConnection::Message message);
  std::vector<Item> TakeAll(std::stop_token stop, Timestamp until);
  void Handle(Item& item, Timestamp now);
  void Run(const std::stop_token& stop);
  jobs::MqttConnection::Handlers MakeHandlers();

  const engine::Clock& clock_;
  Link link_;
  std::unique_ptr<jobs::MqttConnection> connection_;
  Dispatcher dispatcher_;  // owned by thread_ while that runs

  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::vector<Item> items_;           // guarded by mutex_
  std::size_t message_bytes_ = 0;     // guarded by mutex_; of the messages in items_
  std::uint64_t dropped_ = 0;         // guarded by mutex_; messages, since the last round
  bool waiting_ = false;              // guarded by mutex_
  bool closed_ = false;               // guarded by mutex_

  std::jthread thread_;
};

}  // namespace towline::dispatch
