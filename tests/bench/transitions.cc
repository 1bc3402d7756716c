// How fast the interpreter alone is, on one core: Advance with everything it does, events and
// effects included, and no store behind it.
//
//   towline-bench-transitions FOLDER [SECONDS [FIGURE]]
//
// FOLDER is tests/bench: machines.json holds the definitions, jsonata.json the expressions. Per
// second of this process's CPU time, so that a busy machine does not count against it.
//   transitions_per_s          an endless loop: Pass (a constant put into the document) -> Choice
//   counter_transitions_per_s  the same, with a counter that an intrinsic function adds to
//   parameters_states_per_s    Pass states with Parameters of five fields, one after the other
//   map_iterations_per_s       a Map over 10,000 items, a Pass for each
//   loop_transitions_per_s     executions of 1,000 rounds of Choice -> Pass, start to end
//   jsonata_E1_states_per_s    Pass states that assign what the expression E1 gives; E2, E3 too
// One JSON line; the median of five runs each.

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "statemachines/asl/parser.h"
#include "statemachines/interpreter/advance.h"

namespace towline::interpreter {
namespace {

// States of one kind, one after the other.
json::value Chain(const json::object& state) {
  constexpr int kLength = 200;
  json::object states;
  for (int i = 0; i < kLength; i++) {
    json::object& copy = states["S" + std::to_string(i)].emplace_object() = state;
    if (i + 1 < kLength) {
      copy["Next"] = "S" + std::to_string(i + 1);
    } else {
      copy["End"] = true;
    }
  }
  return {{"StartAt", "S0"}, {"States", std::move(states)}};
}

json::value Assigning(const json::value& expression) {
  const std::string text = "{% " + std::string(expression.as_string()) + " %}";
  return {{"Type", "Pass"}, {"QueryLanguage", "JSONata"}, {"Assign", {{"made", text}}}};
}

Json OrderInput() {
  return *ParseJson(R"({"n": 0, "order": {"id": "A-17", "items": [1, 2, 3]}})");
}

Json ManyItems() {
  json::array items;
  for (int i = 0; i < 10'000; i++) items.push_back(json::object{{"n", i}, {"name", "an item"}});
  return Json(json::value(json::object{{"items", std::move(items)}}));
}

std::shared_ptr<const asl::Definition> Compiled(const json::value& machine) {
  const asl::ParseResult parsed = asl::Parse(PrintJson(machine));
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
  explicit Endless(const json::value& machine) : definition_(Compiled(machine)) {
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
  Whole(const json::value& machine, Json input)
      : definition_(Compiled(machine)), input_(std::move(input)) {}
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
  std::string name;
  std::function<std::uint64_t()> work;
};

Json Read(const std::string& path) {
  std::ifstream file(path);
  const Result<Json> read = ParseJson(std::string(std::istreambuf_iterator<char>(file), {}));
  if (read) return *read;
  std::cerr << path << ": " << read.error().message << '\n';
  std::exit(2);
}

std::vector<Figure> Figures(const std::string& folder) {
  const Json machines = Read(folder + "/machines.json");
  const auto machine = [&](std::string_view name) { return machines->as_object().at(name); };
  const json::value chain = Chain(machine("five_fields").as_object());
  const Json zero(json::value(json::object{{"n", 0}}));
  std::vector<Figure> figures{
      {"transitions_per_s", Endless(machine("plain"))},
      {"counter_transitions_per_s", Endless(machine("counter"))},
      {"parameters_states_per_s", Whole<StateEntered>(chain, OrderInput())},
      {"map_iterations_per_s", Whole<IterationSucceeded>(machine("map"), ManyItems())},
      {"loop_transitions_per_s", Whole<StateEntered>(machine("loop"), zero)}};
  const Json expressions = Read(folder + "/jsonata.json");
  const Json input = Json::Part(expressions, expressions->as_object().at("input"));
  for (const auto& member : expressions->as_object().at("expressions").as_object()) {
    const json::value states = Chain(Assigning(member.value()).as_object());
    figures.push_back({"jsonata_" + std::string(member.key()) + "_states_per_s",
                       Whole<StateExited>(states, input)});
  }
  return figures;
}

void Report(const std::string& folder, double seconds, std::string_view only) {
  json::object report;
  for (const Figure& figure : Figures(folder)) {
    if (!only.empty() && figure.name != only) continue;
    report[figure.name] = std::round(Median(seconds, figure.work));
  }
  std::cout << PrintJson(report) << '\n';
}

}  // namespace
}  // namespace towline::interpreter

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "towline-bench-transitions FOLDER [SECONDS [FIGURE]]\n";
    return 2;
  }
  towline::interpreter::Report(argv[1], argc > 2 ? std::atof(argv[2]) : 0.5,
                               argc > 3 ? argv[3] : "");
  return 0;
}
