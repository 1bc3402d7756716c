#include "statemachines/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace towline {
namespace {

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = spdlog::stderr_logger_mt("towline");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-7l %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }

// Quotes a value that a reader, or a program that splits at spaces, would misread; control
// characters, which could forge a line or steer a terminal, become spaces.
void AppendValue(std::string& line, std::string_view value) {
  const auto is_special = [](char c) { return c == ' ' || c == '"' || c == '=' || IsControl(c); };
  if (!value.empty() && std::none_of(value.begin(), value.end(), is_special)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += IsControl(c) ? ' ' : c;
  }
  line += '"';
}

}  // namespace

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  const auto to = ToSpdlog(level);
  if (!Logger().should_log(to)) return;
  std::string line(event);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    AppendValue(line, field.value);
  }
  Logger().log(to, line);
}

bool SetLogLevel(std::string_view level) {
  const auto set = [](spdlog::level::level_enum to) {
    Logger().set_level(to);
    return true;
  };
  if (level == "debug") return set(spdlog::level::debug);
  if (level == "info") return set(spdlog::level::info);
  if (level == "warning") return set(spdlog::level::warn);
  if (level == "error") return set(spdlog::level::err);
  if (level == "off") return set(spdlog::level::off);
  return false;
}

}  // namespace towline
