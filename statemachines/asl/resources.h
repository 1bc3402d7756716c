#pragma once

#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "statemachines/asl/definition.h"
#include "statemachines/asl/fields.h"
#include "statemachines/asl/findings.h"
#include "statemachines/base/result.h"

namespace towline::asl {

// What a Task's Resource asks for; the error says what is supported.
Result<TaskResource> ReadResource(std::string_view arn);

// The name of a function, from its name, a partial or a whole ARN, with or without ":version".
std::string FunctionName(std::string_view text);

// Checks what stands literally in the Parameters or Arguments of a resource that we run ourselves
// (what an expression gives is looked at when the task is scheduled). `parameters` may be null;
// `state` is what they stand in.
void CheckTaskParameters(const TaskResource& resource, const json::value* parameters,
                         const Fields& state, const Place& place, Findings& findings);

// The type of job that a task asks for, if the definition says so literally; else empty.
std::string LiteralJobType(const TaskResource& resource, const json::value* parameters);

// [A-Za-z0-9][A-Za-z0-9_-]{0,79}
bool IsJobTypeName(std::string_view name);
// [a-z0-9][a-z0-9-]{0,31}: tenants and queues
bool IsTenantName(std::string_view name);

}  // namespace towline::asl
