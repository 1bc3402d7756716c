#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "worker/cgroup.h"
#include "worker/launch.h"
#include "worker/program.h"

namespace towline::worker {

// What setrlimit() must keep, because it is of one process or because the host's cgroups (null:
// there are none) do not. Without them, memory is that of each process, and the number of
// processes that of the user, so it needs one of the job's own.
std::vector<ResourceLimit> ResourceLimitsOf(const Program& program, const Cgroups* cgroups);

// The limits of a program that nothing keeps on this host, as the file names them.
std::vector<std::string> UnkeptLimitsOf(const Program& program, const Cgroups* cgroups);

// Standard output beyond this is no result: the job is killed.
std::size_t OutBytesMax(const Limits& limits);

}  // namespace towline::worker
