#pragma once

#include <cstdint>
#include <string>

namespace towline {

// The next number of the sequence that `seed` stands in, and moves it on (splitmix64). Not for
// secrets. A bijection of a counter, so that no two draws from one seed repeat a value.
inline std::uint64_t NextRandom(std::uint64_t& seed) {
  seed += 0x9E3779B97F4A7C15U;
  std::uint64_t mixed = seed;
  mixed = (mixed ^ mixed >> 30U) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ mixed >> 27U) * 0x94D049BB133111EBU;
  return mixed ^ mixed >> 31U;
}

// Uniform in [0, 1).
inline double NextFraction(std::uint64_t& seed) {
  return static_cast<double>(NextRandom(seed) >> 11U) * 0x1p-53;
}

// A UUID of version 4 in lower case, made of the next two numbers.
std::string NextUuid(std::uint64_t& seed);

}  // namespace towline
