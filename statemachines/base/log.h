#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace towline {

// Structured log lines on standard error, for the shell rooms only: the core (statemachines/
// jsonpath, asl, interpreter) never logs. Any thread may call. A line is one event name in
// snake_case and key=value fields, e.g.
//   2026-11-23T14:27:50.123Z info  offer_sent worker=ams-1 jobs=3
enum class LogLevel { kDebug, kInfo, kWarning, kError };
struct LogField {
  std::string_view key;
  std::string value;
};

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// Default: info. "debug", "info", "warning", "error" and "off" are known; false for anything else.
bool SetLogLevel(std::string_view level);

}  // namespace towline
