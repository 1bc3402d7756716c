#include "orchestrator/objects/result_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "orchestrator/objects/item_source.h"
#include "orchestrator/objects/local_store.h"
#include "tests/base/scratch.h"
#include "tests/objects/contents.h"
#include "tests/objects/fake_s3.h"

namespace towline::objects {
namespace {

using mapdata::ChildResult;
using ::testing::HasSubstr;

constexpr const char* kArn = "arn:aws:states:us-east-1:1:mapRun:sm/label:9bf346aa";

ChildResult Child(int n, ChildResult::Status status = ChildResult::Status::kSucceeded) {
  ChildResult child{.status = status, .name = std::to_string(n), .input = Json(json::value(n))};
  if (status == ChildResult::Status::kSucceeded) {
    child.output = ParseJson("[" + std::to_string(n) + ",\"x\"]").value();
  }
  return child;
}

mapdata::ResultWriter Writer(const json::value& config) {
  return mapdata::ReadResultWriter("arn:aws:states:::s3:putObject",
                                   {{"Bucket", "out"}, {"Prefix", "jobs"}}, config)
      .value();
}

class ResultExportTest : public ::testing::Test {
 protected:
  ResultExportTest() {
    std::filesystem::create_directory(scratch_.path() + "/out");
    store_ = LocalStore::Open(scratch_.path()).value();
  }
  std::string Read(const std::string& name) const {
    return scratch_.Read("out/jobs/9bf346aa/" + name);
  }

  Scratch scratch_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(ResultExportTest, AFileForEachKindAndTheManifest) {
  ResultExport results(*store_, {.writer = Writer({{"Transformation", "COMPACT"}}),
                                 .map_run_arn = kArn});
  ASSERT_TRUE(results.Add(Child(1)));
  ASSERT_TRUE(results.Add(Child(2, ChildResult::Status::kAborted)));
  ASSERT_TRUE(results.Add(Child(3)));
  ASSERT_TRUE(results.Add(Child(4, ChildResult::Status::kPending)));
  const auto exported = results.Finish();
  ASSERT_TRUE(exported) << exported.error().message;
  EXPECT_EQ(Read("SUCCEEDED_0.json"), R"([[1,"x"],[3,"x"]])");
  EXPECT_EQ(Read("PENDING_0.json"),
            R"([{"Input":"4","InputDetails":{"Included":true},"Status":"PENDING"}])");
  EXPECT_THAT(Read("FAILED_0.json"), HasSubstr(R"("Status":"ABORTED")"));
  const Json manifest = ParseJson(Read("manifest.json")).value();
  EXPECT_EQ(manifest->at("DestinationBucket"), "out");
  EXPECT_EQ(manifest->at("MapRunArn"), kArn);
  EXPECT_EQ(PrintJson(manifest->at("ResultFiles").at("SUCCEEDED")),
            R"([{"Key":"jobs/9bf346aa/SUCCEEDED_0.json","Size":17}])");
  EXPECT_EQ(PrintJson(*exported->output),
            R"({"MapRunArn":"arn:aws:states:us-east-1:1:mapRun:sm/label:9bf346aa",)"
            R"("ResultWriterDetails":{"Bucket":"out","Key":"jobs/9bf346aa/manifest.json"}})");
}

TEST_F(ResultExportTest, NoResultsMeanAManifestWithoutFiles) {
  ResultExport results(*store_, {.writer = Writer(nullptr), .map_run_arn = kArn});
  ASSERT_TRUE(results.Finish());
  EXPECT_THAT(Read("manifest.json"),
              HasSubstr(R"("ResultFiles":{"FAILED":[],"PENDING":[],"SUCCEEDED":[]})"));
  EXPECT_FALSE(std::filesystem::exists(scratch_.path() + "/out/jobs/9bf346aa/SUCCEEDED_0.json"));
}

TEST_F(ResultExportTest, AnotherFileBeginsBeforeOneGetsTooLarge) {
  for (const json::value& config :
       {json::value{{"Transformation", "FLATTEN"}, {"OutputType", "JSONL"}},
        json::value{{"Transformation", "FLATTEN"}, {"OutputType", "JSON"}}}) {
    ResultExport results(*store_, {.writer = Writer(config), .map_run_arn = kArn,
                                   .file_bytes_max = 20});
    for (int n = 100; n < 110; n++) ASSERT_TRUE(results.Add(Child(n)));
    const auto exported = results.Finish();
    ASSERT_TRUE(exported);
    const auto& files = exported->files[0];
    EXPECT_EQ(files.size(), 5U);
    std::string all;
    for (std::size_t i = 0; i < files.size(); i++) {
      const std::string content = scratch_.Read("out/" + files[i].key);
      EXPECT_LE(content.size(), 20U);
      EXPECT_EQ(content.size(), files[i].size);
      EXPECT_THAT(files[i].key, HasSubstr("SUCCEEDED_" + std::to_string(i) + ".json"));
      all += content;
    }
    EXPECT_EQ(all.substr(0, 8), config.at("OutputType") == "JSON" ? "[100,\"x\"" : "100\n\"x\"\n");
  }
}

TEST_F(ResultExportTest, AnItemBeyondTheFilesSizeStillHasAFile) {
  ResultExport results(*store_, {.writer = Writer({{"Transformation", "COMPACT"}}),
                                 .map_run_arn = kArn, .file_bytes_max = 3});
  ASSERT_TRUE(results.Add(Child(1)));
  ASSERT_TRUE(results.Add(Child(2)));
  EXPECT_EQ(results.Finish()->files[0].size(), 2U);
  EXPECT_EQ(Read("SUCCEEDED_1.json"), R"([[2,"x"]])");
}

TEST_F(ResultExportTest, ARedriveNamesEarlierSuccessesToo) {
  ResultExport results(*store_, {.writer = Writer(nullptr),
                                 .map_run_arn = kArn,
                                 .redrive_count = 1,
                                 .succeeded_before = {{.key = "jobs/9bf346aa/SUCCEEDED_0.json",
                                                       .size = 5}}});
  ASSERT_TRUE(results.Add(Child(1)));
  ASSERT_TRUE(results.Finish());
  const Json manifest = ParseJson(Read("Redrive-1/manifest.json")).value();
  const json::value& succeeded = manifest->at("ResultFiles").at("SUCCEEDED");
  EXPECT_EQ(succeeded.at(0).at("Key"), "jobs/9bf346aa/SUCCEEDED_0.json");
  EXPECT_EQ(succeeded.at(1).at("Key"), "jobs/9bf346aa/Redrive-1/SUCCEEDED_0.json");
}

TEST_F(ResultExportTest, NothingCanBeSeenOfAnExportThatWasInterrupted) {
  {
    ResultExport results(*store_, {.writer = Writer(nullptr), .map_run_arn = kArn});
    ASSERT_TRUE(results.Add(Child(1)));
  }
  const auto listing = store_->List({.bucket = "out"}).value();
  EXPECT_TRUE(listing->NextPage()->empty());
}

TEST_F(ResultExportTest, EveryFailureIsTheWritersWithACauseToShow) {
  std::filesystem::remove(scratch_.path() + "/out");
  ResultExport results(*store_, {.writer = Writer(nullptr), .map_run_arn = kArn});
  const Status refused = results.Add(Child(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name, "States.ResultWriterFailed");
  EXPECT_THAT(refused.error().message, HasSubstr("The specified bucket does not exist: out"));
  EXPECT_EQ(results.Finish().error().name, "States.ResultWriterFailed");
}

// 100,000 results through an endpoint, in parts, and back as items.
TEST(ResultExportS3Test, ManyResultsComeBackAsItems) {
  FakeS3 s3;
  S3Options options = s3.Options();
  options.part_bytes = 1 << 20;
  S3Store store(options);
  ResultExport results(store, {.writer = Writer({{"Transformation", "FLATTEN"},
                                                 {"OutputType", "JSONL"}}),
                               .map_run_arn = kArn, .file_bytes_max = 600'000});
  for (int n = 0; n < 100'000; n++) ASSERT_TRUE(results.Add(Child(n)));
  const auto exported = results.Finish();
  ASSERT_TRUE(exported) << exported.error().message;
  EXPECT_EQ(exported->files[0].size(), 2U);
  const auto reader = mapdata::ReadItemReader(
      "arn:aws:states:::s3:listObjectsV2",
      {{"Bucket", "out"}, {"Prefix", "jobs/9bf346aa/SUCCEEDED_"}},
      {{"InputType", "JSONL"}, {"Transformation", "LOAD_AND_FLATTEN"}});
  const auto source = ItemSource::Open(store, *reader).value();
  std::uint64_t count = 0;
  for (auto item = source->Next(); item && *item; item = source->Next()) {
    ASSERT_EQ(*(*item)->value, count % 2 == 0 ? json::value(count / 2) : json::value("x"));
    count++;
  }
  EXPECT_EQ(count, 200'000U);
}

}  // namespace
}  // namespace towline::objects
