#pragma once

#include <string_view>

namespace towline::worker {

// enrol and renew: how an agent comes by its certificate.
bool IsIdentityCommand(std::string_view word);
// argv[0] is the command itself. Returns the exit code; may throw cxxopts' exceptions. After an
// enrolment it starts the agent: systemd's service where there is one, else this very process.
int RunIdentityCommand(int argc, char** argv);

}  // namespace towline::worker
