#include "statemachines/mapdata/reader_config.h"

#include <gtest/gtest.h>

#include "tests/mapdata/cases.h"

namespace towline::mapdata {
namespace {

std::string CauseOf(const char* config) {
  const auto read = ConfigOf(**ParseJson(config));
  return read ? "no cause" : read.error().message;
}

TEST(ReaderConfigTest, ReadsEveryField) {
  const auto config = ConfigOf(**ParseJson(
      R"({"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a","b"],
          "CSVDelimiter":"SEMICOLON","MaxItems":12,"ItemsPointer":"/x/~01"})"));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->input_type, InputType::kCsv);
  EXPECT_EQ(*config->csv_headers, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config->csv_delimiter, ';');
  EXPECT_EQ(config->max_items, 12U);
  EXPECT_EQ(config->items_pointer, (std::vector<std::string>{"x", "~1"}));
}

TEST(ReaderConfigTest, AnInventoryNeedsNoInputType) {
  for (const char* text : {R"({"InputType":"MANIFEST"})", R"({"ManifestType":"S3_INVENTORY"})",
                           R"({"InputType":"MANIFEST","ManifestType":"S3_INVENTORY"})"}) {
    const auto config = ConfigOf(**ParseJson(text));
    ASSERT_TRUE(config) << text;
    EXPECT_EQ(config->manifest_type, ManifestType::kS3Inventory) << text;
  }
  const auto athena =
      ConfigOf(**ParseJson(R"({"ManifestType":"ATHENA_DATA","InputType":"JSONL"})"));
  ASSERT_TRUE(athena);
  EXPECT_EQ(athena->manifest_type, ManifestType::kAthenaData);
  EXPECT_EQ(athena->input_type, InputType::kJsonl);
}

TEST(ReaderConfigTest, AListingNeedsNoConfigUnlessItLoads) {
  const json::value parameters{{"Bucket", "b"}, {"Prefix", "p/"}, {"StartAfter", "p/a"}};
  constexpr const char* kList = "arn:aws:states:::s3:listObjectsV2";
  const auto plain = ReadItemReader(kList, parameters, nullptr);
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->api, ItemReader::Api::kListObjectsV2);
  EXPECT_EQ(plain->bucket + " " + plain->prefix + " " + plain->start_after, "b p/ p/a");
  EXPECT_EQ(ReadItemReader(kList, parameters, {{"MaxItems", 3}})->config.max_items, 3U);
  const auto loads = ReadItemReader(
      kList, parameters, {{"Transformation", "LOAD_AND_FLATTEN"}, {"InputType", "JSONL"}});
  ASSERT_TRUE(loads);
  EXPECT_TRUE(loads->config.load_and_flatten);
  const auto lacks = ReadItemReader(kList, parameters, {{"Transformation", "LOAD_AND_FLATTEN"}});
  EXPECT_EQ(lacks.error().message,
            "field InputType must be one of CSV, JSON, JSONL, MANIFEST, but is missing");
}

TEST(ReaderConfigTest, SaysWhatIsWrong) {
  EXPECT_EQ(CauseOf("{}"),
            "field InputType must be one of CSV, JSON, JSONL, MANIFEST, but is missing");
  EXPECT_EQ(CauseOf(R"({"InputType":"XML"})"),
            "field InputType must be one of CSV, JSON, JSONL, MANIFEST, but is XML");
  EXPECT_EQ(CauseOf(R"({"InputType":"PARQUET"})"),
            "InputType PARQUET is not supported; export the data as CSV, JSON or JSONL");
  EXPECT_EQ(CauseOf(R"({"InputType":7})"), "field InputType must be a string, but is 7");
  EXPECT_EQ(CauseOf(R"({"InputType":"CSV","CSVDelimiter":"DOT"})"),
            "field CSVDelimiter must be one of COMMA, PIPE, SEMICOLON, SPACE, TAB, but is DOT");
  EXPECT_EQ(CauseOf(R"({"InputType":"CSV","CSVHeaderLocation":"LAST"})"),
            "field CSVHeaderLocation must be one of FIRST_ROW, GIVEN, but is LAST");
  EXPECT_EQ(CauseOf(R"({"InputType":"CSV","CSVHeaderLocation":"GIVEN"})"),
            "CSVHeaders must be a list of names when CSVHeaderLocation is GIVEN");
  EXPECT_EQ(
      CauseOf(R"({"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["H1","H1"]})"),
      "CSV headers cannot contain duplicates.");
  EXPECT_EQ(CauseOf(R"({"InputType":"JSON","ItemsPointer":"a"})"),
            "ItemsPointer 'a' is not a JSON pointer; it begins with /");
  EXPECT_EQ(CauseOf(R"({"InputType":"JSON","ItemsPointer":"/a~2"})"),
            "ItemsPointer '/a~2' has a ~ that is neither ~0 nor ~1");
  EXPECT_EQ(CauseOf(R"({"InputType":"JSON","Transformation":"LOAD_AND_FLATTEN"})"),
            "Transformation LOAD_AND_FLATTEN needs the resource s3:listObjectsV2");
  EXPECT_EQ(CauseOf(R"({"InputType":"CSV","ManifestType":"S3_INVENTORY"})"),
            "InputType cannot be specified when ManifestType is S3_INVENTORY");
  EXPECT_EQ(CauseOf(R"({"InputType":"JSON","ManifestType":"ATHENA_DATA"})"),
            "field InputType must be one of CSV, JSONL when ManifestType is ATHENA_DATA, but is "
            "JSON");
  EXPECT_EQ(ReadItemReader("arn:aws:states:::s3:getObject", {{"Key", "k"}}, {}).error().message,
            "the ItemReader names no Bucket");
  EXPECT_EQ(ReadItemReader("arn:aws:states:::s3:getObject", {{"Bucket", "b"}}, {}).error().message,
            "the ItemReader names no Key");
  EXPECT_EQ(ReadItemReader("arn:aws:states:::sqs:x", {}, {}).error().name,
            "States.ItemReaderFailed");
}

TEST(ReadCountTest, TakesIntegersAndTheirTexts) {
  for (const char* text : {"2", "2.0", "\"2\"", "2e0"}) {
    const auto count = ReadCount(**ParseJson(text), "MaxItems");
    ASSERT_TRUE(count) << text;
    EXPECT_EQ(*count, 2U) << text;
  }
  EXPECT_EQ(*ReadCount(json::value(0), "MaxItems"), 0U);
  EXPECT_EQ(*ReadCount(json::value(100'000'000), "MaxItems"), 100'000'000U);
}

TEST(ReadCountTest, RefusesTheRest) {
  for (const char* text : {"-1", "\"-1\""}) {
    EXPECT_EQ(ReadCount(**ParseJson(text), "MaxItems").error().message,
              "field MaxItems must be positive");
  }
  for (const char* text : {"1.5", "\"x\"", "\"2x\"", "\"\"", "true", "null", "[]", "1e300"}) {
    EXPECT_EQ(ReadCount(**ParseJson(text), "MaxItems").error().message,
              std::string("field MaxItems must be an integer, but is ") +
                  PrintJson(**ParseJson(text)));
  }
}

}  // namespace
}  // namespace towline::mapdata
