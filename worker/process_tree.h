#pragma once

#include <sys/types.h>

namespace towline::worker {

// Sends `signal` (0: none) to every living descendant of `root`, in its process group or not, and
// returns how many there are. With SIGTERM, what is stopped is continued, so that it can obey.
//
// Makes system calls only: also for a forked child of a program with threads. What is forked
// meanwhile may be missed: call it again until there is nothing left.
int SignalDescendants(pid_t root, int signal);

// The parent of a process; 0 when there is no such process.
pid_t ParentOf(pid_t pid);

}  // namespace towline::worker
