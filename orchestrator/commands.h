#pragma once

#include <string>

namespace towline {

// Whether towline-server's first word is one of these: init-ca, certificate, broker-config.
bool IsCommand(const std::string& word);
// Runs it; the words begin with it. Returns the exit code.
int RunCommand(int argc, const char* const* argv);

}  // namespace towline
