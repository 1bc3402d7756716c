#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace towline {

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

// Wall-clock time, UTC. Nothing in statemachines/ reads a clock: time is an argument.
using Timestamp = std::chrono::sys_time<Millis>;

// "2026-11-23T14:27:50.123Z", always with milliseconds.
std::string FormatTimestamp(Timestamp time);

// Strict RFC 3339 as Amazon States Language wants it: upper-case T, "Z" or a numeric offset,
// up to nine digits of fraction (truncated to milliseconds). Nothing else parses.
std::optional<Timestamp> ParseTimestamp(std::string_view text);

}  // namespace towline
