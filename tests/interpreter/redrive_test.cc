// Redrive: what runs again, what is kept, and what the history says of it.

#include "statemachines/interpreter/redrive.h"

#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string JobState(const std::string& name, const std::string& more = R"("End":true)") {
  return "\"" + name + R"(":{"Type":"Task","Resource":"arn:towline:states:::job:run",
      "TimeoutSeconds":60,"Parameters":{"JobType":"t","Payload.$":"$"},)" + more + "}";
}
std::string Branch(const std::string& name, const std::string& states) {
  return R"({"StartAt":")" + name + R"(","States":{)" + states + "}}";
}
std::shared_ptr<const asl::Definition> ThreeBranches() {
  return OneState(R"("Type":"Parallel","Branches":[)" + Branch("A", JobState("A")) + "," +
                  Branch("B", JobState("B")) + "," + Branch("C", JobState("C")) + "]");
}
std::shared_ptr<const asl::Definition> MapOfJobs(const std::string& more = "") {
  return OneState(R"("Type":"Map")" + more + R"(,"ItemProcessor":)" +
                  Branch("I", JobState("I")));
}

// State and payload of each open task, in order.
std::vector<std::string> Open(const World& world) {
  std::vector<std::string> lines;
  for (const auto& [id, task] : world.tasks()) {
    lines.push_back(task.open.state + " " + PrintJson(*task.open.spec.payload));
  }
  return lines;
}
void Succeed(World& world, TaskId task, std::string_view output) {
  world.Do(SucceedTask{task, 0, J(output), {}});
}
void SucceedAll(World& world) {
  while (!world.tasks().empty()) Succeed(world, world.tasks().begin()->first, "\"again\"");
}
void RedriveWith(World& world, std::string_view state, std::string_view input) {
  Redrive command = world.PrepareRedrive().value();
  const auto frame = RedriveTarget(world.definition(), *command.remains, state);
  ASSERT_TRUE(frame) << frame.error().message;
  command.frame = *frame;
  command.input = J(input);
  world.Do(command);
}

TEST(RedriveTest, TheFailedTaskIsScheduledAgainWithoutBeingEntered) {
  World world(Machine(R"({"StartAt":"First","States":{"First":{"Type":"Pass","Result":{"n":1},
      "Next":"Job"},)" + JobState("Job") + "}}"));
  world.RestartAfterEachStep();
  world.Begin(J("{}"));
  world.Do(FailTask{OnlyTask(world), 1, "E", "c", "w"});
  ASSERT_EQ(Error(world), "E");
  const HistoryId closed = world.state().last_id;
  const Step step = world.Do(world.PrepareRedrive().value());
  EXPECT_EQ(Effects(step).front(), "reopen execution");
  EXPECT_FALSE(world.state().closed());
  EXPECT_EQ(Error(world), "none");
  EXPECT_THAT(Open(world), ElementsAre(R"(Job {"n":1})"));
  Succeed(world, OnlyTask(world), "7");
  EXPECT_EQ(Output(world), "7");
  EXPECT_THAT(Lines(world, closed),
              ElementsAre("8<-7 ExecutionFailed", "9<-8 ExecutionRedriven", "10<-9 TaskScheduled",
                          "11<-10 TaskSucceeded", "12<-11 TaskStateExited",
                          "13<-12 ExecutionSucceeded"));
  EXPECT_EQ(PrintJson(HistoryOf(world)[8].details), R"({"redriveCount":1})");
  EXPECT_SOUND(world);
}

TEST(RedriveTest, TheContextTellsHowOftenAndWhen) {
  World world(OneState(R"("Type":"Task","Resource":"arn:towline:states:::job:run",
      "Parameters":{"JobType":"t","Payload.$":"$$.Execution"})"));
  world.Begin(J("{}"));
  const auto payload = [&] { return world.tasks().begin()->second.open.spec.payload; };
  EXPECT_EQ(payload()->at("RedriveCount"), 0);
  EXPECT_FALSE(payload()->as_object().contains("RedriveTime"));
  for (int count = 1; count <= 2; count++) {
    world.Do(FailTask{OnlyTask(world), 0, "E", "c", {}});
    world.Pass(Millis(1000));
    world.Do(world.PrepareRedrive().value());
    EXPECT_EQ(payload()->at("RedriveCount"), count);
    EXPECT_EQ(payload()->at("RedriveTime").as_string(),
              "2024-03-01T00:00:0" + std::to_string(count) + ".000Z");
  }
  EXPECT_SOUND(world);
}

TEST(RedriveTest, BranchesThatHadSucceededKeepTheirOutputs) {
  World world(ThreeBranches());
  world.RestartAfterEachStep();
  world.Begin(J("1"));
  const std::vector<TaskId> tasks = world.TakeNewTasks();
  Succeed(world, tasks[0], "\"kept\"");
  world.Do(FailTask{tasks[1], 1, "E", "c", "w"});
  ASSERT_TRUE(world.state().closed());
  world.Do(world.PrepareRedrive().value());
  EXPECT_THAT(Open(world), ElementsAre("B 1", "C 1"));
  SucceedAll(world);
  EXPECT_EQ(Output(world), R"(["kept","again","again"])");
  EXPECT_SOUND(world);
}

TEST(RedriveTest, OnlyUnfinishedIterationsRunAgainAndTheRestStillStarts) {
  World world(MapOfJobs(R"(,"MaxConcurrency":2)"));
  world.RestartAfterEachStep();
  world.Begin(J("[1,2,3,4]"));
  const std::vector<TaskId> tasks = world.TakeNewTasks();
  Succeed(world, tasks[0], "\"kept\"");  // starts the third
  world.Do(FailTask{tasks[1], 1, "E", "c", "w"});
  ASSERT_TRUE(world.state().closed());
  world.Do(world.PrepareRedrive().value());
  EXPECT_THAT(Open(world), ElementsAre("I 2", "I 3"));
  SucceedAll(world);
  EXPECT_EQ(Output(world), R"(["kept","again","again","again"])");
  for (const HistoryEvent& event : HistoryOf(world)) {
    if (event.type != "MapIterationSucceeded") continue;
    EXPECT_EQ(event.details.at("name"), "S");
  }
  EXPECT_SOUND(world);
}

TEST(RedriveTest, RetriersCountFromTheStart) {
  World world(OneState(R"("Type":"Task","Resource":"arn:towline:states:::job:run",
      "Parameters":{"JobType":"t"},"Retry":[{"ErrorEquals":["E"],"MaxAttempts":1}])"));
  world.Begin(J("{}"));
  const auto fail_twice = [&] {
    world.Do(FailTask{OnlyTask(world), 0, "E", "c", {}});
    ASSERT_FALSE(world.state().closed());
    world.FireNext();
    world.Do(FailTask{OnlyTask(world), 0, "E", "c", {}});
    ASSERT_TRUE(world.state().closed());
  };
  fail_twice();
  const std::uint32_t attempts = 2;
  world.Do(world.PrepareRedrive().value());
  // The fence for outside systems never goes back.
  EXPECT_EQ(AttemptOf(world, OnlyTask(world)), attempts + 1);
  fail_twice();
  EXPECT_SOUND(world);
}

TEST(RedriveTest, AStoppedExecutionRepeatsWhatItWasWaitingFor) {
  World world(OneState(R"("Type":"Wait","Seconds":50)"));
  world.Begin(J("{}"));
  world.Pass(Seconds(40));
  world.Do(Stop{});
  world.Pass(Seconds(100));
  world.Do(world.PrepareRedrive().value());
  ASSERT_EQ(world.timers().size(), 1U);
  EXPECT_EQ(world.timers().begin()->second, world.now() + Seconds(50));
  world.RunTimers();
  EXPECT_EQ(world.state().status, ExecutionStatus::kSucceeded);
  EXPECT_SOUND(world);
}

TEST(RedriveTest, TheBudgetOfTheExecutionStartsAgain) {
  World world(Machine(R"({"StartAt":"S","TimeoutSeconds":60,"States":{"S":{"Type":"Task",
      "Resource":"arn:towline:states:::job:run","Parameters":{"JobType":"t"},"End":true}}})"));
  world.RestartAfterEachStep();
  world.Begin(J("{}"));
  world.RunTimers();
  ASSERT_EQ(world.state().status, ExecutionStatus::kTimedOut);
  world.Pass(Seconds(1000));
  const Timestamp redriven = world.now();
  world.Do(world.PrepareRedrive().value());
  world.RunTimers();
  EXPECT_EQ(world.state().status, ExecutionStatus::kTimedOut);
  EXPECT_EQ(world.state().stopped_at, redriven + Seconds(60));
  EXPECT_SOUND(world);
}

TEST(RedriveTest, AFailStateFailsAgain) {
  World world(Machine(R"({"StartAt":"S","States":{"S":{"Type":"Fail","Error":"E"}}})"));
  world.RestartAfterEachStep();
  world.Begin(J("{}"));
  world.Do(world.PrepareRedrive().value());
  EXPECT_EQ(Error(world), "E");
  EXPECT_THAT(Lines(world, 3),
              ElementsAre("3<-2 ExecutionFailed", "4<-3 ExecutionRedriven",
                          "5<-4 FailStateEntered", "6<-5 ExecutionFailed"));
  EXPECT_SOUND(world);
}

TEST(RedriveTest, AnotherInputEntersTheStateAnew) {
  World world(ThreeBranches());
  world.RestartAfterEachStep();
  world.Begin(J("1"));
  const std::vector<TaskId> tasks = world.TakeNewTasks();
  Succeed(world, tasks[0], "\"kept\"");
  world.Do(FailTask{tasks[1], 1, "E", "c", "w"});
  RedriveWith(world, "B", R"({"fixed":true})");
  EXPECT_THAT(Open(world), ElementsAre(R"(B {"fixed":true})", "C 1"));
  SucceedAll(world);
  EXPECT_EQ(Output(world), R"(["kept","again","again"])");
  EXPECT_SOUND(world);
}

TEST(RedriveTest, AnotherInputNeedsOneState) {
  World world(MapOfJobs());
  world.Begin(J("[1,2]"));
  world.Do(Stop{});
  const Redrive command = world.PrepareRedrive().value();
  const auto why = [&](std::string_view state) {
    const auto frame = RedriveTarget(world.definition(), *command.remains, state);
    return frame ? "found" : frame.error().message;
  };
  EXPECT_THAT(why(""), HasSubstr("several states are to run again ('I', 'I')"));
  EXPECT_THAT(why("I"), HasSubstr("in 2 branches or iterations"));
  EXPECT_THAT(why("S"), HasSubstr("'S' is not to run again; these are: 'I', 'I'"));
}

// What failed was not a child but the state around them: it works on what they gave, again.
TEST(RedriveTest, AMapThatFailedOverItsResultLooksAtItAgain) {
  World world(MapOfJobs(R"(,"ResultSelector":{"x.$":"$.missing"})"));
  world.RestartAfterEachStep();
  world.Begin(J("[1]"));
  SucceedAll(world);
  ASSERT_EQ(Error(world), "States.Runtime");
  world.Do(world.PrepareRedrive().value());
  EXPECT_EQ(Error(world), "States.Runtime");
  EXPECT_TRUE(world.tasks().empty());
  EXPECT_SOUND(world);
}

TEST(RedriveTest, AFullHistoryHasNoPointToGoBackTo) {
  Limits limits;
  limits.history_events_max = 6;
  World world(Machine(R"({"StartAt":"S","States":{"S":{"Type":"Pass","Next":"S2"},
      "S2":{"Type":"Pass","Next":"S3"},"S3":{"Type":"Pass","End":true}}})"), limits);
  world.Begin(J("{}"));
  ASSERT_EQ(Error(world), "States.Runtime");
  EXPECT_FALSE(world.PrepareRedrive().has_value());
}

TEST(RedriveTest, ARunningExecutionIsLeftAlone) {
  World world(OneState(R"("Type":"Wait","Seconds":50)"));
  world.Begin(J("{}"));
  const Step step = world.Do(Redrive{.remains = std::make_shared<ExecutionState>()});
  EXPECT_EQ(step.verdict, Verdict::kNoop);
  EXPECT_TRUE(step.events.empty());
  EXPECT_SOUND(world);
}

}  // namespace
}  // namespace towline::interpreter
