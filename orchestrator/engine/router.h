#pragma once

#include <cstdint>
#include <string_view>

namespace towline::engine {

// Which partition owns an execution: a stable hash of its full name, so that the uniqueness of a
// name has one owner. A child of a Map Run (its machine is "{machine}/{label}") lives where its
// parent does: its name begins with the run's id. Never changes for a given count of partitions,
// which is fixed when the catalogue is made.
int PartitionOf(std::string_view tenant, std::string_view machine, std::string_view name,
                int partitions);

// Which partition a Map Run is in: the first four digits of its id say so. 0 for what is no id.
int PartitionOfMapRun(std::string_view id, int partitions);

}  // namespace towline::engine
