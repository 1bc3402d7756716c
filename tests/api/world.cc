#include "tests/api/world.h"

namespace towline::api {
namespace {

// Only readers go through it: the service must not do anything else.
class WrappedBackend final : public store::Backend {
 public:
  WrappedBackend(store::Backend& backend, const WorldOptions& options)
      : backend_(backend), options_(options) {}
  store::Catalogue& catalogue() override { return backend_.catalogue(); }
  std::unique_ptr<store::Store> OpenPartition(int) override {
    ADD_FAILURE() << "the service opened a partition";
    return nullptr;
  }
  std::unique_ptr<store::Queries> OpenReader(int partition) override {
    auto reader = backend_.OpenReader(partition);
    return options_.wrap_reader ? options_.wrap_reader(std::move(reader)) : std::move(reader);
  }

 private:
  store::Backend& backend_;
  const WorldOptions options_;
};

}  // namespace

const char* const kPass = R"({"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}})";
const char* const kWait =
    R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}})";
const char* const kJob = R"({"StartAt":"Add","States":{"Add":{"Type":"Task",
  "Resource":"arn:towline:states:::job:run","Parameters":{"JobType":"add","Payload.$":"$"},
  "TimeoutSeconds":600,"End":true}}})";
const char* const kCallback = R"({"StartAt":"Ask","States":{"Ask":{"Type":"Task",
  "Resource":"arn:towline:states:::mqtt:publish.waitForTaskToken",
  "Parameters":{"Topic":"site/ask","Payload":{"token.$":"$$.Task.Token"}},"End":true}}})";

World::World(WorldOptions options)
    : backend_(store::OpenMemoryBackend(options.partitions)),
      audit_({.directory = scratch_.path() + "/audit", .clock = [this] { return now_; }}),
      readers_(std::make_unique<WrappedBackend>(*backend_, options)),
      tokens_(std::make_unique<engine::Tokens>(backend_->catalogue().MacKeys())),
      definitions_(std::make_unique<engine::Definitions>(backend_->catalogue())),
      activities_(std::make_unique<engine::CatalogueActivities>(backend_->catalogue())),
      tasks_(std::make_unique<engine::StoreTaskSource>(*backend_)),
      dispatcher_(std::make_unique<dispatch::Dispatcher>(dispatch::Settings{}, *tokens_, *this,
                                                         *tasks_, *this, &hub_, &logs_)) {
  dispatcher_->SetReplyPort([this](std::unique_ptr<dispatch::Dispatcher::Reply> reply) {
    replies_.push_back(std::move(reply));
  });
  runner_ = std::make_unique<children::MapRunner>(children::MapRunnerSettings{}, *this, *backend_,
                                                  *definitions_, nullptr);
  for (int i = 0; i < options.partitions; ++i) {
    engine::PartitionSettings settings;
    settings.number = i;
    settings.inbox_max = options.inbox_max;
    settings.retention = options.retention;
    settings.seed = 1;
    partitions_.push_back(std::make_unique<engine::Partition>(
        settings, backend_->OpenPartition(i), *definitions_, *activities_, *this, &hub_,
        runner_.get()));
  }
  service_ = std::make_unique<Service>(
      Parts{*readers_, *definitions_, *this, hub_, *tokens_, *this, [this] { return now_; },
            &audit_, nullptr, &logs_},
      options.settings);
  dispatcher_->OnLink(true, now_);
  Settle();
}

World::~World() = default;

bool World::Step() {
  bool moved = false;
  while (!questions_.empty()) {
    moved = true;
    const auto question = std::move(questions_.front());
    questions_.pop_front();
    question(*dispatcher_, now_);
  }
  for (const auto& partition : partitions_) {
    if (partition->RunOnce(now_) == Timestamp::min()) moved = true;
  }
  while (!notices_.empty()) {
    moved = true;
    engine::TaskNotice notice = std::move(notices_.front());
    notices_.pop_front();
    if (const auto* opened = std::get_if<engine::TaskOpened>(&notice)) {
      opened_.push_back(opened->task);
    }
    dispatcher_->OnNotice(std::move(notice), now_);
  }
  while (!replies_.empty()) {
    moved = true;
    auto reply = std::move(replies_.front());
    replies_.pop_front();
    dispatcher_->OnReply(std::move(reply), now_);
  }
  if (!logs_.idle()) {
    moved = true;
    logs_.RunOnce();
  }
  dispatcher_->RunOnce(now_);
  moved = runner_->RunOnce(now_) <= now_ || moved;
  for (const auto& partition : partitions_) moved = moved || partition->inbox().size() > 0;
  return moved || !questions_.empty() || !notices_.empty() || !replies_.empty() || !logs_.idle();
}

void World::Settle() {
  for (int rounds = 0; Step(); ++rounds) ASSERT_LT(rounds, 10'000) << "it never comes to rest";
}

void World::Advance(Millis passing) {
  for (const Timestamp until = now_ + passing; now_ < until;) {
    now_ = std::min(until, now_ + Seconds{1});
    Settle();
  }
}

void World::Create(const std::string& machine, const std::string& definition,
                   const std::string& tenant) {
  v1::CreateStateMachineRequest request;
  request.set_name(machine);
  request.set_definition(definition);
  const auto answer = Ask(service_->state_machines(), &StateMachines::Create, request, tenant);
  ASSERT_EQ(answer->outcome(), "OK") << answer->error->message;
}

Answer<v1::StartExecutionResponse> World::Start(const std::string& machine,
                                                const std::string& name, const std::string& input,
                                                bool wait, const std::string& tenant) {
  v1::StartExecutionRequest request;
  request.set_state_machine(machine);
  request.set_name(name);
  request.set_input(input);
  request.set_wait(wait);
  return Ask(service_->executions(), &Executions::Start, request, tenant);
}

v1::Execution World::Describe(const std::string& execution) {
  const auto answer = Ask(service_->executions(), &Executions::Describe,
                          About<v1::DescribeExecutionRequest>(execution));
  EXPECT_EQ(answer->outcome(), "OK");
  return answer->response;
}

void World::Stop(const std::string& execution) {
  const auto answer =
      Ask(service_->executions(), &Executions::Stop, About<v1::StopExecutionRequest>(execution));
  EXPECT_EQ(answer->outcome(), "OK");
}

void World::CreateActivity(const std::string& name, const std::string& tenant) {
  v1::CreateActivityRequest request;
  request.set_name(name);
  const auto answer = Ask(service_->activities(), &Activities::Create, request, tenant);
  EXPECT_EQ(answer->outcome(), "OK");
}

std::vector<v1::HistoryEvent> World::History(const std::string& execution) {
  auto request = About<v1::GetExecutionHistoryRequest>(execution);
  request.set_max_results(1000);
  const auto answer = Ask(service_->executions(), &Executions::GetHistory, request);
  EXPECT_EQ(answer->outcome(), "OK");
  return {answer->response.events().begin(), answer->response.events().end()};
}

void World::Announce(const std::string& name, const std::string& type) {
  jobs::Presence presence;
  presence.incarnation = 1;
  presence.connection = ++connections_;
  presence.slots = 2;
  jobs::TypeInfo info;
  info.name = type;
  presence.types.push_back(info);
  presence.version = "1.0";
  presence.labels = {{"site", "ams"}};
  dispatcher_->OnMessage(jobs::PresenceTopic("default_" + name), jobs::Encode(presence), false, "",
                         "", now_);
  Settle();
}

void World::Say(const std::string& name, const jobs::EventBatch& events) {
  dispatcher_->OnMessage(jobs::EventsTopic("default_" + name), jobs::Encode(events), false, "", "",
                         now_);
  Settle();
}

void World::Finish(const std::string& name, const jobs::JobResult& result) {
  dispatcher_->OnMessage(jobs::ResultsTopic("default_" + name, 0),
                         jobs::Encode(jobs::ResultBatch{1, {result}}), false, "", "", now_);
  Settle();
}

std::vector<std::string> World::Take(jobs::TopicKind kind) {
  std::vector<std::string> payloads;
  std::erase_if(messages_, [&](const auto& message) {
    const auto parsed = jobs::ParseTopic(message.first);
    if (!parsed || parsed->kind != kind) return false;
    payloads.push_back(message.second);
    return true;
  });
  return payloads;
}

std::vector<jobs::Offer> World::TakeOffers() {
  std::vector<jobs::Offer> offers;
  for (const std::string& payload : Take(jobs::TopicKind::kJobs)) {
    const auto batch = jobs::DecodeJobBatch(payload);
    EXPECT_TRUE(batch);
    if (batch) offers.insert(offers.end(), batch->jobs.begin(), batch->jobs.end());
  }
  return offers;
}

jobs::Control World::TakeControl() {
  jobs::Control all;
  for (const std::string& payload : Take(jobs::TopicKind::kControl)) {
    const auto part = jobs::DecodeControl(payload);
    EXPECT_TRUE(part);
    if (!part) continue;
    const auto add = [](auto& to, const auto& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    add(all.acks, part->acks);
    add(all.grants, part->grants);
    add(all.cancel, part->cancel);
    add(all.keep, part->keep);
  }
  return all;
}

void World::Acknowledge() {
  for (const engine::TaskRef& task : std::exchange(published_, {})) {
    dispatcher_->OnPublished(task, true, now_);
  }
  Settle();
}

engine::TaskRef World::OnlyTask() {
  EXPECT_FALSE(opened_.empty());
  return opened_.empty() ? engine::TaskRef{} : opened_.back();
}

bool World::Post(int partition, engine::Request request) {
  if (busy_) return false;
  return partitions_.at(static_cast<std::size_t>(partition))->Post(std::move(request));
}

void World::Post(std::vector<engine::TaskNotice> notices) {
  for (engine::TaskNotice& notice : notices) notices_.push_back(std::move(notice));
}

bool World::Publish(std::string topic, std::string payload, std::uint32_t) {
  messages_.emplace_back(std::move(topic), std::move(payload));
  return true;
}

bool World::PublishTask(const engine::TaskRef& task, std::string topic, std::string payload, int,
                        bool) {
  published_.push_back(task);
  messages_.emplace_back(std::move(topic), std::move(payload));
  return true;
}

void World::Respond(std::string, std::string, std::string) {}

void World::Ask(std::function<void(dispatch::Dispatcher&, Timestamp)> question) {
  questions_.push_back(std::move(question));
}

}  // namespace towline::api
