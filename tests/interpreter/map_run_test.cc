// Distributed Map: what the execution itself does of it, and how a Map Run counts.

#include "statemachines/interpreter/map_run.h"

#include "statemachines/interpreter/map_items.h"
#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::shared_ptr<const asl::Definition> Distributed(const std::string& more = "") {
  return OneState(R"("Type":"Map","Label":"rows")" + more + R"(,"ItemProcessor":{
      "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
      "StartAt":"I","States":{"I":{"Type":"Pass","End":true}}})");
}
const OpenMapRun& OnlyRun(const World& world) {
  EXPECT_EQ(world.map_runs().size(), 1U);
  return world.map_runs().begin()->second;
}

TEST(MapRunTest, TheItemsAreForSomebodyElseAndTheResultComesBack) {
  World world(Distributed(R"(,"ResultPath":"$.out","ItemsPath":"$.in")"));
  world.RestartAfterEachStep();
  world.Begin(J(R"({"in":[1,2,3]})"));
  const OpenMapRun open = OnlyRun(world);
  EXPECT_EQ(PrintJson(*open.spec.items), "[1,2,3]");
  EXPECT_THAT(open.spec.arn, StartsWith("arn:aws:states:us-east-1:111111111111:mapRun:machine/"
                                        "rows:0000"));
  world.Do(SucceedMapRun{open.run, J("[7]")});
  EXPECT_EQ(Output(world), R"({"in":[1,2,3],"out":[7]})");
  EXPECT_THAT(Lines(world), ElementsAre("1<-0 ExecutionStarted", "2<-0 MapStateEntered",
                                        "3<-2 MapStateStarted", "4<-3 MapRunStarted",
                                        "5<-4 MapRunSucceeded", "6<-5 MapStateSucceeded",
                                        "7<-4 MapStateExited", "8<-7 ExecutionSucceeded"));
  EXPECT_EQ(PrintJson(HistoryOf(world)[2].details), R"({"length":3})");
  EXPECT_SOUND(world);
}

TEST(MapRunTest, AFailedRunFailsTheState) {
  World world(Distributed());
  world.RestartAfterEachStep();
  world.Begin(J("[1]"));
  world.Do(FailMapRun{OnlyRun(world).run, "States.ItemReaderFailed", "no such key"});
  EXPECT_EQ(Error(world), "States.ItemReaderFailed");
  EXPECT_THAT(Lines(world, 4), ElementsAre("4<-3 MapRunStarted", "5<-4 MapRunFailed",
                                           "6<-5 MapStateFailed", "7<-6 ExecutionFailed"));
  EXPECT_SOUND(world);
}

TEST(MapRunTest, ARetryStartsAnotherRun) {
  World world(Distributed(R"(,"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":1}])"));
  world.Begin(J("[1]"));
  const OpenMapRun first = OnlyRun(world);
  world.Do(FailMapRun{first.run, "E", "c"});
  world.FireNext();
  const OpenMapRun second = OnlyRun(world);
  EXPECT_NE(first.spec.id, second.spec.id);
  EXPECT_EQ(world.Do(SucceedMapRun{first.run, J("[]")}).verdict, Verdict::kStale);
  world.Do(SucceedMapRun{second.run, J("[2]")});
  EXPECT_EQ(Output(world), "[2]");
  EXPECT_SOUND(world);
}

TEST(MapRunTest, AStoppedExecutionClosesItsRunAndARedriveReopensIt) {
  World world(Distributed());
  world.RestartAfterEachStep();
  world.Begin(J("[1]"));
  const TaskId run = OnlyRun(world).run;
  EXPECT_THAT(Effects(world.Do(Stop{})),
              ElementsAre("close run " + std::to_string(run), "close execution"));
  EXPECT_THAT(Effects(world.Do(world.PrepareRedrive().value())),
              ElementsAre("reopen execution", "reopen run " + std::to_string(run)));
  world.Do(SucceedMapRun{run, J("[5]")});
  EXPECT_EQ(Output(world), "[5]");
  const auto history = HistoryOf(world);
  EXPECT_EQ(history[6].type, "MapRunRedriven");
  EXPECT_EQ(history[6].details.at("redriveCount"), 1);
  EXPECT_SOUND(world);
}

TEST(MapRunTest, WhatTheDefinitionSaysReachesTheRun) {
  World world(OneState(R"("Type":"Map","MaxConcurrency":7,"ToleratedFailureCountPath":"$.count",
      "ToleratedFailurePercentage":12.5,
      "ItemReader":{"Resource":"arn:aws:states:::s3:getObject",
        "ReaderConfig":{"InputType":"JSON","MaxItemsPath":"$.most"},
        "Parameters":{"Bucket":"b","Key.$":"$.key"}},
      "ItemBatcher":{"MaxItemsPerBatch":4,"BatchInput":{"n.$":"$.count"}},
      "ResultWriter":{"Resource":"arn:aws:states:::s3:putObject",
        "Parameters":{"Bucket":"out","Prefix.$":"$.key"}},
      "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
      "StartAt":"I","States":{"I":{"Type":"Pass","End":true}}})"));
  world.Begin(J(R"({"count":3,"most":"20","key":"k.json"})"));
  const MapRunSpec spec = OnlyRun(world).spec;
  EXPECT_EQ(spec.max_concurrency, 7U);
  EXPECT_EQ(spec.tolerated_count, 3U);
  EXPECT_EQ(spec.tolerated_percentage, 12.5);
  EXPECT_EQ(PrintJson(*spec.reader), R"({"Bucket":"b","Key":"k.json"})");
  EXPECT_EQ(PrintJson(*spec.max_items), R"("20")");
  EXPECT_EQ(spec.batch_items, 4U);
  EXPECT_EQ(PrintJson(*spec.batch_input), R"({"n":3})");
  EXPECT_EQ(PrintJson(*spec.writer), R"({"Bucket":"out","Prefix":"k.json"})");
  EXPECT_TRUE(spec.items->is_null());
}

TEST(MapRunTest, AChildRunsTheProcessorAndHasNoBudgetOfItsOwn) {
  const auto definition = Machine(R"({"StartAt":"S","TimeoutSeconds":60,"States":{"S":{
      "Type":"Map","End":true,"ItemProcessor":{
        "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
        "StartAt":"I","States":{"I":{"Type":"Pass","Parameters":{"got.$":"$"},"End":true}}}}}})");
  World parent(definition);
  parent.Begin(J("[1]"));
  ExecutionInfo info;
  info.arn = "arn:towline:states:local:default:execution:m/rows:0";
  info.scope = OnlyRun(parent).scope;
  World child(definition);
  child.Do(Start{info, J("5")});
  EXPECT_EQ(Output(child), R"({"got":5})");
  EXPECT_TRUE(child.timers().empty());
  EXPECT_SOUND(child);
}

TEST(MapRunTest, TheSelectorSeesWhatTheMapStateSaw) {
  World world(Machine(R"({"StartAt":"V","States":{
      "V":{"Type":"Pass","Assign":{"factor":3},"Next":"S"},
      "S":{"Type":"Map","End":true,"ItemsPath":"$.in","ItemSelector":{"n.$":"$$.Map.Item.Value",
        "at.$":"$$.Map.Item.Index","f.$":"$factor","all.$":"$.in"},"ItemProcessor":{
        "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
        "StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}}}})"));
  world.Begin(J(R"({"in":["a","b"]})"));
  auto definition = std::make_shared<const asl::Definition>(world.definition());
  ItemMaker maker(definition, world.state(), kRootFrame, {});
  Json out;
  Failure failure;
  ASSERT_TRUE(maker.Make({.index = 1, .value = J("\"b\"")}, 1, out, failure));
  EXPECT_EQ(PrintJson(*out), R"({"n":"b","at":1,"f":3,"all":["a","b"]})");
}

MapRunState Running(std::uint64_t children, std::uint64_t items_each = 1) {
  MapRunState run = BeginMapRun({}, Timestamp{});
  for (std::uint64_t i = 0; i < children; i++) ChildStarted(run, items_each);
  return run;
}

TEST(MapRunTest, ToleratesNothingUnlessToldTo) {
  MapRunState run = Running(2);
  ChildEnded(run, {ExecutionStatus::kSucceeded, 1});
  EXPECT_FALSE(ToleranceExceeded(run));
  ChildEnded(run, {ExecutionStatus::kTimedOut, 1});
  EXPECT_TRUE(ToleranceExceeded(run));
}

TEST(MapRunTest, CountsItemsNotBatches) {
  MapRunState run = Running(2, 10);
  run.tolerated_count = 9;
  ChildEnded(run, {ExecutionStatus::kFailed, 10});
  EXPECT_TRUE(ToleranceExceeded(run));
  run.tolerated_count = 10;
  EXPECT_FALSE(ToleranceExceeded(run));
}

TEST(MapRunTest, JudgesAPercentageOnceAllItemsAreKnown) {
  MapRunState run = Running(4);
  run.tolerated_percentage = 25;
  ChildEnded(run, {ExecutionStatus::kFailed, 1});
  ChildEnded(run, {ExecutionStatus::kFailed, 1});
  EXPECT_FALSE(ToleranceExceeded(run));
  run.exhausted = true;
  EXPECT_TRUE(ToleranceExceeded(run));
}

TEST(MapRunTest, ARedriveRunsAgainWhatHadNotSucceeded) {
  MapRunState run = Running(3);
  run.exhausted = true;
  ChildEnded(run, {ExecutionStatus::kSucceeded, 1});
  ChildEnded(run, {ExecutionStatus::kFailed, 1});
  EndMapRun(run, MapRunStatus::kFailed, Timestamp{});
  EXPECT_TRUE(run.stopping);
  EXPECT_EQ(Room(run), 0U);
  ChildEnded(run, {ExecutionStatus::kAborted, 1});
  RedriveMapRun(run, Timestamp{});
  EXPECT_EQ(run.executions.pending_redrive, 2U);
  EXPECT_FALSE(IsDrained(run));
  ChildRedriven(run, 1);
  ChildRedriven(run, 1);
  ChildEnded(run, {ExecutionStatus::kSucceeded, 1});
  ChildEnded(run, {ExecutionStatus::kSucceeded, 1});
  EXPECT_TRUE(IsDrained(run));
  EXPECT_EQ(run.items.succeeded, 3U);
  EXPECT_EQ(run.executions.total(), 3U);
}

}  // namespace
}  // namespace towline::interpreter
