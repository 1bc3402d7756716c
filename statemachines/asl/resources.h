#pragma once

#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "statemachines/asl/definition.h"
#include "statemachines/asl/findings.h"
#include "statemachines/base/result.h"

namespace towline::asl {

// What a Task's Resource asks for; the error says what is supported.
Result<TaskResource> ReadResource(std::string_view arn);

// The name of a function, from its name, a partial or a whole ARN, with or without ":version".
std::string FunctionName(std::string_view text);

// Checks what stands literally in the Parameters of a resource that we run ourselves (values of
// keys that end in ".$" are looked at when the task is scheduled). `parameters` may be null.
void CheckTaskParameters(const TaskResource& resource, const json::value* parameters,
                         const Place& place, Findings& findings);

// [A-Za-z0-9][A-Za-z0-9_-]{0,79}
bool IsJobTypeName(std::string_view name);
// [a-z0-9][a-z0-9-]{0,31}: tenants and queues
bool IsTenantName(std::string_view name);

}  // namespace towline::asl
