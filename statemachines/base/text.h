#pragma once

#include <cstddef>
#include <string_view>

namespace towline {

// Where `part` first occurs in `text` at or after `from`; npos if nowhere. As string_view::find,
// but its time grows with the sum of both lengths, never with their product: texts come from
// outside.
std::size_t FindText(std::string_view text, std::string_view part, std::size_t from = 0);

}  // namespace towline
