// Takes every definition of the validation and language cases apart at random and parses what is
// left: whatever the text, the parser answers, tells an error or gives a definition, and a
// definition that it gives holds together.

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <fstream>
#include <random>

#include "tests/asl/case_files.h"

namespace towline::asl {
namespace {

constexpr int kMutantsPerDefinition = 40;

// The parts between "=== …" and "---".
std::vector<std::string> ReadDefinitions() {
  std::vector<std::string> definitions;
  for (const char* folder : {"tests/asl/validate", "tests/asl/cases"}) {
    for (const auto& entry : std::filesystem::directory_iterator(SourceFile(folder))) {
      std::ifstream in(entry.path());
      bool inside = false;
      for (std::string line; std::getline(in, line);) {
        if (line.rfind("=== ", 0) == 0) definitions.emplace_back();
        inside = line.rfind("=== ", 0) == 0 || (inside && line != "---");
        if (inside && line.rfind("=== ", 0) != 0) definitions.back() += line + "\n";
      }
    }
  }
  return definitions;
}

void Collect(json::value& value, std::vector<json::value*>& all) {
  all.push_back(&value);
  if (json::array* array = value.if_array()) {
    for (json::value& element : *array) Collect(element, all);
  }
  if (json::object* object = value.if_object()) {
    for (auto& member : *object) Collect(member.value(), all);
  }
}

// One value becomes another one of the same document, or something that fits nowhere.
std::string Mutated(json::value document, std::mt19937& random) {
  std::vector<json::value*> all;
  Collect(document, all);
  json::value& victim = *all[random() % all.size()];
  const json::value donor = *all[random() % all.size()];
  switch (random() % 6) {
    case 0: victim = nullptr; break;
    case 1: victim = -1; break;
    case 2: victim = "$.a[?(@.b)]"; break;
    case 3: victim = json::array{donor}; break;
    case 4: victim = json::object{{"States", donor}, {"Type", "Map"}, {"Next", "A"}}; break;
    default: victim = donor; break;
  }
  return PrintJson(document);
}

bool InScope(const Definition& definition, StateIndex state, ScopeIndex scope) {
  return state < definition.states.size() && definition.states[state].scope == scope;
}

// Every index that the interpreter will follow leads to where it may.
void ExpectSound(const Definition& definition) {
  for (std::size_t i = 0; i < definition.scopes.size(); i++) {
    EXPECT_TRUE(InScope(definition, definition.scopes[i].start_at, ScopeIndex(i)));
  }
  for (const State& state : definition.states) {
    const auto leads = [&](StateIndex next) { return InScope(definition, next, state.scope); };
    EXPECT_LT(state.scope, definition.scopes.size());
    EXPECT_TRUE(!state.next || leads(*state.next));
    for (const Catcher& catcher : state.catchers) EXPECT_TRUE(leads(catcher.next));
    if (const auto* choice = std::get_if<Choice>(&state.kind)) {
      EXPECT_FALSE(choice->rules.empty());
      for (const ChoiceRule& rule : choice->rules) EXPECT_TRUE(leads(rule.next));
      EXPECT_TRUE(!choice->otherwise || leads(*choice->otherwise));
    }
    if (const auto* parallel = std::get_if<Parallel>(&state.kind)) {
      for (const ScopeIndex branch : parallel->branches) {
        EXPECT_TRUE(branch > state.scope && branch < definition.scopes.size());
      }
    }
    if (const auto* map = std::get_if<Map>(&state.kind)) {
      EXPECT_TRUE(map->processor > state.scope && map->processor < definition.scopes.size());
    }
  }
}

void ExpectAnswer(const std::string& text, int& accepted) {
  SCOPED_TRACE(text.substr(0, 2000));
  const ParseResult result = Parse(text);
  bool error = false;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    error = error || diagnostic.severity == Diagnostic::Severity::kError;
    EXPECT_FALSE(diagnostic.code.empty());
    EXPECT_FALSE(diagnostic.message.empty());
    EXPECT_EQ(diagnostic.location.empty(), diagnostic.line == 0) << Print(diagnostic);
  }
  EXPECT_EQ(result.ok(), !error);
  if (!result.ok()) return;
  accepted++;
  ExpectSound(*result.definition);
}

TEST(ParserMutationTest, WhateverTheTextTheParserAnswersAndDefinitionsHoldTogether) {
  std::mt19937 random(20261123);
  int accepted = 0;
  int mutants = 0;
  for (const std::string& text : ReadDefinitions()) {
    const Result<Json> document = ParseJson(text);
    if (!document) continue;
    for (int i = 0; i < kMutantsPerDefinition; i++, mutants++) {
      ExpectAnswer(Mutated(**document, random), accepted);
      if (HasFailure()) return;
    }
  }
  // Both answers are well represented.
  EXPECT_GT(accepted, mutants / 25);
  EXPECT_LT(accepted, mutants / 2);
}

// Broken text: cut short or with one byte changed.
TEST(ParserMutationTest, BrokenTextIsRefusedWithAPlace) {
  std::mt19937 random(7);
  for (const std::string& text : ReadDefinitions()) {
    if (text.size() < 3) continue;
    for (int i = 0; i < 10; i++) {
      std::string broken = text;
      const std::size_t at = random() % text.size();
      if (i % 2 == 0) {
        broken.resize(at);
      } else {
        broken[at] = static_cast<char>(random() % 256);
      }
      const ParseResult result = Parse(broken);
      if (ParseJson(broken)) continue;
      ASSERT_EQ(result.diagnostics.size(), 1u) << broken;
      EXPECT_FALSE(result.ok());
    }
  }
}

}  // namespace
}  // namespace towline::asl
