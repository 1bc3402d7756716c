#include "orchestrator/dispatch/driver.h"

#include "statemachines/base/log.h"

namespace towline::dispatch {
namespace {

// Messages waiting for a round; beyond it they are dropped, and their senders repeat them.
constexpr std::size_t kMessageBytesWaitingMax = 64 << 20;
constexpr int kDrainMillis = 500;

jobs::MqttConnection::Options Complete(jobs::MqttConnection::Options options) {
  options.clean_start = true;  // roll calls repair; the broker has nothing to remember for us
  options.subscriptions = {"towline/1/+/presence", "towline/1/+/events", "towline/1/+/results/+",
                           "towline/1/+/callbacks"};
  return options;
}

}  // namespace

DispatchThread::DispatchThread(Settings settings, jobs::MqttConnection::Options options,
                               const engine::Tokens& tokens, engine::RequestPort& partitions,
                               engine::TaskSource& tasks, engine::WatchHub* hub,
                               logs::LogSink* logs, const engine::Clock& clock)
    : clock_(clock),
      link_(*this),
      connection_(std::make_unique<jobs::MqttConnection>(Complete(std::move(options)),
                                                         MakeHandlers())),
      dispatcher_(std::move(settings), tokens, partitions, tasks, link_, hub, logs) {
  dispatcher_.SetReplyPort(
      [this](std::unique_ptr<Dispatcher::Reply> reply) { Push(std::move(reply)); });
}

DispatchThread::~DispatchThread() { Stop(); }

// On the connection's thread: they only hand over.
jobs::MqttConnection::Handlers DispatchThread::MakeHandlers() {
  jobs::MqttConnection::Handlers handlers;
  handlers.make_will = [] { return std::optional<jobs::MqttConnection::Will>(); };
  handlers.on_up = [this] {
    Log(LogLevel::kInfo, "broker_link_up");
    Push(LinkChange{true});
  };
  handlers.on_down = [this](std::string reason) {
    Log(LogLevel::kWarning, "broker_link_down", {{"why", std::move(reason)}});
    Push(LinkChange{false});
  };
  handlers.on_unreachable = [](std::string reason) {
    Log(LogLevel::kWarning, "broker_unreachable", {{"why", std::move(reason)}});
  };
  handlers.on_message = [this](jobs::MqttConnection::Message message) {
    PushMessage(std::move(message));
  };
  return handlers;
}

void DispatchThread::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  connection_->Start();
}

void DispatchThread::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  connection_->Stop(kDrainMillis);
}

void DispatchThread::Push(Item item) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    items_.push_back(std::move(item));
    if (!waiting_) return;  // the thread is awake and will see it
  }
  ready_.notify_one();
}

void DispatchThread::PushMessage(jobs::MqttConnection::Message message) {
  {
    const std::lock_guard lock(mutex_);
    const std::size_t bytes = message.payload.size() + message.topic.size() + sizeof(Item);
    if (closed_) return;
    if (message_bytes_ + bytes > kMessageBytesWaitingMax) {
      dropped_++;
      return;
    }
    message_bytes_ += bytes;
    items_.push_back(std::move(message));
    if (!waiting_) return;
  }
  ready_.notify_one();
}

void DispatchThread::Post(std::vector<engine::TaskNotice> notices) {
  if (!notices.empty()) Push(std::move(notices));
}

void DispatchThread::Ask(Question question) { Push(std::move(question)); }

std::vector<DispatchThread::Item> DispatchThread::TakeAll(std::stop_token stop, Timestamp until) {
  std::vector<Item> taken;
  std::uint64_t dropped = 0;
  {
    std::unique_lock lock(mutex_);
    const auto some = [this] { return !items_.empty(); };
    waiting_ = true;
    if (until == Timestamp::max()) {
      ready_.wait(lock, std::move(stop), some);
    } else if (const Timestamp now = clock_.Now(); until > now) {
      ready_.wait_for(lock, std::move(stop), until - now, some);
    }
    waiting_ = false;
    taken.swap(items_);
    message_bytes_ = 0;
    dropped = std::exchange(dropped_, 0);
  }
  if (dropped > 0) {
    Log(LogLevel::kWarning, "messages_dropped", {{"count", std::to_string(dropped)},
                                                 {"why", "more came in than could be handled"}});
  }
  return taken;
}

void DispatchThread::Handle(Item& item, Timestamp now) {
  std::visit(Overload{
                 [&](std::vector<engine::TaskNotice>& notices) {
                   for (auto& notice : notices) dispatcher_.OnNotice(std::move(notice), now);
                 },
                 [&](std::unique_ptr<Dispatcher::Reply>& reply) {
                   dispatcher_.OnReply(std::move(reply), now);
                 },
                 [&](jobs::MqttConnection::Message& message) {
                   dispatcher_.OnMessage(message.topic, message.payload, message.retained,
                                         message.response_topic, message.correlation_data, now);
                 },
                 [&](LinkChange& change) { dispatcher_.OnLink(change.up, now); },
                 [&](Published& done) {
                   dispatcher_.OnPublished(done.task, done.acknowledged, now);
                 },
                 [&](Question& question) { question(dispatcher_, now); },
             },
             item);
}

void DispatchThread::Run(const std::stop_token& stop) {
  Timestamp next = clock_.Now();
  while (!stop.stop_requested()) {
    std::vector<Item> items = TakeAll(stop, next);
    const Timestamp now = clock_.Now();
    for (Item& item : items) Handle(item, now);
    next = dispatcher_.RunOnce(clock_.Now());
  }
  // The answers of the last commits: acknowledge what is durable.
  std::vector<Item> rest = TakeAll(stop, Timestamp{});
  for (Item& item : rest) Handle(item, clock_.Now());
  dispatcher_.RunOnce(clock_.Now());
  const std::lock_guard lock(mutex_);
  closed_ = true;
  items_.clear();
}

bool DispatchThread::link_up() const { return connection_->up(); }

std::string DispatchThread::link_error() const { return connection_->last_error(); }

bool DispatchThread::Link::Publish(std::string topic, std::string payload,
                                   std::uint32_t expiry_seconds) {
  jobs::MqttConnection::Publication publication;
  publication.topic = std::move(topic);
  publication.payload = std::move(payload);
  if (expiry_seconds > 0) publication.expiry_seconds = expiry_seconds;
  return owner_.connection_->Publish(std::move(publication));
}

bool DispatchThread::Link::PublishTask(const engine::TaskRef& task, std::string topic,
                                       std::string payload, int qos, bool retain) {
  jobs::MqttConnection::Publication publication;
  publication.topic = std::move(topic);
  publication.payload = std::move(payload);
  publication.qos = qos;
  publication.retain = retain;
  publication.on_ack = [&owner = owner_, task](bool acknowledged) {
    owner.Push(Published{task, acknowledged});
  };
  return owner_.connection_->Publish(std::move(publication));
}

void DispatchThread::Link::Respond(std::string topic, std::string correlation,
                                   std::string payload) {
  jobs::MqttConnection::Publication publication;
  publication.topic = std::move(topic);
  publication.payload = std::move(payload);
  publication.correlation_data = std::move(correlation);
  // Best effort: who gets no answer asks again.
  static_cast<void>(owner_.connection_->Publish(std::move(publication)));
}

}  // namespace towline::dispatch
