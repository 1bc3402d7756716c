// What each resource makes of its parameters, and what it refuses at run time.

#include "statemachines/interpreter/task_spec.h"

#include "statemachines/asl/resources.h"
#include "tests/interpreter/machine.h"

namespace towline::interpreter {
namespace {

constexpr std::string_view kJob = "arn:towline:states:::job:run";
constexpr std::string_view kPublish = "arn:towline:states:::mqtt:publish";
constexpr std::string_view kLambda = "arn:aws:states:::lambda:invoke";

std::string Resolve(std::string_view arn, std::string_view parameters, TaskSpec& spec) {
  const auto resource = asl::ReadResource(arn);
  EXPECT_TRUE(resource.has_value());
  ExecutionInfo info;
  info.tenant = "acme";
  return ResolveSpec(*resource, J(parameters), info, spec);
}

TEST(TaskSpecTest, AJobTakesAllItsParameters) {
  TaskSpec spec;
  EXPECT_EQ(Resolve(kJob, R"({"JobType":"scan","Payload":{"a":[1]},"Tenant":"plant-1",
                              "Queue":"night","Labels":{"site":"ams"},"Priority":9,
                              "OnWorkerLost":"fail","Start":"AtMostOnce"})", spec), "");
  EXPECT_EQ(spec.kind, TaskSpec::Kind::kJob);
  EXPECT_EQ(spec.job_type, "scan");
  EXPECT_EQ(PrintJson(*spec.payload), R"({"a":[1]})");
  EXPECT_EQ(spec.tenant, "plant-1");
  EXPECT_EQ(spec.queue, "night");
  EXPECT_EQ(spec.labels, (std::map<std::string, std::string>{{"site", "ams"}}));
  EXPECT_EQ(spec.priority, 9);
  EXPECT_EQ(spec.on_worker_lost, TaskSpec::OnWorkerLost::kFail);
  EXPECT_EQ(spec.start, TaskSpec::Start::kAtMostOnce);
}

TEST(TaskSpecTest, AJobHasDefaults) {
  TaskSpec spec;
  EXPECT_EQ(Resolve(kJob, R"({"JobType":"scan"})", spec), "");
  EXPECT_EQ(PrintJson(*spec.payload), "{}");
  EXPECT_EQ(spec.tenant, "acme");
  EXPECT_EQ(spec.queue, "default");
  EXPECT_EQ(spec.priority, 5);
  EXPECT_EQ(spec.on_worker_lost, TaskSpec::OnWorkerLost::kTypeDefault);
  EXPECT_EQ(spec.start, TaskSpec::Start::kTypeDefault);
}

struct Refusal {
  std::string_view arn;
  std::string parameters;
  std::string part;  // of the problem
};
void PrintTo(const Refusal& r, std::ostream* out) { *out << r.arn << " " << r.parameters; }

class RefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusalTest, SaysWhichParameterIsWrong) {
  TaskSpec spec;
  EXPECT_THAT(Resolve(GetParam().arn, GetParam().parameters, spec),
              ::testing::HasSubstr(GetParam().part));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusalTest,
    ::testing::Values(
        Refusal{kJob, "[]", "must be an object, but are: []"},
        Refusal{kJob, "{}", "'JobType' is required"},
        Refusal{kJob, R"({"JobType":7})", "'JobType' must be a string, but is: 7"},
        Refusal{kJob, R"({"JobType":"a b"})", "job type 'a b'"},
        Refusal{kJob, R"({"JobType":"a","Tenant":"UPPER"})", "'Tenant' is 'UPPER'"},
        Refusal{kJob, R"({"JobType":"a","Queue":""})", "'Queue' is ''"},
        Refusal{kJob, R"({"JobType":"a","Priority":10})", "'Priority' must be an integer from 0"},
        Refusal{kJob, R"({"JobType":"a","Priority":1.5})", "but is: 1.5"},
        Refusal{kJob, R"({"JobType":"a","Labels":{"k":1}})", "'Labels.k' must be a string"},
        Refusal{kJob, R"({"JobType":"a","Labels":[]})", "'Labels' must be an object"},
        Refusal{kJob, R"({"JobType":"a","OnWorkerLost":"Explode"})", "wait, requeue or fail"},
        Refusal{kJob, R"({"JobType":"a","Start":"Twice"})", "AtLeastOnce or AtMostOnce"},
        Refusal{kJob, R"({"JobType":"a","Start":"AtMostOnce","OnWorkerLost":"requeue"})",
                "forbids"},
        Refusal{kJob, R"({"JobType":"a","Typo":1})", "'Typo' is not known"},
        Refusal{kLambda, "{}", "'FunctionName' is required"},
        Refusal{kLambda, R"({"FunctionName":"f","InvocationType":"Event"})", "'Event'"},
        Refusal{kPublish, "{}", "'Topic' is required"},
        Refusal{kPublish, R"({"Topic":"a/#"})", "'+', '#'"},
        Refusal{kPublish, R"({"Topic":"$SYS/x"})", "belongs to the broker"},
        Refusal{kPublish, R"({"Topic":"towline/1/x"})", "belongs to the job protocol"},
        Refusal{kPublish, R"({"Topic":"towline"})", "belongs to the job protocol"},
        Refusal{kPublish, R"({"Topic":"a","Qos":3})", "'Qos' must be an integer from 0 to 2"},
        Refusal{kPublish, R"({"Topic":"a","Retain":"yes"})", "'Retain' must be true or false"}));

TEST(TaskSpecTest, AFunctionIsFoundByNameOrArn) {
  for (const char* name :
       {"add", "add:$LATEST", "111111111111:function:add", "111111111111:function:add:7",
        "arn:aws:lambda:eu-west-1:111111111111:function:add",
        "arn:aws:lambda:eu-west-1:111111111111:function:add:prod"}) {
    TaskSpec spec;
    EXPECT_EQ(Resolve(kLambda, R"({"FunctionName":")" + std::string(name) + R"("})", spec), "");
    EXPECT_EQ(spec.job_type, "add") << name;
    EXPECT_EQ(PrintJson(*spec.payload), "{}");
  }
}

TEST(TaskSpecTest, ABareFunctionTakesEverything) {
  TaskSpec spec;
  EXPECT_EQ(Resolve("arn:aws:lambda:eu-west-1:111111111111:function:add", R"([1,2])", spec), "");
  EXPECT_EQ(spec.job_type, "add");
  EXPECT_EQ(PrintJson(*spec.payload), "[1,2]");
}

TEST(TaskSpecTest, AnActivityTakesEverything) {
  const std::string arn = "arn:towline:states:local:acme:activity:weigh";
  TaskSpec spec;
  EXPECT_EQ(Resolve(arn, R"({"kg":3})", spec), "");
  EXPECT_EQ(spec.kind, TaskSpec::Kind::kActivity);
  EXPECT_EQ(spec.activity, arn);
  EXPECT_EQ(spec.job_type, "weigh");
  EXPECT_EQ(PrintJson(*spec.payload), R"({"kg":3})");
}

TEST(TaskSpecTest, APublishTakesAnyJson) {
  constexpr std::string_view kIot = "arn:aws:states:::aws-sdk:iotdataplane:publish";
  for (const std::string_view arn : {kPublish, kIot}) {
    TaskSpec spec;
    EXPECT_EQ(Resolve(arn, R"({"Topic":"plant/1","Payload":"go","Qos":0,"Retain":true})", spec),
              "");
    EXPECT_EQ(spec.kind, TaskSpec::Kind::kPublish);
    EXPECT_EQ(spec.topic, "plant/1");
    EXPECT_EQ(PrintJson(*spec.payload), "\"go\"");
    EXPECT_EQ(spec.qos, 0);
    EXPECT_TRUE(spec.retain);
  }
}

}  // namespace
}  // namespace towline::interpreter
