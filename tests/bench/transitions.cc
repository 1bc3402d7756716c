// How fast the interpreter alone is, on one core: Advance with everything it does, events and
// effects included, and no store behind it.
//
//   towline-bench-transitions [SECONDS [FIGURE]]
//
// Per second of this process's CPU time, so that a busy machine does not count against it.
//   transitions_per_s          an endless loop: Pass (a constant put into the document) -> Choice
//   counter_transitions_per_s  the same, with a counter that an intrinsic function adds to
//   parameters_states_per_s    Pass states with Parameters of five fields, one after the other
//   map_iterations_per_s       a Map over 10,000 items, a Pass for each
//   loop_transitions_per_s     executions of 1,000 rounds of Choice -> Pass, start to end
// One JSON line; the median of five runs each.

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

// A chain of so many of them.
constexpr int kFills = 200;
constexpr std::string_view kFill = R"asl("Type": "Pass", "Parameters": {
  "order.$": "$.order", "first.$": "$.order.items[0]", "customer": "somebody",
  "label.$": "States.Format('order {}', $.order.id)", "n.$": "States.MathAdd($.n, 1)"})asl";

std::string Chain() {
  std::string states;
  for (int i = 0; i < kFills; i++) {
    const bool last = i + 1 == kFills;
    states += (i == 0 ? "\"S" : ",\"S") + std::to_string(i) + "\":{" + std::string(kFill) +
              (last ? ",\"End\":true}" : ",\"Next\":\"S" + std::to_string(i + 1) + "\"}");
  }
  return R"({"StartAt":"S0","States":{)" + states + "}}";
}

constexpr std::string_view kMap = R"asl({
  "StartAt": "Each",
  "States": {
    "Each": {"Type": "Map", "ItemsPath": "$.items", "End": true, "ItemProcessor": {
      "StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}}}}})asl";

constexpr std::string_view kLoop = R"asl({
  "StartAt": "Enough",
  "States": {
    "Enough": {"Type": "Choice", "Default": "Count", "Choices": [
      {"Variable": "$.n", "NumericGreaterThanEquals": 1000, "Next": "End"}]},
    "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Enough"},
    "End": {"Type": "Succeed"}}})asl";

Json OrderInput() {
  return *ParseJson(R"({"n": 0, "order": {"id": "A-17", "items": [1, 2, 3]}})");
}

Json ManyItems() {
  json::array items;
  for (int i = 0; i < 10'000; i++) items.push_back(json::object{{"n", i}, {"name", "an item"}});
  return Json(json::value(json::object{{"items", std::move(items)}}));
}

std::shared_ptr<const asl::Definition> Compiled(std::string_view text) {
  const asl::ParseResult parsed = asl::Parse(text);
  CHECK(parsed.ok());
  return parsed.definition;
}

template <class Event>
std::uint64_t Count(const Step& step) {
  return static_cast<std::uint64_t>(
      std::count_if(step.events.begin(), step.events.end(), [](const EventRecord& record) {
        return std::holds_alternative<Event>(record.event);
      }));
}

// One execution that never ends.
class Endless {
 public:
  explicit Endless(std::string_view text) : definition_(Compiled(text)) {
    Advance(*definition_, state_, Start{{}, OrderInput()}, turn_, limits_);
  }
  std::uint64_t operator()() {
    turn_.seed++;
    return Count<StateEntered>(Advance(*definition_, state_, Continue{}, turn_, limits_));
  }

 private:
  std::shared_ptr<const asl::Definition> definition_;
  ExecutionState state_;
  const Limits limits_{};
  Turn turn_{};
};

// Whole executions, one after the other; what counts are the events of one kind.
template <class Event>
class Whole {
 public:
  Whole(std::string_view text, Json input)
      : definition_(Compiled(text)), input_(std::move(input)) {}
  std::uint64_t operator()() {
    ExecutionState state;
    const Limits limits;
    const Turn turn;
    std::uint64_t count =
        Count<Event>(Advance(*definition_, state, Start{{}, input_}, turn, limits));
    while (!state.closed()) {
      count += Count<Event>(Advance(*definition_, state, Continue{}, turn, limits));
    }
    CHECK(state.status == ExecutionStatus::kSucceeded);
    return count;
  }

 private:
  std::shared_ptr<const asl::Definition> definition_;
  Json input_;
};

double Median(double seconds, const std::function<std::uint64_t()>& work) {
  std::array<double, 5> runs{};
  for (double& run : runs) {
    std::uint64_t done = 0;
    const std::clock_t start = std::clock();
    double passed = 0;
    do {
      done += work();
      passed = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    } while (passed < seconds);
    run = static_cast<double>(done) / passed;
  }
  std::sort(runs.begin(), runs.end());
  return runs[runs.size() / 2];
}

struct Figure {
  std::string_view name;
  std::function<std::uint64_t()> work;
};

std::vector<Figure> Figures() {
  const Json zero(json::value(json::object{{"n", 0}}));
  return {{"transitions_per_s", Endless(kPlainLoop)},
          {"counter_transitions_per_s", Endless(kCounterLoop)},
          {"parameters_states_per_s", Whole<StateEntered>(Chain(), OrderInput())},
          {"map_iterations_per_s", Whole<IterationSucceeded>(kMap, ManyItems())},
          {"loop_transitions_per_s", Whole<StateEntered>(kLoop, zero)}};
}

void Report(double seconds, std::string_view only) {
  json::object figures;
  for (const Figure& figure : Figures()) {
    if (!only.empty() && figure.name != only) continue;
    figures[figure.name] = std::round(Median(seconds, figure.work));
  }
  std::printf("%s\n", PrintJson(figures).c_str());
}

}  // namespace
}  // namespace towline::interpreter

int main(int argc, char** argv) {
  towline::interpreter::Report(argc > 1 ? std::atof(argv[1]) : 0.5, argc > 2 ? argv[2] : "");
  return 0;
}
