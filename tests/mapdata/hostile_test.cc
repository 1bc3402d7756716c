#include <gtest/gtest.h>

#include <random>

#include "tests/mapdata/cases.h"

namespace towline::mapdata {
namespace {

// Changes, inserts, removes or repeats a few bytes of `text`.
std::string Mutated(std::string text, std::mt19937& random) {
  constexpr std::string_view kBytes = "[]{},:\"\\\n\r\t |0e-.x'\x00\x80\xC3\xED\xEF\xBB\xBF\xFF";
  const auto pick = [&](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  for (std::size_t changes = 1 + pick(3); changes > 0; changes--) {
    const std::size_t at = pick(text.size() + 1);
    const char byte = kBytes[pick(kBytes.size())];
    switch (pick(4)) {
      case 0: text.insert(at, 1, byte); break;
      case 1: text.erase(at, 1 + pick(4)); break;
      case 2: text.insert(at, text.substr(pick(text.size() + 1), pick(20))); break;
      default:
        if (at < text.size()) text[at] = byte;
    }
  }
  return text;
}

// A fault in the middle of a word or an escape may be seen some bytes later when the chunk ends
// there.
ReadItems WithoutPlaceOfFault(ReadItems read) {
  const std::size_t line = read.cause ? read.cause->find(", line ") : std::string::npos;
  if (line != std::string::npos) read.cause->resize(line);
  return read;
}

// Whatever stands in the object: the reader neither crashes nor hangs, gives the same in any
// chunks, goes on behind every item it gave, and each item is a JSON value that prints and parses.
void CheckAnything(const ReaderConfig& config, const std::string& text, std::mt19937& random) {
  const ReadItems whole = WithoutPlaceOfFault(ReadText(config, text));
  const std::size_t chunk = std::uniform_int_distribution<std::size_t>(1, 9)(random);
  ASSERT_EQ(WithoutPlaceOfFault(ReadText(config, text, chunk)), whole)
      << "chunks of " << chunk << " of " << text;
  for (std::size_t item = 0; item < whole.items.size(); item++) {
    const auto behind = static_cast<std::ptrdiff_t>(item) + 1;
    const ReadItems rest =
        WithoutPlaceOfFault(ReadText(config, text, chunk, whole.places[item]));
    ASSERT_EQ(rest.items, std::vector(whole.items.begin() + behind, whole.items.end())) << text;
    ASSERT_EQ(rest.cause, whole.cause) << text;
    if (config.items_pointer.empty()) {
      ASSERT_TRUE(ParseJson(whole.items[item])) << whole.items[item];
    }
  }
}

TEST(HostileObjectTest, ChangedCasesOfEachKind) {
  std::mt19937 random(20260923);
  const std::vector<ReaderCase> cases = LoadCases();
  for (int round = 0; round < 150; round++) {
    for (const ReaderCase& one : cases) {
      CheckAnything(*ConfigOf(one.config), Mutated(one.body, random), random);
    }
  }
}

TEST(HostileObjectTest, RandomTextOfTheCharactersThatMatter) {
  std::mt19937 random(4180);
  constexpr std::string_view kCsv = "a,\"\\\n\r|; \t";
  constexpr std::string_view kJson = "[]{},:\"\\ \n01.e-tfn";
  for (int round = 0; round < 20'000; round++) {
    ReaderConfig config;
    const int kind = round % 4;
    config.input_type = kind == 0   ? InputType::kJsonl
                        : kind == 1 ? InputType::kJson
                                    : InputType::kCsv;
    if (kind == 2) config.csv_headers = {{"x", "y"}};
    if (kind == 1 && round % 8 == 1) config.items_pointer = {"a"};
    const std::string_view alphabet = config.input_type == InputType::kCsv ? kCsv : kJson;
    std::string text = kind == 1 && round % 3 == 0 ? "[" : "";
    if (!config.items_pointer.empty()) text = R"({"a":[)";
    const std::size_t size = std::uniform_int_distribution<std::size_t>(0, 40)(random);
    while (text.size() < size) {
      text += alphabet[std::uniform_int_distribution<std::size_t>(0, alphabet.size() - 1)(random)];
    }
    CheckAnything(config, text, random);
  }
}

TEST(HostileObjectTest, DeepNestingIsRefusedAndNotFollowed) {
  ReaderConfig config;
  const std::string deep = "[" + std::string(1'000'000, '[');
  EXPECT_NE(ReadText(config, deep).cause.value().find("nested deeper than 100 levels"),
            std::string::npos);
  config.items_pointer = {"b"};
  EXPECT_NE(ReadText(config, R"({"a":)" + deep).cause.value().find("nested deeper"),
            std::string::npos);
}

}  // namespace
}  // namespace towline::mapdata
