#pragma once

#include <cstdint>
#include <string_view>

namespace towline::engine {

// Which partition owns an execution: a stable hash of its full name, so that the uniqueness of a
// name has one owner. Never changes for a given count of partitions, which is fixed when the
// catalogue is made.
int PartitionOf(std::string_view tenant, std::string_view machine, std::string_view name,
                int partitions);

}  // namespace towline::engine
