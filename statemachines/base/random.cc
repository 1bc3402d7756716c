#include "statemachines/base/random.h"

#include <array>
#include <cstddef>

#include "statemachines/base/digest.h"

namespace towline {

std::string NextUuid(std::uint64_t& seed) {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t half = 0; half < 2; half++) {
    const std::uint64_t random = NextRandom(seed);
    for (std::size_t i = 0; i < 8; i++) {
      bytes[half * 8 + i] = static_cast<unsigned char>(random >> (8 * i));
    }
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U);  // version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);  // RFC 4122
  std::string text = Hex(bytes.data(), bytes.size());
  for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
  return text;
}

}  // namespace towline
