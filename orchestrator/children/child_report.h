#pragma once

// What a task learns of the execution that it started, laid out as the service does.

#include <string>
#include <string_view>

#include "orchestrator/engine/request.h"

namespace towline::children {

// Of a started execution: ExecutionArn, StartDate.
Json StartedOutput(const engine::ExecutionView& view);

// Of an ended one: its description. Input and Output are JSON texts, or JSON itself (`as_json`);
// one that has not succeeded has Error and Cause instead of Output.
Json ChildOutput(const engine::ExecutionName& name, const engine::ExecutionView& view,
                 const Json& input, bool as_json);

// A refusal as the service words its cause.
std::string ServiceCause(std::string_view message, std::string_view error_code);

}  // namespace towline::children
