#include "statemachines/base/time.h"

#include <cstdio>

namespace towline {
namespace {

// Reads exactly `digits` decimal digits at the front of `text` and drops them.
bool TakeNumber(std::string_view& text, int digits, int& number) {
  if (text.size() < static_cast<std::size_t>(digits)) return false;
  number = 0;
  for (int i = 0; i < digits; i++) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(static_cast<std::size_t>(digits));
  return true;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool TakeFraction(std::string_view& text, int& milliseconds) {
  milliseconds = 0;
  if (!Take(text, '.')) return true;
  int digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; digits++) {
    if (digits < 3) milliseconds = milliseconds * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  for (int i = digits; i < 3; i++) milliseconds *= 10;
  return digits >= 1 && digits <= 9;
}

bool TakeOffset(std::string_view& text, std::chrono::minutes& offset) {
  offset = {};
  if (Take(text, 'Z')) return true;
  const bool east = Take(text, '+');
  if (!east && !Take(text, '-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!TakeNumber(text, 2, hours) || !Take(text, ':') || !TakeNumber(text, 2, minutes))
    return false;
  if (hours > 23 || minutes > 59) return false;
  offset = std::chrono::minutes{(hours * 60 + minutes) * (east ? 1 : -1)};
  return true;
}

}  // namespace

std::string FormatTimestamp(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto rest = time - day;
  const auto h = std::chrono::floor<std::chrono::hours>(rest);
  const auto m = std::chrono::floor<std::chrono::minutes>(rest - h);
  const auto s = std::chrono::floor<Seconds>(rest - h - m);
  const auto ms = rest - h - m - s;
  char text[40];
  const int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                 static_cast<unsigned>(date.day()), static_cast<int>(h.count()),
                                 static_cast<int>(m.count()), static_cast<int>(s.count()),
                                 static_cast<int>(ms.count()));
  return std::string(text, static_cast<std::size_t>(size));
}

std::optional<Timestamp> ParseTimestamp(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, milliseconds = 0;
  std::chrono::minutes offset{};
  const bool shaped = TakeNumber(text, 4, year) && Take(text, '-') && TakeNumber(text, 2, month) &&
                      Take(text, '-') && TakeNumber(text, 2, day) && Take(text, 'T') &&
                      TakeNumber(text, 2, hour) && Take(text, ':') && TakeNumber(text, 2, minute) &&
                      Take(text, ':') && TakeNumber(text, 2, second) &&
                      TakeFraction(text, milliseconds) && TakeOffset(text, offset) && text.empty();
  if (!shaped || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         Seconds{second} + Millis{milliseconds} - offset;
}

}  // namespace towline
