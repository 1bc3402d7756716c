#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/asl/definition.h"

namespace towline::asl {

// One finding about a definition. `code` is the service's own where it has one:
//   errors    INVALID_JSON_DESCRIPTION, SCHEMA_VALIDATION_FAILED, INVALID_RESOURCE,
//             MISSING_END_STATE, DUPLICATE_STATE_NAME, INVALID_STATE_NAME,
//             MISSING_TRANSITION_TARGET, TOO_DEEPLY_NESTED
//   warnings  NO_DOLLAR, NO_PATH, PASS_RESULT_IS_STATIC, and our own NO_TIMEOUT (a callback or
//             job task with neither timeout nor heartbeat waits for ever)
struct Diagnostic {
  enum class Severity { kError, kWarning };
  Severity severity = Severity::kError;
  std::string code{};
  std::string message{};
  // "/States/A/Next", "/States/C/Choices[0]/Next"; empty: the whole. Of INVALID_JSON_DESCRIPTION
  // the service's own form: [Source: (String)"…"; line: 1, column: 4].
  std::string location{};
  int line = 0;          // in the source, from 1; 0 when unknown
  int column = 0;
};

struct ParseResult {
  std::shared_ptr<const Definition> definition;  // null if any diagnostic is an error
  std::vector<Diagnostic> diagnostics;           // all of them at once, in document order
  bool ok() const { return definition != nullptr; }
};

// Express executions know no callbacks, no activities, and wait for nothing they start.
enum class MachineType { kStandard, kExpress };

// Parses, validates and compiles. Never throws, never stops at the first problem. At most
// 1 MiB (1,048,576 bytes) of text.
ParseResult Parse(std::string_view text, MachineType type = MachineType::kStandard);

// "Invalid State Machine Definition: 'CODE: message at /location, CODE: …'", as the service
// words InvalidDefinition. Errors only.
std::string DescribeErrors(const std::vector<Diagnostic>& diagnostics);

}  // namespace towline::asl
