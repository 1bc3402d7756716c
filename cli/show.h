#pragma once

// How the API's values look to people.

#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "cli/terminal.h"
#include "proto/towline/v1/executions.pb.h"

namespace towline::cli {

Timestamp FromProto(const google::protobuf::Timestamp& time);
// "SUCCEEDED"; also as typed by people: any case.
std::string ShowStatus(v1::ExecutionStatus status);
std::optional<v1::ExecutionStatus> ParseStatus(std::string text);
Colour ColourOf(v1::ExecutionStatus status);
// "{machine}/{name}", from the message or from the ARN
// arn:towline:states:local:{tenant}:execution:{machine}:{name}.
std::string ShortName(const v1::Execution& execution);
std::string ShortName(const std::string& execution_arn);

}  // namespace towline::cli
