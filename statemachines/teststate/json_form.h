#pragma once

#include <boost/json/object.hpp>
#include <vector>

#include "statemachines/teststate/test_state.h"

namespace towline::teststate {

// A request as AWS's TestState takes it. Values that are JSON text there (input, context,
// variables, mock.result) may also stand as JSON itself, and so may the definition. Error,
// ValidationException: an unknown field, or a value of the wrong type.
Result<Request> ReadRequest(const json::object& form);

// A response as AWS's TestState gives it: data is JSON text in it.
json::object ToJson(const Response& response);

const char* NameOf(TestStatus status);  // "CAUGHT_ERROR"
// The stages that are data, in the order in which the data passes them, by AWS's name.
struct NamedStage {
  const char* name;
  std::optional<Json> Inspection::*value;
};
const std::vector<NamedStage>& Stages();

}  // namespace towline::teststate
