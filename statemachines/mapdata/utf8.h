#pragma once

#include <string_view>

namespace towline::mapdata {

// Whether `text` is well-formed: no overlong forms, no surrogates, nothing beyond U+10FFFF.
inline bool IsUtf8(std::string_view text) {
  std::size_t at = 0;
  const auto continues = [&](std::size_t i, unsigned char low, unsigned char high) {
    if (i >= text.size()) return false;
    const auto byte = static_cast<unsigned char>(text[i]);
    return byte >= low && byte <= high;
  };
  while (at < text.size()) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) {
      at++;
    } else if (lead >= 0xC2 && lead <= 0xDF && continues(at + 1, 0x80, 0xBF)) {
      at += 2;
    } else if (lead >= 0xE0 && lead <= 0xEF &&
               continues(at + 1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) &&
               continues(at + 2, 0x80, 0xBF)) {
      at += 3;
    } else if (lead >= 0xF0 && lead <= 0xF4 &&
               continues(at + 1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) &&
               continues(at + 2, 0x80, 0xBF) && continues(at + 3, 0x80, 0xBF)) {
      at += 4;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace towline::mapdata
