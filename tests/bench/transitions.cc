// How many state transitions per second the interpreter alone makes, on one core: Advance with
// everything it does, events and effects included, and no store behind it.
//
//   towline-bench-transitions [SECONDS]
//
// Per second of this process's CPU time, so that a busy machine does not count against it.
// Two endless loops, stopped by the clock:
//   transitions_per_s          Pass (a constant put into the document) -> Choice (on a number)
//   counter_transitions_per_s  the same, with a counter that an intrinsic function adds to
// One JSON line; the median of five runs each.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "statemachines/asl/parser.h"
#include "statemachines/interpreter/advance.h"

namespace towline::interpreter {
namespace {

constexpr std::string_view kPlainLoop = R"asl({
  "StartAt": "Mark",
  "States": {
    "Mark": {"Type": "Pass", "Result": {"done": false}, "ResultPath": "$.mark", "Next": "Enough"},
    "Enough": {"Type": "Choice", "Default": "Mark", "Choices": [
      {"Variable": "$.n", "NumericGreaterThan": 1000, "Next": "End"},
      {"Variable": "$.mark.done", "BooleanEquals": true, "Next": "End"}]},
    "End": {"Type": "Succeed"}}})asl";

constexpr std::string_view kCounterLoop = R"asl({
  "StartAt": "Count",
  "States": {
    "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Enough"},
    "Enough": {"Type": "Choice", "Default": "Count", "Choices": [
      {"Variable": "$.n", "NumericLessThan": 0, "Next": "End"}]},
    "End": {"Type": "Succeed"}}})asl";

std::uint64_t StatesEntered(const Step& step) {
  return static_cast<std::uint64_t>(
      std::count_if(step.events.begin(), step.events.end(), [](const EventRecord& record) {
        return std::holds_alternative<StateEntered>(record.event);
      }));
}

double PerSecond(const asl::Definition& definition, double seconds) {
  ExecutionState state;
  const Limits limits;
  Turn turn;
  const Result<Json> input = ParseJson(R"({"n": 0, "order": {"id": "A-17", "items": [1, 2, 3]}})");
  Advance(definition, state, Start{{}, *input}, turn, limits);
  std::uint64_t transitions = 0;
  const std::clock_t start = std::clock();
  double passed = 0;
  do {
    turn.seed++;
    transitions += StatesEntered(Advance(definition, state, Continue{}, turn, limits));
    passed = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  } while (passed < seconds);
  return static_cast<double>(transitions) / passed;
}

double Median(std::string_view text, double seconds) {
  const asl::ParseResult parsed = asl::Parse(text);
  CHECK(parsed.ok());
  std::array<double, 5> runs{};
  for (double& run : runs) run = PerSecond(*parsed.definition, seconds);
  std::sort(runs.begin(), runs.end());
  return runs[runs.size() / 2];
}

}  // namespace
}  // namespace towline::interpreter

int main(int argc, char** argv) {
  using towline::interpreter::Median;
  const double seconds = argc > 1 ? std::atof(argv[1]) : 0.5;
  const double plain = Median(towline::interpreter::kPlainLoop, seconds);
  const double counter = Median(towline::interpreter::kCounterLoop, seconds);
  std::printf("{\"transitions_per_s\":%.0f,\"counter_transitions_per_s\":%.0f}\n", plain, counter);
  return 0;
}
