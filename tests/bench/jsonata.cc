// How long our JSONata takes for one evaluation of each expression of tests/bench/jsonata.json.
// tests/bench/jsonata.mjs does the same with npm's jsonata.
//
//   towline-bench-jsonata jsonata.json [SECONDS]
//
// Microseconds of this process's CPU time, parsed once, the median of five runs each; one JSON
// line, with the results, so that whoever compares can see that both sides compute the same.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "statemachines/jsonata/jsonata.h"

namespace towline::jsonata {
namespace {

class States : public Environment {
 public:
  explicit States(Json input) : input_(std::move(input)) {}
  const Json* Variable(std::string_view /*name*/) const override { return nullptr; }
  const Json* State(std::string_view member) const override {
    return member == "input" ? &input_ : nullptr;
  }

 private:
  const Json input_;
};

double Microseconds(const Expression& expression, const Circumstances& circumstances,
                    double seconds) {
  constexpr int kBatch = 200;
  std::size_t evaluations = 0;
  double passed = 0;
  const std::clock_t start = std::clock();
  do {
    for (int i = 0; i < kBatch; i++) {
      const Outcome outcome = expression.Evaluate(nullptr, circumstances);
      if (outcome.json() == nullptr) std::abort();
    }
    evaluations += kBatch;
    passed = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  } while (passed < seconds);
  return passed * 1e6 / static_cast<double>(evaluations);
}

json::value Measure(const std::string& text, const Circumstances& circumstances, double seconds) {
  const OrProblem<Expression> expression = Expression::Parse(text, Dialect::kStepFunctions);
  if (!expression) {
    std::cerr << expression.problem().code << ' ' << expression.problem().message << '\n';
    std::exit(1);
  }
  std::array<double, 5> runs{};
  for (double& run : runs) run = Microseconds(*expression, circumstances, seconds / 5);
  std::sort(runs.begin(), runs.end());
  return {{"us", runs[2]}, {"result", **expression->Evaluate(nullptr, circumstances).json()}};
}

}  // namespace
}  // namespace towline::jsonata

int main(int argc, char** argv) {
  using namespace towline;  // NOLINT(google-build-using-namespace)
  if (argc < 2) {
    std::cerr << "towline-bench-jsonata FILE [SECONDS]\n";
    return 2;
  }
  std::ifstream file(argv[1]);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const Result<Json> plan = ParseJson(text);
  if (!plan) {
    std::cerr << argv[1] << ": " << plan.error().message << '\n';
    return 2;
  }
  const json::object& members = (*plan)->as_object();
  const jsonata::States states{Json(members.at("input"))};
  const jsonata::Circumstances circumstances{.bounds = jsonata::Bounds::StepFunctions(),
                                             .names = &states};
  const double seconds = argc > 2 ? std::atof(argv[2]) : 1;
  json::object figures;
  for (const auto& expression : members.at("expressions").as_object()) {
    figures[expression.key()] = jsonata::Measure(std::string(expression.value().as_string()),
                                                 circumstances, seconds);
  }
  std::cout << PrintJson(figures) << '\n';
  return 0;
}
