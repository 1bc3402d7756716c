#include <gmock/gmock.h>

#include "tests/api/world.h"

namespace towline::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A Distributed Map over the input, two children at once, `state` in each.
std::string MapOf(const std::string& state, const std::string& more) {
  return R"({"StartAt":"Rows","States":{"Rows":{"Type":"Map","Label":"rows","ItemProcessor":{
    "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
    "StartAt":"S","States":{"S":)" +
         state + R"(}},)" + more + R"("End":true}}})";
}
const char* const kMinute = R"({"Type":"Wait","Seconds":60,"End":true})";
const char* const kFails = R"({"Type":"Fail","Error":"E"})";
const char* const kHalf = R"("MaxConcurrency":2,"ToleratedFailurePercentage":50,)";

class MapRunsTest : public testing::Test {
 protected:
  void Begin(const std::string& state, const std::string& more,
             const std::string& items = "[1,2,3,4,5]") {
    world_.Create("m", MapOf(state, more));
    ASSERT_EQ(world_.Start("m", "one", items)->outcome(), "OK");
  }
  v1::MapRun Only() {
    const auto answer =
        world_.Ask(map_runs_, &MapRuns::List, About<v1::ListMapRunsRequest>("m/one"));
    EXPECT_EQ(answer->outcome(), "OK");
    EXPECT_EQ(answer->response.map_runs_size(), 1);
    return answer->response.map_runs_size() > 0 ? answer->response.map_runs(0) : v1::MapRun();
  }
  Answer<v1::MapRun> Describe(const std::string& map_run, const std::string& tenant = "") {
    v1::DescribeMapRunRequest request;
    request.set_map_run(map_run);
    return world_.Ask(map_runs_, &MapRuns::Describe, request, tenant);
  }
  Answer<v1::MapRun> Update(v1::UpdateMapRunRequest request) {
    request.set_map_run(Only().map_run_arn());
    return world_.Ask(map_runs_, &MapRuns::Update, request);
  }
  // The numbers of the children, a page between bars.
  std::string Children(v1::ListExecutionsRequest request) {
    std::string numbers;
    do {
      const auto page = world_.Ask(world_.service().executions(), &Executions::List, request);
      if (page->outcome() != "OK") return page->outcome();
      for (const auto& child : page->response.executions()) {
        numbers += std::to_string(child.map_run_index());
      }
      numbers += "|";
      request.set_next_token(page->response.next_token());
    } while (!request.next_token().empty());
    return numbers;
  }
  std::string Child(int number) {
    const std::string arn = Only().map_run_arn();
    return "m/rows/" + arn.substr(arn.rfind(':') + 1) + "-" + std::to_string(number);
  }

  World world_{{.partitions = 3}};
  MapRuns& map_runs_ = world_.service().map_runs();
};

TEST_F(MapRunsTest, ARunIsDescribedAsItGoes) {
  Begin(kMinute, kHalf);
  const v1::MapRun begun = Only();
  EXPECT_THAT(begun.map_run_arn(), HasSubstr("arn:towline:states:local:default:mapRun:m/rows:"));
  EXPECT_EQ(begun.execution_arn(), "arn:towline:states:local:default:execution:m:one");
  EXPECT_EQ(begun.state_machine_arn(), "arn:towline:states:local:default:stateMachine:m");
  EXPECT_EQ(begun.state(), "Rows");
  EXPECT_EQ(begun.status(), v1::MAP_RUN_STATUS_RUNNING);
  EXPECT_EQ(begun.max_concurrency(), 2U);
  EXPECT_FALSE(begun.has_tolerated_failure_count());
  EXPECT_EQ(begun.tolerated_failure_percentage(), 50);
  EXPECT_FALSE(begun.has_stop_time());
  for (const v1::MapRunCounts& counts : {begun.item_counts(), begun.execution_counts()}) {
    EXPECT_EQ(counts.pending(), 3U);
    EXPECT_EQ(counts.running(), 2U);
    EXPECT_EQ(counts.total(), 5U);
    EXPECT_EQ(counts.results_written(), 0U);
  }
  world_.Advance(Seconds{60});
  EXPECT_EQ(Only().item_counts().succeeded(), 2U);
  EXPECT_EQ(Only().item_counts().pending(), 1U);
  world_.Advance(Seconds{120});
  const v1::MapRun ended = Only();
  EXPECT_EQ(ended.status(), v1::MAP_RUN_STATUS_SUCCEEDED);
  EXPECT_TRUE(ended.has_stop_time());
  EXPECT_EQ(ended.item_counts().succeeded(), 5U);
  EXPECT_EQ(ended.item_counts().results_written(), 5U);
  EXPECT_EQ(world_.Describe("m/one").output(), "[1,2,3,4,5]");
}

TEST_F(MapRunsTest, ItIsFoundByArnAndByIdByItsOwnTenantOnly) {
  Begin(kMinute, kHalf);
  const std::string arn = Only().map_run_arn();
  const std::string id = arn.substr(arn.rfind(':') + 1);
  EXPECT_EQ(Describe(arn)->response.map_run_arn(), arn);
  EXPECT_EQ(Describe(id)->response.map_run_arn(), arn);
  EXPECT_EQ(Describe(id, "acme")->outcome(), "ResourceNotFound");
  EXPECT_EQ(Describe(arn, "acme")->outcome(), "AccessDeniedException");
  const std::string prefix = "arn:towline:states:local:default:mapRun:";
  EXPECT_EQ(Describe(prefix + "m/cells:" + id)->outcome(), "ResourceNotFound");
  EXPECT_EQ(Describe(prefix + "n/rows:" + id)->outcome(), "ResourceNotFound");
  EXPECT_EQ(Describe(prefix + "m/rows:" + id + "0")->outcome(), "ResourceNotFound");
  EXPECT_EQ(Describe("not an id")->outcome(), "InvalidArn");
}

TEST_F(MapRunsTest, AnExecutionMayHaveSeveralRunsOrNone) {
  const auto map = [](const std::string& state, const std::string& end) {
    return R"(")" + state + R"(":{"Type":"Map","ItemProcessor":{"StartAt":"in )" + state +
           R"(","ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
              "States":{"in )" +
           state + R"(":{"Type":"Succeed"}}},)" + end + "}";
  };
  world_.Create("twice", R"({"StartAt":"A","States":{)" + map("A", R"("Next":"B")") + "," +
                             map("B", R"("End":true)") + "}}");
  world_.Create("none", kPass);
  ASSERT_EQ(world_.Start("twice", "x", "[1]", true)->response.status(),
            v1::EXECUTION_STATUS_SUCCEEDED);
  world_.Start("none", "x");
  auto request = About<v1::ListMapRunsRequest>("twice/x");
  request.set_max_results(1);
  const auto page = world_.Ask(map_runs_, &MapRuns::List, request);
  ASSERT_EQ(page->response.map_runs_size(), 1);
  EXPECT_EQ(page->response.map_runs(0).state(), "A");
  request.set_next_token(page->response.next_token());
  const auto rest = world_.Ask(map_runs_, &MapRuns::List, request);
  ASSERT_EQ(rest->response.map_runs_size(), 1);
  EXPECT_EQ(rest->response.map_runs(0).state(), "B");
  EXPECT_EQ(rest->response.next_token(), "");
  const auto none = world_.Ask(map_runs_, &MapRuns::List, About<v1::ListMapRunsRequest>("none/x"));
  EXPECT_EQ(none->outcome(), "OK");
  EXPECT_EQ(none->response.map_runs_size(), 0);
  const auto missing =
      world_.Ask(map_runs_, &MapRuns::List, About<v1::ListMapRunsRequest>("none/y"));
  EXPECT_EQ(missing->outcome(), "ExecutionDoesNotExist");
}

TEST_F(MapRunsTest, ChildrenAreListedByTheirRunAlone) {
  Begin(kMinute, kHalf);
  world_.Advance(Seconds{60});
  v1::ListExecutionsRequest request;
  request.set_map_run(Only().map_run_arn());
  EXPECT_EQ(Children(request), "3210|");
  request.set_max_results(3);
  EXPECT_EQ(Children(request), "321|0|");
  request.set_status(v1::EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(Children(request), "32|");
  request.set_status(v1::EXECUTION_STATUS_FAILED);
  EXPECT_EQ(Children(request), "|") << "none is no error";
  request.set_state_machine("m");
  EXPECT_EQ(Children(request), "ValidationException");
  request.clear_state_machine();
  request.set_map_run("0000-none");
  EXPECT_EQ(Children(request), "ResourceNotFound");
  v1::ListExecutionsRequest all;
  EXPECT_EQ(Children(all), "0|") << "the parent";
  all.set_state_machine("m");
  EXPECT_EQ(Children(all), "0|");
}

TEST_F(MapRunsTest, AChildSaysWhoseItIs) {
  Begin(kMinute, kHalf);
  const v1::Execution child = world_.Describe(Child(1));
  EXPECT_EQ(child.state_machine(), "m/rows");
  EXPECT_EQ(child.input(), "2");
  EXPECT_EQ(child.parent_execution_arn(), "arn:towline:states:local:default:execution:m:one");
  EXPECT_EQ(child.map_run_arn(), Only().map_run_arn());
  EXPECT_EQ(child.map_run_index(), 1U);
  EXPECT_EQ(child.item_count(), 1U);
  EXPECT_EQ(world_.Describe(child.execution_arn()).name(), child.name());
  EXPECT_EQ(world_.History(child.execution_arn()).front().type(), "ExecutionStarted");
  const v1::Execution parent = world_.Describe("m/one");
  EXPECT_FALSE(parent.has_map_run_index());
  EXPECT_EQ(parent.parent_execution_arn(), "");
  EXPECT_EQ(parent.map_run_arn(), "");
}

TEST_F(MapRunsTest, AChildsMachineIsItsParents) {
  Begin(kMinute, kHalf);
  const auto answer =
      world_.Ask(world_.service().state_machines(), &StateMachines::DescribeForExecution,
                 About<v1::DescribeStateMachineForExecutionRequest>(Child(0)));
  ASSERT_EQ(answer->outcome(), "OK");
  EXPECT_EQ(answer->response.name(), "m");
  EXPECT_EQ(answer->response.status(), v1::STATE_MACHINE_STATUS_ACTIVE);
  EXPECT_EQ(answer->response.label(), "rows");
  EXPECT_EQ(answer->response.map_run_arn(), Only().map_run_arn());
  EXPECT_THAT(answer->response.definition(), HasSubstr("ItemProcessor"));
}

TEST_F(MapRunsTest, AChildStoppedByItselfCountsAsAborted) {
  Begin(kMinute, kHalf);
  world_.Stop(Child(0));
  EXPECT_EQ(Only().item_counts().aborted(), 1U);
  EXPECT_EQ(Only().item_counts().running(), 2U) << "another one has its place";
  world_.Advance(Seconds{180});
  EXPECT_EQ(Only().status(), v1::MAP_RUN_STATUS_SUCCEEDED);
  EXPECT_EQ(Only().execution_counts().succeeded(), 4U);
  EXPECT_EQ(Only().execution_counts().aborted(), 1U);
}

TEST_F(MapRunsTest, AStoppedParentStopsItsChildren) {
  Begin(kMinute, kHalf);
  world_.Stop("m/one");
  EXPECT_EQ(Only().status(), v1::MAP_RUN_STATUS_ABORTED);
  EXPECT_FALSE(Only().stopping());
  EXPECT_EQ(Only().item_counts().aborted(), 2U);
  EXPECT_EQ(world_.Describe(Child(0)).status(), v1::EXECUTION_STATUS_ABORTED);
}

TEST_F(MapRunsTest, MoreAtOnceStartAtOnce) {
  Begin(kMinute, kHalf);
  v1::UpdateMapRunRequest request;
  request.set_max_concurrency(4);
  const auto updated = Update(request);
  ASSERT_EQ(updated->outcome(), "OK");
  EXPECT_EQ(updated->response.max_concurrency(), 4U);
  EXPECT_EQ(updated->response.tolerated_failure_percentage(), 50) << "what is absent stays";
  EXPECT_EQ(updated->response.state(), "Rows");
  EXPECT_EQ(Only().item_counts().running(), 4U);
  request.set_max_concurrency(1);
  EXPECT_EQ(Update(request)->response.max_concurrency(), 1U);
  EXPECT_EQ(Only().item_counts().running(), 4U) << "those that run go on";
}

TEST_F(MapRunsTest, ALowerToleranceThatIsExceededFailsTheRunAtOnce) {
  Begin(kMinute, kHalf);
  world_.Stop(Child(0));
  v1::UpdateMapRunRequest request;
  request.set_tolerated_failure_count(0);
  const auto updated = Update(request);
  ASSERT_EQ(updated->outcome(), "OK");
  EXPECT_EQ(updated->response.status(), v1::MAP_RUN_STATUS_FAILED);
  EXPECT_EQ(world_.Describe("m/one").error(), "States.ExceedToleratedFailureThreshold");
  EXPECT_EQ(Only().item_counts().aborted(), 3U) << "and those that ran are stopped";
}

// The runner learns that there are no more items by asking for one more.
TEST_F(MapRunsTest, APercentageIsJudgedWhenTheLastChildEndsBeforeTheEndOfTheItemsIsKnown) {
  Begin(kFails, R"("MaxConcurrency":1,"ToleratedFailurePercentage":10,)", "[1]");
  EXPECT_EQ(Only().status(), v1::MAP_RUN_STATUS_FAILED);
  EXPECT_EQ(world_.Describe("m/one").error(), "States.ExceedToleratedFailureThreshold");
}

TEST_F(MapRunsTest, WhatHasEndedIsNotUpdated) {
  Begin(kMinute, kHalf);
  v1::UpdateMapRunRequest request;
  request.set_tolerated_failure_percentage(100.5);
  EXPECT_EQ(Update(request)->outcome(), "ValidationException");
  request.set_tolerated_failure_percentage(100);
  world_.set_busy(true);
  EXPECT_EQ(Update(request)->outcome(), "Busy");
  world_.set_busy(false);
  EXPECT_EQ(Update(request)->outcome(), "OK");
  world_.Advance(Seconds{180});
  const auto late = Update(request);
  EXPECT_EQ(late->outcome(), "ValidationException");
  EXPECT_THAT(late->error->message, HasSubstr("CANNOT_UPDATE_COMPLETED_MAP_RUN"));
}

}  // namespace
}  // namespace towline::api
