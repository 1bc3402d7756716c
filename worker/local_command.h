#pragma once

#include <string_view>

namespace towline::worker {

// complete, fail, heartbeat and progress: what a program on site says about a task by its token,
// through the agent's local socket.
bool IsLocalCommand(std::string_view word);
// argv[0] is the command itself. Returns the exit code; may throw cxxopts' exceptions.
int RunLocalCommand(int argc, char** argv);

}  // namespace towline::worker
