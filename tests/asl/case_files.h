#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/asl/parser.h"
#include "statemachines/base/json.h"

namespace towline::asl {

// A file below this source tree.
std::filesystem::path SourceFile(std::string_view path);

// A file of the shared data ($TOWLINE_SHARED, or ../shared beside the sources), if it is there.
std::optional<std::filesystem::path> SharedFile(std::string_view path);

// The non-empty lines of a text file that do not begin with "//".
std::vector<std::string> ReadLines(const std::filesystem::path& file);
// The same, each parsed as JSON; fails the test on a line that is none.
std::vector<Json> ReadJsonLines(const std::filesystem::path& file);

// "SCHEMA_VALIDATION_FAILED /States/A: Field 'X' is not supported"; "warning " before warnings.
std::string Print(const Diagnostic& diagnostic);
std::vector<std::string> Print(const std::vector<Diagnostic>& diagnostics);

}  // namespace towline::asl
