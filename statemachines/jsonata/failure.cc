// What goes wrong, in words.

#include <cmath>
#include <limits>

#include "statemachines/jsonata/errors.h"
#include "statemachines/jsonata/evaluator.h"
#include "statemachines/jsonata/output.h"

namespace towline::jsonata {

Value Evaluator::Fail(const char* code, Value value, Value other) {
  problem_.code = code;
  problem_.message = std::string(MessageOf(code));
  if (problem_.message.find("{value}") != std::string::npos) {
    problem_.message = Replaced(std::move(problem_.message), "{value}", ShownValue(arena_, value));
  }
  if (problem_.message.find("{other}") != std::string::npos) {
    problem_.message = Replaced(std::move(problem_.message), "{other}", ShownValue(arena_, other));
  }
  return Value::Failed();
}

Value Evaluator::Fail(Problem problem) {
  problem_ = std::move(problem);
  return Value::Failed();
}

Value Evaluator::FailDepth() {
  return Fail({.code = "U1001",
               .message = "Stack overflow error: Check for non-terminating recursive function. "
                          "Consider rewriting as tail-recursive."});
}

Value Evaluator::FailOver() {
  return Fail(
      {.code = "U1001", .message = "Expression evaluation timeout: Check for infinite loop"});
}

Value Evaluator::FailExhausted() {
  if (arena_.too_deep()) {
    return Fail({.code = "U1001", .message = "A value nests more than 500 arrays or objects"});
  }
  return Fail({.code = "U1001",
               .message = "Expression evaluation memory limit exceeded: "
                          "Check for excessive memory usage"});
}

// The innermost position counts, and so does the innermost token.
Value Evaluator::Locate(const Node& node, std::string_view token) {
  if (problem_.token.empty()) problem_.token = token;
  return LocateAt(node.position);
}

Value Evaluator::LocateAt(std::size_t position) {
  if (!located_) problem_.position = position;
  located_ = true;
  return Value::Failed();
}

Problem Evaluator::TakeProblem() {
  Problem problem = std::move(problem_);
  problem_ = {};
  located_ = false;
  problem.message = CleanText(Replaced(std::move(problem.message), "{token}", problem.token));
  return problem;
}

Value Evaluator::TextOf(Value value, bool pretty) {
  if (value.is_string() || value.is_undefined()) return value;
  if (value.is_function()) return Value::String({});
  if (value.is_number() && !std::isfinite(value.number())) return Fail("D3001", value);
  if (value.kind() == Kind::kArray && value.array()->outer_wrapper) value = value.array()->at(0);
  std::string text;
  if (!AppendText(arena_, value, pretty, text)) {
    return Fail("D1001", Value::Number(std::numeric_limits<double>::infinity()));
  }
  return String(text);
}

}  // namespace towline::jsonata
