#include "statemachines/jsonata/calendar.h"

#include <cmath>
#include <limits>

#include "statemachines/base/check.h"

namespace towline::jsonata {
namespace {

constexpr std::int64_t kDaysPer400Years = 146'097;

std::int64_t FloorDivide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Days from 1970-01-01 to the first of the month; `month` from 0, any number.
std::int64_t DaysToMonth(std::int64_t year, std::int64_t month) {
  year += FloorDivide(month, 12);
  month -= 12 * FloorDivide(month, 12);
  // Years that begin in March have their leap day at the end.
  const std::int64_t from_march = (month + 10) % 12;
  const std::int64_t march_year = year - (month < 2 ? 1 : 0);
  const std::int64_t era = FloorDivide(march_year, 400);
  const std::int64_t in_era = march_year - 400 * era;
  const std::int64_t days = in_era * 365 + in_era / 4 - in_era / 100 + (153 * from_march + 2) / 5;
  constexpr std::int64_t kEpoch = 719'468;  // from 0000-03-01 to 1970-01-01
  return era * kDaysPer400Years + days - kEpoch;
}

// The reference counts weeks and days of the year through Date.UTC().
std::int64_t DaysToUtcMonth(int year, int month) {
  return DaysToMonth(static_cast<std::int64_t>(UtcYear(year)), month);
}

int WeekdayOf(std::int64_t days) {
  const std::int64_t from_monday = days + 3;  // 1970-01-01 was a Thursday
  return static_cast<int>(from_monday - 7 * FloorDivide(from_monday, 7)) + 1;
}

// The Monday with which the first week of a year or month begins; `month` from 0.
std::int64_t FirstMonday(int year, int month) {
  const std::int64_t first = DaysToUtcMonth(year, month);
  const int weekday = WeekdayOf(first);
  return weekday > 4 ? first + 8 - weekday : first - (weekday - 1);
}

// The period, a year or a month, that a week is counted in.
struct Period {
  int year = 0;
  int month = 0;       // from 0
  bool yearly = true;  // else a month

  Period Next() const {
    if (yearly) return {year + 1, month, true};
    return month == 11 ? Period{year + 1, 0, false} : Period{year, month + 1, false};
  }
  Period Previous() const {
    if (yearly) return {year - 1, month, true};
    return month == 0 ? Period{year - 1, 11, false} : Period{year, month - 1, false};
  }
  std::int64_t Start() const { return FirstMonday(year, month); }
};

Period PeriodOf(const DateTime& date, bool yearly) {
  return {date.year, yearly ? 0 : date.month - 1, yearly};
}

int WeekOf(const DateTime& date, bool yearly) {
  const Period period = PeriodOf(date, yearly);
  const std::int64_t today = DaysToUtcMonth(date.year, date.month - 1) + date.day - 1;
  const auto week_from = [today](std::int64_t start) {
    return static_cast<int>(FloorDivide(today - start, 7)) + 1;
  };
  if (today < period.Start()) return week_from(period.Previous().Start());
  const int week = week_from(period.Start());
  // Only after whole weeks may the next period have begun.
  return week > (yearly ? 52 : 4) && today >= period.Next().Start() ? 1 : week;
}

Period WeekPeriodOf(const DateTime& date, bool yearly) {
  const Period period = PeriodOf(date, yearly);
  if (date.days < period.Start()) return period.Previous();
  return date.days >= period.Next().Start() ? period.Next() : period;
}

}  // namespace

DateTime SplitMillis(std::int64_t millis) {
  DateTime date;
  date.days = FloorDivide(millis, kMillisPerDay);
  auto rest = static_cast<int>(millis - date.days * kMillisPerDay);
  date.millisecond = rest % 1000;
  date.second = (rest /= 1000) % 60;
  date.minute = (rest /= 60) % 60;
  date.hour = rest / 60;
  date.weekday = WeekdayOf(date.days);
  // A guess that is right or one year too late, since a year has at most 366 days.
  date.year = static_cast<int>(FloorDivide(date.days * 400, kDaysPer400Years)) + 1970;
  while (DaysToMonth(date.year, 0) > date.days) date.year--;
  while (DaysToMonth(date.year, 12) <= date.days) date.year++;
  date.month = 1;
  while (DaysToMonth(date.year, date.month) <= date.days) date.month++;
  date.day = static_cast<int>(date.days - DaysToMonth(date.year, date.month - 1)) + 1;
  return date;
}

double JoinMillis(const UtcParts& parts) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const double year = std::trunc(parts.year);
  const double month = std::trunc(parts.month);
  // Beyond this no other part can bring the instant back into range, or the reference gives up too.
  constexpr double kLimit = 1e9;
  if (!(std::abs(year) < kLimit && std::abs(month) < kLimit)) return kNone;
  const std::int64_t days =
      DaysToMonth(static_cast<std::int64_t>(year), static_cast<std::int64_t>(month));
  const double millis = (static_cast<double>(days) + std::trunc(parts.day) - 1) * kMillisPerDay +
                        std::trunc(parts.hour) * 3'600'000 + std::trunc(parts.minute) * 60'000 +
                        std::trunc(parts.second) * 1000 + std::trunc(parts.millisecond);
  return std::abs(millis) <= kMillisMax ? millis : kNone;
}

int ComponentOf(const DateTime& date, char component) {
  switch (component) {
    case 'Y':
      return date.year;
    case 'M':
      return date.month;
    case 'D':
      return date.day;
    case 'd':
      return static_cast<int>(DaysToUtcMonth(date.year, date.month - 1) -
                              DaysToUtcMonth(date.year, 0)) +
             date.day;
    case 'F':
      return date.weekday;
    case 'W':
    case 'w':
      return WeekOf(date, component == 'W');
    case 'X':
      return WeekPeriodOf(date, true).year;
    case 'x':
      return WeekPeriodOf(date, false).month + 1;
    case 'H':
      return date.hour;
    case 'h':
      return date.hour % 12 == 0 ? 12 : date.hour % 12;
    case 'm':
      return date.minute;
    case 's':
      return date.second;
    default:
      CHECK(component == 'f');
      return date.millisecond;
  }
}

}  // namespace towline::jsonata
