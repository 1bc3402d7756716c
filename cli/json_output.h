#pragma once

#include <google/protobuf/message.h>

#include <boost/json/value.hpp>
#include <string>

#include "cli/terminal.h"
#include "statemachines/base/json.h"

namespace towline::cli {

// A message of the API as JSON for programs: the members are those of the protos in lowerCamelCase,
// numbers are numbers, "RUNNING" instead of EXECUTION_STATUS_RUNNING, and a history event's
// `details` is an object. Payloads (input, output, …) stay JSON texts, as the service has them.
json::value ToJson(const google::protobuf::Message& message);
// Indented for a terminal, else one line.
void PrintJsonLine(const Terminal& terminal, const json::value& value);

}  // namespace towline::cli
