#include <gtest/gtest.h>

#include "tests/mapdata/cases.h"

namespace towline::mapdata {
namespace {

bool BeginsWith(const std::string& text, const std::string& begin) {
  return text.compare(0, begin.size(), begin) == 0;
}

std::string Joined(const std::vector<std::string>& items) {
  std::string all;
  for (const std::string& item : items) all += item + "\n";
  return all;
}

// Every case of cases.jsonl, the object being fed as a whole.
TEST(ReaderCasesTest, GiveTheItemsOrTheCause) {
  const std::vector<ReaderCase> cases = LoadCases();
  ASSERT_GT(cases.size(), 50U);
  for (const ReaderCase& one : cases) {
    const auto config = ConfigOf(one.config);
    ASSERT_TRUE(config) << one.name << ": " << config.error().message;
    const ReadItems read = ReadText(*config, one.body);
    EXPECT_EQ(Joined(read.items), Joined(one.items)) << one.name;
    if (one.cause) {
      EXPECT_TRUE(read.cause && BeginsWith(*read.cause, *one.cause))
          << one.name << ": " << read.cause.value_or("no cause") << "\n  not " << *one.cause;
    } else {
      EXPECT_EQ(read.cause, std::nullopt) << one.name;
    }
  }
}

// Chunks cut at every byte, of every length, make no difference: not in the items, not in the
// places behind them, not in what is said of a fault.
TEST(ReaderCasesTest, DoNotDependOnWhereTheChunksAreCut) {
  for (const ReaderCase& one : LoadCases()) {
    const auto config = ConfigOf(one.config);
    const ReadItems whole = ReadText(*config, one.body);
    for (std::size_t chunk = 1; chunk < one.body.size(); chunk++) {
      EXPECT_EQ(ReadText(*config, one.body, chunk), whole)
          << one.name << ", chunks of " << chunk << ": "
          << ReadText(*config, one.body, chunk).cause.value_or("no cause");
    }
  }
}

// A reader that starts again behind any item, with the place stored as JSON, gives the rest.
TEST(ReaderCasesTest, GoOnBehindAnyItem) {
  for (const ReaderCase& one : LoadCases()) {
    const auto config = ConfigOf(one.config);
    const ReadItems whole = ReadText(*config, one.body);
    for (std::size_t item = 0; item < whole.items.size(); item++) {
      ReaderPosition stored;
      stored.in_object = whole.places[item];
      const Json text = ParseJson(PrintJson(PositionToJson(stored))).value();
      const auto again = PositionFromJson(*text);
      ASSERT_TRUE(again) << again.error().message;
      ASSERT_EQ(*again, stored);
      const auto behind = static_cast<std::ptrdiff_t>(item) + 1;
      for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, kWhole}) {
        const ReadItems rest = ReadText(*config, one.body, chunk, again->in_object);
        EXPECT_EQ(rest.items, std::vector(whole.items.begin() + behind, whole.items.end()))
            << one.name << ", behind item " << item;
        EXPECT_EQ(rest.places, std::vector(whole.places.begin() + behind, whole.places.end()))
            << one.name << ", behind item " << item;
        EXPECT_EQ(rest.cause, whole.cause) << one.name << ", behind item " << item;
      }
    }
  }
}

TEST(ReaderPositionTest, ComesBackFromItsText) {
  ReaderPosition position;
  EXPECT_EQ(PrintJson(PositionToJson(position)), "{}");
  position = {.items = 1'000'000'007,
              .objects = 3,
              .listed = "folder/ä\"",
              .version = "\"abc-2\"",
              .in_object = {.offset = 18'000'000'000'000'000'000U,
                            .line = 12,
                            .in = ParserPosition::In::kObject},
              .ended = true};
  const Json text = ParseJson(PrintJson(PositionToJson(position))).value();
  EXPECT_EQ(PositionFromJson(*text).value(), position);
}

TEST(ReaderPositionTest, RefusesAnythingElse) {
  for (const char* text : {"[]", "1", R"({"items":-1})", R"({"items":"1"})", R"({"in":"air"})",
                           R"({"in":1})", R"({"version":1})"}) {
    EXPECT_FALSE(PositionFromJson(**ParseJson(text))) << text;
  }
}

TEST(ItemParserTest, AnItemMayNotBeLargerThanTheBound) {
  const std::string large(2000, 'x');
  const std::pair<InputType, std::string> objects[] = {
      {InputType::kJson, "[\"" + large + "\"]"},
      {InputType::kJsonl, "\"" + large + "\"\n"},
      {InputType::kCsv, "a\n" + large + "\n"},
      {InputType::kCsv, "a\n\"" + large + "\n"}};
  for (const auto& [type, text] : objects) {
    for (const std::size_t chunk : {std::size_t{100}, kWhole}) {
      ItemParser::Options options;
      options.config.input_type = type;
      options.source = "s3://b/k";
      options.item_bytes_max = 1000;
      const auto parser = ItemParser::Make(options);
      std::string cause;
      while (cause.empty()) {
        const auto item = parser->Next();
        if (!item) {
          cause = item.error().message;
          continue;
        }
        const auto wanted = static_cast<std::size_t>(parser->wanted());
        ASSERT_LT(wanted, text.size());
        parser->Feed(std::string_view(text).substr(wanted, chunk));
      }
      EXPECT_NE(cause.find("an item is larger than 1000 bytes"), std::string::npos) << cause;
    }
  }
}

}  // namespace
}  // namespace towline::mapdata
