#include "statemachines/base/json_stream.h"

#include <gtest/gtest.h>

#include <vector>

namespace towline {
namespace {

using Mode = JsonStreamParser::Mode;
using Outcome = JsonStreamParser::Outcome;

struct Read {
  std::string printed;  // or what is wrong
  std::size_t used = 0;
};

// Feeds `text` in pieces of `size` bytes; an end of text only when `finish`.
Read InPieces(JsonStreamParser& parser, Mode mode, std::string_view text, std::size_t size,
              bool finish) {
  parser.Begin(mode);
  Read read;
  JsonStreamParser::Progress progress;
  while (progress.outcome == Outcome::kMore && read.used < text.size()) {
    progress = parser.Feed(text.substr(read.used, size));
    read.used += progress.used;
  }
  if (progress.outcome == Outcome::kMore && finish) progress = parser.Finish();
  switch (progress.outcome) {
    case Outcome::kMore: read.printed = "more"; break;
    case Outcome::kInvalid: read.printed = parser.reason(); break;
    case Outcome::kComplete:
      read.printed = mode == Mode::kBuild ? PrintJson(parser.Take()) : "complete";
  }
  return read;
}

constexpr const char* kDocument =
    R"( {"name":"M\u00fcller \ud83d\ude00 Grüße","list":[1,-2,0.1,1e23,5.7206845e-320,true,null],)"
    R"("deep":{"a":[[],{}],"":"x\\\"y"},"huge":18446744073709551616} )";

TEST(JsonStreamTest, EveryCutGivesTheSameValueAsTheWholeText) {
  const std::string whole = PrintJson(**ParseJson(kDocument));
  JsonStreamParser parser;
  const std::string text = kDocument;
  for (std::size_t size = 1; size <= text.size(); size++) {
    EXPECT_EQ(InPieces(parser, Mode::kBuild, text, size, false).printed, whole) << size;
    EXPECT_EQ(InPieces(parser, Mode::kCheck, text, size, false).printed, "complete") << size;
  }
}

TEST(JsonStreamTest, StopsBehindTheValueAndLeavesTheRest) {
  JsonStreamParser parser;
  for (const Mode mode : {Mode::kBuild, Mode::kCheck}) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{100}}) {
      EXPECT_EQ(InPieces(parser, mode, "[1,2] ,3", size, false).used, 5U);
      EXPECT_EQ(InPieces(parser, mode, "12.5,3", size, false).used, 4U);
      EXPECT_EQ(InPieces(parser, mode, "12.5 \n,3", size, false).used, 4U);
      EXPECT_EQ(InPieces(parser, mode, "\"a\"]", size, false).used, 3U);
      EXPECT_EQ(InPieces(parser, mode, "true}", size, false).used, 4U);
    }
  }
}

TEST(JsonStreamTest, ANumberEndsWithTheText) {
  JsonStreamParser parser;
  EXPECT_EQ(InPieces(parser, Mode::kBuild, "12.5", 1, false).printed, "more");
  EXPECT_EQ(InPieces(parser, Mode::kBuild, "12.5", 1, true).printed, "12.5");
  EXPECT_EQ(InPieces(parser, Mode::kBuild, "8.41e21", 2, true).printed, "8.41e+21");
  EXPECT_EQ(InPieces(parser, Mode::kBuild, "[1,", 1, true).printed, "the text ends too early");
}

TEST(JsonStreamTest, RefusesWhatParseJsonRefuses) {
  JsonStreamParser parser;
  for (const std::string text : {"[1,]", "{\"a\" 1}", "{a:1}", "'x'", "\"\x80\"", "nul ",
                                 "[1e999]", "\"\\ud800x\"", "\"a\nb\""}) {
    EXPECT_FALSE(ParseJson(text)) << text;
    for (const std::size_t size : {std::size_t{1}, text.size()}) {
      parser.Begin(Mode::kBuild);
      const Read read = InPieces(parser, Mode::kBuild, text, size, true);
      EXPECT_TRUE(read.printed.find("unexpected") != std::string::npos ||
                  read.printed.find("invalid") != std::string::npos ||
                  read.printed.find("out of range") != std::string::npos)
          << text << " gave " << read.printed;
    }
  }
  const std::string deep(kJsonDepthMax + 1, '[');
  EXPECT_EQ(InPieces(parser, Mode::kCheck, deep, 7, true).printed,
            "nested deeper than 100 levels");
}

TEST(JsonStreamTest, AFailedOrCutValueLeavesNoTraceInTheNext) {
  JsonStreamParser parser;
  EXPECT_EQ(InPieces(parser, Mode::kBuild, "[1,2,\"abc", 4, false).printed, "more");
  EXPECT_EQ(InPieces(parser, Mode::kBuild, "[7.2", 1, false).printed, "more");
  EXPECT_EQ(InPieces(parser, Mode::kBuild, "[5.5]", 1, true).printed, "[5.5]");
  EXPECT_EQ(InPieces(parser, Mode::kBuild, "[5.5,,]", 1, true).printed, "unexpected ','");
  EXPECT_EQ(InPieces(parser, Mode::kBuild, "{\"a\":6}", 1, true).printed, R"({"a":6})");
}

}  // namespace
}  // namespace towline
