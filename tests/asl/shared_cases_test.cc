// The shared validation cases (recordings of the service and hints of other validators) and the
// real-world definitions, as far as this version's features go: a diagnostic that says "not
// supported yet", and a service integration that is none of ours, excuse an otherwise good case.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cctype>
#include <map>

#include "tests/asl/case_files.h"

namespace towline::asl {
namespace {

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool IsDeferred(const Diagnostic& diagnostic) {
  return Contains(diagnostic.message, "not supported yet in this version") ||
         (diagnostic.code == "INVALID_RESOURCE" &&
          Contains(diagnostic.message, "is not recognized"));
}

std::vector<Diagnostic> Errors(const ParseResult& result, bool deferred) {
  std::vector<Diagnostic> errors;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    if (diagnostic.severity == Diagnostic::Severity::kError &&
        IsDeferred(diagnostic) == deferred) {
      errors.push_back(diagnostic);
    }
  }
  return errors;
}

std::string Joined(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += "\n  " + Print(diagnostic);
  return text;
}

// What the case wants and does not get; empty: all well.
std::string Judge(const json::object& test, const ParseResult& result) {
  const std::vector<Diagnostic> errors = Errors(result, false);
  const json::value* valid = test.if_contains("valid");
  if (valid == nullptr || valid->get_bool()) {
    return errors.empty() ? "" : "should be accepted, but:" + Joined(errors);
  }
  if (const json::value* message = test.if_contains("error_message")) {
    const std::string wanted(message->get_string());
    if (DescribeErrors(errors) == wanted) return "";
    return "should say " + wanted + ", but:" + Joined(errors);
  }
  if (const json::value* diagnostics = test.if_contains("diagnostics")) {
    const json::object& wanted = diagnostics->get_array().at(0).get_object();
    const json::value* location = wanted.if_contains("location");
    const bool same = errors.size() == 1 && wanted.at("code") == errors[0].code.c_str() &&
                      wanted.at("message") == errors[0].message.c_str() &&
                      (location == nullptr) == errors[0].location.empty() &&
                      (location == nullptr || *location == errors[0].location.c_str());
    return same ? "" : "should give " + PrintJson(wanted) + ", but:" + Joined(errors);
  }
  return !result.ok() ? "" : "should be refused, but is accepted";
}

std::string AsName(std::string_view text) {
  std::string name(text);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '-');
  return name;
}

// "${name}" stands where a deployment puts a value: a Resource that is nothing else becomes a
// function, in any other text the bare name takes its place.
std::string WithoutPlaceholders(std::string_view text, bool resource) {
  std::string filled;
  while (true) {
    const std::size_t begin = text.find("${");
    const std::size_t end = text.find('}', begin == std::string_view::npos ? 0 : begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) break;
    const bool partition = begin == 4 && text.substr(0, 4) == "arn:";
    filled += text.substr(0, begin);
    if (resource && begin == 0) filled += "arn:aws:lambda:us-east-1:111111111111:function:";
    filled += partition ? "aws" : AsName(text.substr(begin + 2, end - begin - 2));
    text.remove_prefix(end + 1);
  }
  return filled + std::string(text);
}

// Other engines' own schemes, and what a validator's tests write for "some resource".
bool IsForeignResource(std::string_view text) {
  return text == "foo:bar" || text.find("://") != std::string_view::npos;
}

void FillPlaceholders(json::value& value, bool resource) {
  if (json::string* text = value.if_string()) {
    *text = resource && IsForeignResource(*text) ? "arn:aws:lambda:::function:foreign"
                                                 : WithoutPlaceholders(*text, resource);
  }
  if (json::array* array = value.if_array()) {
    for (json::value& element : *array) FillPlaceholders(element, false);
  }
  if (json::object* object = value.if_object()) {
    for (auto& member : *object) FillPlaceholders(member.value(), member.key() == "Resource");
  }
}

std::map<std::string, std::string> ReadExceptions() {
  std::map<std::string, std::string> exceptions;
  for (const std::string& line : ReadLines(SourceFile("tests/asl/validate_exceptions.txt"))) {
    const std::size_t tab = line.find(" | ");
    EXPECT_NE(tab, std::string::npos) << "no reason given in: " << line;
    exceptions[line.substr(0, tab)] = line.substr(tab + 3);
  }
  return exceptions;
}

struct Tally {
  int passed = 0;
  int deferred = 0;
  int excepted = 0;
};

void RunCase(const json::object& test, const std::map<std::string, std::string>& exceptions,
             Tally& tally) {
  const std::string id(test.at("id").get_string());
  json::value definition = test.at("definition");
  FillPlaceholders(definition, false);
  const std::string text = definition.is_string() ? std::string(definition.get_string())
                                                  : PrintJsonPretty(definition);
  const ParseResult result = Parse(text);
  const std::string wrong = Judge(test, result);
  if (exceptions.count(id) != 0) {
    EXPECT_FALSE(wrong.empty()) << id << " passes now: take it out of validate_exceptions.txt";
    tally.excepted++;
    return;
  }
  EXPECT_TRUE(wrong.empty()) << id << " " << wrong;
  if (Errors(result, true).empty()) {
    tally.passed++;
  } else {
    tally.deferred++;
  }
}

void RunFile(std::string_view name, int passed_min) {
  const auto file = SharedFile(std::string("conformance/asl/") + std::string(name));
  if (!file) GTEST_SKIP() << "the shared data is not here: set TOWLINE_SHARED to its folder";
  const auto exceptions = ReadExceptions();
  Tally tally;
  for (const Json& test : ReadJsonLines(*file)) RunCase(test->get_object(), exceptions, tally);
  std::printf("%s: %d as wanted, %d wait for later features, %d exceptions\n",
              std::string(name).c_str(), tally.passed, tally.deferred, tally.excepted);
  EXPECT_GE(tally.passed, passed_min);
}

TEST(SharedCasesTest, DefinitionsAreAcceptedAndRefusedAsTheServiceDoes) {
  RunFile("validate.jsonl", 200);
}

TEST(SharedCasesTest, RealWorldDefinitionsParse) { RunFile("realworld.jsonl", 30); }

TEST(SharedCasesTest, WhatTheServiceRanIsAccepted) { RunFile("exec.jsonl", 200); }

}  // namespace
}  // namespace towline::asl
