#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "worker/handler.h"

namespace towline::worker {

// Names a living process beyond its number, which is used again: boot and start time. Empty when
// there is no such process.
std::string BirthOf(std::int64_t pid);

// Kills every process that was started for this attempt of a job, in its process group or out of
// it: they carry its token and attempt in their environment. A group is killed as a whole only if
// its leader is the one that was noted, or a member carries the token. Returns how many were seen.
int KillProcessesOf(const std::string& token, std::uint32_t attempt,
                    const std::optional<ProcessGroup>& group);

}  // namespace towline::worker
