#include <gmock/gmock.h>

#include "tests/children/world.h"

namespace towline::children {
namespace {

using store::Status;
using testing::HasSubstr;

const char* const kEcho = R"({"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}})";
const char* const kMinute =
    R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}})";
const char* const kFails =
    R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"C"}}})";

// Starts machine "child" with the parent's input, `how` it is to be waited for.
std::string Parent(const std::string& how, const std::string& more = "",
                   const std::string& input = R"("$")") {
  return R"({"StartAt":"N","States":{"N":{"Type":"Task",
    "Resource":"arn:aws:states:::states:startExecution)" + how + R"(",
    "Parameters":{"StateMachineArn":"child","Name":"kid","Input.$":)" + input + "}," + more +
         R"("End":true}}})";
}

class NestedTest : public testing::Test {
 protected:
  void Begin(const char* child, const std::string& parent, const std::string& input = "{}") {
    world_.Create("child", child);
    world_.Create("parent", parent);
    world_.Start("parent", input);
  }
  Status Kid() { return world_.Of("child", "kid").status; }
  World world_{3};
};

TEST_F(NestedTest, ARequestEndsWhenTheChildHasStarted) {
  Begin(kMinute, Parent(""), R"({"a":1})");
  const End end = world_.Of("parent");
  EXPECT_EQ(end.status, Status::kSucceeded);
  EXPECT_THAT(end.output, HasSubstr("arn:towline:states:local:default:execution:child:kid"));
  EXPECT_EQ(Kid(), Status::kRunning);
  world_.Advance(Seconds{60});
  EXPECT_EQ(world_.Of("child", "kid").output, R"({"a":1})");
}

TEST_F(NestedTest, SyncEndsWithTheChildsReport) {
  Begin(kMinute, Parent(".sync", R"("ResultSelector":{"o.$":"$.Output","s.$":"$.Status"},)"),
        R"({"a":1})");
  EXPECT_EQ(world_.Of("parent").status, Status::kRunning);
  world_.Advance(Seconds{60});
  EXPECT_EQ(world_.Of("parent").output, R"({"o":"{\"a\":1}","s":"SUCCEEDED"})");
}

TEST_F(NestedTest, Sync2ReportsDataInsteadOfText) {
  Begin(kEcho, Parent(".sync:2", R"("OutputPath":"$.Output",)"), R"({"a":1})");
  EXPECT_EQ(world_.Of("parent").output, R"({"a":1})");
}

TEST_F(NestedTest, AChildThatFailsFailsItsTask) {
  Begin(kFails, Parent(".sync:2"));
  const End end = world_.Of("parent");
  EXPECT_EQ(end.error, "States.TaskFailed");
  EXPECT_THAT(end.cause, HasSubstr(R"("Error":"E")"));
  EXPECT_THAT(end.cause, HasSubstr(R"("Status":"FAILED")"));
}

TEST_F(NestedTest, AChildThatIsStoppedFailsItsTask) {
  Begin(kMinute, Parent(".sync"));
  world_.Stop("child", "kid");
  EXPECT_THAT(world_.Of("parent").cause, HasSubstr(R"("Status":"ABORTED")"));
}

TEST_F(NestedTest, TheTokenReachesTheChild) {
  world_.Create("child", kEcho);
  world_.Create("parent", R"({"StartAt":"N","States":{"N":{"Type":"Task",
    "Resource":"arn:aws:states:::states:startExecution.waitForTaskToken",
    "Parameters":{"StateMachineArn":"child","Name":"kid",
      "Input":{"token.$":"$$.Task.Token"}},"End":true}}})");
  world_.Start("parent", "{}");
  EXPECT_EQ(world_.Of("parent").status, Status::kRunning);
  const auto output = ParseJson(world_.Of("child", "kid").output);
  ASSERT_TRUE(output);
  const auto task = world_.tokens().Verify(std::string((*output)->at("token").as_string()));
  ASSERT_TRUE(task) << "the child has a real token";
  world_.Restart();
  world_.Succeed(*task, R"({"by":"token"})");
  EXPECT_EQ(world_.Of("parent").output, R"({"by":"token"})");
}

TEST_F(NestedTest, AStoppedParentStopsTheChildItWaitsFor) {
  Begin(kMinute, Parent(".sync"));
  world_.Stop("parent");
  EXPECT_EQ(Kid(), Status::kAborted);
  EXPECT_THAT(world_.Of("child", "kid").cause, HasSubstr("execution:parent:one"));
}

TEST_F(NestedTest, AChildThatNobodyWaitsForGoesOn) {
  world_.Create("child", kMinute);
  world_.Create("parent", R"({"StartAt":"N","States":{"N":{"Type":"Task",
    "Resource":"arn:aws:states:::states:startExecution",
    "Parameters":{"StateMachineArn":"child","Name":"kid"},"Next":"W"},
    "W":{"Type":"Wait","Seconds":600,"End":true}}})");
  world_.Start("parent", "{}");
  world_.Stop("parent");
  EXPECT_EQ(Kid(), Status::kRunning);
}

TEST_F(NestedTest, ATimeoutStopsTheChild) {
  Begin(kMinute, Parent(".sync", R"("TimeoutSeconds":5,)"));
  world_.Advance(Seconds{6});
  EXPECT_EQ(world_.Of("parent").error, "States.Timeout");
  EXPECT_EQ(Kid(), Status::kAborted);
}

TEST_F(NestedTest, ANameOfSomebodyElseIsNeitherTakenNorStopped) {
  world_.Create("child", kMinute);
  world_.Start("child", R"({"other":1})", "kid");
  world_.Create("parent", Parent(".sync"));
  world_.Start("parent", "{}");
  const End end = world_.Of("parent");
  EXPECT_EQ(end.error, "StepFunctions.ExecutionAlreadyExistsException");
  EXPECT_EQ(Kid(), Status::kRunning);
  // The same input: it runs already, and is still not this task's.
  world_.Start("parent", R"({"other":1})", "two");
  world_.Stop("parent", "two");
  EXPECT_EQ(Kid(), Status::kRunning);
}

TEST_F(NestedTest, AMachineThatIsMissingOrOfAnotherTenantFailsTheTask) {
  world_.Create("parent", Parent(".sync"));
  world_.Start("parent", "{}");
  EXPECT_EQ(world_.Of("parent").error, "StepFunctions.StateMachineDoesNotExistException");
  world_.Create("other", R"({"StartAt":"N","States":{"N":{"Type":"Task",
    "Resource":"arn:aws:states:::states:startExecution","Parameters":{
    "StateMachineArn":"arn:towline:states:local:acme:stateMachine:child"},"End":true}}})");
  world_.Start("other", "{}");
  EXPECT_EQ(world_.Of("other").error, "StepFunctions.InvalidArnException");
}

TEST_F(NestedTest, ABusyPartitionIsAskedAgain) {
  world_.Create("child", kMinute);
  world_.Create("parent", Parent(".sync"));
  world_.set_rounds(0);
  world_.Start("parent", "{}");
  world_.set_rounds(-1);
  world_.set_busy(true);
  world_.Advance(Seconds{1});
  world_.set_busy(false);
  world_.Advance(Seconds{61});
  EXPECT_EQ(world_.Of("parent").status, Status::kSucceeded);
}

// The process ends after each number of rounds, and starts again.
TEST_F(NestedTest, ARestartAtAnyPointNeitherLosesNorDoublesTheChild) {
  for (int rounds = 1; rounds < 12; rounds++) {
    World world(2);
    world.Create("child", kMinute);
    world.Create("parent", Parent(".sync"));
    world.set_rounds(rounds);
    world.Start("parent", R"({"a":1})");
    world.Restart();
    world.Advance(Seconds{61});
    EXPECT_EQ(world.Of("parent").status, Status::kSucceeded) << rounds;
    EXPECT_EQ(world.Children("child").size(), 1U) << rounds;
  }
}

TEST_F(NestedTest, ARestartWhileTheParentIsBeingStoppedStopsTheChildAllTheSame) {
  for (int rounds = 1; rounds < 8; rounds++) {
    World world(2);
    world.Create("child", kMinute);
    world.Create("parent", Parent(".sync"));
    world.Start("parent", "{}");
    world.set_rounds(rounds);
    world.Stop("parent");
    world.Restart();
    EXPECT_EQ(world.Of("child", "kid").status, Status::kAborted) << rounds;
  }
}

}  // namespace
}  // namespace towline::children
