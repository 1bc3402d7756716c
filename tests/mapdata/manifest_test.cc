#include "statemachines/mapdata/manifest.h"

#include <gtest/gtest.h>

namespace towline::mapdata {
namespace {

ItemReader Reader(ManifestType type) {
  ItemReader reader;
  reader.bucket = "reports";
  reader.key = "manifest";
  reader.config.manifest_type = type;
  reader.config.input_type = InputType::kJsonl;
  return reader;
}

std::string CauseOf(ManifestType type, std::string_view text) {
  const auto manifest = ReadManifest(Reader(type), text, "s3://reports/manifest");
  return manifest ? "no cause" : manifest.error().message;
}

constexpr const char* kInventory =
    R"({"sourceBucket":"src","destinationBucket":"arn:aws:s3:::reports","version":"2016-11-30",
        "fileFormat":"CSV","fileSchema":"Bucket, Key, Size,LastModifiedDate",
        "files":[{"key":"data/1.csv.gz","size":7,"MD5checksum":"a"},{"key":"data/2.csv.gz"}]})";

TEST(ManifestTest, AnInventoryNamesItsFilesAndTheirColumns) {
  const auto manifest =
      ReadManifest(Reader(ManifestType::kS3Inventory), kInventory, "s3://reports/manifest");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(*manifest->config.csv_headers,
            (std::vector<std::string>{"Bucket", "Key", "Size", "LastModifiedDate"}));
  EXPECT_EQ(manifest->config.input_type, InputType::kCsv);
  ASSERT_EQ(manifest->objects.size(), 2U);
  EXPECT_EQ(manifest->objects[1].bucket + " " + manifest->objects[1].key,
            "reports data/2.csv.gz");
}

TEST(ManifestTest, AListOfAthenaNamesObjectsOfAnyBucket) {
  const auto manifest = ReadManifest(Reader(ManifestType::kAthenaData),
                                     "s3://out/q/1_a.gz\n\"s3://other/b,c/ d\"\n\n", "s3://x/y");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->config.input_type, InputType::kJsonl);
  ASSERT_EQ(manifest->objects.size(), 2U);
  EXPECT_EQ(manifest->objects[0].bucket + " " + manifest->objects[0].key, "out q/1_a.gz");
  EXPECT_EQ(manifest->objects[1].bucket + " " + manifest->objects[1].key, "other b,c/ d");
  const auto empty = ReadManifest(Reader(ManifestType::kAthenaData), "", "s3://x/y");
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->objects.empty());
}

TEST(ManifestTest, SaysWhatIsWrong) {
  EXPECT_EQ(CauseOf(ManifestType::kS3Inventory, "{"),
            "s3://reports/manifest: invalid JSON: the text ends too early at line 1, column 2");
  EXPECT_EQ(CauseOf(ManifestType::kS3Inventory, R"({"fileFormat":"ORC"})"),
            "s3://reports/manifest: fileFormat must be CSV, but is 'ORC'; set the inventory's "
            "output format to CSV");
  EXPECT_EQ(CauseOf(ManifestType::kS3Inventory, "[]"),
            "s3://reports/manifest: fileFormat must be CSV, but is ''; set the inventory's output "
            "format to CSV");
  EXPECT_EQ(CauseOf(ManifestType::kS3Inventory, R"({"fileFormat":"CSV","fileSchema":"a"})"),
            "s3://reports/manifest: an inventory's manifest must have fileSchema and files");
  EXPECT_EQ(CauseOf(ManifestType::kS3Inventory,
                    R"({"fileFormat":"CSV","fileSchema":"a","files":[{}]})"),
            "s3://reports/manifest: an entry of files has no key");
  for (const std::string line : {"x", "s3://bucket", "s3://bucket/", "http://b/k"}) {
    EXPECT_EQ(CauseOf(ManifestType::kAthenaData, line),
              "s3://reports/manifest: '" + line + "' is not s3://bucket/key");
  }
}

}  // namespace
}  // namespace towline::mapdata
