#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>

#include "statemachines/mapdata/batcher.h"
#include "statemachines/mapdata/item_parser.h"

// Counts what the program holds on the heap. The size of a block stands in front of it.
namespace {
std::atomic<std::size_t> live_bytes{0};
std::atomic<std::size_t> peak_bytes{0};
constexpr std::size_t kFront = alignof(std::max_align_t);
}  // namespace

void* operator new(std::size_t size) {
  void* const block = std::malloc(size + kFront);
  if (block == nullptr) std::abort();
  *static_cast<std::size_t*>(block) = size;
  const std::size_t live = live_bytes.fetch_add(size) + size;
  std::size_t peak = peak_bytes.load();
  while (live > peak && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return static_cast<char*>(block) + kFront;
}
void operator delete(void* pointer) noexcept {
  if (pointer == nullptr) return;
  void* const block = static_cast<char*>(pointer) - kFront;
  live_bytes.fetch_sub(*static_cast<std::size_t*>(block));
  std::free(block);
}
void operator delete(void* pointer, std::size_t) noexcept { operator delete(pointer); }

namespace towline::mapdata {
namespace {

// The text of an object that is never in memory as a whole: piece 0, 1, … until one is empty.
using Pieces = std::function<std::string(int)>;

struct Reading {
  int items = 0;
  std::size_t growth = 0;  // of the heap, at most
};

Reading Read(const ReaderConfig& config, const Pieces& pieces) {
  Reading reading;
  const std::size_t before = live_bytes.load();
  peak_bytes.store(before);
  const auto parser = ItemParser::Make({.config = config, .source = "s3://b/k"});
  Batcher batcher({.items_max = 100});
  int piece = 0;
  std::string chunk;  // stays valid while the parser reads it
  while (!parser->done()) {
    auto next = parser->Next();
    CHECK(next);
    if (*next) {
      reading.items++;
      if (!batcher.Fits(*(*next)->value)) (void)batcher.Take();
      batcher.Add(std::move((*next)->value));
      continue;
    }
    if (parser->done()) break;
    chunk.clear();
    for (bool more = true; more && chunk.size() < 4096;) {
      const std::string text = pieces(piece++);
      more = !text.empty();
      chunk += text;
    }
    if (chunk.empty()) {
      parser->Finish();
    } else {
      parser->Feed(chunk);
    }
  }
  reading.growth = peak_bytes.load() - before;
  return reading;
}

constexpr int kItems = 100'000;
constexpr std::size_t kGrowthMax = 256 << 10;  // of 10 MB

std::string Filler(int i) { return std::to_string(i) + std::string(70, 'x'); }
std::string JsonItem(int i) {
  return R"({"n":)" + std::to_string(i) + R"(,"text":")" + Filler(i) + "\"}";
}

TEST(MemoryTest, AHundredThousandItemsTakeNoMoreThanAFew) {
  ReaderConfig config;
  const Reading json = Read(config, [](int i) -> std::string {
    if (i == 0) return "[" + JsonItem(i);
    return i < kItems ? ",\n" + JsonItem(i) : i == kItems ? "]" : "";
  });
  EXPECT_EQ(json.items, kItems);
  EXPECT_LT(json.growth, kGrowthMax);
  config.input_type = InputType::kJsonl;
  const Reading jsonl =
      Read(config, [](int i) { return i < kItems ? JsonItem(i) + "\n" : std::string(); });
  EXPECT_EQ(jsonl.items, kItems);
  EXPECT_LT(jsonl.growth, kGrowthMax);
  config.input_type = InputType::kCsv;
  const Reading csv = Read(config, [](int i) -> std::string {
    if (i == 0) return "n,text\n";
    return i <= kItems ? std::to_string(i) + ",\"" + Filler(i) + "\"\n" : "";
  });
  EXPECT_EQ(csv.items, kItems);
  EXPECT_LT(csv.growth, kGrowthMax);
}

TEST(MemoryTest, NeitherDoesWhatAPointerPassesOver) {
  ReaderConfig config;
  config.items_pointer = {"items"};
  constexpr int kBeside = 90'000;
  const Reading reading = Read(config, [](int i) -> std::string {
    if (i == 0) return R"({"beside":[0)";
    if (i == kBeside) return R"(],"items":[0)";
    return i < kItems ? "," + JsonItem(i) : i == kItems ? "]}" : "";
  });
  EXPECT_EQ(reading.items, kItems - kBeside);
  EXPECT_LT(reading.growth, kGrowthMax);
}

}  // namespace
}  // namespace towline::mapdata
