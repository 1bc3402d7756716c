// Retry and Catch (asl.md section 10): who matches what, when, and how often.

#include "statemachines/interpreter/errors.h"
#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

using ::testing::ElementsAre;

// A job with Retry and Catch; caught errors end in the output of "Caught".
std::shared_ptr<const asl::Definition> Job(const std::string& retry, const std::string& caught) {
  return Machine(R"({"StartAt":"S","States":{
    "S":{"Type":"Task","Resource":"arn:towline:states:::job:run","TimeoutSeconds":3600,
         "HeartbeatSeconds":60,"Parameters":{"JobType":"t"},"Retry":[)" + retry +
                 R"(],"Catch":[)" + caught + R"(],"End":true},
    "Caught":{"Type":"Pass","End":true}}})");
}
const char kCatchAll[] = R"({"ErrorEquals":["States.ALL"],"Next":"Caught"})";

// Fails every attempt and notes how long each backoff was.
std::vector<double> Backoffs(World& world, const std::string& error = "E") {
  std::vector<double> seconds;
  world.Begin(J("{}"));
  while (!world.state().closed()) {
    const TaskId task = OnlyTask(world);
    world.Do(FailTask{task, AttemptOf(world, task), error, "c", "w"});
    if (world.state().closed() || !world.tasks().empty()) continue;
    const Timestamp before = world.now();
    world.FireNext();
    seconds.push_back(static_cast<double>((world.now() - before).count()) / 1000);
  }
  EXPECT_SOUND(world);
  return seconds;
}

TEST(RetryTest, TheIntervalGrowsByTheRateUpToTheCap) {
  World grows(Job(R"({"ErrorEquals":["E"],"IntervalSeconds":3,"BackoffRate":2,"MaxAttempts":4})",
                  kCatchAll));
  EXPECT_THAT(Backoffs(grows), ElementsAre(3, 6, 12, 24));
  World capped(Job(R"({"ErrorEquals":["E"],"IntervalSeconds":3,"BackoffRate":3,"MaxAttempts":4,
                       "MaxDelaySeconds":10})", kCatchAll));
  EXPECT_THAT(Backoffs(capped), ElementsAre(3, 9, 10, 10));
  World defaults(Job(R"({"ErrorEquals":["E"]})", kCatchAll));
  EXPECT_THAT(Backoffs(defaults), ElementsAre(1, 2, 4));
  World never(Job(R"({"ErrorEquals":["E"],"MaxAttempts":0})", kCatchAll));
  EXPECT_THAT(Backoffs(never), ElementsAre());
}

// FULL jitter takes any part of the capped delay; the seed decides, and nothing else.
TEST(RetryTest, FullJitterStaysBelowTheCappedDelay) {
  const auto machine = Job(R"({"ErrorEquals":["E"],"IntervalSeconds":100,"MaxAttempts":5,
      "BackoffRate":10,"MaxDelaySeconds":200,"JitterStrategy":"FULL"})", kCatchAll);
  double sum = 0;
  int count = 0;
  for (std::uint64_t seed = 1; seed <= 200; seed++) {
    World world(machine, {}, seed);
    for (const double delay : Backoffs(world)) {
      EXPECT_GE(delay, 0);
      EXPECT_LE(delay, count % 5 == 0 ? 100 : 200);
      sum += delay;
      count++;
    }
  }
  EXPECT_EQ(count, 1000);
  EXPECT_NEAR(sum / count, 90, 6);  // a fifth of them averages 50, the others 100
  World one(machine, {}, 7);
  World same(machine, {}, 7);
  EXPECT_EQ(Backoffs(one), Backoffs(same));
}

TEST(RetryTest, CountersBelongToRetriersAndAnExhaustedOneDoesNotPassOn) {
  World world(Job(R"({"ErrorEquals":["A","B"],"MaxAttempts":2},
                     {"ErrorEquals":["States.ALL"],"MaxAttempts":1})", kCatchAll));
  world.Begin(J("{}"));
  const auto fail = [&](const char* error) {
    const TaskId task = OnlyTask(world);
    world.Do(FailTask{task, AttemptOf(world, task), error, "c", "w"});
  };
  fail("A");
  world.FireNext();
  fail("C");  // the second retrier's only try
  world.FireNext();
  fail("B");  // the first one's second
  world.FireNext();
  fail("A");  // exhausted: straight to Catch, although States.ALL stands below
  EXPECT_EQ(Output(world), R"({"Error":"A","Cause":"c"})");
  EXPECT_SOUND(world);
}

TEST(RetryTest, CountersStartAnewWithEachVisit) {
  World world(Machine(R"({"StartAt":"S","States":{
    "S":{"Type":"Task","Resource":"arn:towline:states:::job:run","Parameters":{"JobType":"t"},
      "Retry":[{"ErrorEquals":["E"],"MaxAttempts":1}],"Next":"C"},
    "C":{"Type":"Choice","Choices":[{"Variable":"$","NumericEquals":1,"Next":"S"}],
      "Default":"End"},"End":{"Type":"Succeed"}}})"));
  world.Begin(J("1"));
  for (int visit = 1; visit <= 2; visit++) {
    world.Do(FailTask{OnlyTask(world), 1, "E", "c", "w"});
    world.FireNext();
    EXPECT_EQ(AttemptOf(world, OnlyTask(world)), 2U);
    world.Do(SucceedTask{OnlyTask(world), 2, J(std::to_string(visit)), "w"});
  }
  EXPECT_EQ(world.state().status, ExecutionStatus::kSucceeded);
  EXPECT_SOUND(world);
}

struct MatchCase {
  const char* name;
  Failure failure;
  bool matches;
};

TEST(MatchTest, NamesAndWildcards) {
  const auto of = [](const char* error) {
    Failure failure;
    failure.error = error;
    return failure;
  };
  Failure heartbeat = of("States.Timeout");
  heartbeat.heartbeat = true;
  Failure branch = of("X");
  branch.branch = true;
  const MatchCase cases[] = {
      {"X", of("X"), true},
      {"x", of("X"), false},
      {"States.ALL", of("X"), true},
      {"States.ALL", Failure{}, true},
      {"States.ALL", of("States.Timeout"), true},
      {"States.ALL", of("States.DataLimitExceeded"), true},
      {"States.TaskFailed", of("X"), true},
      {"States.TaskFailed", Failure{}, true},
      {"States.TaskFailed", of("States.Timeout"), false},
      {"States.TaskFailed", heartbeat, false},
      {"States.Timeout", of("States.Timeout"), true},
      {"States.Timeout", heartbeat, true},
      {"States.HeartbeatTimeout", heartbeat, true},
      {"States.HeartbeatTimeout", of("States.Timeout"), false},
      {"States.BranchFailed", branch, true},
      {"States.BranchFailed", of("X"), false},
      {"X", Failure{}, false},
  };
  for (const MatchCase& c : cases) {
    EXPECT_EQ(Matches({c.name}, c.failure), c.matches)
        << c.name << " on " << c.failure.error.value_or("none");
  }
  EXPECT_TRUE(Matches({"A", "X"}, of("X")));
  EXPECT_FALSE(of("States.Runtime").catchable());
}

TEST(CatchTest, TheCatchersResultPathMergesIntoTheRawInput) {
  World world(Machine(R"({"StartAt":"S","States":{
    "S":{"Type":"Task","Resource":"arn:towline:states:::job:run","InputPath":"$.in",
      "Parameters":{"JobType":"t"},"ResultPath":"$.r","OutputPath":"$.r",
      "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"Caught"}],"End":true},
    "Caught":{"Type":"Pass","End":true}}})"));
  world.Begin(J(R"({"in":1,"keep":2})"));
  world.Do(FailTask{OnlyTask(world), 1, "E", "c", "w"});
  EXPECT_EQ(Output(world), R"({"in":1,"keep":2,"error":{"Error":"E","Cause":"c"}})");
  EXPECT_SOUND(world);
}

TEST(CatchTest, ErrorOutputOfSilentFailures) {
  World silent(Job("", kCatchAll));
  silent.Begin(J("{}"));
  silent.Do(FailTask{OnlyTask(silent), 0, {}, {}, {}});
  EXPECT_EQ(Output(silent), R"({"Error":null,"Cause":null})");

  World timeout(Job("", kCatchAll));
  timeout.Begin(J("{}"));
  timeout.Do(FireTimer{OnlyTask(timeout), TimerKind::kTaskTimeout});
  EXPECT_EQ(Output(timeout), R"({"Error":"States.Timeout","Cause":""})");
  EXPECT_SOUND(timeout);
}

TEST(CatchTest, AMissedHeartbeatIsATimeoutThatHasANameOfItsOwn) {
  World world(Job("", R"({"ErrorEquals":["States.HeartbeatTimeout"],"Next":"Caught"})"));
  world.Begin(J("{}"));
  const TaskId task = OnlyTask(world);
  const Step step = world.Do(FireTimer{task, TimerKind::kTaskHeartbeat});
  EXPECT_EQ(Effects(step)[0], "close 3 cancel: the heartbeat was missed");
  EXPECT_EQ(Output(world), R"({"Error":"States.Timeout","Cause":""})");

  World timeout(Job("", R"({"ErrorEquals":["States.HeartbeatTimeout"],"Next":"Caught"})"));
  timeout.Begin(J("{}"));
  timeout.Do(FireTimer{OnlyTask(timeout), TimerKind::kTaskTimeout});
  EXPECT_EQ(timeout.state().status, ExecutionStatus::kFailed);
  EXPECT_EQ(Error(timeout), "States.Timeout");
  EXPECT_EQ(timeout.state().cause, std::nullopt);
}

TEST(CatchTest, RuntimeIsNeverRetriedOrCaughtEvenByName) {
  World world(Machine(R"({"StartAt":"S","States":{
    "S":{"Type":"Task","Resource":"arn:towline:states:::job:run",
      "Parameters":{"JobType.$":"$.none"},
      "Retry":[{"ErrorEquals":["States.Runtime"]}],
      "Catch":[{"ErrorEquals":["States.Runtime"],"Next":"Caught"}],"End":true},
    "Caught":{"Type":"Pass","End":true}}})"));
  world.Begin(J("{}"));
  EXPECT_EQ(Error(world), "States.Runtime");
  EXPECT_SOUND(world);
}

TEST(CatchTest, ACatcherThatCannotWriteFailsTheState) {
  World world(Job("", R"({"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"Caught"})"));
  world.Begin(J("5"));
  world.Do(FailTask{OnlyTask(world), 1, "E", "c", "w"});
  EXPECT_EQ(Error(world), "States.ResultPathMatchFailure");
  EXPECT_SOUND(world);
}

}  // namespace
}  // namespace towline::interpreter
