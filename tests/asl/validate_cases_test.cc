// Runs tests/asl/validate/*.txt. A case is
//
//   === the rule it shows
//   { the definition }
//   ---
//   3:14 SCHEMA_VALIDATION_FAILED /States/A/Next: the message
//
// with one line a diagnostic (line:column, code, location, message; "warning" before a warning),
// in order; none: accepted without a word. UPDATE_GOLDEN=1 rewrites the expectations.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/asl/case_files.h"

namespace towline::asl {
namespace {

struct ValidateCase {
  std::string name;
  std::string definition;
  std::string expected;
};

std::vector<ValidateCase> ReadCases(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<ValidateCase> cases;
  bool in_definition = false;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("=== ", 0) == 0) {
      cases.push_back({.name = line.substr(4), .definition = "", .expected = ""});
      in_definition = true;
    } else if (cases.empty()) {
      ADD_FAILURE() << file << ": text before the first case: " << line;
    } else if (line == "---") {
      in_definition = false;
    } else if (in_definition) {
      cases.back().definition += line + "\n";
    } else if (!line.empty()) {
      cases.back().expected += line + "\n";
    }
  }
  return cases;
}

std::string Told(const ParseResult& result) {
  std::string text;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    text += std::to_string(diagnostic.line) + ":" + std::to_string(diagnostic.column) + " " +
            Print(diagnostic) + "\n";
  }
  return text;
}

TEST(ValidateCasesTest, EveryCaseIsToldAsWritten) {
  const bool update = std::getenv("UPDATE_GOLDEN") != nullptr;
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SourceFile("tests/asl/validate"))) {
    std::ostringstream golden;
    for (const ValidateCase& test : ReadCases(entry.path())) {
      const ParseResult result = Parse(test.definition);
      const std::string told = Told(result);
      golden << "=== " << test.name << "\n" << test.definition << "---\n" << told << "\n";
      count++;
      if (update) continue;
      EXPECT_EQ(told, test.expected) << entry.path().filename() << ": " << test.name;
      bool refused = false;
      for (const Diagnostic& diagnostic : result.diagnostics) {
        refused = refused || diagnostic.severity == Diagnostic::Severity::kError;
      }
      EXPECT_EQ(result.ok(), !refused) << test.name;
    }
    if (update) std::ofstream(entry.path()) << golden.str();
  }
  EXPECT_GT(count, 50);
}

}  // namespace
}  // namespace towline::asl
