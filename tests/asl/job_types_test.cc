// Which job types workers must serve before a definition can run, as far as its text tells.

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "statemachines/asl/parser.h"

namespace towline::asl {
namespace {

using Types = std::set<std::string>;

Types TypesOf(const std::string& states) {
  const ParseResult parsed = Parse(R"({"StartAt":"A","States":{)" + states + "}}");
  EXPECT_TRUE(parsed.ok()) << states << ": "
                           << (parsed.diagnostics.empty() ? "" : parsed.diagnostics[0].message);
  return parsed.ok() ? parsed.definition->job_types : Types{};
}

std::string TaskOf(const std::string& resource, const std::string& rest) {
  return R"("A":{"Type":"Task","End":true,"Resource":")" + resource + R"(")" + rest + "}";
}

TEST(JobTypesTest, EachResourceNamesItsOwn) {
  const std::string job = "arn:towline:states:::job:run";
  const std::string lambda = "arn:aws:states:::lambda:invoke";
  const struct {
    std::string resource;
    std::string rest;
    Types types;
  } cases[] = {
      {job, R"(,"Parameters":{"JobType":"add"})", {"add"}},
      {job + ".waitForTaskToken", R"(,"Parameters":{"JobType":"add"})", {"add"}},
      {job, R"(,"QueryLanguage":"JSONata","Arguments":{"JobType":"add"})", {"add"}},
      {lambda, R"(,"Parameters":{"FunctionName":"scale"})", {"scale"}},
      {lambda, R"(,"Parameters":{"FunctionName":"scale:prod"})", {"scale"}},
      {lambda, R"(,"Parameters":{"FunctionName":"arn:aws:lambda:eu-1:1:function:scale:2"})",
       {"scale"}},
      {"arn:aws:lambda:eu-west-1:123456789012:function:scale", "", {"scale"}},
      {"arn:aws:states:::sns:publish", R"(,"Parameters":{})", {"sns-publish"}},
      {"arn:aws:states:::ecs:runTask.sync", R"(,"Parameters":{})", {"ecs-runTask"}},
      {"arn:aws:states:::aws-sdk:dynamodb:scan", R"(,"Parameters":{})", {"aws-sdk-dynamodb-scan"}},
      // Found out when the state runs.
      {job, R"(,"Parameters":{"JobType.$":"$.type"})", {}},
      {job, R"(,"QueryLanguage":"JSONata","Arguments":{"JobType":"{% $states.input.t %}"})", {}},
      {job, R"(,"QueryLanguage":"JSONata","Arguments":"{% $states.input %}")", {}},
      {lambda, R"(,"Parameters":{"FunctionName.$":"$.f"})", {}},
      // No jobs.
      {"arn:towline:states:::mqtt:publish", R"(,"Parameters":{"Topic":"t","Payload":1})", {}},
      {"arn:aws:states:eu-west-1:123456789012:activity:paint", "", {}},
      {"arn:aws:states:::states:startExecution", R"(,"Parameters":{"StateMachineArn":"m"})", {}},
  };
  for (const auto& [resource, rest, types] : cases) {
    EXPECT_EQ(TypesOf(TaskOf(resource, rest)), types) << resource << rest;
  }
}

TEST(JobTypesTest, StatesOfBranchesAndProcessorsCount) {
  const auto machine = [](const std::string& type) {
    return R"({"StartAt":")" + type + R"(","States":{")" + type +
           R"(":{"Type":"Task","End":true,"Resource":"arn:towline:states:::job:run",
           "Parameters":{"JobType":")" + type + R"("}}}})";
  };
  std::string distributed = machine("child");
  distributed.insert(1, R"("ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},)");
  EXPECT_EQ(TypesOf(R"("A":{"Type":"Parallel","Next":"M","Branches":[)" + machine("left") + "," +
                    machine("right") + R"(]},"M":{"Type":"Map","Next":"D","ItemProcessor":)" +
                    machine("item") + R"(},"D":{"Type":"Map","End":true,"ItemProcessor":)" +
                    distributed + "}"),
            (Types{"child", "item", "left", "right"}));
}

}  // namespace
}  // namespace towline::asl
