#include <gmock/gmock.h>

#include <filesystem>

#include "tests/children/world.h"

namespace towline::children {
namespace {

using store::Status;
using testing::HasSubstr;
using testing::SizeIs;
using MapRunStatus = interpreter::MapRunStatus;

const char* const kEcho = R"({"Type":"Pass","End":true})";
const char* const kMinute = R"({"Type":"Wait","Seconds":60,"End":true})";
const char* const kJob = R"({"Type":"Task","Resource":"arn:towline:states:::job:run",
    "Parameters":{"JobType":"add","Payload.$":"$"},"End":true})";
// Fails for an item that says so.
const char* const kFailsIfTold = R"({"Type":"Choice","Default":"P","Choices":[
    {"Variable":"$.fail","BooleanEquals":true,"Next":"F"}]},
    "F":{"Type":"Fail","Error":"E"},"P":{"Type":"Pass","End":true})";
const char* const kTwoFailOfFour =
    R"([{"fail":true},{"fail":false},{"fail":true},{"fail":false}])";

std::string MapOf(const std::string& state, const std::string& more = "") {
  return R"({"StartAt":"M","States":{"M":{"Type":"Map","Label":"rows","ItemProcessor":{
    "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
    "StartAt":"S","States":{"S":)" +
         state + R"(}},)" + more + R"("End":true}}})";
}
std::string Reader(const std::string& config, const std::string& key) {
  return R"("ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":)" + config +
         R"(,"Parameters":{"Bucket":"in","Key":")" + key + R"("}},)";
}

class MapRunnerTest : public testing::Test {
 protected:
  End Run(const std::string& definition, const std::string& input = "[1,2,3]") {
    world_.Create("m", definition);
    world_.Start("m", input);
    return world_.Of("m");
  }
  World world_{2};
};

TEST_F(MapRunnerTest, ResultsComeInTheOrderOfTheItems) {
  EXPECT_EQ(Run(MapOf(kEcho)).output, "[1,2,3]");
  EXPECT_EQ(world_.RunOf("m").status, MapRunStatus::kSucceeded);
  EXPECT_THAT(world_.Children("m/rows"), SizeIs(3));
}

TEST_F(MapRunnerTest, NoItemsAreNoChildren) {
  EXPECT_EQ(Run(MapOf(kEcho), "[]").output, "[]");
  EXPECT_THAT(world_.Children("m/rows"), SizeIs(0));
}

TEST_F(MapRunnerTest, MembersOfAnObjectAreItems) {
  const std::string more =
      R"("ItemSelector":{"k.$":"$$.Map.Item.Key","v.$":"$$.Map.Item.Value"},)";
  EXPECT_EQ(Run(MapOf(kEcho, more), R"({"a":1,"b":2})").output,
            R"([{"k":"a","v":1},{"k":"b","v":2}])");
}

TEST_F(MapRunnerTest, AsManyRunAtOnceAsAllowed) {
  Run(MapOf(kMinute, R"("MaxConcurrency":2,)"));
  EXPECT_THAT(world_.Children("m/rows"), SizeIs(2));
  EXPECT_EQ(world_.RunOf("m").executions.running, 2U);
  world_.Advance(Seconds{61});
  EXPECT_THAT(world_.Children("m/rows"), SizeIs(3));
  world_.Advance(Seconds{60});
  EXPECT_EQ(world_.Of("m").output, "[1,2,3]");
}

TEST_F(MapRunnerTest, ItemsComeFromFiles) {
  world_.files().Write("in/a.csv", "a,b\n1,x\n2,y\n");
  world_.files().Write("in/a.json", R"([{"n":1},{"n":2}])");
  world_.files().Write("in/a.jsonl", "{\"n\":1}\n{\"n\":2}\n");
  const auto run = [&](const std::string& name, const std::string& config) {
    world_.Create(name, MapOf(kEcho, Reader(config, "a." + name)));
    world_.Start(name, "{}");
    return world_.Of(name).output;
  };
  EXPECT_EQ(run("csv", R"({"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"})"),
            R"([{"a":"1","b":"x"},{"a":"2","b":"y"}])");
  EXPECT_EQ(run("json", R"({"InputType":"JSON","MaxItems":1})"), R"([{"n":1}])");
  EXPECT_EQ(run("jsonl", R"({"InputType":"JSONL"})"), R"([{"n":1},{"n":2}])");
}

TEST_F(MapRunnerTest, ManyItemsOfAFileAreReadInPieces) {
  std::string lines;
  for (int i = 0; i < 1'000; i++) lines += std::to_string(i) + "\n";
  world_.files().Write("in/a.jsonl", lines);
  const End end =
      Run(MapOf(kEcho, Reader(R"({"InputType":"JSONL"})", "a.jsonl") + R"("MaxConcurrency":7,)"));
  EXPECT_THAT(end.output, HasSubstr("[0,1,2,3,"));
  EXPECT_THAT(end.output, HasSubstr(",998,999]"));
  EXPECT_EQ(world_.RunOf("m").items.succeeded, 1'000U);
}

TEST_F(MapRunnerTest, AFileThatIsMissingOrWrongFailsTheState) {
  world_.files().Write("in/a.json", R"([{"n":1},)");
  world_.Create("missing", MapOf(kEcho, Reader(R"({"InputType":"JSON"})", "none.json")));
  world_.Start("missing", "{}");
  EXPECT_EQ(world_.Of("missing").error, "States.ItemReaderFailed");
  EXPECT_EQ(world_.RunOf("missing").status, MapRunStatus::kFailed);
  world_.Create("wrong", MapOf(kMinute, Reader(R"({"InputType":"JSON"})", "a.json")));
  world_.Start("wrong", "{}");
  EXPECT_EQ(world_.Of("wrong").error, "States.ItemReaderFailed");
  for (const auto& child : world_.Children("wrong/rows")) EXPECT_EQ(child.status, Status::kAborted);
  EXPECT_FALSE(world_.RunOf("wrong").stopping);
}

TEST_F(MapRunnerTest, BatchesHoldItemsAndWhatTheyShare) {
  const std::string more =
      R"("ItemBatcher":{"MaxItemsPerBatch":2,"BatchInput":{"of.$":"$$.Execution.Name"}},)";
  EXPECT_EQ(Run(MapOf(kEcho, more)).output,
            R"([{"BatchInput":{"of":"one"},"Items":[1,2]},)"
            R"({"BatchInput":{"of":"one"},"Items":[3]}])");
  EXPECT_EQ(world_.RunOf("m").items.succeeded, 3U);
  EXPECT_EQ(world_.RunOf("m").executions.succeeded, 2U);
}

TEST_F(MapRunnerTest, ASelectorSeesTheMapsSurroundings) {
  const std::string definition = R"({"StartAt":"V","States":{
      "V":{"Type":"Pass","Assign":{"by":10},"Next":"M"},)" +
                                 MapOf(kEcho, R"("ItemsPath":"$.rows","ItemSelector":{
      "i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value","by.$":"$by","all.$":"$.name"},)")
                                     .substr(std::string(R"({"StartAt":"M","States":{)").size());
  EXPECT_EQ(Run(definition, R"({"name":"n","rows":[5]})").output,
            R"([{"i":0,"v":5,"by":10,"all":"n"}])");
}

TEST_F(MapRunnerTest, AJsonataSelectorSeesTheItem) {
  std::string definition = MapOf(kEcho, R"("Items":"{% $states.input.rows %}",
      "ItemSelector":{"i":"{% $states.context.Map.Item.Index %}",
                      "v":"{% $states.context.Map.Item.Value * 2 %}"},)");
  definition.insert(1, R"("QueryLanguage":"JSONata",)");
  EXPECT_EQ(Run(definition, R"({"rows":[5,6]})").output, R"([{"i":0,"v":10},{"i":1,"v":12}])");
}

TEST_F(MapRunnerTest, ASelectorThatFailsFailsTheState) {
  const End end = Run(MapOf(kEcho, R"("ItemSelector":{"x.$":"$.missing"},)"));
  EXPECT_EQ(end.status, Status::kFailed);
  EXPECT_EQ(end.error, "States.Runtime");
}

TEST_F(MapRunnerTest, TheFirstFailureEndsARunThatToleratesNone) {
  const End end = Run(MapOf(kFailsIfTold), kTwoFailOfFour);
  EXPECT_EQ(end.error, "States.ExceedToleratedFailureThreshold");
  EXPECT_EQ(world_.RunOf("m").status, MapRunStatus::kFailed);
}

TEST_F(MapRunnerTest, TolerancesByCountAndByShare) {
  const auto run = [&](const std::string& name, const std::string& tolerance) {
    world_.Create(name, MapOf(kFailsIfTold, tolerance));
    world_.Start(name, kTwoFailOfFour);
    return world_.Of(name);
  };
  EXPECT_EQ(run("a", R"("ToleratedFailureCount":2,)").output, R"([{"fail":false},{"fail":false}])");
  EXPECT_EQ(run("b", R"("ToleratedFailureCount":1,)").status, Status::kFailed);
  EXPECT_EQ(run("c", R"("ToleratedFailurePercentage":50,)").status, Status::kSucceeded);
  EXPECT_EQ(run("d", R"("ToleratedFailurePercentage":49,)").status, Status::kFailed);
  EXPECT_EQ(run("e", R"("ToleratedFailurePercentage":49,"MaxConcurrency":1,)").status,
            Status::kFailed);
  EXPECT_EQ(world_.RunOf("e").next_child, 4U) << "a share is judged when all items are known";
}

TEST_F(MapRunnerTest, ResultsGoToFiles) {
  std::filesystem::create_directory(world_.files().path() + "/out");
  const End end = Run(MapOf(kEcho, R"("ResultWriter":{"Resource":"arn:aws:states:::s3:putObject",
      "WriterConfig":{"Transformation":"COMPACT","OutputType":"JSON"},
      "Parameters":{"Bucket":"out","Prefix":"p"}},)"));
  ASSERT_EQ(end.status, Status::kSucceeded) << end.error << end.cause;
  const auto output = ParseJson(end.output);
  const json::value& details = (*output)->at("ResultWriterDetails");
  EXPECT_EQ(details.at("Bucket"), "out");
  const std::string manifest(details.at("Key").as_string());
  const std::string folder = manifest.substr(0, manifest.rfind('/'));
  EXPECT_EQ(world_.files().Read("out/" + folder + "/SUCCEEDED_0.json"), "[1,2,3]");
  EXPECT_TRUE(world_.RunOf("m").results_written);
}

TEST_F(MapRunnerTest, AWriterThatFailsFailsTheState) {
  const End end = Run(MapOf(kEcho, R"("ResultWriter":{"Resource":"arn:aws:states:::s3:putObject",
      "Parameters":{"Bucket":"none","Prefix":"p"}},)"));
  EXPECT_EQ(end.error, "States.ResultWriterFailed");
  EXPECT_EQ(world_.RunOf("m").status, MapRunStatus::kFailed);
}

TEST_F(MapRunnerTest, ARedriveRunsOnlyWhatHadNotSucceeded) {
  Run(MapOf(kJob, R"("MaxConcurrency":2,)"));
  ASSERT_THAT(world_.jobs, SizeIs(2));
  world_.Succeed(world_.jobs[0].task, "10");
  world_.Stop("m");
  EXPECT_EQ(world_.RunOf("m").status, MapRunStatus::kAborted);
  EXPECT_EQ(world_.RunOf("m").items.succeeded, 1U);
  world_.jobs.clear();
  world_.Redrive("m");
  EXPECT_EQ(world_.RunOf("m").redrive_count, 1U);
  for (std::size_t i = 0; i < world_.jobs.size(); i++) {
    world_.Succeed(world_.jobs[i].task, std::to_string(20 + i));
  }
  EXPECT_EQ(world_.Of("m").output, "[10,20,21]");
  EXPECT_THAT(world_.jobs, SizeIs(2)) << "the first item's job is not run again";
  EXPECT_THAT(world_.Children("m/rows"), SizeIs(3));
}

TEST_F(MapRunnerTest, SeveralRunsDoNotDisturbEachOther) {
  world_.Create("m", MapOf(kMinute, R"("MaxConcurrency":1,)"));
  for (int i = 0; i < 6; i++) world_.Start("m", "[1,2]", "e" + std::to_string(i));
  EXPECT_THAT(world_.Children("m/rows"), SizeIs(6));
  world_.Stop("m", "e0");
  world_.Advance(Seconds{121});
  for (int i = 1; i < 6; i++) {
    EXPECT_EQ(world_.Of("m", "e" + std::to_string(i)).output, "[1,2]") << i;
  }
}

TEST_F(MapRunnerTest, ChangesWhileItRunsTakeEffect) {
  Run(MapOf(kMinute, R"("MaxConcurrency":1,)"), "[1,2,3,4]");
  world_.Update("m", 3);
  EXPECT_EQ(world_.RunOf("m").executions.running, 3U);
  world_.Update("m", 0, 4);
  EXPECT_EQ(world_.RunOf("m").executions.running, 4U);
  const auto children = world_.Children("m/rows");
  world_.Stop("m/rows", children[2].name);
  world_.Advance(Seconds{61});
  EXPECT_EQ(world_.Of("m").output, "[1,2,4]");
}

// The process ends after each number of rounds, and starts again.
TEST_F(MapRunnerTest, ARestartAtAnyPointNeitherLosesNorDoublesAChild) {
  const std::string definition =
      MapOf(kEcho, Reader(R"({"InputType":"JSONL"})", "a.jsonl") +
                       R"("ItemBatcher":{"MaxItemsPerBatch":2},"MaxConcurrency":2,)");
  for (int rounds = 1; rounds < 14; rounds++) {
    World world(2, {.children_per_request = 1});
    world.files().Write("in/a.jsonl", "1\n2\n3\n4\n5\n6\n7\n");
    world.Create("m", definition);
    world.set_rounds(rounds);
    world.Start("m", "{}");
    world.Restart();
    EXPECT_EQ(world.Of("m").output, R"([{"Items":[1,2]},{"Items":[3,4]},{"Items":[5,6]},)"
                                    R"({"Items":[7]}])")
        << rounds;
    EXPECT_THAT(world.Children("m/rows"), SizeIs(4)) << rounds;
  }
}

TEST_F(MapRunnerTest, ARestartWhileChildrenAreBeingStoppedStopsThemAll) {
  for (int rounds = 1; rounds < 6; rounds++) {
    World world(2);
    world.Create("m", MapOf(kMinute));
    world.Start("m", "[1,2,3,4,5]");
    world.set_rounds(rounds);
    world.Stop("m");
    world.Restart();
    for (const auto& child : world.Children("m/rows")) {
      EXPECT_EQ(child.status, Status::kAborted) << rounds;
    }
    EXPECT_EQ(world.RunOf("m").items.aborted, 5U) << rounds;
    EXPECT_FALSE(world.RunOf("m").stopping) << rounds;
  }
}

TEST_F(MapRunnerTest, ABusyPartitionIsAskedAgain) {
  world_.Create("m", MapOf(kEcho));
  world_.set_rounds(0);
  world_.Start("m", "[1,2,3]");
  world_.set_rounds(-1);
  world_.set_busy(true);
  world_.Advance(Seconds{1});
  world_.set_busy(false);
  world_.Advance(Seconds{1});
  EXPECT_EQ(world_.Of("m").output, "[1,2,3]");
  EXPECT_EQ(world_.started(), 3U);
}

}  // namespace
}  // namespace towline::children
