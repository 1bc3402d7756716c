#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/handler.h"

namespace towline::worker {

// Names a living process beyond its number, which is used again: boot and start time. Empty when
// there is no such process.
std::string BirthOf(std::int64_t pid);

std::vector<std::int32_t> ChildrenOf(std::int64_t pid);

// Kills every process that was started for this attempt of a job: through its supervisor, which
// outlives the agent; its process group, if its leader is the one that was noted; and whatever
// carries its token and attempt in its environment. Returns how many were seen.
int KillProcessesOf(const std::string& token, std::uint32_t attempt,
                    const std::optional<ProcessGroup>& group);

}  // namespace towline::worker
