#pragma once

#include "worker/sdk/job.h"

namespace towline::worker {

// All of towline-worker: options, the site's file, the agent. Returns the exit code. `own` are job
// types of the program that calls it; the site's file names them with `handler`, as it does the
// ready-made ones.
int Main(int argc, char** argv, const sdk::Functions& own = {});

}  // namespace towline::worker
