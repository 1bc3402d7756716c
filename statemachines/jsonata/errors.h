#pragma once

// What the codes of failures mean. Private to this room.

#include <string>
#include <string_view>

namespace towline::jsonata {

// The message of `code`; "{value}", "{other}" and "{token}" stand for what the failure is about.
std::string_view MessageOf(std::string_view code);

// `text` with each `mark` replaced.
std::string Replaced(std::string text, std::string_view mark, std::string_view replacement);

}  // namespace towline::jsonata
