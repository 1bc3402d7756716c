#pragma once

// The numbers of a definition that may also come from a path ("SecondsPath" and its like). Each
// function answers an empty text, or the sentence that the service writes for what is wrong.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "statemachines/asl/definition.h"

namespace towline::interpreter {

// The value as a whole number, if it is one; 5.0 is.
std::optional<std::int64_t> AsInteger(const json::value& value);

std::string WaitSeconds(const asl::Number& number, const jsonpath::Scope& scope,
                        std::int64_t& seconds);

// TimeoutSeconds, HeartbeatSeconds: at least 1. Absent stays absent.
std::string PositiveSeconds(const asl::Number& number, std::string_view field,
                            const jsonpath::Scope& scope, std::optional<std::int64_t>& seconds);

// MaxConcurrency, ToleratedFailureCount: at least 0, and 0 when absent.
std::string Count(const asl::Number& number, std::string_view field, const jsonpath::Scope& scope,
                  std::int64_t& count);

// ToleratedFailurePercentage. Absent stays absent.
std::string PercentageOf(const asl::Percentage& percentage, std::string_view field,
                         const jsonpath::Scope& scope, std::optional<double>& out);

}  // namespace towline::interpreter
