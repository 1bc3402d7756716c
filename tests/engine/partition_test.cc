#include "orchestrator/engine/partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "orchestrator/engine/activities.h"
#include "orchestrator/store/event_codec.h"
#include "tests/engine/faulty_store.h"

namespace towline::engine {
namespace {

constexpr Timestamp kStart{Millis{1'700'000'000'000}};

constexpr char kJob[] = R"({"StartAt":"A","States":{"A":{"Type":"Task",
  "Resource":"arn:towline:states:::job:run","Parameters":{"JobType":"add","Payload.$":"$"},
  "TimeoutSeconds":100,"HeartbeatSeconds":10,"End":true}}})";
// May run on workers of tenant "site".
constexpr char kGranted[] = R"({"StartAt":"A","States":{"A":{"Type":"Task",
  "Resource":"arn:towline:states:::job:run",
  "Parameters":{"JobType":"add","Tenant":"site","Payload":{}},
  "HeartbeatSeconds":10,"End":true}}})";
constexpr char kActivity[] = R"({"StartAt":"A","States":{"A":{"Type":"Task",
  "Resource":"arn:towline:states:local:default:activity:paint",
  "HeartbeatSeconds":10,"End":true}}})";
constexpr char kWait[] =
    R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":30,"End":true}}})";
constexpr char kLoop[] =
    R"({"StartAt":"A","States":{"A":{"Type":"Pass","Next":"C"},
        "C":{"Type":"Choice","Choices":[{"Variable":"$.end","IsPresent":true,"Next":"E"}],
        "Default":"A"},"E":{"Type":"Succeed"}}})";

class FakeSink final : public TaskSink {
 public:
  void Post(std::vector<TaskNotice> notices) override {
    for (TaskNotice& notice : notices) seen.push_back(std::move(notice));
  }
  template <class Notice>
  std::vector<Notice> Take() {
    std::vector<Notice> found;
    for (const TaskNotice& notice : seen) {
      if (const auto* match = std::get_if<Notice>(&notice)) found.push_back(*match);
    }
    std::erase_if(seen, [](const TaskNotice& n) { return std::holds_alternative<Notice>(n); });
    return found;
  }
  std::vector<TaskNotice> seen;
};

class PartitionTest : public testing::Test {
 protected:
  PartitionTest() {
    backend_->catalogue().PutActivity({"default", "paint", kStart});
    Restart();
  }

  void Restart() {
    partition_.reset();
    partition_ = std::make_unique<Partition>(
        settings_, std::make_unique<FaultyStore>(backend_->OpenPartition(0), fault_), definitions_,
        activities_, sink_, nullptr);
    Run();
  }
  void Run(Millis later = Millis{0}) {
    now_ += later;
    for (int i = 0; i < 100 && partition_->RunOnce({now_, now_ + wall_off_}) <= now_; i++) {
    }
  }
  Json Parse(std::string_view text) { return *ParseJson(text); }

  // The reply of a Start, once it has come.
  using View = std::shared_ptr<std::optional<Result<ExecutionView>>>;
  View Start(const char* definition, const std::string& name, std::string_view input = "{}",
             bool wait = false) {
    const std::string revision = RevisionHash(definition);
    backend_->catalogue().PutRevision(revision, definition);
    auto reply = std::make_shared<std::optional<Result<ExecutionView>>>();
    interpreter::ExecutionInfo info{.tenant = "default",
                                    .machine = "m",
                                    .name = name,
                                    .arn = "arn:towline:states:local:default:execution:m:" + name,
                                    .machine_arn =
                                        "arn:towline:states:local:default:stateMachine:m",
                                    .role_arn = {},
                                    .revision = revision};
    EXPECT_TRUE(partition_->Post(StartExecution{
        std::move(info), definitions_.Find(revision), Parse(input), false, wait,
        [reply](Result<ExecutionView> view) { reply->emplace(std::move(view)); }}));
    return reply;
  }
  using Verdict = std::shared_ptr<std::optional<TaskVerdict>>;
  Verdict Post(const TaskRef& task, interpreter::Command command, std::string tenant = "default") {
    auto reply = std::make_shared<std::optional<TaskVerdict>>();
    EXPECT_TRUE(partition_->Post(TaskCommand{task, std::move(command), std::move(tenant),
                                             [reply](TaskVerdict v) { *reply = v; }}));
    return reply;
  }
  using Redriven = std::shared_ptr<std::optional<Result<ExecutionView>>>;
  Redriven Redrive(const std::string& name, std::string client_token = {}) {
    auto reply = std::make_shared<std::optional<Result<ExecutionView>>>();
    partition_->Post(RedriveExecution{
        .execution = {"default", "m", name},
        .client_token = std::move(client_token),
        .reply = [reply](Result<ExecutionView> view) { reply->emplace(std::move(view)); }});
    return reply;
  }
  interpreter::SucceedTask Success(std::string_view output, std::uint32_t attempt = 1) {
    return {.attempt = attempt, .output = Parse(output), .worker = "default_w"};
  }
  interpreter::AcceptJob Accept(std::uint32_t attempt = 1) {
    return {.attempt = attempt, .worker = "default_w", .incarnation = 1};
  }
  TaskVerdict Beat(const TaskRef& task, std::string tenant, std::uint32_t attempt = 0) {
    std::optional<TaskVerdict> verdict;
    EXPECT_TRUE(partition_->Post(HeartbeatTask{
        task, attempt, std::move(tenant), [&](TaskVerdict v) { verdict = v; }}));
    Run();
    EXPECT_TRUE(verdict.has_value());
    return verdict.value_or(TaskVerdict::kUnavailable);
  }
  TaskRef OpenOne() {
    const auto opened = sink_.Take<TaskOpened>();
    EXPECT_EQ(opened.size(), 1u);
    return opened.empty() ? TaskRef{} : opened[0].task;
  }
  ExecutionView Describe(const std::string& name) {
    std::optional<ExecutionView> view;
    partition_->Post(WaitExecution{{"default", "m", name}, 77, [&](Result<ExecutionView> v) {
                                     if (v) view = *v;
                                   }});
    Run();
    partition_->Post(Unwait{77});
    Run();
    return view.value_or(ExecutionView{});
  }

  PartitionSettings settings_{.seed = 7};
  std::unique_ptr<store::Backend> backend_ = store::OpenMemoryBackend(1);
  Definitions definitions_{backend_->catalogue()};
  CatalogueActivities activities_{backend_->catalogue()};
  FakeSink sink_;
  FaultyStore::Fault fault_ = FaultyStore::Fault::kNone;
  Timestamp now_ = kStart;
  Millis wall_off_{0};
  std::unique_ptr<Partition> partition_;
};

TEST_F(PartitionTest, AJobsResultEndsTheExecutionAndAnswersWhoWaits) {
  const View done = Start(kJob, "one", R"({"a":1})", /*wait=*/true);
  Run();
  const TaskRef task = OpenOne();
  EXPECT_FALSE(done->has_value());
  const Verdict verdict = Post(task, Success(R"({"sum":3})"));
  Run();
  EXPECT_EQ(*verdict, TaskVerdict::kRecorded);
  ASSERT_TRUE(done->has_value() && **done);
  EXPECT_EQ((**done)->status, interpreter::ExecutionStatus::kSucceeded);
  EXPECT_EQ(*(**done)->output, Parse(R"({"sum":3})"));
  EXPECT_EQ(backend_->OpenPartition(0)->Timers(task.execution).size(), 0u);
  EXPECT_EQ(backend_->OpenPartition(0)->Tasks(task.execution).size(), 0u);
}

TEST_F(PartitionTest, NothingLeavesBeforeTheCommit) {
  fault_ = FaultyStore::Fault::kBefore;
  const View reply = Start(kJob, "one");
  Run();
  ASSERT_TRUE(reply->has_value());
  EXPECT_EQ((**reply).error().code, Error::Code::kUnavailable);
  EXPECT_EQ(sink_.Take<TaskOpened>().size(), 0u);
  EXPECT_FALSE(partition_->available());
  Run(Seconds{6});
  EXPECT_TRUE(partition_->available());
  EXPECT_EQ(sink_.Take<TaskOpened>().size(), 0u);  // it was never started
}

TEST_F(PartitionTest, ACommitThatWasDurableAfterAllIsFoundAgain) {
  fault_ = FaultyStore::Fault::kAfter;
  const View reply = Start(kJob, "one", R"({"a":1})");
  Run();
  EXPECT_EQ((**reply).error().code, Error::Code::kUnavailable);
  Run(Seconds{6});
  ASSERT_EQ(sink_.Take<PartitionReset>().size(), 2u);
  const auto opened = sink_.Take<TaskOpened>();
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_TRUE(opened[0].recovered);
  EXPECT_FALSE(opened[0].with_payload);
  EXPECT_EQ(opened[0].open->spec.job_type, "add");
  EXPECT_EQ(opened[0].execution_arn, "arn:towline:states:local:default:execution:m:one");
  const View again = Start(kJob, "one", R"({"a":1})");
  Run();
  ASSERT_TRUE(**again);
  EXPECT_EQ((**again)->key, opened[0].task.execution);
}

TEST_F(PartitionTest, ABrokenStoreLeavesResultsUnacknowledged) {
  Start(kJob, "one");
  Run();
  const TaskRef task = OpenOne();
  fault_ = FaultyStore::Fault::kBefore;
  const Verdict lost = Post(task, Success("1"));
  Run();
  EXPECT_EQ(*lost, TaskVerdict::kUnavailable);
  Run(Seconds{6});
  const Verdict again = Post(task, Success("1"));
  Run();
  EXPECT_EQ(*again, TaskVerdict::kRecorded);
  EXPECT_EQ(*Describe("one").output, Parse("1"));
}

TEST_F(PartitionTest, TheSameStartGivesTheRunningExecutionAndAnotherInputIsRefused) {
  const View first = Start(kJob, "one", R"({"a":1})");
  const View twin = Start(kJob, "one", R"({"a":1})");  // in the same batch
  const View other = Start(kJob, "one", R"({"a":2})");
  Run();
  EXPECT_EQ((**first)->key, (**twin)->key);
  EXPECT_EQ((**other).error().name, "ExecutionAlreadyExists");
  Post(OpenOne(), Success("1"));
  Run();
  const View late = Start(kJob, "one", R"({"a":1})");
  Run();
  EXPECT_EQ((**late).error().name, "ExecutionAlreadyExists");
}

TEST_F(PartitionTest, ARepeatedOutcomeIsRecordedAndADifferentOneIsStale) {
  Start(kJob, "one");
  Run();
  const TaskRef task = OpenOne();
  const Verdict first = Post(task, Success("1"));
  const Verdict twin = Post(task, Success("1"));  // in the same batch
  const Verdict rival = Post(task, Success("2"));
  Run();
  EXPECT_EQ(*first, TaskVerdict::kRecorded);
  EXPECT_EQ(*twin, TaskVerdict::kRecorded);
  EXPECT_EQ(*rival, TaskVerdict::kStale);
  Restart();
  const Verdict late = Post(task, Success("1"));
  const Verdict failed = Post(task, interpreter::FailTask{.attempt = 1, .error = "E"});
  Run();
  EXPECT_EQ(*late, TaskVerdict::kRecorded);
  EXPECT_EQ(*failed, TaskVerdict::kStale);
}

TEST_F(PartitionTest, AnotherTenantMayNotTouchATask) {
  Start(kJob, "one");
  Run();
  const TaskRef task = OpenOne();
  const Verdict verdict = Post(task, Success("1"), "other");
  Run();
  EXPECT_EQ(*verdict, TaskVerdict::kForbidden);
  EXPECT_EQ(Describe("one").status, interpreter::ExecutionStatus::kRunning);
}

// With a clock and without one, before and after a restart.
TEST_F(PartitionTest, AnotherTenantMayNotRenewAHeartbeat) {
  Start(kGranted, "one");
  Run();
  const TaskRef task = OpenOne();
  const auto expect_admission = [&] {
    EXPECT_EQ(Beat(task, "other"), TaskVerdict::kForbidden);
    EXPECT_EQ(Beat(task, "default"), TaskVerdict::kRecorded);
    EXPECT_EQ(Beat(task, "site"), TaskVerdict::kRecorded) << "its workers have the job";
  };
  expect_admission();
  Post(task, Accept(), "site");
  Run();
  expect_admission();
  Restart();
  expect_admission();
  Run(Seconds{9});
  EXPECT_EQ(Beat(task, "other"), TaskVerdict::kForbidden);
  Run(Seconds{2});
  EXPECT_EQ(Describe("one").error, "States.Timeout") << "what is forbidden renews nothing";
  EXPECT_EQ(Beat(task, "other"), TaskVerdict::kForbidden);
  EXPECT_EQ(Beat(task, "default"), TaskVerdict::kStale);
  EXPECT_EQ(Beat(task, "site"), TaskVerdict::kStale) << "late, not foreign";
}

TEST_F(PartitionTest, ARepeatedResultOfAGrantedWorkerIsRecorded) {
  Start(kGranted, "one");
  Run();
  const TaskRef task = OpenOne();
  const Verdict first = Post(task, Success("1"), "site");
  Run();
  const Verdict again = Post(task, Success("1"), "site");
  const Verdict foreign = Post(task, Success("1"), "other");
  Run();
  EXPECT_EQ(*first, TaskVerdict::kRecorded);
  EXPECT_EQ(*again, TaskVerdict::kRecorded);
  EXPECT_EQ(*foreign, TaskVerdict::kForbidden);
}

TEST_F(PartitionTest, ARequeuedJobIsOfferedAsTheNextAttemptAndFencesTheOlder) {
  Start(kJob, "one", R"({"a":1})");
  Run();
  const TaskRef task = OpenOne();
  Post(task, interpreter::RequeueJob{.attempt = 1, .reason = "declined"});
  Run();
  const auto opened = sink_.Take<TaskOpened>();
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_TRUE(opened[0].requeued);
  EXPECT_EQ(opened[0].attempt, 2u);
  EXPECT_EQ(opened[0].open->spec.payload, Parse(R"({"a":1})"));
  const Verdict older = Post(task, Success("1", 1));
  const Verdict current = Post(task, Success("2", 2));
  Run();
  EXPECT_EQ(*older, TaskVerdict::kStale);
  EXPECT_EQ(*current, TaskVerdict::kRecorded);
}

TEST_F(PartitionTest, ACancelStaysUntilItIsConfirmed) {
  Start(kJob, "one");
  Run();
  const TaskRef task = OpenOne();
  Post(task, Accept());
  Run();
  EXPECT_EQ(sink_.Take<TaskAccepted>().size(), 1u);
  partition_->Post(StopExecution{{"default", "m", "one"}, "E", "C", [](Result<ExecutionView> v) {
                                   EXPECT_TRUE(v);
                                 }});
  Run();
  const auto closed = sink_.Take<TaskClosed>();
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_TRUE(closed[0].cancel);
  sink_.seen.clear();
  Restart();
  const auto opened = sink_.Take<TaskOpened>();
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0].state, store::TaskState::kCancelling);
  EXPECT_EQ(opened[0].worker, "default_w");
  std::optional<TaskVerdict> verdict;
  partition_->Post(ConfirmCancel{task, 1, [&](TaskVerdict v) { verdict = v; }});
  Run();
  EXPECT_EQ(verdict, TaskVerdict::kRecorded);
  Restart();
  EXPECT_EQ(sink_.Take<TaskOpened>().size(), 0u);
}

TEST_F(PartitionTest, AMissedHeartbeatEndsTheTaskAndCancelsTheJob) {
  Start(kJob, "one");
  Run();
  const TaskRef task = OpenOne();
  Run(Seconds{50});  // the clock starts when the job is accepted
  Post(task, Accept());
  Run();
  for (int i = 0; i < 3; i++) {
    Run(Seconds{9});
    partition_->Post(HeartbeatTask{task, 1, "default", [](TaskVerdict v) {
                                     EXPECT_EQ(v, TaskVerdict::kRecorded);
                                   }});
    Run();
  }
  EXPECT_EQ(Describe("one").status, interpreter::ExecutionStatus::kRunning);
  Run(Seconds{10});
  const ExecutionView view = Describe("one");
  EXPECT_EQ(view.status, interpreter::ExecutionStatus::kFailed);
  EXPECT_EQ(view.error, "States.Timeout");
  EXPECT_EQ(sink_.Take<TaskClosed>().at(0).cancel, true);
}

// What only the broker reaches has time while the broker is away, be it a job or an activity; a
// poller calls the server itself.
TEST_F(PartitionTest, WithoutABrokerLinkWorkersKeepTheirTimeAndPollersDoNot) {
  for (const char* name : {"worker", "poller"}) {
    Start(kActivity, name);
    Run();
    const TaskRef task = OpenOne();
    if (std::string_view(name) == "worker") {
      Post(task, Accept());
    } else {
      Post(task, interpreter::StartTask{.worker = "default_w"});
    }
    Run();
  }
  partition_->Post(HoldHeartbeats{.all = true});
  Run();
  Run(Seconds{60});
  EXPECT_EQ(Describe("worker").status, interpreter::ExecutionStatus::kRunning);
  EXPECT_EQ(Describe("poller").error, "States.Timeout");
  partition_->Post(HoldHeartbeats{.all = false, .workers = {"default_w"}});
  Run();
  Run(Seconds{60});
  EXPECT_EQ(Describe("worker").status, interpreter::ExecutionStatus::kRunning);
  partition_->Post(HoldHeartbeats{.all = false});
  Run();
  Run(Seconds{11});
  EXPECT_EQ(Describe("worker").error, "States.Timeout");
}

TEST_F(PartitionTest, ATaskOfAnActivityThatDoesNotExistFailsForGood) {
  Start(kActivity, "earlier");
  Run();
  backend_->catalogue().DeleteActivity("default", "paint");
  Start(kActivity, "later");
  Run();
  EXPECT_EQ(OpenOne().execution, 1) << "what waits already goes on waiting";
  EXPECT_EQ(Describe("earlier").status, interpreter::ExecutionStatus::kRunning);
  EXPECT_EQ(Describe("later").error, "States.Runtime");
  EXPECT_EQ(Describe("later").cause,
            "An error occurred while executing the state 'A' (entered at the event id #2). The "
            "activity arn:towline:states:local:default:activity:paint does not exist.");
  Restart();
  EXPECT_EQ(Describe("later").error, "States.Runtime");
}

constexpr char kUntil[] = R"({"StartAt":"W","States":{"W":{"Type":"Wait",
  "TimestampPath":"$.until","End":true}}})";

// Stepped ahead, it ends at once; stepped back, not before it is that time again.
TEST_F(PartitionTest, AWaitUntilATimeOfDayFollowsTheWallClock) {
  const std::string until = R"({"until":")" + FormatTimestamp(kStart + Seconds{600}) + "\"}";
  const View done = Start(kUntil, "one", until, /*wait=*/true);
  const View seconds = Start(kWait, "two", "{}", /*wait=*/true);
  Run();
  wall_off_ = Seconds{-300};
  Run(Seconds{601});
  EXPECT_FALSE(done->has_value()) << "five to ten, it says outside";
  EXPECT_TRUE(seconds->has_value()) << "a duration is a duration";
  Restart();
  Run(Seconds{298});
  EXPECT_FALSE(done->has_value());
  Run(Seconds{1});
  EXPECT_EQ(Describe("one").status, interpreter::ExecutionStatus::kSucceeded);

  const std::string tomorrow =
      R"({"until":")" + FormatTimestamp(now_ + std::chrono::hours{24}) + "\"}";
  Start(kUntil, "three", tomorrow);
  Start(kUntil, "four", tomorrow);
  Run();
  partition_->Post(StopExecution{{"default", "m", "four"}, {}, {}, [](Result<ExecutionView>) {}});
  wall_off_ = std::chrono::hours{24};
  Run();
  EXPECT_EQ(Describe("three").status, interpreter::ExecutionStatus::kSucceeded);
  EXPECT_EQ(Describe("four").status, interpreter::ExecutionStatus::kAborted);
  const View past = Start(kUntil, "five", tomorrow, /*wait=*/true);
  Run();
  EXPECT_TRUE(past->has_value()) << "it is tomorrow: there is nothing to wait for";
}

TEST_F(PartitionTest, TimersSurviveARestart) {
  Start(kWait, "one");
  Run();
  Restart();
  Run(Seconds{29});
  EXPECT_EQ(Describe("one").status, interpreter::ExecutionStatus::kRunning);
  Restart();
  Run(Seconds{1});
  EXPECT_EQ(Describe("one").status, interpreter::ExecutionStatus::kSucceeded);
}

TEST_F(PartitionTest, EvictedExecutionsAreReadAgain) {
  settings_.cache_max = 2;
  Restart();
  std::vector<TaskRef> tasks;
  for (int i = 0; i < 20; i++) {
    Start(kJob, "e" + std::to_string(i));
    Run();
    tasks.push_back(OpenOne());
  }
  for (int i = 0; i < 20; i++) {
    const Verdict verdict = Post(tasks[static_cast<std::size_t>(i)], Success(std::to_string(i)));
    Run();
    EXPECT_EQ(*verdict, TaskVerdict::kRecorded);
  }
  for (int i = 0; i < 20; i++) {
    EXPECT_EQ(*Describe("e" + std::to_string(i)).output, Parse(std::to_string(i)));
  }
}

TEST_F(PartitionTest, AnEndlessLoopLeavesRoomForOthersAndCanBeStopped) {
  Start(kLoop, "loop", "{}");
  for (int i = 0; i < 10; i++) partition_->RunOnce(now_);
  const View other = Start(kWait, "other");
  partition_->RunOnce(now_);
  EXPECT_TRUE(other->has_value());
  std::optional<Result<ExecutionView>> stopped;
  partition_->Post(StopExecution{{"default", "m", "loop"}, {}, {}, [&](Result<ExecutionView> v) {
                                   stopped = std::move(v);
                                 }});
  partition_->RunOnce(now_);
  ASSERT_TRUE(stopped.has_value() && *stopped);
  EXPECT_EQ((*stopped)->status, interpreter::ExecutionStatus::kAborted);
}

TEST_F(PartitionTest, AnInterruptedLoopGoesOnAfterARestart) {
  Start(kLoop, "loop", "{}");
  for (int i = 0; i < 3; i++) partition_->RunOnce(now_);
  const auto count = [&] {
    std::uint64_t last = 0;
    backend_->OpenPartition(0)->StepsBackwards(1, ~0ULL >> 1, [&](const store::StepRow& step) {
      last = step.first_seq;
      return false;
    });
    return last;
  };
  const std::uint64_t before = count();
  partition_ = std::make_unique<Partition>(
      settings_, std::make_unique<FaultyStore>(backend_->OpenPartition(0), fault_), definitions_,
      activities_, sink_, nullptr);
  for (int i = 0; i < 3; i++) partition_->RunOnce(now_);
  EXPECT_GT(count(), before);
}

TEST_F(PartitionTest, AFullInboxIsBusy) {
  settings_.inbox_max = 2;
  Restart();
  Start(kWait, "a");
  Start(kWait, "b");
  EXPECT_FALSE(partition_->Post(Unwait{1}));
  Run();
  EXPECT_TRUE(partition_->Post(Unwait{1}));
}

TEST_F(PartitionTest, ARedriveGoesOnWhereItStoppedAndSurvivesARestart) {
  Start(kJob, "one", R"({"a":1})");
  Run();
  Post(OpenOne(), interpreter::FailTask{.error = "Boom"});
  Run();
  ASSERT_EQ(Describe("one").status, interpreter::ExecutionStatus::kFailed);
  const Redriven again = Redrive("one");
  Run();
  ASSERT_TRUE(again->has_value() && **again);
  EXPECT_EQ((**again)->redrive_count, 1u);
  EXPECT_EQ((**again)->redriven, now_);
  const TaskRef task = OpenOne();
  EXPECT_EQ(backend_->OpenPartition(0)->Get(task.execution)->status, store::Status::kRunning);
  Restart();
  Post(task, Success("7", /*attempt=*/2));  // the fence for outside systems never goes back
  Run();
  EXPECT_EQ(Describe("one").output, Parse("7"));
  EXPECT_EQ(backend_->OpenPartition(0)->Get(task.execution)->redrives, 1u);
}

TEST_F(PartitionTest, ARedriveIsRefusedUnlessTheExecutionHasFailed) {
  Start(kWait, "one");
  Run();
  const auto refusal = [&](const std::string& name) {
    const Redriven reply = Redrive(name);
    Run();
    EXPECT_TRUE(reply->has_value() && !**reply);
    return (**reply).error();
  };
  EXPECT_EQ(refusal("one").name, "ExecutionNotRedrivable");
  EXPECT_THAT(refusal("one").message, testing::HasSubstr("is still running"));
  Run(Seconds{30});
  EXPECT_THAT(refusal("one").message, testing::HasSubstr("has succeeded"));
  EXPECT_EQ(refusal("none").name, "ExecutionDoesNotExist");
}

TEST_F(PartitionTest, ARepeatedRedriveIsRecognisedByItsToken) {
  Start(kJob, "one");
  Run();
  Post(OpenOne(), interpreter::FailTask{.error = "Boom"});
  Run();
  Redrive("one", "first try");
  Run();
  OpenOne();
  const Redriven again = Redrive("one", "first try");
  Run();
  ASSERT_TRUE(again->has_value() && **again);
  EXPECT_EQ((**again)->redrive_count, 1u);
  EXPECT_TRUE(sink_.Take<TaskOpened>().empty());
}

TEST_F(PartitionTest, OldClosedExecutionsAreDeleted) {
  settings_.retention = std::chrono::hours{1};
  Restart();
  Start(kWait, "one");
  Run();
  Run(Seconds{30});
  EXPECT_TRUE(backend_->OpenPartition(0)->Find("default", "m", "one").has_value());
  Run(Seconds{3'700});
  EXPECT_FALSE(backend_->OpenPartition(0)->Find("default", "m", "one").has_value());
}

}  // namespace
}  // namespace towline::engine
