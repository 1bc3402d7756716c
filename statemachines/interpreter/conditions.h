#pragma once

#include <string>
#include <string_view>

#include "statemachines/asl/definition.h"

namespace towline::interpreter {

// Decides one Choice rule. Values of the wrong type make a comparison false, never an error; a
// Variable or operand that leads nowhere is one: false, and `problem` says so.
bool Decide(const asl::Condition& condition, const jsonpath::Scope& scope, bool& holds,
            std::string& problem);

// "*" stands for any characters, "\*" and "\\" for themselves.
bool StringMatches(std::string_view text, std::string_view pattern);

// Order by UTF-16 code unit, as the service compares, of two UTF-8 texts: <0, 0 or >0.
int CompareCodeUnits(std::string_view a, std::string_view b);

}  // namespace towline::interpreter
