#pragma once

#include <string_view>

#include "statemachines/base/json.h"

namespace towline::handlers {

// A value as PostgreSQL writes it in text, with DateStyle ISO, TimeZone UTC and bytea_output hex;
// `type` is the type's object id. Whole numbers, real numbers, numeric: a number (NaN and infinity:
// text); bool; json and jsonb: what they hold; bytea: base64; times: ISO 8601; all else: text.
json::value ValueOfPostgres(unsigned type, std::string_view text);

}  // namespace towline::handlers
