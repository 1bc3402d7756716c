#include "statemachines/asl/parser.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "statemachines/asl/compiler.h"
#include "statemachines/asl/findings.h"
#include "statemachines/asl/source_positions.h"
#include "statemachines/base/json.h"

namespace towline::asl {
namespace {

constexpr std::size_t kTextMax = 1'048'576;

ParseResult Refused(std::string code, std::string message, TextPosition position = {0, 0}) {
  ParseResult result;
  result.diagnostics.push_back({.code = std::move(code),
                                .message = std::move(message),
                                .line = position.line,
                                .column = position.column});
  return result;
}

bool IsNestedTooDeeply(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size(); at++) {
    const char c = text[at];
    if (c == '"') {
      for (at++; at < text.size() && text[at] != '"'; at++) {
        if (text[at] == '\\') at++;
      }
    } else if (c == '{' || c == '[') {
      if (++depth > kJsonDepthMax) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      depth--;
    }
  }
  return false;
}

// ParseJson's message ends in "at line L, column C".
TextPosition PositionIn(std::string_view message) {
  const auto number_after = [message](std::string_view word) {
    const std::size_t at = message.rfind(word);
    if (at == std::string_view::npos) return 0;
    return std::atoi(std::string(message.substr(at + word.size())).c_str());
  };
  return {.line = number_after("line "), .column = number_after("column ")};
}

bool IsTokenCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$';
}

// How the service says where a text is no JSON: it shows the text, and the place is behind the
// character, or the word, that it could not take.
std::string SourceLocation(std::string_view text, TextPosition position) {
  constexpr std::size_t kShownMax = 500;
  std::size_t at = 0;
  for (int line = 1; line < position.line && at != std::string_view::npos; line++) {
    at = text.find('\n', at);
    if (at != std::string_view::npos) at++;
  }
  std::size_t length = 1;
  if (at != std::string_view::npos && position.column > 0) {
    const std::size_t begin = at + static_cast<std::size_t>(position.column) - 1;
    while (begin + length < text.size() && IsTokenCharacter(text[begin]) &&
           IsTokenCharacter(text[begin + length])) {
      length++;
    }
  }
  std::string location = "[Source: (String)\"";
  location += text.substr(0, kShownMax);
  location += '"';
  if (text.size() > kShownMax) {
    location += "[truncated " + std::to_string(text.size() - kShownMax) + " chars]";
  }
  return location + "; line: " + std::to_string(position.line) +
         ", column: " + std::to_string(position.column + static_cast<int>(length)) + "]";
}

ParseResult NotJson(std::string_view text, const Error& error) {
  const bool deep = IsNestedTooDeeply(text);
  const TextPosition position = PositionIn(error.message);
  ParseResult result = Refused(deep ? "TOO_DEEPLY_NESTED" : "INVALID_JSON_DESCRIPTION",
                               error.message, position);
  if (!deep) result.diagnostics.back().location = SourceLocation(text, position);
  return result;
}

void ReportRepeatedNames(const Compiler& compiler, const SourcePositions& positions,
                         Findings& findings) {
  for (const SourcePositions::RepeatedName& repeated : positions.repeated_names()) {
    const auto object = compiler.states_objects().find(repeated.object);
    if (object == compiler.states_objects().end()) continue;  // a payload's own "States"
    findings.ErrorAt(repeated.position, "DUPLICATE_STATE_NAME",
                     object->second.Member(repeated.name),
                     "Duplicate State name: " + repeated.name);
  }
}

}  // namespace

ParseResult Parse(std::string_view text, MachineType type) {
  if (text.size() > kTextMax) {
    return Refused("SCHEMA_VALIDATION_FAILED",
                   "The definition has " + std::to_string(text.size()) +
                       " bytes; at most 1048576 are allowed");
  }
  constexpr std::string_view kNotAnObject = "Definition must be a valid JSON object";
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return Refused("SCHEMA_VALIDATION_FAILED", std::string(kNotAnObject));
  }
  const Result<Json> document = ParseJson(text);
  if (!document) return NotJson(text, document.error());
  const json::object* machine = (*document)->if_object();
  if (machine == nullptr) return Refused("SCHEMA_VALIDATION_FAILED", std::string(kNotAnObject));

  Findings findings;
  Compiler compiler(findings);
  Definition definition = compiler.CompileMachine(*machine, type == MachineType::kExpress);
  definition.text = text;

  SourcePositions positions;
  findings.WantPositions(positions);
  positions.Scan(text);
  ReportRepeatedNames(compiler, positions, findings);
  ParseResult result;
  result.diagnostics = std::move(findings).InDocumentOrder(positions);
  const bool refused = std::any_of(
      result.diagnostics.begin(), result.diagnostics.end(),
      [](const Diagnostic& d) { return d.severity == Diagnostic::Severity::kError; });
  if (!refused) result.definition = std::make_shared<const Definition>(std::move(definition));
  return result;
}

std::string DescribeErrors(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Diagnostic::Severity::kError) continue;
    if (!text.empty()) text += ", ";
    text += diagnostic.code + ": " + diagnostic.message;
    const bool place = !diagnostic.location.empty() && diagnostic.location.front() == '/';
    if (place) text += " at " + diagnostic.location;
  }
  return "Invalid State Machine Definition: '" + text + "'";
}

}  // namespace towline::asl
