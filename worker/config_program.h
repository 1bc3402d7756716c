#pragma once

#include <filesystem>

#include "worker/config_reader.h"
#include "worker/program.h"

namespace towline::worker {

// The keys of a job type that say what it runs and within which bounds. `folder` is that of the
// file: relative paths begin there.
void ReadProgram(Reader& in, const std::filesystem::path& folder, Program& program);

// And those that say what becomes of what it prints.
void ReadLogs(Reader& in, LogPolicy& policy);

// The keys of a job type's table `limits`.
void ReadLimits(Reader& in, Limits& limits);

}  // namespace towline::worker
