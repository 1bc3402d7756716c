#include "statemachines/base/time.h"

#include <gtest/gtest.h>

namespace towline {
namespace {

std::string Normalised(std::string_view text) {
  const auto time = ParseTimestamp(text);
  return time ? FormatTimestamp(*time) : "refused";
}

TEST(TimestampTest, ParsesWhatRfc3339AllowsAndPrintsUtcMilliseconds) {
  EXPECT_EQ(Normalised("2026-11-23T14:27:50Z"), "2026-11-23T14:27:50.000Z");
  EXPECT_EQ(Normalised("2026-11-23T14:27:50.1Z"), "2026-11-23T14:27:50.100Z");
  EXPECT_EQ(Normalised("2026-11-23T14:27:50.123456789Z"), "2026-11-23T14:27:50.123Z");
  EXPECT_EQ(Normalised("2026-11-23T14:27:50+02:00"), "2026-11-23T12:27:50.000Z");
  EXPECT_EQ(Normalised("2026-12-31T23:30:00-01:30"), "2027-01-01T01:00:00.000Z");
  EXPECT_EQ(Normalised("1969-12-31T23:59:59.999Z"), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(Normalised("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(Normalised("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(Normalised("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59.000Z");
}

TEST(TimestampTest, RefusesEverythingElse) {
  for (const char* text : {"",
                           "2026-11-23",
                           "2026-11-23T14:27:50",
                           "2026-11-23t14:27:50Z",
                           "2026-11-23T14:27:50z",
                           "2026-11-23 14:27:50Z",
                           "2026-11-23T14:27Z",
                           "2026-11-23T14:27:50.Z",
                           "2026-11-23T14:27:50.1234567890Z",
                           "2026-11-23T14:27:50+0200",
                           "2026-11-23T14:27:50+24:00",
                           "2026-11-23T14:27:50+02:60",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-11-31T00:00:00Z",
                           "2026-11-23T24:00:00Z",
                           "2026-11-23T14:60:00Z",
                           "2026-11-23T14:27:60Z",
                           "2026-11-23T14:27:50Z ",
                           " 2026-11-23T14:27:50Z",
                           "26-11-23T14:27:50Z",
                           "2026-1-23T14:27:50Z",
                           "+026-11-23T14:27:50Z",
                           "2026-11-23T14:27:50ZZ"}) {
    EXPECT_EQ(Normalised(text), "refused") << text;
  }
}

TEST(TimestampTest, PrintingAndParsingAreInverse) {
  // Goal: no day, hour or millisecond is off by one. Method: an odd stride over four centuries.
  const Timestamp begin = *ParseTimestamp("1700-01-01T00:00:00Z");
  const Timestamp end = *ParseTimestamp("2100-01-01T00:00:00Z");
  constexpr Millis kStride{86'399'989'741};
  for (Timestamp time = begin; time < end; time += kStride) {
    const auto again = ParseTimestamp(FormatTimestamp(time));
    ASSERT_TRUE(again) << FormatTimestamp(time);
    ASSERT_EQ(*again, time) << FormatTimestamp(time);
  }
}

}  // namespace
}  // namespace towline
