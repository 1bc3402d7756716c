#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace towline {

// Base64 (RFC 4648, section 4) with padding.
std::string ToBase64(std::string_view bytes);
// Nothing when it is not that.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace towline
