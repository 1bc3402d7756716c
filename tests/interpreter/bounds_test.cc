// What one step, and one history, may hold.

#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

const char kEndless[] = R"({"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},
  "B":{"Type":"Choice","Default":"A","Choices":[
    {"Variable":"$.stop","BooleanEquals":true,"Next":"E"}]},"E":{"Type":"Succeed"}}})";

TEST(BoundsTest, AnEndlessLoopPausesAndCanBeStopped) {
  World world(Machine(kEndless));
  Step step = world.BeginOnce(J(R"({"stop":false})"));
  for (int i = 0; i < 3; i++) {
    EXPECT_EQ(Effects(step), std::vector<std::string>{"continue"});
    // 1,000 states entered and left, and the start of the execution before the first.
    EXPECT_EQ(step.events.size(), i == 0 ? 2001U : 2000U);
    step = world.DoOnce(Continue{});
  }
  step = world.DoOnce(Stop{});
  EXPECT_EQ(step.verdict, Verdict::kApplied);
  EXPECT_EQ(world.state().status, ExecutionStatus::kAborted);
  EXPECT_EQ(world.DoOnce(Continue{}).verdict, Verdict::kClosed);
  EXPECT_SOUND(world);
}

TEST(BoundsTest, BytesBoundAStepToo) {
  Limits limits;
  limits.step_bytes_max = 100'000;
  World world(Machine(R"_({"StartAt":"A","States":{
    "A":{"Type":"Pass","Parameters":{"text.$":"States.Format('{}', $.text)"},"Next":"A2"},
    "A2":{"Type":"Pass","Next":"B"},
    "B":{"Type":"Choice","Default":"A","Choices":[
      {"Variable":"$.stop","IsPresent":true,"Next":"E"}]},"E":{"Type":"Succeed"}}})_"),
              limits);
  const Step step =
      world.BeginOnce(J(R"({"text":")" + std::string(9'000, 'x') + "\"}"));
  EXPECT_EQ(Effects(step), std::vector<std::string>{"continue"});
  EXPECT_LT(step.events.size(), 100U);
}

// A command that comes between two steps does its own work and leaves the rest where it stands.
TEST(BoundsTest, OthersAreServedBetweenTwoSteps) {
  Limits limits;
  limits.step_transitions_max = 50;
  World world(Machine(R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
    {"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:towline:states:::job:run",
      "Parameters":{"JobType":"t"},"Next":"F"},"F":{"Type":"Fail","Error":"Enough"}}},
    {"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A2"},"A2":{"Type":"Choice",
      "Default":"A","Choices":[{"Variable":"$.x","IsPresent":true,"Next":"E"}]},
      "E":{"Type":"Succeed"}}}]}}})"),
              limits);
  world.BeginOnce(J("{}"));
  ASSERT_TRUE(world.wants_continue());
  const Step step = world.DoOnce(SucceedTask{OnlyTask(world), 1, J("1"), "w"});
  EXPECT_EQ(world.state().status, ExecutionStatus::kFailed);
  EXPECT_EQ(Error(world), "Enough");
  EXPECT_EQ(Effects(step).back(), "close execution");
}

// A wide Map is started over several steps; its history is that of one that was not.
TEST(BoundsTest, AMapsFirstBatchMayTakeSeveralSteps) {
  const auto machine = OneState(R"("Type":"Map","MaxConcurrency":500,"ItemProcessor":{
    "StartAt":"I","States":{"I":{"Type":"Pass","End":true}}})");
  std::string items = "[0";
  for (int i = 1; i < 500; i++) items += "," + std::to_string(i);
  Limits small;
  small.step_transitions_max = 64;
  World stepped(machine, small);
  World whole(machine);
  stepped.RestartAfterEachStep();
  stepped.Begin(J(items + "]"));
  whole.Begin(J(items + "]"));
  EXPECT_EQ(Lines(stepped), Lines(whole));
  EXPECT_EQ(Output(stepped), items + "]");
  EXPECT_SOUND(stepped);
  EXPECT_SOUND(whole);
}

// A million items are an index, not a million frames.
TEST(BoundsTest, AMapHoldsNoMoreFramesThanRun) {
  World world(OneState(R"("Type":"Map","MaxConcurrency":3,"ItemProcessor":{
    "StartAt":"I","States":{"I":{"Type":"Task","Resource":"arn:towline:states:::job:run",
    "Parameters":{"JobType":"t"},"End":true}}})"));
  std::string items = "[0";
  for (int i = 1; i < 100'000; i++) items += ",0";
  world.Begin(J(items + "]"));
  EXPECT_EQ(world.state().frames.size(), 4U);
  EXPECT_LE(std::get<AwaitingChildren>(world.state().frames.at(0).activity).outputs.size(), 3U);
}

TEST(BoundsTest, TheLastHistoryEventIsTheFailure) {
  Limits limits;
  limits.history_events_max = 100;
  World world(Machine(kEndless), limits);
  world.Begin(J(R"({"stop":false})"));
  EXPECT_EQ(world.state().status, ExecutionStatus::kFailed);
  EXPECT_EQ(Error(world), "States.Runtime");
  EXPECT_EQ(Cause(world), "The execution reached the maximum number of history events (100).");
  EXPECT_EQ(world.state().last_id, 100U);
  EXPECT_EQ(Lines(world).back(), "100<-99 ExecutionFailed");
  EXPECT_SOUND(world);
}

// Wherever the limit strikes, the shell's books are closed: once per possible length.
TEST(BoundsTest, AFullHistoryClosesEverything) {
  const auto machine = Machine(R"({"TimeoutSeconds":500,"StartAt":"M","States":{"M":{
    "Type":"Map","Retry":[{"ErrorEquals":["E"],"MaxAttempts":1}],"End":true,"ItemProcessor":{
      "StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:towline:states:::job:run",
        "TimeoutSeconds":60,"Parameters":{"JobType":"t"},"Next":"W"},
        "W":{"Type":"Wait","Seconds":9,"End":true}}}}}})");
  for (std::uint64_t limit = 2; limit < 60; limit++) {
    Limits limits;
    limits.history_events_max = limit;
    World world(machine, limits);
    world.RestartAfterEachStep();
    world.Begin(J("[1,2,3]"));
    for (int i = 0; i < 40 && !world.state().closed(); i++) {
      if (world.tasks().empty()) {
        world.FireNext();
        continue;
      }
      const TaskId task = world.tasks().begin()->first;
      if (i == 1) {
        world.Do(FailTask{task, 1, "E", "c", "w"});
      } else {
        world.Do(SucceedTask{task, 1, J("1"), "w"});
      }
    }
    EXPECT_TRUE(world.state().closed());
    EXPECT_LE(world.state().last_id, limit);
    EXPECT_SOUND(world) << "limit " << limit;
  }
}

}  // namespace
}  // namespace towline::interpreter
