#include <gtest/gtest.h>

#include "statemachines/mapdata/result_files.h"
#include "statemachines/mapdata/state_output.h"

namespace towline::mapdata {
namespace {

using Status = ChildResult::Status;

Json Parsed(const char* text) { return ParseJson(text).value(); }

ChildResult Succeeded(const char* output) {
  return {.status = Status::kSucceeded,
          .execution_arn = "arn:e:1",
          .state_machine_arn = "arn:sm",
          .name = "1",
          .input = Parsed(R"({"a":"\"x\""})"),
          .output = Parsed(output),
          .redrive_status = "NOT_REDRIVABLE",
          .redrive_status_reason = "Execution is SUCCEEDED and cannot be redriven",
          .start = ParseTimestamp("2026-09-23T22:59:01.592Z").value(),
          .stop = ParseTimestamp("2026-09-23T22:59:05.760Z").value()};
}

ChildResult Failed() {
  ChildResult result = Succeeded("1");
  result.status = Status::kTimedOut;
  result.output.reset();
  result.error = "E";
  result.cause = "why";
  result.redrive_status = "REDRIVABLE_BY_MAP_RUN";
  result.redrive_status_reason.clear();
  return result;
}

ChildResult Pending() { return {.status = Status::kPending, .input = Parsed("[1]")}; }

constexpr const char* kFailedText =
    R"({"Cause":"why","Error":"E","ExecutionArn":"arn:e:1","Input":"{\"a\":\"\\\"x\\\"\"}",)"
    R"("InputDetails":{"Included":true},"Name":"1","OutputDetails":{"Included":true},)"
    R"("RedriveCount":0,"RedriveStatus":"REDRIVABLE_BY_MAP_RUN",)"
    R"("StartDate":"2026-09-23T22:59:01.592Z","StateMachineArn":"arn:sm","Status":"TIMED_OUT",)"
    R"("StopDate":"2026-09-23T22:59:05.760Z"})";

using Texts = std::vector<std::string>;

TEST(ResultTextTest, WithoutTransformationItIsTheWholeExecution) {
  EXPECT_EQ(
      ResultTexts(Succeeded("[1, 2]"), Transformation::kNone),
      Texts{R"({"ExecutionArn":"arn:e:1","Input":"{\"a\":\"\\\"x\\\"\"}",)"
            R"("InputDetails":{"Included":true},"Name":"1","Output":"[1,2]",)"
            R"("OutputDetails":{"Included":true},"RedriveCount":0,)"
            R"("RedriveStatus":"NOT_REDRIVABLE",)"
            R"("RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven",)"
            R"("StartDate":"2026-09-23T22:59:01.592Z","StateMachineArn":"arn:sm",)"
            R"("Status":"SUCCEEDED","StopDate":"2026-09-23T22:59:05.760Z"})"});
  EXPECT_EQ(ResultTexts(Failed(), Transformation::kNone), Texts{kFailedText});
  EXPECT_EQ(ResultTexts(Pending(), Transformation::kNone),
            Texts{R"({"Input":"[1]","InputDetails":{"Included":true},"Status":"PENDING"})"});
}

TEST(ResultTextTest, OnlyTheOutputOfSuccessIsTransformed) {
  EXPECT_EQ(ResultTexts(Succeeded("[1, [2]]"), Transformation::kCompact), Texts{"[1,[2]]"});
  EXPECT_EQ(ResultTexts(Succeeded("[1, [2]]"), Transformation::kFlatten), (Texts{"1", "[2]"}));
  EXPECT_EQ(ResultTexts(Succeeded("{\"a\":[1]}"), Transformation::kFlatten),
            Texts{R"({"a":[1]})"});
  EXPECT_EQ(ResultTexts(Succeeded("[]"), Transformation::kFlatten), Texts{});
  for (const Transformation transformation : {Transformation::kCompact, Transformation::kFlatten}) {
    EXPECT_EQ(ResultTexts(Failed(), transformation), Texts{kFailedText});
    EXPECT_EQ(ResultTexts(Pending(), transformation).size(), 1U);
  }
}

std::string FileOf(OutputType type, const Texts& texts) {
  ResultFile file(type);
  std::string all;
  for (const std::string& text : texts) {
    EXPECT_GE(file.SizeWith(text), all.size() + text.size() + 1);
    all += file.Next(text);
  }
  all += file.End();
  EXPECT_EQ(file.size(), all.size());
  return all;
}

TEST(ResultFileTest, IsAnArrayOrLines) {
  EXPECT_EQ(FileOf(OutputType::kJson, {"1", "{}"}), "[1,{}]");
  EXPECT_EQ(FileOf(OutputType::kJson, {}), "[]");
  EXPECT_EQ(FileOf(OutputType::kJsonl, {"1", "{}"}), "1\n{}\n");
  EXPECT_EQ(FileOf(OutputType::kJsonl, {}), "");
}

TEST(ResultFileTest, NamesAndManifest) {
  constexpr const char* kArn = "arn:aws:states:us-east-1:1:mapRun:sm/label:9bf346aa";
  EXPECT_EQ(ResultFolder("jobs", kArn, 0), "jobs/9bf346aa/");
  EXPECT_EQ(ResultFolder("jobs/", kArn, 2), "jobs/9bf346aa/Redrive-2/");
  EXPECT_EQ(ResultFolder("", kArn, 0), "9bf346aa/");
  EXPECT_EQ(ResultFileName(KindOf(Status::kSucceeded), 0, OutputType::kJson), "SUCCEEDED_0.json");
  EXPECT_EQ(ResultFileName(KindOf(Status::kAborted), 3, OutputType::kJsonl), "FAILED_3.jsonl");
  EXPECT_EQ(ResultFileName(KindOf(Status::kPending), 0, OutputType::kJson), "PENDING_0.json");
  StoredResultFiles files;
  files[static_cast<std::size_t>(ResultKind::kSucceeded)] = {{.key = "a/S", .size = 876}};
  EXPECT_EQ(ManifestText("out", kArn, files),
            R"({"DestinationBucket":"out",)"
            R"("MapRunArn":"arn:aws:states:us-east-1:1:mapRun:sm/label:9bf346aa",)"
            R"("ResultFiles":{"FAILED":[],"PENDING":[],"SUCCEEDED":[{"Key":"a/S","Size":876}]}})");
  EXPECT_EQ(PrintJson(*ExportedOutput("out", kArn, "a/manifest.json")),
            R"({"MapRunArn":"arn:aws:states:us-east-1:1:mapRun:sm/label:9bf346aa",)"
            R"("ResultWriterDetails":{"Bucket":"out","Key":"a/manifest.json"}})");
}

std::string OutputOf(std::optional<WriterConfig> config, const std::vector<ChildResult>& results) {
  StateOutput output(config, 1 << 20);
  for (const ChildResult& result : results) EXPECT_TRUE(output.Add(result));
  return PrintJson(*output.Take());
}

TEST(StateOutputTest, WithoutAWriterItHoldsTheOutputsOfSuccess) {
  EXPECT_EQ(OutputOf({}, {Succeeded("[1]"), Failed(), Pending(), Succeeded("\"x\"")}),
            R"([[1],"x"])");
  EXPECT_EQ(OutputOf({}, {}), "[]");
}

TEST(StateOutputTest, WithAWriterItHoldsWhatAFileWould) {
  const WriterConfig flat{.transformation = Transformation::kFlatten};
  EXPECT_EQ(OutputOf(flat, {Succeeded("[1, 2]"), Succeeded("[]"), Succeeded("3")}), "[1,2,3]");
  EXPECT_EQ(OutputOf(flat, {Failed()}), std::string("[") + kFailedText + "]");
  const WriterConfig lines{.transformation = Transformation::kCompact,
                           .output_type = OutputType::kJsonl};
  EXPECT_EQ(OutputOf(lines, {Succeeded("{\"a\":1}"), Succeeded("2")}), R"("{\"a\":1}\n2\n")");
}

// The bound is that of the printed output, to the byte.
TEST(StateOutputTest, RefusesWhatIsTooLarge) {
  for (const auto type : {OutputType::kJson, OutputType::kJsonl}) {
    const WriterConfig config{.transformation = Transformation::kCompact, .output_type = type};
    const std::vector<ChildResult> results = {Succeeded("\"aa\""), Succeeded("[1,2]")};
    const std::size_t size = OutputOf(config, results).size();
    // An array is counted with a comma behind its last element too.
    const std::size_t slack = type == OutputType::kJson ? 1 : 0;
    StateOutput fits(config, size + slack);
    EXPECT_TRUE(fits.Add(results[0]));
    EXPECT_TRUE(fits.Add(results[1]));
    StateOutput refuses(config, size - 1);
    EXPECT_TRUE(refuses.Add(results[0]));
    const towline::Status refused = refuses.Add(results[1]);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().name, "States.DataLimitExceeded");
  }
}

TEST(ResultWriterTest, ReadsTheField) {
  const auto all = ReadResultWriter(
      "arn:aws:states:::s3:putObject", {{"Bucket", "b"}, {"Prefix", "p"}},
      {{"Transformation", "FLATTEN"}, {"OutputType", "JSONL"}});
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->bucket + " " + all->prefix, "b p");
  EXPECT_EQ(all->config.transformation, Transformation::kFlatten);
  EXPECT_EQ(all->config.output_type, OutputType::kJsonl);
  const auto shown = ReadResultWriter("", nullptr, {{"OutputType", "JSON"}});
  ASSERT_TRUE(shown);
  EXPECT_TRUE(shown->bucket.empty());
}

TEST(ResultWriterTest, SaysWhatIsWrong) {
  constexpr const char* kPut = "arn:aws:states:::s3:putObject";
  EXPECT_EQ(ReadResultWriter(kPut, {{"Prefix", "p"}}, nullptr).error().message,
            "the ResultWriter names no Bucket");
  EXPECT_EQ(ReadResultWriter("arn:x", {{"Bucket", "b"}}, nullptr).error().name,
            "States.ResultWriterFailed");
  EXPECT_EQ(ReadResultWriter("", nullptr, {{"Transformation", "ZIP"}}).error().message,
            "field Transformation must be one of NONE, COMPACT, FLATTEN, but is ZIP");
  EXPECT_EQ(ReadResultWriter("", nullptr, {{"OutputType", "CSV"}}).error().message,
            "field OutputType must be one of JSON, JSONL, but is CSV");
}

}  // namespace
}  // namespace towline::mapdata
