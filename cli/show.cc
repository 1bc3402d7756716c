#include "cli/show.h"

#include <algorithm>
#include <cctype>
#include <chrono>

namespace towline::cli {

Timestamp FromProto(const google::protobuf::Timestamp& time) {
  return Timestamp{Seconds{time.seconds()} + Millis{time.nanos() / 1'000'000}};
}

std::string ShowStatus(v1::ExecutionStatus status) {
  return v1::ExecutionStatus_Name(status).substr(std::string_view("EXECUTION_STATUS_").size());
}

std::optional<v1::ExecutionStatus> ParseStatus(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  v1::ExecutionStatus status = v1::EXECUTION_STATUS_UNSPECIFIED;
  if (!v1::ExecutionStatus_Parse("EXECUTION_STATUS_" + text, &status)) return std::nullopt;
  if (status == v1::EXECUTION_STATUS_UNSPECIFIED) return std::nullopt;
  return status;
}

Colour ColourOf(v1::ExecutionStatus status) {
  switch (status) {
    case v1::EXECUTION_STATUS_RUNNING: return Colour::kCyan;
    case v1::EXECUTION_STATUS_SUCCEEDED: return Colour::kGreen;
    case v1::EXECUTION_STATUS_FAILED: return Colour::kRed;
    case v1::EXECUTION_STATUS_TIMED_OUT:
    case v1::EXECUTION_STATUS_ABORTED: return Colour::kYellow;
    default: return Colour::kPlain;
  }
}

std::string ShortName(const v1::Execution& execution) {
  return execution.state_machine() + "/" + execution.name();
}

std::string ShortName(const std::string& execution_arn) {
  std::size_t at = 0;
  for (int colons = 0; colons < 6; ++colons) {
    at = execution_arn.find(':', at);
    if (at == std::string::npos) return execution_arn;
    ++at;
  }
  std::string name = execution_arn.substr(at);
  std::replace(name.begin(), name.end(), ':', '/');
  return name;
}

}  // namespace towline::cli
