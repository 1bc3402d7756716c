#pragma once

// Days and times of JavaScript's Date, in UTC. Private to this room.

#include <cstdint>

namespace towline::jsonata {

inline constexpr std::int64_t kMillisPerDay = 86'400'000;
// Milliseconds from 1970 that a Date can hold, either way.
inline constexpr double kMillisMax = 8.64e15;

// An instant, taken apart.
struct DateTime {
  std::int64_t days = 0;  // since 1970-01-01
  int year = 0;           // astronomical: 0 is the year before 1
  int month = 0;          // 1 to 12
  int day = 0;            // 1 to 31
  int weekday = 0;        // 1, Monday, to 7
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
};

DateTime SplitMillis(std::int64_t millis);

// What makes up an instant; months count from 0, and each part may lie outside its usual range.
struct UtcParts {
  double year = 0;
  double month = 0;
  double day = 1;
  double hour = 0;
  double minute = 0;
  double second = 0;
  double millisecond = 0;
};
// Milliseconds since 1970; NaN if a part is no number or the instant out of range.
double JoinMillis(const UtcParts& parts);

// The year that Date.UTC() takes `year` for: 0 to 99 are 1900 to 1999.
inline double UtcYear(double year) { return year >= 0 && year < 100 ? 1900 + year : year; }

// The value of a component of a date picture, one of Y M D d F W w X x H h m s f. Weeks begin on
// Monday, and the first one of a year or month is that of its first Thursday; X and x are the year
// and the month that the week belongs to.
int ComponentOf(const DateTime& date, char component);

}  // namespace towline::jsonata
