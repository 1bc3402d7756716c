#pragma once

// Tables of the database files, and how to get there from every older version.

#include <cstdint>

#include "orchestrator/store/sqlite_connection.h"

namespace towline::store {

const SqliteSchema& PartitionSchema();
const SqliteSchema& CatalogueSchema();

// Steps lie in the order of (execution, first_seq) under one integer, which keeps the table flat
// and saves an index. What does not fit lies in steps_far: events beyond the first million.
inline constexpr int kStepSeqBits = 20;
inline constexpr std::uint64_t kNearSeqs = std::uint64_t{1} << kStepSeqBits;
inline constexpr ExecutionKey kExecutionKeyMax = (ExecutionKey{1} << (63 - kStepSeqBits)) - 1;
inline std::int64_t StepId(ExecutionKey key, std::uint64_t near_seq) {
  return (key << kStepSeqBits) | static_cast<std::int64_t>(near_seq);
}

}  // namespace towline::store
