#include "tests/children/world.h"

#include <limits>

#include "orchestrator/engine/router.h"
#include "orchestrator/store/event_codec.h"
#include "orchestrator/store/map_run_codec.h"

namespace towline::children {
namespace {

constexpr auto kLast = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

engine::ExecutionName NameOf(const std::string& machine, const std::string& name) {
  return {"default", machine, name};
}

}  // namespace

// Hears of nested executions.
struct World::Ear final : engine::TaskSink {
  explicit Ear(Life& l) : life(l) {}
  void Post(std::vector<engine::TaskNotice> notices) override;
  Life& life;
};

// What a restart forgets.
struct World::Life {
  explicit Life(World& w)
      : world(w),
        definitions(w.backend_->catalogue()),
        activities(w.backend_->catalogue()),
        source(*w.backend_),
        nested(w, w.partitions_, source, w.backend_->catalogue(), definitions, w.tokens_),
        runner(w.settings_, w, *w.backend_, definitions, w.objects_.get()) {
    nested.SetReplyPort([this](std::unique_ptr<Nested::Reply> reply) {
      replies.push_back(std::move(reply));
    });
    for (int i = 0; i < w.partitions_; i++) {
      engine::PartitionSettings settings;
      settings.number = i;
      settings.cache_max = 3;
      partitions.push_back(std::make_unique<engine::Partition>(
          settings, w.backend_->OpenPartition(i), definitions, activities, split, nullptr,
          &runner));
    }
  }

  World& world;
  engine::Definitions definitions;
  engine::CatalogueActivities activities;
  engine::StoreTaskSource source;
  Nested nested;
  MapRunner runner;
  Ear ear{*this};
  NoticeSplit split{ear, world};
  std::vector<std::unique_ptr<engine::Partition>> partitions;
  std::deque<engine::TaskNotice> notices;
  std::deque<std::unique_ptr<Nested::Reply>> replies;
};

void World::Ear::Post(std::vector<engine::TaskNotice> notices) {
  for (engine::TaskNotice& notice : notices) life.notices.push_back(std::move(notice));
}

World::World(int partitions, MapRunnerSettings settings)
    : partitions_(partitions),
      settings_(settings),
      objects_(std::move(*objects::LocalStore::Open(files_.path()))),
      backend_(store::OpenMemoryBackend(partitions)),
      tokens_(backend_->catalogue().MacKeys()) {
  Restart();
}

World::~World() = default;

void World::Restart() {
  jobs.clear();
  rounds_ = -1;
  life_.reset();
  life_ = std::make_unique<Life>(*this);
  Settle();
}

bool World::Round() {
  bool moved = false;
  for (const auto& partition : life_->partitions) {
    moved = partition->RunOnce({now_, now_}) <= now_ || moved;
  }
  for (; !life_->notices.empty(); life_->notices.pop_front()) {
    moved = true;
    life_->nested.OnNotice(life_->notices.front(), now_);
  }
  for (; !life_->replies.empty(); life_->replies.pop_front()) {
    moved = true;
    life_->nested.OnReply(std::move(life_->replies.front()), now_);
  }
  moved = life_->nested.RunOnce(now_) <= now_ || moved;
  moved = life_->runner.RunOnce(now_) <= now_ || moved;
  for (const auto& partition : life_->partitions) moved = moved || partition->inbox().size() > 0;
  return moved;
}

void World::Settle() {
  for (int round = 0; rounds_ != 0 && Round(); round++) {
    if (rounds_ > 0) rounds_--;
    ASSERT_LT(round, 100'000) << "it never comes to rest";
  }
}

void World::Advance(Millis passing) {
  for (const Timestamp until = now_ + passing; now_ < until;) {
    now_ = std::min(until, now_ + Millis{100});
    Settle();
  }
}

void World::Create(const std::string& machine, const std::string& definition) {
  const std::string revision = engine::RevisionHash(definition);
  backend_->catalogue().PutRevision(revision, definition);
  backend_->catalogue().PutMachine({"default", machine, revision, now_, now_, false});
  ASSERT_NE(life_->definitions.Find(revision), nullptr) << definition;
}

void World::Start(const std::string& machine, const std::string& input, const std::string& name) {
  const std::string prefix = "arn:towline:states:local:default:";
  const std::string revision = backend_->catalogue().Machine("default", machine)->revision;
  interpreter::ExecutionInfo info;
  info.tenant = "default";
  info.machine = machine;
  info.name = name;
  info.arn = prefix + "execution:" + machine + ":" + name;
  info.machine_arn = prefix + "stateMachine:" + machine;
  info.revision = revision;
  EXPECT_TRUE(Post(engine::PartitionOf("default", machine, name, partitions_),
                   engine::StartExecution{.info = std::move(info),
                                          .definition = life_->definitions.Find(revision),
                                          .input = ParseJson(input).value(),
                                          .reply = [](const auto& view) { EXPECT_TRUE(view); }}));
  Settle();
}

void World::Stop(const std::string& machine, const std::string& name) {
  EXPECT_TRUE(Post(engine::PartitionOf("default", machine, name, partitions_),
                   engine::StopExecution{.execution = NameOf(machine, name),
                                         .reply = [](const auto& view) { EXPECT_TRUE(view); }}));
  Settle();
}

void World::Redrive(const std::string& machine, const std::string& name) {
  EXPECT_TRUE(Post(engine::PartitionOf("default", machine, name, partitions_),
                   engine::RedriveExecution{
                       .execution = NameOf(machine, name),
                       .reply = [](const auto& view) {
                         EXPECT_TRUE(view) << view.error().message;
                       }}));
  Settle();
}

void World::Succeed(const engine::TaskRef& task, const std::string& output) {
  engine::TaskCommand command{
      .task = task,
      .command = interpreter::SucceedTask{.output = ParseJson(output).value()},
      .tenant = "default",
      .reply = [](engine::TaskVerdict verdict) {
        EXPECT_EQ(verdict, engine::TaskVerdict::kRecorded);
      }};
  EXPECT_TRUE(Post(task.partition, std::move(command)));
  Settle();
}

std::pair<int, std::optional<store::ExecutionRow>> World::Find(const std::string& machine,
                                                               const std::string& name) {
  const int partition = engine::PartitionOf("default", machine, name, partitions_);
  return {partition, backend_->OpenReader(partition)->Find("default", machine, name)};
}

End World::Of(const std::string& machine, const std::string& name) {
  const auto [partition, row] = Find(machine, name);
  if (!row) {
    ADD_FAILURE() << "there is no execution " << machine << "/" << name;
    return {};
  }
  End end{.status = row->status};
  backend_->OpenReader(partition)->StepsBackwards(row->key, kLast, [&](const auto& step) {
    const interpreter::Event last = store::DecodeStep(step.events).back().event;
    const auto fail = [&end](const auto& event) {
      end.error = event.error.value_or("");
      end.cause = event.cause.value_or("");
    };
    if (const auto* done = std::get_if<interpreter::ExecutionSucceeded>(&last)) {
      end.output = PrintJson(*done->output);
    } else if (const auto* failed = std::get_if<interpreter::ExecutionFailed>(&last)) {
      fail(*failed);
    } else if (const auto* aborted = std::get_if<interpreter::ExecutionAborted>(&last)) {
      fail(*aborted);
    }
    return false;
  });
  return end;
}

std::vector<store::ExecutionRow> World::Children(const std::string& machine) {
  std::vector<store::ExecutionRow> rows;
  for (int i = 0; i < partitions_; i++) {
    const auto some = backend_->OpenReader(i)->List({.tenant = "default", .machine = machine,
                                                     .limit = 10'000});
    rows.insert(rows.end(), some.rbegin(), some.rend());
  }
  return rows;
}

interpreter::MapRunState World::RunOf(const std::string& machine) {
  const auto [partition, row] = Find(machine, "one");
  const auto runs = backend_->OpenReader(partition)->MapRuns(row->key);
  EXPECT_FALSE(runs.empty());
  return runs.empty() ? interpreter::MapRunState() : store::DecodeMapRunState(runs.back().progress);
}

void World::Update(const std::string& machine, std::optional<std::uint32_t> max_concurrency,
                   std::optional<std::uint64_t> tolerated_count) {
  const auto [partition, row] = Find(machine, "one");
  engine::UpdateMapRun update;
  update.run = {partition, backend_->OpenReader(partition)->MapRuns(row->key).back().key};
  update.max_concurrency = max_concurrency;
  update.tolerated_count = tolerated_count;
  update.reply = [](const auto& view) { EXPECT_TRUE(view); };
  EXPECT_TRUE(Post(partition, std::move(update)));
  Settle();
}

bool World::Post(int partition, engine::Request request) {
  if (busy_) return false;
  if (const auto* start = std::get_if<engine::StartChildren>(&request)) {
    started_ += start->children.size();
  }
  return life_->partitions.at(static_cast<std::size_t>(partition))->Post(std::move(request));
}

void World::Post(std::vector<engine::TaskNotice> notices) {
  for (const engine::TaskNotice& notice : notices) {
    if (const auto* opened = std::get_if<engine::TaskOpened>(&notice)) jobs.push_back(*opened);
  }
}

}  // namespace towline::children
