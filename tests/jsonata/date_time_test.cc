#include "statemachines/jsonata/date_time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace towline::jsonata {
namespace {

constexpr std::int64_t kNow = 1531318645678;  // 2018-07-11T14:17:25.678Z

using Text = std::optional<std::string_view>;

std::string Formatted(double millis, Text picture, Text timezone) {
  const auto text = FormatDateTime(millis, picture, timezone);
  return text ? *text : text.problem().code;
}

// The instant in ISO 8601, "nothing", "NaN" or the code.
std::string Parsed(std::string_view text, std::string_view picture) {
  const auto millis = ParseDateTime(text, picture, kNow);
  if (!millis) return millis.problem().code;
  if (!*millis) return "nothing";
  return std::isnan(**millis) ? "NaN" : Formatted(**millis, {}, {});
}

std::string ParsedIso(std::string_view text) {
  const auto millis = ParseIsoDateTime(text);
  return millis ? Formatted(*millis, {}, {}) : millis.problem().code;
}

struct FormatCase {
  double millis;
  Text picture;
  Text timezone;
  const char* expected;
};

void CheckFormats(const std::vector<FormatCase>& cases) {
  for (const FormatCase& c : cases) {
    EXPECT_EQ(Formatted(c.millis, c.picture, c.timezone), c.expected)
        << c.millis << " " << c.picture.value_or("") << " " << c.timezone.value_or("");
  }
}

struct ParseCase {
  const char* text;
  const char* picture;
  const char* expected;
};

void CheckParses(const std::vector<ParseCase>& cases) {
  for (const ParseCase& c : cases) {
    EXPECT_EQ(Parsed(c.text, c.picture), c.expected) << c.text << " as " << c.picture;
  }
}

TEST(FormatDateTimeTest, FollowsThePicture) {
  CheckFormats({
      {0, {}, {}, "1970-01-01T00:00:00.000Z"},
      {1531318645678, {}, {}, "2018-07-11T14:17:25.678Z"},
      {-1, {}, {}, "1969-12-31T23:59:59.999Z"},
      {1.9, {}, {}, "1970-01-01T00:00:00.001Z"},
      {-62167219200000, {}, {}, "0000-01-01T00:00:00.000Z"},
      {253402300799999, {}, {}, "9999-12-31T23:59:59.999Z"},
      {1531318645678, {}, "-0500", "2018-07-11T09:17:25.678-05:00"},
      {1531318645678, {}, "+0530", "2018-07-11T19:47:25.678+05:30"},
      {1531318645678, "[Y]/[M]/[D] [H]:[m]:[s].[f]", {}, "2018/7/11 14:17:25.678"},
      {1531318645678,
       "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001]",
       {},
       "2018-07-11T14:17:25.678"},
      {1531318645678, "[ Y 0001 ]", {}, "2018"},
      {1531318645678, "[[[Y]]]", {}, "[2018]"},
      {1531318645678, "a]]b]c", {}, "a]b]c"},
      {1531318645678, "", {}, ""},
      {1531318645678, "[D1o] of [MNn] [Yw]", {}, "11th of July two thousand and eighteen"},
      {1531318645678, "[Dwo] [DWw] [DW]", {}, "eleventh Eleven ELEVEN"},
      {1531318645678, "[Da] [MA] [YI] [Di]", {}, "k G MMXVIII xi"},
      {1531318645678, "[F] [FN] [FNn] [F1]", {}, "wednesday WEDNESDAY Wednesday 3"},
      {1531318645678, "[FNn,3-3] [MN,*-3] [Mn,2]", {}, "Wed JUL july"},
      {1531318645678, "[Y,2] [Y,2-2] [Y,*-3] [Y,4-4]", {}, "18 18 018 2018"},
      {1531318645678, "[Y9,999,*] [Y#,##0,*]", {}, "2,018 2,018"},
      {1531318645678, "[D,3] [H,2] [m,1]", {}, "011 14 17"},
      {1531318645678, "[d] [d001]", {}, "192 192"},
      {1531318645678, "[h]:[m] [P] [PN] [Pn]", {}, "2:17 pm PM pm"},
      {1531267200000, "[h] [P] [H]", {}, "12 am 0"},
      {1531318645678, "[C] [E] [CN]", {}, "ISO ISO ISO"},
      {1531318645678, "[D١]", {}, "١١"},
      {1531318645678, "[Z]", "+0530", "+05:30"},
      {1531318645678, "[Z0]", "+0530", "+5:30"},
      {1531318645678, "[Z01]", "-0500", "-05"},
      {1531318645678, "[Z01]", "-0530", "-06:-30"},
      {1531318645678, "[Z0101] [z]", "-0330", "-0430 GMT-04:30"},
      {1531318645678, "[Z01:01t] [z01:01t]", {}, "Z Z"},
      {1531318645678, "[Z]", "0000", "+00:00"},
      {1531318645678, "[H]:[m]", "-0530", "7:47"},
      {1104537600000, "[X]-W[W01]-[F1] [x1] [w]", {}, "2004-W53-6 12 5"},
      {1230508800000, "[X]-W[W01]-[F1]", {}, "2009-W01-1"},
      {1262217600000, "[X]-W[W01]-[F1]", {}, "2009-W53-4"},
      {1262476800000, "[X]-W[W01]-[F1]", {}, "2009-W53-7"},
      {1535673600000, "[w] of [xNn]", {}, "5 of August"},
      {1419897600000, "[w] of [xNn]", {}, "1 of January"},
      {1359676800000, "[w] of [xNn]", {}, "5 of January"},
      {1483142400000, "[d] [W]", {}, "366 52"},
      {-100000000000000, "[Y] [d] [F1] [W]", {}, "-1199 46 4 7"},
  });
}

TEST(FormatDateTimeTest, RefusesPicturesThatMeanNothing) {
  CheckFormats({
      {1531318645678, "[Y", {}, "D3135"},
      {1531318645678, "[q]", {}, "D3132"},
      {1531318645678, "[]", {}, "D3132"},
      {1531318645678, "[YN]", {}, "D3133"},
      {1531318645678, "[mn]", {}, "D3133"},
      {1531318645678, "[Z010101]", {}, "D3134"},
      {1531318645678, "[ZN]", {}, "D3134"},
      {1531318645678, "[D#]", {}, "D3130"},
      {1531318645678, "[Dx]", {}, "D3130"},
      {1531318645678, "[D0٠]", {}, "D3131"},
      {1531318645678, "[q1]", {}, "D3132"},
      {1531318645678, "[fn]", {}, "D3133"},
      {1531318645678, "[Y,1001]", {}, "D1001"},
  });
  EXPECT_EQ(FormatDateTime(0, "[HN]", {}).problem().message,
            "In the picture of a date only months and days have names, not H");
  EXPECT_EQ(FormatDateTime(0, "[q]", {}).problem().message,
            "Unknown component \"q\" in the picture of a date");
}

TEST(FormatDateTimeTest, InstantsAndTimeZonesHaveARange) {
  CheckFormats({
      {8.64e15, {}, {}, "5760-09-13T00:00:00.000Z"},
      {-8.64e15, {}, {}, "-1821-04-20T00:00:00.000Z"},
      {8.64e15 + 1, {}, {}, "D1001"},
      {8.64e15, {}, "+0001", "D1001"},
      {std::numeric_limits<double>::infinity(), {}, {}, "D1001"},
      {std::nan(""), "[Y]", {}, "D1001"},
      {0, {}, "UTC", "D1001"},
      {0, "[q]", "UTC", "D3132"},
      {1e300, "no date", "UTC", "no date"},
  });
  EXPECT_EQ(FormatDateTime(0, {}, "UTC").problem().message,
            "The time zone \"UTC\" is not of the form +hhmm");
}

TEST(ParseDateTimeTest, ReadsWhatThePictureDescribes) {
  CheckParses({
      {"2018", "[Y]", "2018-01-01T00:00:00.000Z"},
      {"2018-07-11", "[Y0001]-[M01]-[D01]", "2018-07-11T00:00:00.000Z"},
      {"20180711", "[Y0001][M01][D01]", "2018-07-11T00:00:00.000Z"},
      {"11th July 2018", "[D1o] [MNn] [Y]", "2018-07-11T00:00:00.000Z"},
      {"11 Jul 18", "[D] [MNn,3-3] [Y]", "1918-07-11T00:00:00.000Z"},
      {"eleventh July two thousand and eighteen", "[Dwo] [MNn] [Yw]", "2018-07-11T00:00:00.000Z"},
      {"11/VII/MMXVIII", "[D]/[MI]/[YI]", "2018-07-11T00:00:00.000Z"},
      {"Wednesday, 11 July 2018", "[FNn], [D] [MNn] [Y]", "2018-07-11T00:00:00.000Z"},
      {"Monday, 11 July 2018", "[FNn], [D] [MNn] [Y]", "2018-07-11T00:00:00.000Z"},
      {"11/7/2018 12:05 am", "[D]/[M]/[Y] [h]:[m] [P]", "2018-07-11T00:05:00.000Z"},
      {"11/7/2018 12:05 PM", "[D]/[M]/[Y] [h]:[m] [P]", "2018-07-11T12:05:00.000Z"},
      {"11/7/2018 3:05 pm", "[D]/[M]/[Y] [h]:[m] [P]", "2018-07-11T15:05:00.000Z"},
      {"2018-192", "[Y]-[d]", "2018-07-11T00:00:00.000Z"},
      {"2018-400", "[Y]-[d]", "2018-02-04T00:00:00.000Z"},
      {"2018-07-11 10:00 +02:00", "[Y]-[M]-[D] [H]:[m] [Z]", "2018-07-11T08:00:00.000Z"},
      {"2018-07-11 10:00 -02:30", "[Y]-[M]-[D] [H]:[m] [Z]", "2018-07-11T11:30:00.000Z"},
      {"2018-07-11 10:00 +0230", "[Y]-[M]-[D] [H]:[m] [Z0001]", "2018-07-11T07:30:00.000Z"},
      {"2018-07-11 10:00 GMT-5", "[Y]-[M]-[D] [H]:[m] [z01]", "2018-07-11T15:00:00.000Z"},
      {"10:15", "[H]:[m]", "2018-07-11T10:15:00.000Z"},
      {"15", "[m]", "2018-07-11T14:15:00.000Z"},
      {"7-4", "[M]-[D]", "2018-07-04T00:00:00.000Z"},
      {"5", "[h]", "2018-07-11T05:00:00.000Z"},
      {"12:13:14.5", "[H]:[m]:[s].[f]", "2018-07-11T12:13:14.005Z"},
      {"2018-13-45", "[Y]-[M]-[D]", "2019-02-14T00:00:00.000Z"},
      {"49-01-01", "[Y]-[M]-[D]", "1949-01-01T00:00:00.000Z"},
      {"2018-07-11x", "[Y]-[M]-[D]", "nothing"},
      {"Hello", "Hello", "nothing"},
      {"", "[Y]", "nothing"},
      {"a.b 2018", "a.b [Y]", "2018-01-01T00:00:00.000Z"},
      {"axb 2018", "a.b [Y]", "nothing"},
      {"[2018]", "[[[Y]]]", "2018-01-01T00:00:00.000Z"},
      {"99999999-01-01", "[Y]-[M]-[D]", "NaN"},
  });
}

TEST(ParseDateTimeTest, RefusesPicturesThatLeaveGapsOrMeanNothing) {
  CheckParses({
      {"11 JULY 2018", "[D] [MNn] [Y]", "D3136"},
      {"2018-11", "[Y]-[D]", "D3136"},
      {"7 10", "[M] [m]", "D3136"},
      {"2018-28-3", "[X]-[W]-[F1]", "D3136"},
      {"2018-7-2-3", "[X]-[x]-[w]-[F1]", "D3136"},
      {"2018 192 10", "[Y] [d] [H]", "D3136"},
      {"2018", "[YN]", "D3133"},
      {"x", "[q]", "D3132"},
      {"2018", "[Y", "D3135"},
      {"ISO", "[C]", "D3133"},
      {"x", "[D#]", "D3130"},
  });
}

TEST(ParseDateTimeTest, WhatIsWrittenCanBeReadAgain) {
  for (const char* picture :
       {"[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001]", "[D1o] [MNn] [Yw], [h]:[m]:[s] [P] [f]",
        "[YI] [MNn,3-3] [Dwo] [H] [m] [s] [f]", "[FNn], [D]/[M]/[Y] [h#1]:[m01]:[s01][PN] [f]"}) {
    for (double millis = 946'684'800'000; millis < 4e12; millis += 86'399'999'777.0) {
      EXPECT_EQ(Parsed(Formatted(millis, picture, {}), picture), Formatted(millis, {}, {}))
          << picture;
    }
  }
}

TEST(ParseIsoDateTimeTest, ReadsTheFormsOfIso8601ThatJavaScriptReads) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"2018", "2018-01-01T00:00:00.000Z"},
      {"2018-02", "2018-02-01T00:00:00.000Z"},
      {"2018-02-03", "2018-02-03T00:00:00.000Z"},
      {"2018-02-31", "2018-03-03T00:00:00.000Z"},
      {"2018Z", "2018-01-01T00:00:00.000Z"},
      {"2018-02-03T10:11:12", "2018-02-03T10:11:12.000Z"},
      {"2018-02-03T10:11:12Z", "2018-02-03T10:11:12.000Z"},
      {"2018-02-03T10:11:12.5", "2018-02-03T10:11:12.500Z"},
      {"2018-02-03T10:11:12.123456789Z", "2018-02-03T10:11:12.123Z"},
      {"2018-02-03T10:11:12+01:30", "2018-02-03T08:41:12.000Z"},
      {"2018-02-03T10:11:12-0130", "2018-02-03T11:41:12.000Z"},
      {"2018T10:11:12Z", "2018-01-01T10:11:12.000Z"},
      {"2018-12-31T24:00:00Z", "2019-01-01T00:00:00.000Z"},
      {"0000", "0000-01-01T00:00:00.000Z"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
      {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(ParsedIso(text), expected) << text;
}

TEST(ParseIsoDateTimeTest, RefusesEverythingElse) {
  for (const char* text : {"",
                           "foo",
                           "18",
                           "2018-1",
                           "2018-13",
                           "2018-00",
                           "2018-01-32",
                           "2018-01-00",
                           "2018-01-01-01",
                           "2018-01-01 10:00:00",
                           "2018-01-01t10:00:00Z",
                           "2018-01-01T10:00",
                           "2018-01-01T25:00:00",
                           "2018-01-01T24:00:01",
                           "2018-01-01T10:60:00Z",
                           "2018-01-01T10:00:60Z",
                           "2018-01-01+01:00",
                           "2018-01-01T10:00:00.Z",
                           "2018-01-01T10:00:00+24:00",
                           "2018-01-01T10:00:00+1",
                           "2018-01-01T10:00:00ZZ",
                           "2018-01-01T10:00:00Z ",
                           "01-02-2018"}) {
    EXPECT_EQ(ParsedIso(text), "D3110") << text;
  }
  EXPECT_EQ(ParseIsoDateTime("foo").problem().message,
            "$toMillis cannot read \"foo\" as an ISO 8601 timestamp such as "
            "2018-03-23T10:33:36.617Z");
}

}  // namespace
}  // namespace towline::jsonata
