#pragma once

// JSONata 2.0.6: an expression is parsed once and evaluated against JSON as often as one likes.
//
//   const auto expression = jsonata::Expression::Parse("$sum(items.(price * quantity))");
//   const jsonata::Outcome outcome = expression->Evaluate(order);
//   if (outcome.json() != nullptr) use(**outcome.json()); else report(outcome.problem());
//
// An evaluation is pure: time, randomness and names come in as arguments, and three bounds (steps,
// depth, memory) end it whatever the expression says. It copies nothing of its input: values are
// views into it, or live in an arena that ends with the evaluation.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "statemachines/base/json.h"
#include "statemachines/base/reference.h"
#include "statemachines/jsonata/problem.h"

namespace towline::jsonata {

// Which language is meant.
enum class Dialect {
  kStandard,       // JSONata 2.0.6 as documented, $eval included
  kStepFunctions,  // as Amazon States Language has it: $states, $partition, $range, $hash, $random
                   // with a seed, $uuid and $parse; no $eval; a number that is not finite becomes
                   // the string "Infinity", "-Infinity" or "NaN"
};

// What an evaluation may use. Reaching one ends it with U1001.
struct Bounds {
  std::uint64_t steps = 20'000'000;  // expressions evaluated and elements visited
  int depth = 1'000;                 // nested expressions, each operator counting
  std::size_t memory = 256U << 20U;  // bytes of values alive: 8 an element, 1 a character

  // What Step Functions was measured to allow.
  static Bounds StepFunctions() { return {.depth = 100, .memory = 6'990'256}; }
};

// Where names come from. What it returns must stay valid and unchanged until the evaluation ends;
// nothing of it is copied. The evaluation calls it on its own thread.
class Environment {
 public:
  virtual ~Environment() = default;
  // The value of $name; null: nothing has that name.
  virtual const Json* Variable(std::string_view name) const = 0;
  // $states.<member>, one of input, result, errorOutput, context, asked for when it is needed;
  // null: there is none. Only in Dialect::kStepFunctions.
  virtual const Json* State(std::string_view /*member*/) const { return nullptr; }
  // Asked every few thousand steps; true ends the evaluation with U1001.
  virtual bool Expired() const { return false; }
};

// What an evaluation takes from outside, so that it is a function of its arguments.
struct Circumstances {
  std::int64_t now_ms = 0;  // $now() and $millis(), milliseconds since 1970
  std::uint64_t seed = 0;   // $random(), $shuffle(), $uuid()
  Bounds bounds{};
  const Environment* names = nullptr;  // null: no names besides the language's own
  // Whatever looks into a reference (base/reference.h) sees what it stands for: steps, filters,
  // and the language's own functions; "**" and operators see the reference. Null: it is an object
  // like any other.
  const References* references = nullptr;
};

// What came out of an evaluation.
class Outcome {
 public:
  struct Undefined {};
  struct Function {};  // the result is, or holds, a function: no JSON
  using State = std::variant<Undefined, Json, Function, double, Problem>;
  explicit Outcome(State state) : state_(std::move(state)) {}

  // A result that is a part of the input or of a variable shares its ownership.
  const Json* json() const { return std::get_if<Json>(&state_); }
  bool is_undefined() const { return std::holds_alternative<Undefined>(state_); }
  bool is_function() const { return std::holds_alternative<Function>(state_); }
  // A result that is infinite or not a number; Dialect::kStepFunctions has strings instead.
  const double* not_finite() const { return std::get_if<double>(&state_); }
  const Problem* problem() const { return std::get_if<Problem>(&state_); }

 private:
  State state_;
};

// What an expression mentions, for those who check it before they run it. Sorted, each once.
struct Mentions {
  std::vector<std::string> variables;  // $names that the expression neither binds nor JSONata has
  std::vector<std::string> states;     // members of $states named as $states.<member>
  std::vector<std::string> input;      // "$", "$$", or a field without anything to its left
  bool whole_states = false;           // $states other than as $states.<member>
};

struct Program;  // the compiled form; private to this room

// A parsed expression: immutable, cheap to copy, shared between threads.
class Expression {
 public:
  // The problem's position is that of the first thing wrong.
  static OrProblem<Expression> Parse(std::string_view text, Dialect dialect = Dialect::kStandard);

  // `input` is what $ and $$ stand for; null: undefined, which JSON null is not.
  Outcome Evaluate(const Json* input, const Circumstances& circumstances) const;
  Outcome Evaluate(const Json& input) const { return Evaluate(&input, {}); }

  const Mentions& mentions() const;
  const std::string& text() const;

 private:
  explicit Expression(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

}  // namespace towline::jsonata
