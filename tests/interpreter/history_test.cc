// The service's view of the events: details are texts and keys as its API has them.

#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Details(const World& world, bool include_data = true) {
  HistoryProjection projection(world.definition());
  std::vector<HistoryEvent> events;
  for (const EventRecord& record : world.events()) {
    projection.Project(record, include_data, events);
  }
  std::vector<std::string> lines;
  for (const HistoryEvent& event : events) {
    lines.push_back(event.type + " " + PrintJson(event.details));
  }
  return lines;
}

TEST(HistoryTest, TellsAJob) {
  World world(OneState(R"("Type":"Task","Resource":"arn:towline:states:::job:run",
    "TimeoutSeconds":60,"HeartbeatSeconds":5,"Parameters":{"JobType":"t"},
    "Credentials":{"RoleArn":"arn:aws:iam::111111111111:role/r"})"));
  world.Begin(J("{}"));
  world.Do(AcceptJob{3, 1, "w", 1});
  world.Do(FailTask{3, 1, "E", {}, "w"});
  EXPECT_THAT(
      Details(world),
      ElementsAre(
          R"(ExecutionStarted {"input":"{}","roleArn":"snf_role_arn"})",
          R"(TaskStateEntered {"name":"S","input":"{}"})",
          R"(TaskScheduled {"resourceType":"job","resource":"run","region":"local",)"
          R"("parameters":"{\"JobType\":\"t\"}","timeoutInSeconds":60,"heartbeatInSeconds":5,)"
          R"("taskCredentials":{"roleArn":"arn:aws:iam::111111111111:role/r"}})",
          R"(TaskStarted {"resourceType":"job","resource":"run"})",
          R"(TaskFailed {"resourceType":"job","resource":"run","error":"E"})",
          R"(ExecutionFailed {"error":"E"})"));
}

TEST(HistoryTest, TellsABareFunctionAndAMap) {
  World world(OneState(R"("Type":"Map","ItemProcessor":{"StartAt":"F","States":{"F":{
    "Type":"Task","Resource":"arn:aws:lambda:us-east-1:111111111111:function:add",
    "TimeoutSeconds":5,"End":true}}})"));
  world.Begin(J("[7]"));
  world.Do(SucceedTask{OnlyTask(world), 1, J("8"), "w"});
  EXPECT_THAT(
      Details(world),
      ElementsAre(
          R"(ExecutionStarted {"input":"[7]","roleArn":"snf_role_arn"})",
          R"(MapStateEntered {"name":"S","input":"[7]"})", R"(MapStateStarted {"length":1})",
          R"(MapIterationStarted {"name":"S","index":0})",
          R"(TaskStateEntered {"name":"F","input":"7"})",
          R"(LambdaFunctionScheduled {"resource":)"
          R"("arn:aws:lambda:us-east-1:111111111111:function:add","input":"7",)"
          R"("timeoutInSeconds":5})",
          R"(LambdaFunctionStarted {})", R"(LambdaFunctionSucceeded {"output":"8"})",
          R"(TaskStateExited {"name":"F","output":"8"})",
          R"(MapIterationSucceeded {"name":"S","index":0})", R"(MapStateSucceeded {})",
          R"(MapStateExited {"name":"S","output":"[8]"})",
          R"(ExecutionSucceeded {"output":"[8]"})"));
}

TEST(HistoryTest, WithoutDataThereAreNoValues) {
  World world(OneState(R"("Type":"Pass")"));
  world.Begin(J(R"({"secret":1})"));
  EXPECT_THAT(Details(world, false),
              ElementsAre(R"(ExecutionStarted {"roleArn":"snf_role_arn"})",
                          R"(PassStateEntered {"name":"S"})", R"(PassStateExited {"name":"S"})",
                          "ExecutionSucceeded {}"));
}

// A page in the middle: the records before it are observed, not written.
TEST(HistoryTest, ALaterPageNeedsOnlyToHaveSeenTheEarlierOnes) {
  World world(OneState(R"("Type":"Map","ItemProcessor":{"StartAt":"F","States":{"F":{
    "Type":"Task","Resource":"arn:towline:states:::job:run","Parameters":{"JobType":"t"},
    "End":true}}})"));
  world.Begin(J("[1,2]"));
  for (const TaskId task : world.TakeNewTasks()) world.Do(SucceedTask{task, 1, J("1"), "w"});
  const std::vector<std::string> all = Lines(world);
  for (std::size_t page = 0; page <= world.events().size(); page++) {
    HistoryProjection projection(world.definition());
    std::vector<HistoryEvent> events;
    for (std::size_t i = 0; i < world.events().size(); i++) {
      if (i < page) {
        projection.Observe(world.events()[i]);
      } else {
        projection.Project(world.events()[i], true, events);
      }
    }
    ASSERT_LE(events.size(), all.size());
    if (!events.empty()) {
      EXPECT_EQ(events.back().type, "ExecutionSucceeded");
    }
  }
}

}  // namespace
}  // namespace towline::interpreter
