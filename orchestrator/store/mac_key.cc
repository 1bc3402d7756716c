#include "orchestrator/store/mac_key.h"

#include <sys/random.h>

#include "orchestrator/store/store.h"

namespace towline::store {

std::string RandomMacKey() {
  std::string bytes(32, '\0');
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw StoreError("the system's random source gives nothing: no key for task tokens");
  }
  return bytes;
}

}  // namespace towline::store
