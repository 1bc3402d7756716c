#include "statemachines/mapdata/batcher.h"

#include <gtest/gtest.h>

#include <boost/json/string.hpp>

namespace towline::mapdata {
namespace {

// The inputs that come of `items`, as texts.
std::vector<std::string> Batches(Batcher::Options options, const std::vector<json::value>& items) {
  Batcher batcher(std::move(options));
  std::vector<std::string> inputs;
  std::uint64_t counted = 0;
  const auto take = [&] {
    const Batcher::Batch batch = batcher.Take();
    inputs.push_back(PrintJson(*batch.input));
    counted += batch.items;
  };
  for (const json::value& item : items) {
    if (!batcher.Fits(item)) take();
    batcher.Add(Json(item));
    if (batcher.Full()) take();
  }
  if (!batcher.Empty()) take();
  EXPECT_EQ(counted, items.size());
  return inputs;
}

using Texts = std::vector<std::string>;

TEST(BatcherTest, AtMostSoManyItems) {
  EXPECT_EQ(Batches({.items_max = 2}, {1, "b", nullptr}),
            (Texts{R"({"Items":[1,"b"]})", R"({"Items":[null]})"}));
  EXPECT_EQ(Batches({.items_max = 1}, {1, 2}), (Texts{R"({"Items":[1]})", R"({"Items":[2]})"}));
  EXPECT_EQ(Batches({.items_max = 2}, {}), Texts{});
}

TEST(BatcherTest, TheFixedInputComesWithEachBatch) {
  EXPECT_EQ(Batches({.items_max = 2, .batch_input = Json(json::value{{"tag", "x"}})}, {1, 2, 3}),
            (Texts{R"({"BatchInput":{"tag":"x"},"Items":[1,2]})",
                   R"({"BatchInput":{"tag":"x"},"Items":[3]})"}));
}

// Both bounds at once, checked against the length of the text itself.
TEST(BatcherTest, NoBatchIsLargerThanTheBoundAndNoneCouldTakeTheNextItem) {
  std::vector<json::value> items;
  items.reserve(300);
  for (int i = 0; i < 300; i++) {
    items.emplace_back(json::string(static_cast<std::size_t>(i * 37 % 23), i % 5 == 0 ? '"' : 'x'));
  }
  for (std::size_t bytes = 90; bytes < 300; bytes += 7) {
    const Batcher::Options options{
        .items_max = 9, .bytes_max = bytes, .batch_input = Json(json::value("ü"))};
    const Texts inputs = Batches(options, items);
    std::size_t next = 0;
    for (const std::string& input : inputs) {
      EXPECT_LE(input.size(), bytes);
      const Json parsed = ParseJson(input).value();
      const std::size_t count = parsed->at("Items").as_array().size();
      next += count;
      if (next == items.size()) break;
      EXPECT_TRUE(count == 9 || input.size() + 1 + JsonSize(items[next]) > bytes) << input;
    }
    EXPECT_EQ(next, items.size());
  }
}

TEST(BatcherTest, ABatchOfExactlyTheBoundIsAllowed) {
  const std::string whole = R"({"Items":["aaaa","bb"]})";
  EXPECT_EQ(Batches({.bytes_max = whole.size()}, {"aaaa", "bb"}), Texts{whole});
  EXPECT_EQ(Batches({.bytes_max = whole.size() - 1}, {"aaaa", "bb"}).size(), 2U);
}

TEST(BatcherTest, AnItemBeyondTheBoundIsABatchOfItsOwn) {
  EXPECT_EQ(Batches({.bytes_max = 20}, {1, "a very long item indeed", 2}),
            (Texts{R"({"Items":[1]})", R"({"Items":["a very long item indeed"]})",
                   R"({"Items":[2]})"}));
}

}  // namespace
}  // namespace towline::mapdata
