#include "statemachines/base/json.h"
#include "statemachines/jsonata/calendar.h"
#include "statemachines/jsonata/date_time.h"

namespace towline::jsonata {
namespace {

// Takes exactly `digits` digits.
bool TakeNumber(std::string_view& text, std::size_t digits, int& number) {
  if (text.size() < digits) return false;
  number = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

struct IsoParts {
  int year = 0;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
  int zone = 0;  // minutes

  bool InRange() const {
    const bool midnight = hour == 24 && minute == 0 && second == 0 && millisecond == 0;
    return month >= 1 && month <= 12 && day >= 1 && day <= 31 && (hour <= 23 || midnight) &&
           minute <= 59 && second <= 59;
  }
};

// Digits beyond the third are cut off.
bool TakeFraction(std::string_view& text, int& millisecond) {
  if (!Take(text, '.')) return true;
  int unit = 100;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; digits++) {
    millisecond += unit * (text.front() - '0');
    unit /= 10;
    text.remove_prefix(1);
  }
  return digits > 0;
}

bool TakeZone(std::string_view& text, int& zone) {
  if (text.empty() || Take(text, 'Z')) return true;
  const bool east = Take(text, '+');
  int hours = 0;
  int minutes = 0;
  if ((!east && !Take(text, '-')) || !TakeNumber(text, 2, hours)) return false;
  Take(text, ':');
  if (!TakeNumber(text, 2, minutes) || hours > 23 || minutes > 59) return false;
  zone = (hours * 60 + minutes) * (east ? 1 : -1);
  return true;
}

bool TakeTime(std::string_view& text, IsoParts& parts) {
  return TakeNumber(text, 2, parts.hour) && Take(text, ':') && TakeNumber(text, 2, parts.minute) &&
         Take(text, ':') && TakeNumber(text, 2, parts.second) &&
         TakeFraction(text, parts.millisecond) && TakeZone(text, parts.zone);
}

bool ParseIso(std::string_view text, IsoParts& parts) {
  if (!TakeNumber(text, 4, parts.year)) return false;
  if (Take(text, '-')) {
    if (!TakeNumber(text, 2, parts.month)) return false;
    if (Take(text, '-') && !TakeNumber(text, 2, parts.day)) return false;
  }
  if (Take(text, 'T')) {
    if (!TakeTime(text, parts)) return false;
  } else {
    Take(text, 'Z');
  }
  return text.empty() && parts.InRange();
}

}  // namespace

OrProblem<double> ParseIsoDateTime(std::string_view text) {
  IsoParts parts;
  if (!ParseIso(text, parts)) {
    return Problem{.code = "D3110",
                   .message = "$toMillis cannot read " + PrintJson(json::value(text)) +
                              " as an ISO 8601 timestamp such as 2018-03-23T10:33:36.617Z"};
  }
  return JoinMillis({.year = static_cast<double>(parts.year),
                     .month = parts.month - 1.0,
                     .day = static_cast<double>(parts.day),
                     .hour = static_cast<double>(parts.hour),
                     .minute = static_cast<double>(parts.minute - parts.zone),
                     .second = static_cast<double>(parts.second),
                     .millisecond = static_cast<double>(parts.millisecond)});
}

}  // namespace towline::jsonata
