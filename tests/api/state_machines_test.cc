#include <functional>
#include <map>
#include <string>

#include "tests/api/world.h"

namespace towline::api {
namespace {

using v1::CreateStateMachineRequest;

class StateMachinesTest : public testing::Test {
 protected:
  Answer<v1::CreateStateMachineResponse> Create(const std::string& name,
                                                const std::string& definition) {
    CreateStateMachineRequest request;
    request.set_name(name);
    request.set_definition(definition);
    return world_.Ask(machines_, &StateMachines::Create, request);
  }
  Answer<v1::UpdateStateMachineResponse> Update(const std::string& machine,
                                                const std::string& definition) {
    v1::UpdateStateMachineRequest request;
    request.set_state_machine(machine);
    request.set_definition(definition);
    return world_.Ask(machines_, &StateMachines::Update, request);
  }
  Answer<v1::StateMachine> Describe(const std::string& machine, bool metadata_only = false) {
    v1::DescribeStateMachineRequest request;
    request.set_state_machine(machine);
    request.set_metadata_only(metadata_only);
    return world_.Ask(machines_, &StateMachines::Describe, request);
  }
  Answer<v1::DeleteStateMachineResponse> Delete(const std::string& machine) {
    v1::DeleteStateMachineRequest request;
    request.set_state_machine(machine);
    return world_.Ask(machines_, &StateMachines::Delete, request);
  }

  World world_{{.partitions = 3}};
  StateMachines& machines_ = world_.service().state_machines();
};

TEST_F(StateMachinesTest, CreatingTheSameAgainGivesTheSameAndAnotherIsRefused) {
  const auto first = Create("m", kPass);
  ASSERT_EQ(first->outcome(), "OK");
  EXPECT_EQ(first->response.state_machine_arn(),
            "arn:towline:states:local:default:stateMachine:m");
  EXPECT_EQ(first->response.revision_id(), engine::RevisionHash(kPass));
  world_.Advance(Seconds{5});
  const auto again = Create("m", kPass);
  EXPECT_EQ(again->outcome(), "OK");
  EXPECT_EQ(again->response.creation_time().seconds(), first->response.creation_time().seconds());
  const auto other = Create("m", kWait);
  EXPECT_EQ(other->outcome(), "StateMachineAlreadyExists");
  EXPECT_EQ(other->error->code, Error::Code::kAlreadyExists);
}

TEST_F(StateMachinesTest, AWrongDefinitionIsRefusedWithEveryFinding) {
  const auto answer = Create("m", R"({"StartAt":"A","States":{
    "A":{"Type":"Pass","Next":"Nowhere"},"B":{"Type":"Task","End":true}}})");
  ASSERT_EQ(answer->outcome(), "InvalidDefinition");
  EXPECT_GE(answer->diagnostics.size(), 2U);
  for (const v1::Diagnostic& diagnostic : answer->diagnostics) {
    EXPECT_FALSE(diagnostic.code().empty());
    EXPECT_GT(diagnostic.line(), 0);
  }
  EXPECT_EQ(answer->error->message.find("Invalid State Machine Definition: '"), 0U);
  EXPECT_EQ(Describe("m")->outcome(), "StateMachineDoesNotExist") << "nothing half-made stays";
  EXPECT_EQ(Create("m", "{")->outcome(), "InvalidDefinition");
  EXPECT_EQ(Create("a b", kPass)->outcome(), "InvalidName");
}

TEST_F(StateMachinesTest, WarningsComeWithTheAnswer) {
  const auto answer = Create("m", R"({"StartAt":"A","States":{"A":{"Type":"Task","End":true,
    "Resource":"arn:towline:states:::job:run","Parameters":{"JobType":"x","Payload":{}}}}})");
  ASSERT_EQ(answer->outcome(), "OK");
  ASSERT_EQ(answer->response.warnings_size(), 1);
  EXPECT_EQ(answer->response.warnings(0).code(), "NO_TIMEOUT");
}

TEST_F(StateMachinesTest, ValidatingTellsWhichJobTypesWorkersMustServe) {
  v1::ValidateStateMachineRequest request;
  request.set_definition(R"({"StartAt":"A","States":{
    "A":{"Type":"Task","Resource":"arn:aws:states:::sns:publish","Parameters":{},"Next":"B"},
    "B":{"Type":"Task","Resource":"arn:towline:states:::job:run",
         "Parameters":{"JobType.$":"$.type"},"Next":"C"},
    "C":{"Type":"Task","Resource":"arn:towline:states:::job:run",
         "Parameters":{"JobType":"add"},"End":true}}})");
  const auto answer = world_.Ask(machines_, &StateMachines::Validate, request);
  ASSERT_EQ(answer->response.job_types_size(), 2);
  EXPECT_EQ(answer->response.job_types(0).name(), "add");
  EXPECT_EQ(answer->response.job_types(1).name(), "sns-publish");
  for (const v1::RequiredJobType& type : answer->response.job_types()) {
    EXPECT_TRUE(type.has_announced());
    EXPECT_FALSE(type.announced()) << "there is no worker yet";
  }
  world_.Announce("w1", "add");
  const auto later = world_.Ask(machines_, &StateMachines::Validate, request);
  EXPECT_TRUE(later->response.job_types(0).announced());
  EXPECT_FALSE(later->response.job_types(1).announced());
}

TEST_F(StateMachinesTest, ADescriptionTellsWhichVariablesEachStateMentions) {
  Create("m", R"asl({"StartAt":"A","States":{
    "A":{"Type":"Pass","Assign":{"x":1,"y.$":"$z.part"},"Next":"B"},
    "B":{"Type":"Pass","Parameters":{"p.$":"States.Array($x, $y, $.n)"},"OutputPath":"$z",
         "Next":"C"},
    "C":{"Type":"Map","ItemsPath":"$list","End":true,"ItemProcessor":{"StartAt":"I","States":{
         "I":{"Type":"Fail","CausePath":"$why"}}}}}})asl");
  for (const bool metadata_only : {false, true}) {
    const auto answer = Describe("m", metadata_only);
    std::map<std::string, std::string> shown;
    for (const auto& [state, variables] : answer->response.variable_references()) {
      for (const std::string& name : variables.names()) shown[state] += name + " ";
    }
    EXPECT_EQ(shown, (std::map<std::string, std::string>{
                         {"A", "z "}, {"B", "x y z "}, {"C", "list "}, {"I", "why "}}));
  }
}

// An update is for those who start after it.
TEST_F(StateMachinesTest, RunningExecutionsKeepTheDefinitionTheyStartedWith) {
  Create("m", kWait);
  world_.Start("m", "old");
  const auto updated = Update("m", kPass);
  ASSERT_EQ(updated->outcome(), "OK");
  EXPECT_EQ(updated->response.revision_id(), engine::RevisionHash(kPass));
  world_.Start("m", "new");
  EXPECT_EQ(world_.Describe("m/new").status(), v1::EXECUTION_STATUS_SUCCEEDED);
  EXPECT_EQ(world_.Describe("m/old").status(), v1::EXECUTION_STATUS_RUNNING);
  const auto of_old = world_.Ask(machines_, &StateMachines::DescribeForExecution,
                                 About<v1::DescribeStateMachineForExecutionRequest>("m/old"));
  EXPECT_EQ(of_old->response.definition(), kWait);
  EXPECT_EQ(Describe("m")->response.definition(), kPass);
  world_.Advance(Seconds{61});
  EXPECT_EQ(world_.Describe("m/old").status(), v1::EXECUTION_STATUS_SUCCEEDED);
}

TEST_F(StateMachinesTest, AnUpdateNeedsAMachineAndADefinition) {
  EXPECT_EQ(Update("m", kPass)->outcome(), "StateMachineDoesNotExist");
  Create("m", kPass);
  EXPECT_EQ(Update("m", "")->outcome(), "MissingRequiredParameter");
  EXPECT_EQ(Update("m", "[]")->outcome(), "InvalidDefinition");
  EXPECT_EQ(Describe("m")->response.definition(), kPass);
}

TEST_F(StateMachinesTest, DescribeSaysWhatThereIs) {
  Create("m", kWait);
  for (const char* name : {"a", "b", "c"}) world_.Start("m", name);
  const auto whole = Describe("m");
  EXPECT_EQ(whole->response.definition(), kWait);
  EXPECT_EQ(whole->response.status(), v1::STATE_MACHINE_STATUS_ACTIVE);
  EXPECT_EQ(whole->response.running_executions(), 3) << "over all partitions";
  EXPECT_EQ(Describe("m", true)->response.definition(), "");
}

TEST_F(StateMachinesTest, ADeletedMachineIsGoneWhenItsLastExecutionHasEnded) {
  Create("m", kWait);
  world_.Start("m", "last");
  ASSERT_EQ(Delete("m")->outcome(), "OK");
  EXPECT_EQ(Describe("m")->response.status(), v1::STATE_MACHINE_STATUS_DELETING);
  EXPECT_EQ(world_.Start("m", "next")->outcome(), "StateMachineDeleting");
  EXPECT_EQ(Create("m", kWait)->outcome(), "StateMachineDeleting");
  EXPECT_EQ(Update("m", kPass)->outcome(), "StateMachineDeleting");
  world_.service().Sweep();
  EXPECT_EQ(Describe("m")->outcome(), "OK");
  world_.Advance(Seconds{61});
  world_.service().Sweep();
  EXPECT_EQ(Describe("m")->outcome(), "StateMachineDoesNotExist");
  EXPECT_EQ(world_.Describe("m/last").status(), v1::EXECUTION_STATUS_SUCCEEDED);
  EXPECT_EQ(world_.Start("m")->outcome(), "StateMachineDoesNotExist");
  EXPECT_EQ(Create("m", kPass)->outcome(), "OK") << "the name is free again";
}

TEST_F(StateMachinesTest, DeletingWhatIsNotThereIsFine) {
  EXPECT_EQ(Delete("m")->outcome(), "OK");
  Create("idle", kPass);
  Delete("idle");
  EXPECT_EQ(Describe("idle")->outcome(), "StateMachineDoesNotExist") << "nothing to wait for";
}

TEST_F(StateMachinesTest, ListsByNameInPages) {
  for (const char* name : {"c", "a", "e", "b", "d"}) Create(name, kPass);
  world_.Create("foreign", kPass, "acme");
  v1::ListStateMachinesRequest request;
  request.set_max_results(2);
  std::string names;
  int pages = 0;
  do {
    const auto page = world_.Ask(machines_, &StateMachines::List, request);
    ASSERT_EQ(page->outcome(), "OK");
    EXPECT_LE(page->response.state_machines_size(), 2);
    for (const auto& machine : page->response.state_machines()) names += machine.name();
    request.set_next_token(page->response.next_token());
    ++pages;
  } while (!request.next_token().empty());
  EXPECT_EQ(names, "abcde");
  EXPECT_EQ(pages, 3);
}

TEST_F(StateMachinesTest, AListingRefusesForeignTokensAndSizes) {
  for (const char* name : {"a", "b"}) Create(name, kPass);
  v1::ListStateMachinesRequest request;
  request.set_max_results(1);
  const auto page = world_.Ask(machines_, &StateMachines::List, request);
  request.set_next_token(page->response.next_token());
  EXPECT_EQ(world_.Ask(machines_, &StateMachines::List, request, "acme")->outcome(),
            "InvalidToken");
  world_.Advance(std::chrono::hours{24});
  EXPECT_EQ(world_.Ask(machines_, &StateMachines::List, request)->outcome(), "OK");
  world_.Advance(Seconds{1});
  EXPECT_EQ(world_.Ask(machines_, &StateMachines::List, request)->outcome(), "InvalidToken");
  request.set_max_results(1001);
  EXPECT_EQ(world_.Ask(machines_, &StateMachines::List, request)->outcome(),
            "ValidationException");
}

TEST_F(StateMachinesTest, ValidateAnswersWhateverItIsGiven) {
  v1::ValidateStateMachineRequest request;
  for (const char* text : {"", "{", "[]", "{}", "\xFF", "null"}) {
    request.set_definition(text);
    const auto answer = world_.Ask(machines_, &StateMachines::Validate, request);
    EXPECT_EQ(answer->outcome(), "OK");
    EXPECT_FALSE(answer->response.ok()) << text;
    EXPECT_GT(answer->response.diagnostics_size(), 0) << text;
  }
  request.set_definition(kPass);
  EXPECT_TRUE(world_.Ask(machines_, &StateMachines::Validate, request)->response.ok());
}

TEST_F(StateMachinesTest, ValidateCutsAndFiltersOnRequest) {
  v1::ValidateStateMachineRequest request;
  request.set_definition(R"({"StartAt":"A","States":{
    "A":{"Type":"Pass","Next":"X"},"B":{"Type":"Pass","Next":"Y"},
    "C":{"Type":"Pass","Next":"Z"}}})");
  request.set_max_results(1);
  const auto cut = world_.Ask(machines_, &StateMachines::Validate, request);
  EXPECT_EQ(cut->response.diagnostics_size(), 1);
  EXPECT_TRUE(cut->response.truncated());
  request.set_definition(kCallback);
  request.set_max_results(0);
  EXPECT_EQ(world_.Ask(machines_, &StateMachines::Validate, request)->response.diagnostics_size(),
            1);
  request.set_errors_only(true);
  EXPECT_EQ(world_.Ask(machines_, &StateMachines::Validate, request)->response.diagnostics_size(),
            0);
}

TEST_F(StateMachinesTest, TenantsDoNotSeeEachOther) {
  world_.Create("m", kPass, "acme");
  EXPECT_EQ(Describe("m")->outcome(), "StateMachineDoesNotExist");
  EXPECT_EQ(Describe("arn:towline:states:local:acme:stateMachine:m")->outcome(), "OK")
      << "who says no tenant is taken by the ARN";
  v1::DescribeStateMachineRequest request;
  request.set_state_machine("arn:towline:states:local:acme:stateMachine:m");
  EXPECT_EQ(world_.Ask(machines_, &StateMachines::Describe, request, "emca")->outcome(),
            "AccessDeniedException");
}

TEST_F(StateMachinesTest, AStateIsTestedWithoutAMachine) {
  v1::TestStateRequest request;
  request.set_definition(R"({"Type":"Task","Resource":"arn:towline:states:::job:run",
    "InputPath":"$.site","Parameters":{"JobType":"sum","Payload.$":"$.n"},
    "ResultSelector":{"total.$":"$.sum"},"ResultPath":"$.r",
    "Retry":[{"ErrorEquals":["Site.Busy"],"IntervalSeconds":4}],"Next":"Then"})");
  request.set_input(R"({"site":{"n":[1,2]}})");
  request.mutable_mock()->set_result(R"({"sum":3})");
  const auto plain = world_.Ask(machines_, &StateMachines::TestState, request);
  ASSERT_EQ(plain->outcome(), "OK");
  EXPECT_EQ(plain->response.status(), v1::TEST_EXECUTION_STATUS_SUCCEEDED);
  EXPECT_EQ(plain->response.output(), R"({"site":{"n":[1,2]},"r":{"total":3}})");
  EXPECT_EQ(plain->response.next_state(), "Then");
  EXPECT_FALSE(plain->response.has_inspection_data());

  request.set_inspection_level(v1::INSPECTION_LEVEL_DEBUG);
  const auto shown = world_.Ask(machines_, &StateMachines::TestState, request);
  const v1::InspectionData& data = shown->response.inspection_data();
  EXPECT_EQ(data.input(), request.input());
  EXPECT_EQ(data.after_input_path(), R"({"n":[1,2]})");
  EXPECT_EQ(data.after_parameters(), R"({"JobType":"sum","Payload":[1,2]})");
  EXPECT_EQ(data.result(), R"({"sum":3})");
  EXPECT_EQ(data.after_result_selector(), R"({"total":3})");
  EXPECT_EQ(data.after_result_path(), plain->response.output());
  EXPECT_FALSE(data.has_variables() || data.has_after_arguments() || data.has_max_concurrency());

  request.mutable_mock()->mutable_error_output()->set_error("Site.Busy");
  request.mutable_state_configuration()->set_retrier_retry_count(1);
  const auto busy = world_.Ask(machines_, &StateMachines::TestState, request);
  EXPECT_EQ(busy->response.status(), v1::TEST_EXECUTION_STATUS_RETRIABLE);
  EXPECT_EQ(busy->response.error(), "Site.Busy");
  EXPECT_FALSE(busy->response.has_output() || busy->response.has_cause());
  EXPECT_EQ(busy->response.inspection_data().retry_index(), 0);
  EXPECT_EQ(busy->response.inspection_data().retry_backoff_interval_seconds(), 8);
}

TEST_F(StateMachinesTest, AMapIsTestedWithWhatItsFileHolds) {
  v1::TestStateRequest request;
  request.set_definition(R"({"StartAt":"M","States":{"M":{"Type":"Map","End":true,
    "MaxConcurrency":3,"ToleratedFailurePercentage":50,"Catch":[{"ErrorEquals":["E"],"Next":"F"}],
    "ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key":"k"},
      "ReaderConfig":{"InputType":"JSONL"}},
    "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
      "StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}},"F":{"Type":"Fail"}}})");
  request.set_state_name("M");
  request.set_inspection_level(v1::INSPECTION_LEVEL_TRACE);
  request.mutable_state_configuration()->set_map_item_reader_data("{\"a\":1}\n{\"a\":2}\n");
  request.mutable_state_configuration()->set_map_iteration_failure_count(1);
  request.mutable_mock()->set_result("[7]");
  const auto answer = world_.Ask(machines_, &StateMachines::TestState, request);
  ASSERT_EQ(answer->outcome(), "OK");
  EXPECT_EQ(answer->response.output(), "[7]");
  EXPECT_EQ(answer->response.inspection_data().after_items_path(), R"([{"a":1},{"a":2}])");
  EXPECT_EQ(answer->response.inspection_data().max_concurrency(), 3);
  EXPECT_EQ(answer->response.inspection_data().tolerated_failure_percentage(), 50);

  request.mutable_mock()->mutable_error_output()->set_error("E");
  request.mutable_state_configuration()->set_error_caused_by_state("P");
  const auto caught = world_.Ask(machines_, &StateMachines::TestState, request);
  EXPECT_EQ(caught->response.status(), v1::TEST_EXECUTION_STATUS_CAUGHT_ERROR);
  EXPECT_EQ(caught->response.next_state(), "F");
  EXPECT_EQ(caught->response.inspection_data().catch_index(), 0);
}

TEST_F(StateMachinesTest, WhatIsWrongWithATestIsSaid) {
  const auto refused = [this](const std::function<void(v1::TestStateRequest&)>& spoil) {
    v1::TestStateRequest request;
    request.set_definition(kPass);
    request.set_state_name("A");
    spoil(request);
    return world_.Ask(machines_, &StateMachines::TestState, request)->outcome();
  };
  EXPECT_EQ(refused([](auto& request) { request.set_input("[1]"); }), "OK");
  EXPECT_EQ(refused([](auto& request) { request.set_definition("{"); }), "InvalidDefinition");
  EXPECT_EQ(refused([](auto& request) { request.set_input("{"); }), "InvalidExecutionInput");
  EXPECT_EQ(refused([](auto& request) { request.set_state_name("B"); }), "ValidationException");
  EXPECT_EQ(refused([](auto& request) { request.set_variables("1"); }), "ValidationException");
  EXPECT_EQ(refused([](auto& request) { request.set_context("{}"); }), "ValidationException");
  EXPECT_EQ(refused([](auto& request) { request.mutable_mock(); }), "ValidationException");
  EXPECT_EQ(refused([](auto& request) {
              request.mutable_state_configuration()->set_retrier_retry_count(-1);
            }),
            "ValidationException");
  EXPECT_EQ(refused([](auto& request) {
              request.set_definition(std::string((1 << 20) + 1, ' '));
            }),
            "ValidationException");
}

class ActivitiesTest : public testing::Test {
 protected:
  World world_;
  Activities& activities_ = world_.service().activities();
  Answer<v1::Activity> Create(const std::string& name) {
    v1::CreateActivityRequest request;
    request.set_name(name);
    return world_.Ask(activities_, &Activities::Create, request);
  }
  Answer<v1::Activity> Describe(const std::string& name) {
    v1::DescribeActivityRequest request;
    request.set_activity(name);
    return world_.Ask(activities_, &Activities::Describe, request);
  }
};

TEST_F(ActivitiesTest, AreCreatedOnceDescribedListedAndDeleted) {
  const auto first = Create("a");
  ASSERT_EQ(first->outcome(), "OK");
  EXPECT_EQ(first->response.activity_arn(), "arn:towline:states:local:default:activity:a");
  world_.Advance(Seconds{3});
  EXPECT_EQ(Create("a")->response.creation_time().seconds(),
            first->response.creation_time().seconds());
  Create("b");
  EXPECT_EQ(Describe("a")->outcome(), "OK");
  v1::ListActivitiesRequest list;
  list.set_max_results(1);
  const auto page = world_.Ask(activities_, &Activities::List, list);
  ASSERT_EQ(page->response.activities_size(), 1);
  list.set_next_token(page->response.next_token());
  EXPECT_EQ(world_.Ask(activities_, &Activities::List, list)->response.activities(0).name(), "b");
  v1::DeleteActivityRequest drop;
  drop.set_activity("a");
  EXPECT_EQ(world_.Ask(activities_, &Activities::Delete, drop)->outcome(), "OK");
  EXPECT_EQ(world_.Ask(activities_, &Activities::Delete, drop)->outcome(), "OK");
  EXPECT_EQ(Describe("a")->outcome(), "ActivityDoesNotExist");
  EXPECT_EQ(Create("a/b")->outcome(), "InvalidName");
}

}  // namespace
}  // namespace towline::api
