#include "tests/asl/case_files.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace towline::asl {

std::filesystem::path SourceFile(std::string_view path) {
  return std::filesystem::path(TOWLINE_SOURCE_DIR) / path;
}

std::optional<std::filesystem::path> SharedFile(std::string_view path) {
  const char* shared = std::getenv("TOWLINE_SHARED");
  const std::filesystem::path root =
      shared != nullptr ? std::filesystem::path(shared) : SourceFile("../shared");
  const std::filesystem::path file = root / path;
  if (!std::filesystem::exists(file)) return std::nullopt;
  return file;
}

std::vector<std::string> ReadLines(const std::filesystem::path& file) {
  std::ifstream in(file);
  EXPECT_TRUE(in.good()) << file << " cannot be read";
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.rfind("//", 0) != 0) lines.push_back(line);
  }
  return lines;
}

std::vector<Json> ReadJsonLines(const std::filesystem::path& file) {
  std::vector<Json> values;
  for (const std::string& line : ReadLines(file)) {
    const Result<Json> value = ParseJson(line);
    if (value) {
      values.push_back(*value);
    } else {
      ADD_FAILURE() << file << ": " << value.error().message << " in: " << line.substr(0, 200);
    }
  }
  return values;
}

std::string Print(const Diagnostic& diagnostic) {
  std::string text = diagnostic.severity == Diagnostic::Severity::kWarning ? "warning " : "";
  text += diagnostic.code;
  if (!diagnostic.location.empty()) text += " " + diagnostic.location;
  return text + ": " + diagnostic.message;
}

std::vector<std::string> Print(const std::vector<Diagnostic>& diagnostics) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : diagnostics) lines.push_back(Print(diagnostic));
  return lines;
}

}  // namespace towline::asl
