#pragma once

// Values as JSON and as text. Private to this room.

#include <string>
#include <string_view>

#include "statemachines/base/json.h"
#include "statemachines/jsonata/value.h"

namespace towline::jsonata {

// False if the value is or holds a function. What is undefined becomes null inside an array; so
// does a number that is not finite, unless `name_infinity`: then it becomes a string. A lone
// surrogate becomes U+FFFD.
bool ToJson(Arena& arena, Value value, bool name_infinity, json::value& json);

// Appends JSON as $string writes it: numbers of at most 15 digits, functions as "". False if the
// value holds an infinite number.
bool AppendText(Arena& arena, Value value, bool pretty, std::string& text);

// UTF-8 that anybody accepts: a lone surrogate becomes U+FFFD.
std::string CleanText(std::string_view text);

// A value in a message: its text, shortened.
std::string ShownValue(Arena& arena, Value value);

}  // namespace towline::jsonata
