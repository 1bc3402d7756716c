// Parallel and inline Map: who runs when, what follows from what, and who is stopped.

#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

using ::testing::ElementsAre;

std::string JobState(const std::string& name) {
  return "\"" + name + R"(":{"Type":"Task","Resource":"arn:towline:states:::job:run",
      "TimeoutSeconds":60,"Parameters":{"JobType":"t"},"End":true})";
}
std::string WaitState(const std::string& name) {
  return "\"" + name + R"(":{"Type":"Wait","Seconds":50,"End":true})";
}
std::string Branch(const std::string& name, const std::string& state) {
  return R"({"StartAt":")" + name + R"(","States":{)" + state + "}}";
}
std::shared_ptr<const asl::Definition> MapOf(const std::string& more, const std::string& state) {
  return OneState(R"("Type":"Map")" + more + R"(,"ItemProcessor":)" + Branch("I", state));
}

TEST(ParallelTest, GathersInBranchOrderWhateverTheOrderOfEnds) {
  World world(OneState(R"("Type":"Parallel","Branches":[)" + Branch("A", JobState("A")) + "," +
                       Branch("B", JobState("B")) + "]"));
  world.Begin(J("{}"));
  std::vector<TaskId> tasks = world.TakeNewTasks();
  ASSERT_EQ(tasks.size(), 2U);
  world.Do(SucceedTask{tasks[1], 1, J("\"b\""), "w"});
  world.Do(SucceedTask{tasks[0], 1, J("\"a\""), "w"});
  EXPECT_EQ(Output(world), R"(["a","b"])");
  EXPECT_THAT(Lines(world),
              ElementsAre("1<-0 ExecutionStarted", "2<-0 ParallelStateEntered",
                          "3<-2 ParallelStateStarted", "4<-3 TaskStateEntered",
                          "5<-4 TaskScheduled", "6<-3 TaskStateEntered", "7<-6 TaskScheduled",
                          "8<-7 TaskStarted", "9<-8 TaskSucceeded", "10<-9 TaskStateExited",
                          "11<-5 TaskStarted", "12<-11 TaskSucceeded", "13<-12 TaskStateExited",
                          "14<-13 ParallelStateSucceeded", "15<-13 ParallelStateExited",
                          "16<-15 ExecutionSucceeded"));
  EXPECT_SOUND(world);
}

// The others are stopped first, then the state that failed; all of it follows from the failure.
TEST(ParallelTest, AFailedBranchStopsTheOthers) {
  World world(OneState(R"("Type":"Parallel","Branches":[)" + Branch("A", JobState("A")) + "," +
                       Branch("B", JobState("B")) + "," + Branch("C", WaitState("C")) + "]"));
  world.Begin(J("{}"));
  const std::vector<TaskId> tasks = world.TakeNewTasks();
  const Step step = world.Do(FailTask{tasks[1], 1, "E", "c", "w"});
  EXPECT_EQ(Error(world), "E");
  EXPECT_EQ(Cause(world), "c");
  EXPECT_THAT(Lines(world, 9),
              ElementsAre("9<-7 TaskStarted", "10<-9 TaskFailed", "11<-10 TaskStateAborted",
                          "12<-10 WaitStateAborted", "13<-10 TaskStateAborted",
                          "14<-10 ParallelStateFailed", "15<-14 ExecutionFailed"));
  const std::string a = std::to_string(tasks[0]);
  const std::string b = std::to_string(tasks[1]);
  const std::string c = std::to_string(world.events()[8].seq);
  EXPECT_THAT(Effects(step),
              ElementsAre("close " + b, "clear " + b + " timeout",
                          "close " + a + " cancel: another branch failed",
                          "clear " + a + " timeout", "clear " + c + " wait", "close execution"));
  EXPECT_SOUND(world);
}

TEST(ParallelTest, ARetryRunsAllBranchesAgain) {
  World world(OneState(R"("Type":"Parallel","Retry":[{"ErrorEquals":["States.BranchFailed"]}],
    "Branches":[)" + Branch("A", JobState("A")) + "," + Branch("B", JobState("B")) + "]"));
  world.Begin(J("{}"));
  std::vector<TaskId> tasks = world.TakeNewTasks();
  world.Do(SucceedTask{tasks[0], 1, J("1"), "w"});
  world.Do(FailTask{tasks[1], 1, "E", "c", "w"});
  EXPECT_TRUE(world.tasks().empty());
  world.FireNext();
  tasks = world.TakeNewTasks();
  ASSERT_EQ(tasks.size(), 2U);
  // Started again from the failing event, and not failed in between.
  EXPECT_THAT(Lines(world, 12), ElementsAre("12<-11 TaskFailed", "13<-12 TaskStateAborted",
                                            "14<-12 ParallelStateStarted",
                                            "15<-14 TaskStateEntered", "16<-15 TaskScheduled",
                                            "17<-14 TaskStateEntered", "18<-17 TaskScheduled"));
  for (const TaskId task : tasks) world.Do(SucceedTask{task, 1, J("2"), "w"});
  EXPECT_EQ(Output(world), "[2,2]");
  EXPECT_SOUND(world);
}

TEST(ParallelTest, AHeartbeatMissedInABranchKeepsItsName) {
  World world(Machine(R"({"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[)" +
                      Branch("A", JobState("A")) + R"(],
    "Catch":[{"ErrorEquals":["States.HeartbeatTimeout"],"Next":"Caught"}],"End":true},
    "Caught":{"Type":"Pass","End":true}}})"));
  world.Begin(J("{}"));
  world.Do(FireTimer{OnlyTask(world), TimerKind::kTaskHeartbeat});
  EXPECT_EQ(Output(world), R"({"Error":"States.Timeout","Cause":""})");
  EXPECT_SOUND(world);
}

TEST(ParallelTest, SucceedEndsOnlyItsBranchAndFailAll) {
  World world(OneState(R"("Type":"Parallel","Branches":[)" +
                       Branch("A", R"("A":{"Type":"Succeed"})") + "," +
                       Branch("B", JobState("B")) + "]"));
  world.Begin(J("7"));
  EXPECT_FALSE(world.state().closed());
  world.Do(SucceedTask{OnlyTask(world), 1, J("8"), "w"});
  EXPECT_EQ(Output(world), "[7,8]");
  EXPECT_SOUND(world);
}

TEST(MapTest, RunsAsManyAtOnceAsAllowed) {
  for (const std::uint32_t limit : {1U, 2U, 5U}) {
    World world(MapOf(R"(,"MaxConcurrency":)" + std::to_string(limit), JobState("I")));
    world.Begin(J("[0,1,2,3,4,5,6]"));
    int done = 0;
    for (; !world.tasks().empty(); done++) {
      const std::size_t left = 7U - static_cast<std::size_t>(done);
      EXPECT_EQ(world.tasks().size(), std::min<std::size_t>(limit, left));
      // The last to start ends first: the results stand in item order all the same.
      const auto last = std::prev(world.tasks().end());
      const FrameId frame = world.state().open_tasks.at(last->first);
      const Json item = world.state().frames.at(frame).input;
      world.Do(SucceedTask{last->first, 1, item, "w"});
    }
    EXPECT_EQ(done, 7);
    EXPECT_EQ(Output(world), "[0,1,2,3,4,5,6]");
    EXPECT_SOUND(world);
  }
}

// An iteration follows from the last state event of the one whose place it takes, and the end of
// the Map from the last MapIterationSucceeded.
TEST(MapTest, IterationsFollowFromEachOther) {
  World world(MapOf(R"(,"MaxConcurrency":1)", R"("I":{"Type":"Pass","End":true})"));
  world.Begin(J("[0,1]"));
  EXPECT_THAT(Lines(world, 4),
              ElementsAre("4<-3 MapIterationStarted", "5<-4 PassStateEntered",
                          "6<-5 PassStateExited", "7<-6 MapIterationSucceeded",
                          "8<-6 MapIterationStarted", "9<-8 PassStateEntered",
                          "10<-9 PassStateExited", "11<-10 MapIterationSucceeded",
                          "12<-11 MapStateSucceeded", "13<-11 MapStateExited",
                          "14<-13 ExecutionSucceeded"));
}

TEST(MapTest, ZeroConcurrencyMeansTheServicesForty) {
  World world(MapOf("", JobState("I")));
  std::string items = "[0";
  for (int i = 1; i < 100; i++) items += "," + std::to_string(i);
  world.Begin(J(items + "]"));
  EXPECT_EQ(world.tasks().size(), 40U);
  EXPECT_EQ(world.state().frames.size(), 41U);
  EXPECT_SOUND(world);
}

TEST(MapTest, AFailedIterationStopsTheOthersInTheRecordedOrder) {
  World world(MapOf("", JobState("I")));
  world.Begin(J("[0,1,2]"));
  const std::vector<TaskId> tasks = world.TakeNewTasks();
  world.Do(FireTimer{tasks[1], TimerKind::kTaskTimeout});
  EXPECT_THAT(Lines(world, 13),
              ElementsAre("13<-10 TaskTimedOut", "14<-13 MapIterationFailed",
                          "15<-13 TaskStateAborted", "16<-13 MapIterationAborted",
                          "17<-13 TaskStateAborted", "18<-13 MapIterationAborted",
                          "19<-13 TaskStateAborted", "20<-13 MapStateFailed",
                          "21<-20 ExecutionFailed"));
  EXPECT_SOUND(world);
}

TEST(MapTest, AnEmptyListIsDoneAtOnce) {
  World world(MapOf("", JobState("I")));
  world.Begin(J("[]"));
  EXPECT_EQ(Output(world), "[]");
  EXPECT_THAT(Lines(world, 2), ElementsAre("2<-0 MapStateEntered", "3<-2 MapStateStarted",
                                           "4<-3 MapStateSucceeded", "5<-3 MapStateExited",
                                           "6<-5 ExecutionSucceeded"));
  EXPECT_SOUND(world);
}

TEST(MapTest, ItemSelectorSeesTheItemAndTheMapsInput) {
  World world(MapOf(R"(,"InputPath":"$.in","ItemsPath":"$.list","ItemSelector":{
    "i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value","all.$":"$.k"})",
                    R"("I":{"Type":"Pass","End":true})"));
  world.Begin(J(R"({"in":{"k":9,"list":["a","b"]}})"));
  EXPECT_EQ(Output(world), R"([{"i":0,"v":"a","all":9},{"i":1,"v":"b","all":9}])");
  EXPECT_SOUND(world);
}

TEST(MapTest, AnIterationKnowsItsItemEvenInsideABranch) {
  World world(MapOf("", R"("I":{"Type":"Parallel","End":true,"Branches":[)" +
                            Branch("P", R"("P":{"Type":"Pass","End":true,
      "Parameters":{"n.$":"$$.Map.Item.Index"}})") + "]}"));
  world.Begin(J("[\"x\",\"y\"]"));
  EXPECT_EQ(Output(world), R"([[{"n":0}],[{"n":1}]])");
  EXPECT_SOUND(world);
}

TEST(MapTest, WhatIsNoListFails) {
  World world(MapOf(R"(,"ItemsPath":"$.list")", JobState("I")));
  world.Begin(J(R"({"list":{"a":1}})"));
  EXPECT_EQ(Error(world), "States.Runtime");
  EXPECT_THAT(Cause(world),
              ::testing::EndsWith("Reference path \"$.list\" must point to array."));
}

// An iteration is started while others run; it fails the Map, which must stop them.
TEST(MapTest, ABadItemSelectorStopsWhatRuns) {
  World world(Machine(R"_({"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":2,
    "ItemSelector":{"x.$":"States.ArrayGetItem($$.Map.Item.Value, 0)"},
    "ItemProcessor":)_" + Branch("I", JobState("I")) + R"(,
    "Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}],"End":true},
    "Caught":{"Type":"Pass","Result":"caught","End":true}}})"));
  world.Begin(J("[[1],[2],[]]"));
  const std::vector<TaskId> tasks = world.TakeNewTasks();
  ASSERT_EQ(tasks.size(), 2U);
  world.Do(SucceedTask{tasks[0], 1, J("1"), "w"});
  EXPECT_TRUE(world.state().closed());
  EXPECT_EQ(world.closed_tasks().at(tasks[1]).reason, "another branch failed");
  EXPECT_SOUND(world);
}

TEST(MapTest, NestedContainersAreStoppedInsideOut) {
  World world(OneState(R"("Type":"Parallel","Branches":[)" +
                       Branch("M", R"("M":{"Type":"Map","ItemProcessor":)" +
                                       Branch("I", JobState("I")) + R"(,"End":true})") +
                       "," + Branch("B", JobState("B")) + "]"));
  world.Begin(J("[1,2]"));
  const std::vector<TaskId> tasks = world.TakeNewTasks();
  ASSERT_EQ(tasks.size(), 3U);
  world.Do(FailTask{tasks[2], 1, "E", "c", "w"});
  EXPECT_THAT(Lines(world, 15),
              ElementsAre("15<-14 TaskFailed", "16<-15 TaskStateAborted",
                          "17<-15 MapIterationAborted", "18<-15 TaskStateAborted",
                          "19<-15 MapIterationAborted", "20<-15 MapStateAborted",
                          "21<-15 TaskStateAborted", "22<-15 ParallelStateFailed",
                          "23<-22 ExecutionFailed"));
  EXPECT_SOUND(world);
}

}  // namespace
}  // namespace towline::interpreter
