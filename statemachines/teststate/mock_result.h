#pragma once

#include <string>
#include <string_view>

#include "statemachines/asl/definition.h"
#include "statemachines/base/result.h"

namespace towline::teststate {

// What the responses of AWS services look like: JSON text, see scripts/service-shapes.
extern const std::string_view kServiceShapes;

// Whether a mocked result of a Task could be what the API of its service answers. `strict`: all
// required fields must be there. Fields that the API does not know are passed over, and so is
// everything of a service that we have no shapes of, of jobs, activities and callbacks. With .sync
// the API is the one that is asked until the work has ended. Error: ValidationException.
Status CheckMockResult(const asl::TaskResource& resource, const json::value& result, bool strict);

}  // namespace towline::teststate
