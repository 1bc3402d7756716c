#pragma once

// "Sensitive", a field of the machine that is ours: reference paths such as "$.card.number" of
// what nobody is shown of its executions. It means nothing to the interpreter.

#include <string>
#include <vector>

#include "statemachines/asl/definition.h"
#include "statemachines/asl/fields.h"

namespace towline::asl {

// Reports what is no reference path.
void CheckSensitive(const Fields& machine);

// The places that a definition lists, as JSON pointers: from the top of any value of an execution,
// or from any object or array in it.
std::vector<std::string> SensitivePointers(const Definition& definition);

}  // namespace towline::asl
