// Answers questions about single texts of the language: one JSON line in, one JSON line out.
//
//   towline-language-driver validate
//     {definition: text, type?: "STANDARD" | "EXPRESS"}
//     -> {ok, diagnostics: [{severity, code, message, location?}], message: as InvalidDefinition}
//   towline-language-driver jsonpath
//     {selector, document?} -> {refused} | {failed} | {definite, result}, each with its text;
//     with {reference: true} -> {valid}: whether the selector names a place to write to

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <iostream>
#include <string>

#include "statemachines/asl/parser.h"
#include "statemachines/jsonpath/path.h"

namespace towline {
namespace {

json::object Validate(const json::object& line) {
  const json::value* type = line.if_contains("type");
  const bool express = type != nullptr && *type == "EXPRESS";
  const asl::ParseResult parsed =
      asl::Parse(std::string_view(line.at("definition").as_string()),
                 express ? asl::MachineType::kExpress : asl::MachineType::kStandard);
  json::array diagnostics;
  for (const asl::Diagnostic& diagnostic : parsed.diagnostics) {
    const bool error = diagnostic.severity == asl::Diagnostic::Severity::kError;
    json::object told{{"severity", error ? "ERROR" : "WARNING"},
                      {"code", diagnostic.code},
                      {"message", diagnostic.message}};
    if (!diagnostic.location.empty()) told["location"] = diagnostic.location;
    diagnostics.push_back(std::move(told));
  }
  return {{"ok", parsed.ok()},
          {"diagnostics", std::move(diagnostics)},
          {"message", asl::DescribeErrors(parsed.diagnostics)}};
}

class NoContext : public jsonpath::ContextSource {
 public:
  const Json& Context() const override { return Json::EmptyObject(); }
};

json::object Select(const Json& line) {
  const json::object& question = line->as_object();
  const std::string_view selector = question.at("selector").as_string();
  if (question.contains("reference")) {
    const auto path = jsonpath::ReferencePath::Parse(selector);
    // "$$" is a reference path that can only be read.
    return {{"valid", path && !path->is_context()}};
  }
  const auto path = jsonpath::Path::Parse(selector);
  if (!path) return {{"refused", path.error().message}};
  const json::value* document = question.if_contains("document");
  const Json input = document == nullptr ? Json::EmptyObject() : Json::Part(line, *document);
  const NoContext context;
  const auto found =
      path->Evaluate(jsonpath::Scope{.input = input, .context = context, .lenient = false});
  if (!found) return {{"failed", found.error().detail}};
  return {{"definite", path->is_definite()}, {"result", **found}};
}

int Answer(std::string_view kind) {
  for (std::string text; std::getline(std::cin, text);) {
    if (text.empty()) continue;
    const Result<Json> line = ParseJson(text);
    if (!line) {
      std::cerr << "towline-language-driver: " << line.error().message << "\n";
      return 2;
    }
    const json::object answer =
        kind == "validate" ? Validate((*line)->as_object()) : Select(*line);
    std::cout << PrintJson(answer) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace towline

int main(int argc, char** argv) {
  const std::string_view kind = argc == 2 ? argv[1] : "";
  if (kind == "validate" || kind == "jsonpath") return towline::Answer(kind);
  std::cerr << "usage: towline-language-driver validate|jsonpath\n";
  return 2;
}
