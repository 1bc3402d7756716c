#include "orchestrator/objects/item_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <filesystem>

#include "orchestrator/objects/local_store.h"
#include "tests/base/scratch.h"
#include "tests/mapdata/compress.h"
#include "tests/objects/contents.h"
#include "tests/objects/fake_s3.h"

namespace towline::objects {
namespace {

using mapdata::ReaderPosition;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

mapdata::ItemReader ReaderOf(const std::string& api, const json::value& parameters,
                             const json::value& config) {
  return mapdata::ReadItemReader("arn:aws:states:::s3:" + api, parameters, config).value();
}
mapdata::ItemReader Object(const std::string& key, const json::value& config) {
  return ReaderOf("getObject", {{"Bucket", "b"}, {"Key", key}}, config);
}
mapdata::ItemReader Listed(const std::string& prefix, const json::value& config) {
  return ReaderOf("listObjectsV2", {{"Bucket", "b"}, {"Prefix", prefix}}, config);
}

// What comes from `from` on: "INDEX [KEY=]VALUE SOURCE" each, or "NAME: CAUSE" at the end.
std::vector<std::string> Items(ObjectStore& store, const mapdata::ItemReader& reader,
                               const ReaderPosition& from = {},
                               std::vector<ReaderPosition>* positions = nullptr) {
  std::vector<std::string> items;
  const auto failed = [&](const Error& error) {
    items.push_back(error.name + ": " + error.message);
    return items;
  };
  const auto source = ItemSource::Open(store, reader, from);
  if (!source) return failed(source.error());
  for (;;) {
    const auto item = (*source)->Next();
    if (positions != nullptr) positions->push_back((*source)->position());
    if (!item) return failed(item.error());
    if (!*item) return items;
    items.push_back(std::to_string((*item)->index) + " " +
                    ((*item)->key ? *(*item)->key + "=" : "") + PrintJson(*(*item)->value) + " " +
                    (*item)->source);
  }
}

// Whatever the kind: going on from the place behind each item, stored as JSON, gives the rest.
void ExpectResumable(ObjectStore& store, const mapdata::ItemReader& reader) {
  std::vector<ReaderPosition> positions;
  const std::vector<std::string> all = Items(store, reader, {}, &positions);
  ASSERT_EQ(positions.size(), all.size() + 1);
  for (std::size_t i = 0; i < positions.size(); i++) {
    const Json stored = ParseJson(PrintJson(PositionToJson(positions[i]))).value();
    const ReaderPosition from = mapdata::PositionFromJson(*stored).value();
    const auto behind = static_cast<std::ptrdiff_t>(std::min(i + 1, all.size()));
    EXPECT_EQ(Items(store, reader, from), std::vector(all.begin() + behind, all.end()))
        << "from " << PrintJson(*stored);
  }
}

const json::value kCsv{{"InputType", "CSV"}, {"CSVHeaderLocation", "FIRST_ROW"}};
const json::value kJsonl{{"InputType", "JSONL"}};
const json::value kJson{{"InputType", "JSON"}};

class ItemSourceTest : public ::testing::Test {
 protected:
  ItemSourceTest() {
    std::filesystem::create_directory(scratch_.path() + "/b");
    store_ = LocalStore::Open(scratch_.path()).value();
  }
  void Write(const std::string& key, const std::string& content) {
    scratch_.Write("b/" + key, content);
  }

  Scratch scratch_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(ItemSourceTest, TheItemsOfAnObject) {
  Write("a.json", R"({"x":{"k":[1],"l":2}})");
  Write("a.jsonl", "1\n{\"a\":2}\n");
  Write("a.csv", "id,name\n1,x\n2,\"y\nz\"\n");
  const json::value members{{"InputType", "JSON"}, {"ItemsPointer", "/x"}};
  EXPECT_THAT(Items(*store_, Object("a.json", members)),
              ElementsAre("0 k=[1] s3://b/a.json", "1 l=2 s3://b/a.json"));
  EXPECT_THAT(Items(*store_, Object("a.jsonl", kJsonl)),
              ElementsAre("0 1 s3://b/a.jsonl", R"(1 {"a":2} s3://b/a.jsonl)"));
  EXPECT_THAT(Items(*store_, Object("a.csv", kCsv)),
              ElementsAre(R"(0 {"id":"1","name":"x"} s3://b/a.csv)",
                          R"(1 {"id":"2","name":"y\nz"} s3://b/a.csv)"));
  ExpectResumable(*store_, Object("a.json", members));
  ExpectResumable(*store_, Object("a.jsonl", kJsonl));
  ExpectResumable(*store_, Object("a.csv", kCsv));
}

TEST_F(ItemSourceTest, CompressedObjectsAreReadByTheirNames) {
  const std::string csv = "id,name\n1,x\n2,y\n3,z\n";
  Write("a.csv.gz", mapdata::Gzipped(csv));
  Write("a.csv.zstd", mapdata::Zstded(csv));
  for (const std::string key : {"a.csv.gz", "a.csv.zstd"}) {
    EXPECT_THAT(Items(*store_, Object(key, kCsv)),
                ElementsAre(R"(0 {"id":"1","name":"x"} s3://b/)" + key,
                            R"(1 {"id":"2","name":"y"} s3://b/)" + key,
                            R"(2 {"id":"3","name":"z"} s3://b/)" + key));
    ExpectResumable(*store_, Object(key, kCsv));
  }
  Write("cut.csv.gz", mapdata::Gzipped(csv).substr(0, 20));
  EXPECT_THAT(Items(*store_, Object("cut.csv.gz", kCsv)).back(),
              "States.ItemReaderFailed: s3://b/cut.csv.gz: the gzip data is damaged: it ends too "
              "early");
}

TEST_F(ItemSourceTest, MaxItemsCountsOverAllObjects) {
  Write("p/1.jsonl", "1\n2\n3\n");
  Write("p/2.jsonl", "4\n5\n");
  json::object config = kJsonl.as_object();
  config["Transformation"] = "LOAD_AND_FLATTEN";
  config["MaxItems"] = 4;
  EXPECT_THAT(Items(*store_, Listed("p/", config)),
              ElementsAre("0 1 s3://b/p/1.jsonl", "1 2 s3://b/p/1.jsonl", "2 3 s3://b/p/1.jsonl",
                          "3 4 s3://b/p/2.jsonl"));
  ExpectResumable(*store_, Listed("p/", config));
  EXPECT_THAT(Items(*store_, Listed("p/", {{"MaxItems", 1}})), testing::SizeIs(1));
}

TEST_F(ItemSourceTest, AListingsDescriptions) {
  Write("p/a", "hello");
  Write("p/b/c", "");
  Write("q", "");
  const std::vector<std::string> items = Items(*store_, Listed("p/", nullptr));
  ASSERT_EQ(items.size(), 2U);
  const auto modified =
      std::chrono::floor<Seconds>(store_->Head({"b", "p/a"})->last_modified).time_since_epoch();
  EXPECT_EQ(items[0], R"(0 {"Etag":"\"5d41402abc4b2a76b9719d911017c592\"","Key":"p/a",)"
                      R"("LastModified":)" + std::to_string(modified.count()) +
                          R"(,"Size":5,"StorageClass":"STANDARD"} s3://b)");
  EXPECT_THAT(items[1], HasSubstr(R"("Key":"p/b/c")"));
  ExpectResumable(*store_, Listed("p/", nullptr));
}

TEST_F(ItemSourceTest, AnInventorysRows) {
  Write("m/manifest.json",
        R"({"fileFormat":"CSV","fileSchema":"Bucket, Key, Size",)"
        R"("files":[{"key":"m/1.csv.gz"},{"key":"m/2.csv.gz"}]})");
  Write("m/1.csv.gz", mapdata::Gzipped("\"src\",\"a/\",\"0\"\n\"src\",\"a%20b\",\"7\"\n"));
  Write("m/2.csv.gz", mapdata::Gzipped("\"src\",\"c\"\n"));
  const json::value config{{"InputType", "MANIFEST"}};
  EXPECT_THAT(Items(*store_, Object("m/manifest.json", config)),
              ElementsAre(R"(0 {"Bucket":"src","Key":"a/","Size":"0"} s3://b/m/1.csv.gz)",
                          R"(1 {"Bucket":"src","Key":"a%20b","Size":"7"} s3://b/m/1.csv.gz)",
                          R"(2 {"Bucket":"src","Key":"c","Size":""} s3://b/m/2.csv.gz)"));
  ExpectResumable(*store_, Object("m/manifest.json", config));
}

TEST_F(ItemSourceTest, TheObjectsOfAnAthenaManifest) {
  scratch_.Write("other/1.jsonl", "1\n2\n");
  Write("q/empty.jsonl", "");
  Write("q/2.jsonl", "3\n");
  Write("q/manifest.csv", "s3://other/1.jsonl\ns3://b/q/empty.jsonl\ns3://b/q/2.jsonl\n");
  json::object config = kJsonl.as_object();
  config["ManifestType"] = "ATHENA_DATA";
  EXPECT_THAT(Items(*store_, Object("q/manifest.csv", config)),
              ElementsAre("0 1 s3://other/1.jsonl", "1 2 s3://other/1.jsonl",
                          "2 3 s3://b/q/2.jsonl"));
  ExpectResumable(*store_, Object("q/manifest.csv", config));
}

TEST_F(ItemSourceTest, EveryFailureIsTheReadersWithACauseToShow) {
  EXPECT_THAT(Items(*store_, Object("no", kJson)),
              ElementsAre("States.ItemReaderFailed: The specified key does not exist: s3://b/no"));
  EXPECT_THAT(Items(*store_, ReaderOf("listObjectsV2", {{"Bucket", "no"}}, nullptr)).back(),
              HasSubstr("States.ItemReaderFailed: The specified bucket does not exist: no"));
  Write("o.json", R"({"Hello":"world"})");
  EXPECT_THAT(Items(*store_, Object("o.json", kJson)),
              ElementsAre("States.ItemReaderFailed: Attempting to map over non-iterable node."));
  Write("m.json", "{");
  EXPECT_THAT(Items(*store_, Object("m.json", {{"InputType", "MANIFEST"}})).back(),
              HasSubstr("States.ItemReaderFailed: s3://b/m.json: invalid JSON"));
  Write("m.csv", "s3://b/gone\n");
  json::object athena = kJsonl.as_object();
  athena["ManifestType"] = "ATHENA_DATA";
  EXPECT_THAT(Items(*store_, Object("m.csv", athena)).back(),
              "States.ItemReaderFailed: The specified key does not exist: s3://b/gone");
}

TEST_F(ItemSourceTest, AReplacedObjectIsNotGoneOnWith) {
  Write("a.jsonl", "1\n2\n");
  std::vector<ReaderPosition> positions;
  (void)Items(*store_, Object("a.jsonl", kJsonl), {}, &positions);
  ASSERT_TRUE(PutContent(*store_, {"b", "a.jsonl"}, "1\n9\n"));
  EXPECT_THAT(Items(*store_, Object("a.jsonl", kJsonl), positions[0]),
              ElementsAre("States.ItemReaderFailed: s3://b/a.jsonl has been replaced since it was "
                          "first read"));
}

TEST_F(ItemSourceTest, FoldersThatAreObjectsAreNotLoaded) {
  FakeS3 s3;
  S3Store store(s3.Options());
  for (const auto& [key, content] :
       {std::pair{"p/", ""}, std::pair{"p/1.json", "[1]"}, std::pair{"p/2/", ""},
        std::pair{"p/2/3.json", "[2]"}}) {
    ASSERT_TRUE(PutContent(store, {"data", key}, content));
  }
  json::object config = kJson.as_object();
  config["Transformation"] = "LOAD_AND_FLATTEN";
  const auto reader =
      ReaderOf("listObjectsV2", {{"Bucket", "data"}, {"Prefix", "p/"}}, config);
  EXPECT_THAT(Items(store, reader),
              ElementsAre("0 1 s3://data/p/1.json", "1 2 s3://data/p/2/3.json"));
  ExpectResumable(store, reader);
}

TEST_F(ItemSourceTest, OverAnEndpointInSmallChunks) {
  FakeS3 s3;
  S3Options options = s3.Options();
  options.chunk_bytes = 16;
  S3Store store(options);
  std::string csv = "id,text\n";
  for (int i = 0; i < 12; i++) csv += std::to_string(i) + ",\"some\ntext\"\n";
  ASSERT_TRUE(PutContent(store, {"data", "a.csv"}, csv));
  ASSERT_TRUE(PutContent(store, {"data", "a.csv.gz"}, mapdata::Gzipped(csv)));
  for (const std::string key : {"a.csv", "a.csv.gz"}) {
    const auto reader = ReaderOf("getObject", {{"Bucket", "data"}, {"Key", key}}, kCsv);
    EXPECT_THAT(Items(store, reader), testing::SizeIs(12));
    ExpectResumable(store, reader);
  }
}

// Goes on near the end without reading what lies before.
TEST_F(ItemSourceTest, ResumingDoesNotReadEverythingAgain) {
  FakeS3 s3;
  S3Options options = s3.Options();
  options.chunk_bytes = 1000;
  S3Store store(options);
  std::string lines;
  for (int i = 0; i < 2'000; i++) lines += std::to_string(10'000 + i) + "\n";
  ASSERT_TRUE(PutContent(store, {"data", "a.jsonl"}, lines));
  const auto reader = ReaderOf("getObject", {{"Bucket", "data"}, {"Key", "a.jsonl"}}, kJsonl);
  std::vector<ReaderPosition> positions;
  (void)Items(store, reader, {}, &positions);
  const std::size_t before = s3.Requests("GET data a.jsonl").size();
  EXPECT_EQ(before, 12U);
  EXPECT_THAT(Items(store, reader, positions[1'949]), testing::SizeIs(50));
  EXPECT_EQ(s3.Requests("GET data a.jsonl").size() - before, 1U);
}

}  // namespace
}  // namespace towline::objects
