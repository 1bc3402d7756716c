#pragma once

#include <memory>

#include "orchestrator/store/store.h"

namespace towline::store {

// The catalogue of the store in memory. Thread-safe.
std::unique_ptr<Catalogue> MakeMemoryCatalogue(int partitions);

}  // namespace towline::store
