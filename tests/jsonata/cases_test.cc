// Evaluates the expressions of tests/jsonata/cases and compares what comes out.
//
// A line is "EXPRESSION => RESULT": JSON, undefined, function, Infinity, -Infinity, NaN, or "!
// CODE". What holds from a line on:
//   input JSON          the input; without JSON: undefined
//   let NAME JSON       a variable
//   state MEMBER JSON   a member of $states
//   dialect step-functions
//   bounds [step-functions | steps=N]
// Lines that begin with "# " say what the next ones show.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "statemachines/jsonata/jsonata.h"

namespace towline::jsonata {
namespace {

class Names : public Environment {
 public:
  const Json* Variable(std::string_view name) const override { return Find(variables, name); }
  const Json* State(std::string_view member) const override { return Find(states, member); }

  std::map<std::string, Json, std::less<>> variables;
  std::map<std::string, Json, std::less<>> states;

 private:
  static const Json* Find(const std::map<std::string, Json, std::less<>>& values,
                          std::string_view name) {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : &found->second;
  }
};

struct Setting {
  Dialect dialect = Dialect::kStandard;
  std::optional<Json> input{};
  Names names{};
  Bounds bounds{};
};

std::string Shown(const Outcome& outcome) {
  if (outcome.is_undefined()) return "undefined";
  if (outcome.is_function()) return "function";
  if (outcome.problem() != nullptr) return "! " + outcome.problem()->code;
  if (outcome.not_finite() != nullptr) {
    const double number = *outcome.not_finite();
    return std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
  }
  return PrintJson(**outcome.json());
}

std::string Evaluated(const std::string& text, const Setting& setting) {
  const OrProblem<Expression> expression = Expression::Parse(text, setting.dialect);
  if (!expression) return "! " + expression.problem().code;
  constexpr std::int64_t kNowMs = 1'700'000'000'000;
  return Shown(expression->Evaluate(
      setting.input ? &*setting.input : nullptr,
      {.now_ms = kNowMs, .seed = 1, .bounds = setting.bounds, .names = &setting.names}));
}

Json Parsed(std::string_view text) {
  const Result<Json> parsed = ParseJson(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed ? *parsed : Json();
}

// The rest of a line that begins with `word`.
std::optional<std::string> After(const std::string& line, std::string_view word) {
  if (line.compare(0, word.size(), word) != 0) return std::nullopt;
  if (line.size() == word.size()) return "";
  return line[word.size()] == ' ' ? std::optional(line.substr(word.size() + 1)) : std::nullopt;
}

bool TakeSetting(const std::string& line, Setting& setting) {
  const auto put = [](std::map<std::string, Json, std::less<>>& values, const std::string& rest) {
    const std::size_t blank = rest.find(' ');
    values.insert_or_assign(rest.substr(0, blank), Parsed(rest.substr(blank + 1)));
  };
  if (const auto input = After(line, "input")) {
    setting.input = input->empty() ? std::nullopt : std::optional(Parsed(*input));
  } else if (const auto variable = After(line, "let")) {
    put(setting.names.variables, *variable);
  } else if (const auto state = After(line, "state")) {
    put(setting.names.states, *state);
  } else if (After(line, "dialect")) {
    setting.dialect = Dialect::kStepFunctions;
  } else if (const auto bounds = After(line, "bounds")) {
    setting.bounds = *bounds == "step-functions" ? Bounds::StepFunctions() : Bounds();
    const auto steps = bounds->find("steps=");
    if (steps != std::string::npos) setting.bounds.steps = std::stoull(bounds->substr(steps + 6));
  } else {
    return false;
  }
  return true;
}

class CasesTest : public testing::TestWithParam<const char*> {};

TEST_P(CasesTest, GiveWhatIsWritten) {
  const std::string path =
      std::string(TOWLINE_SOURCE_DIR "/tests/jsonata/cases/") + GetParam() + ".txt";
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  Setting setting;
  std::string line;
  int cases = 0;
  for (int number = 1; std::getline(file, line); number++) {
    if (line.empty() || After(line, "#") || TakeSetting(line, setting)) continue;
    const std::string where = path + ":" + std::to_string(number);
    const std::size_t arrow = line.rfind(" => ");
    ASSERT_NE(arrow, std::string::npos) << where << ": no \" => \"";
    std::string expected = line.substr(arrow + 4);
    const Result<Json> json = ParseJson(expected);
    if (json) expected = PrintJson(**json);
    EXPECT_EQ(Evaluated(line.substr(0, arrow), setting), expected) << where << ": " << line;
    cases++;
  }
  EXPECT_GT(cases, 0);
}

INSTANTIATE_TEST_SUITE_P(Files, CasesTest,
                         testing::Values("arrays", "bounds", "dates", "errors", "higher_order",
                                         "lambdas", "numbers", "objects", "operators", "paths",
                                         "pictures", "sorting", "step_functions", "texts",
                                         "transforms"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace towline::jsonata
