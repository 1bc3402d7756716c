#pragma once

// $fromMillis and $toMillis: instants, in milliseconds since 1970, as text, by pictures of XPath
// 3.1's format-dateTime.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "statemachines/jsonata/problem.h"

namespace towline::jsonata {

// Without `picture` "2018-03-23T10:33:36.617Z". `timezone` is "+hhmm" or "-hhmm"; without it UTC.
// D3130 to D3135 for a picture that is not valid or asks too much; D1001 for an instant or a time
// zone that is out of range.
OrProblem<std::string> FormatDateTime(double millis, std::optional<std::string_view> picture,
                                      std::optional<std::string_view> timezone);

// Nothing if `text` does not fit the picture, or the picture has no component; NaN if what it says
// is out of range. Parts of the date before the first that the picture has come from `now_ms`,
// those after the last are the least. D3130 to D3135 as above; D3136 if parts are missing in
// between.
OrProblem<std::optional<double>> ParseDateTime(std::string_view text, std::string_view picture,
                                               std::int64_t now_ms);

// ISO 8601 as JavaScript reads it: from a year alone to milliseconds with a time zone; without one
// UTC, and the 31st of any month. D3110 for anything else.
OrProblem<double> ParseIsoDateTime(std::string_view text);

}  // namespace towline::jsonata
