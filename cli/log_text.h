#pragma once

// What jobs have printed, for a terminal.

#include <string>
#include <string_view>

#include "cli/terminal.h"
#include "proto/towline/v1/executions.pb.h"

namespace towline::cli {

// A line that a program has printed cannot do anything to the terminal: escape sequences are left
// out, other control characters but the tab are shown as U+FFFD.
std::string Harmless(std::string_view line);
// The lines of a message, each with its time, state (attempt) and stream before it.
void PrintLog(const Terminal& terminal, const v1::LogText& log);

}  // namespace towline::cli
