#pragma once

#include <string>

namespace towline::store {

// 32 bytes from the system's random source, for a MacKey. Throws StoreError.
std::string RandomMacKey();

}  // namespace towline::store
