#include "statemachines/asl/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/asl/case_files.h"

namespace towline::asl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::shared_ptr<const Definition> Compiled(std::string_view text) {
  const ParseResult result = Parse(text);
  EXPECT_TRUE(result.ok()) << DescribeErrors(result.diagnostics);
  return result.definition;
}

std::vector<std::string> Names(const Definition& definition) {
  std::vector<std::string> names;
  for (const State& state : definition.states) names.push_back(state.name);
  return names;
}

constexpr std::string_view kNested = R"({
  "Comment": "nested", "TimeoutSeconds": 60, "StartAt": "Split",
  "States": {
    "Join": {"Type": "Succeed"},
    "Split": {
      "Type": "Parallel", "Next": "Join",
      "Branches": [
        {"StartAt": "B", "States": {"A": {"Type": "Pass", "End": true},
                                    "B": {"Type": "Pass", "Next": "A"}}},
        {"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": true,
          "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Fail"}}}}}}
      ],
      "Catch": [{"ErrorEquals": ["X"], "Next": "Sorry", "ResultPath": "$.e"}]
    },
    "Sorry": {"Type": "Fail", "Error": "E"}
  }
})";

// Stored events name states by index: the order is part of the contract.
TEST(ParserTest, StatesStandInDocumentOrderEachBeforeThoseNestedInIt) {
  const auto definition = Compiled(kNested);
  ASSERT_NE(definition, nullptr);
  EXPECT_THAT(Names(*definition), ElementsAre("Join", "Split", "A", "B", "Each", "I", "Sorry"));
  EXPECT_EQ(definition->comment, "nested");
  EXPECT_EQ(definition->timeout_seconds, 60);
  EXPECT_EQ(definition->text, kNested);
}

TEST(ParserTest, TransitionsAndScopesAreResolved) {
  const auto definition = Compiled(kNested);
  ASSERT_NE(definition, nullptr);
  ASSERT_EQ(definition->scopes.size(), 4u);
  EXPECT_EQ(definition->scopes[0].start_at, 1u);
  EXPECT_EQ(definition->scopes[1].start_at, 3u);
  EXPECT_EQ(definition->scopes[2].start_at, 4u);
  EXPECT_EQ(definition->scopes[3].start_at, 5u);
  const State& split = definition->state(1);
  EXPECT_EQ(split.next, 0u);
  ASSERT_EQ(split.catchers.size(), 1u);
  EXPECT_EQ(split.catchers[0].next, 6u);
  EXPECT_THAT(std::get<Parallel>(split.kind).branches, ElementsAre(1u, 2u));
  EXPECT_EQ(definition->state(3).next, 2u);
  EXPECT_EQ(definition->state(3).scope, 1u);
  EXPECT_EQ(definition->state(2).next, std::nullopt);
  EXPECT_EQ(std::get<Map>(definition->state(4).kind).processor, 3u);
}

TEST(ParserTest, RetriersHaveTheirDefaults) {
  const auto definition = Compiled(R"({"StartAt":"T","States":{"T":{"Type":"Task","End":true,
      "Resource":"arn:aws:lambda:::function:f","Retry":[{"ErrorEquals":["A"]},
      {"ErrorEquals":["B"],"IntervalSeconds":3,"MaxAttempts":0,"BackoffRate":1.5,
       "MaxDelaySeconds":9,"JitterStrategy":"FULL"}]}}})");
  ASSERT_NE(definition, nullptr);
  const std::vector<Retrier>& retriers = definition->state(0).retriers;
  ASSERT_EQ(retriers.size(), 2u);
  EXPECT_EQ(retriers[0].interval_seconds, 1);
  EXPECT_EQ(retriers[0].max_attempts, 3);
  EXPECT_EQ(retriers[0].backoff_rate, 2.0);
  EXPECT_EQ(retriers[0].max_delay_seconds, std::nullopt);
  EXPECT_FALSE(retriers[0].full_jitter);
  EXPECT_EQ(retriers[1].interval_seconds, 3);
  EXPECT_EQ(retriers[1].max_attempts, 0);
  EXPECT_EQ(retriers[1].backoff_rate, 1.5);
  EXPECT_EQ(retriers[1].max_delay_seconds, 9);
  EXPECT_TRUE(retriers[1].full_jitter);
}

TEST(ParserTest, ChoiceRulesAreCompiled) {
  const auto definition = Compiled(R"({"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[
      {"And":[{"Variable":"$.a","TimestampLessThan":"2016-03-14T01:59:00Z"},
              {"Not":{"Variable":"$.b","NumericEqualsPath":"$$.Execution.Input.c"}}],"Next":"Y"},
      {"Variable":"$.d","IsPresent":false,"Next":"N"}],"Default":"N"},
      "Y":{"Type":"Succeed"},"N":{"Type":"Fail"}}})");
  ASSERT_NE(definition, nullptr);
  const Choice& choice = std::get<Choice>(definition->state(0).kind);
  ASSERT_EQ(choice.rules.size(), 2u);
  EXPECT_EQ(choice.otherwise, 2u);
  EXPECT_EQ(choice.rules[0].next, 1u);
  EXPECT_EQ(choice.rules[1].next, 2u);
  const Condition& both = choice.rules[0].condition;
  ASSERT_EQ(both.op, Condition::Op::kAnd);
  ASSERT_EQ(both.operands.size(), 2u);
  EXPECT_EQ(both.operands[0].timestamp, ParseTimestamp("2016-03-14T01:59:00Z"));
  ASSERT_EQ(both.operands[1].op, Condition::Op::kNot);
  EXPECT_TRUE(both.operands[1].operands.at(0).operand_path->is_context());
  EXPECT_EQ(choice.rules[1].condition.literal, Json(json::value(false)));
}

TEST(ParserTest, PathsThatAreNullDiscard) {
  const auto definition = Compiled(R"({"StartAt":"P","States":{"P":{"Type":"Pass","End":true,
      "InputPath":null,"ResultPath":null}}})");
  ASSERT_NE(definition, nullptr);
  const State& state = definition->state(0);
  EXPECT_TRUE(state.input_path.discards);
  EXPECT_TRUE(state.result_path.discards);
  EXPECT_FALSE(state.output_path.discards);
  EXPECT_TRUE(state.output_path.path.is_root());
}

TEST(ParserTest, JsonThatDoesNotParseHasLineAndColumn) {
  const ParseResult result = Parse("{\"StartAt\": \"A\",\n  \"States\": nope}");
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].code, "INVALID_JSON_DESCRIPTION");
  EXPECT_EQ(result.diagnostics[0].line, 2);
  EXPECT_THAT(result.diagnostics[0].column, testing::AllOf(testing::Ge(13), testing::Le(14)));
  EXPECT_FALSE(result.ok());
}

TEST(ParserTest, WhatIsNoObjectIsRefused) {
  for (const char* text : {"", " \n", "[]", "\"x\"", "7"}) {
    EXPECT_THAT(Print(Parse(text).diagnostics),
                ElementsAre("SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object"))
        << text;
  }
}

TEST(ParserTest, TextOverOneMebibyteIsRefused) {
  const std::string start = R"({"StartAt":"A","States":{"A":{"Type":"Succeed"}},"Comment":")";
  const std::size_t room = 1'048'576 - start.size() - 2;
  EXPECT_TRUE(Parse(start + std::string(room, 'x') + "\"}").ok());
  const ParseResult result = Parse(start + std::string(room + 1, 'x') + "\"}");
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_THAT(result.diagnostics[0].message, HasSubstr("1048577 bytes"));
}

std::string NestedParallels(int depth) {
  std::string inner = R"({"StartAt":"L","States":{"L":{"Type":"Succeed"}}})";
  for (int i = 0; i < depth; i++) {
    const std::string name = "P" + std::to_string(i);
    inner = R"({"StartAt":")" + name + R"(","States":{")" + name +
            R"(":{"Type":"Parallel","End":true,"Branches":[)" + inner + "]}}}";
  }
  return inner;
}

TEST(ParserTest, InsaneDepthIsRefusedAsSuch) {
  EXPECT_TRUE(Parse(NestedParallels(16)).ok());
  const ParseResult deep = Parse(NestedParallels(17));
  ASSERT_EQ(deep.diagnostics.size(), 1u);
  EXPECT_EQ(deep.diagnostics[0].code, "TOO_DEEPLY_NESTED");
  const ParseResult deeper = Parse(NestedParallels(200));
  ASSERT_EQ(deeper.diagnostics.size(), 1u);
  EXPECT_EQ(deeper.diagnostics[0].code, "TOO_DEEPLY_NESTED");
  EXPECT_GT(deeper.diagnostics[0].column, 1);
}

// A thousand are told, the rest are counted: no flood, and no quadratic search for lines.
TEST(ParserTest, AFloodOfProblemsIsBounded) {
  std::string states;
  for (int i = 0; i < 5000; i++) {
    states += (i == 0 ? "\"S" : ",\"S") + std::to_string(i) +
              R"(":{"Type":"Pass","End":true,"Wrong":1})";
  }
  const ParseResult result = Parse(R"({"StartAt":"S0","States":{)" + states + "}}");
  ASSERT_EQ(result.diagnostics.size(), 1001u);
  EXPECT_THAT(result.diagnostics.back().message, HasSubstr("8999 more problems"));
}

TEST(ParserTest, ErrorsAreWordedAsTheServiceDoes) {
  const ParseResult result = Parse(R"({"StartAt":"pass1","States":{
      "pass1":{"Type":"Pass","Next":"pass3"},"pass2":{"Type":"Pass","End":true}}})");
  EXPECT_EQ(DescribeErrors(result.diagnostics),
            "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: "
            "pass3 at /States/pass1/Next, MISSING_TRANSITION_TARGET: State \"pass2\" is not "
            "reachable. at /States/pass2'");
}

struct ResourceCase {
  const char* arn;
  const char* parameters;
  TaskResource::Kind kind;
  bool callback;
  const char* name;
  const char* history_type;
  const char* history_resource;
};

TEST(ParserTest, ResourcesAreRead) {
  using Kind = TaskResource::Kind;
  const ResourceCase cases[] = {
      {"arn:towline:states:::job:run", R"({"JobType":"j"})", Kind::kJob, false, "", "job", "run"},
      {"arn:towline:states:::job:run.waitForTaskToken", R"({"JobType.$":"$.j"})", Kind::kJob, true,
       "", "job", "run.waitForTaskToken"},
      {"arn:towline:states:::mqtt:publish", R"({"Topic":"t"})", Kind::kPublish, false, "", "mqtt",
       "publish"},
      {"arn:towline:states:::mqtt:publish.waitForTaskToken", R"({"Topic":"t"})", Kind::kPublish,
       true, "", "mqtt", "publish.waitForTaskToken"},
      {"arn:aws:states:::lambda:invoke", R"({"FunctionName":"f"})", Kind::kLambda, false, "",
       "lambda", "invoke"},
      {"arn:aws-cn:states:::lambda:invoke.waitForTaskToken", R"({"FunctionName":"f"})",
       Kind::kLambda, true, "", "lambda", "invoke.waitForTaskToken"},
      {"arn:aws:states:::aws-sdk:iotdataplane:publish", R"({"Topic":"t"})", Kind::kPublish, false,
       "", "aws-sdk:iotdataplane", "publish"},
      {"arn:aws:lambda:eu-west-1:123456789012:function:add-numbers:prod", "{}", Kind::kFunction,
       false, "add-numbers", "", "arn:aws:lambda:eu-west-1:123456789012:function:add-numbers:prod"},
      {"arn:towline:states:local:default:activity:paint", "{}", Kind::kActivity, false, "paint",
       "", "arn:towline:states:local:default:activity:paint"},
      {"arn:aws:states:us-east-1:123456789012:activity:paint", "{}", Kind::kActivity, false,
       "paint", "", "arn:aws:states:us-east-1:123456789012:activity:paint"},
  };
  for (const ResourceCase& test : cases) {
    const auto definition = Compiled(
        std::string(R"({"StartAt":"T","States":{"T":{"Type":"Task","End":true,"Resource":")") +
        test.arn + R"(","Parameters":)" + test.parameters + "}}}");
    ASSERT_NE(definition, nullptr) << test.arn;
    const TaskResource& resource = std::get<Task>(definition->state(0).kind).resource;
    EXPECT_EQ(resource.kind, test.kind) << test.arn;
    EXPECT_EQ(resource.wait_for_task_token, test.callback) << test.arn;
    EXPECT_EQ(resource.arn, test.arn);
    EXPECT_EQ(resource.name, test.name) << test.arn;
    EXPECT_EQ(resource.history_type, test.history_type) << test.arn;
    EXPECT_EQ(resource.history_resource, test.history_resource) << test.arn;
  }
}

}  // namespace
}  // namespace towline::asl
