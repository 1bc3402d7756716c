// JSONata in a state: what its expressions see, and what is made of what they give.

#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {
namespace {

const char* KindOf(const json::value& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "boolean";
  if (value.is_string()) return "string";
  if (value.is_array()) return "array";
  return value.is_object() ? "object" : "number";
}

std::string Told(const std::string& expression, const std::string& field) {
  return "The JSONata expression '" + expression + "' specified for the field '" + field + "' ";
}

}  // namespace

// $states and the variables, as one field of one frame's state sees them.
class Stepper::QueryNames final : public jsonata::Environment {
 public:
  QueryNames(const ExecutionState& state, const Frame& frame, const View& view)
      : state_(state), frame_(frame), view_(view) {}

  const Json* Variable(std::string_view name) const override {
    return FindVariable(state_, frame_, name);
  }
  const Json* State(std::string_view member) const override {
    if (member == "input") return &frame_.input;
    if (member == "context") return &view_.context.Context();
    if (member == "result") return view_.result;
    return member == "errorOutput" ? view_.error_output : nullptr;
  }

 private:
  const ExecutionState& state_;
  const Frame& frame_;
  const View& view_;
};

std::string Stepper::View::Location(const std::string& inner) const {
  std::string location;
  if (!list.empty()) {
    location = std::string(list) + "[" + std::to_string(index) + "]/";
  }
  location += field;
  return location + inner;
}

Failure Stepper::QueryFailure(const Frame& frame, std::string what, std::string location) const {
  Failure failure = FailureIn(StateOf(frame), frame, kQueryError, what);
  failure.location = std::move(location);
  return failure;
}

bool Stepper::Query(const Frame& frame, const jsonata::Expression& expression, const View& view,
                    const std::string& inner, Json& out, Failure& failure) {
  const QueryNames names(state_, frame, view);
  jsonata::Circumstances circumstances;
  circumstances.now_ms = now_.time_since_epoch().count();
  circumstances.seed = Random();
  circumstances.bounds = limits_.query_bounds;
  circumstances.names = &names;
  circumstances.references = references_;
  const jsonata::Outcome outcome = expression.Evaluate(nullptr, circumstances);
  if (const Json* value = outcome.json()) {
    out = *value;
    return true;
  }
  std::string location = view.Location(inner);
  std::string what = Told(expression.text(), location);
  if (outcome.is_undefined()) {
    what += "returned nothing (undefined).";
  } else if (const jsonata::Problem* problem = outcome.problem()) {
    // A bound of the service's own has no code there.
    const bool bound = problem->code == "U1001";
    what += "threw an error during evaluation" +
            (bound ? ": " : ". " + problem->code + ": ") + problem->message;
  } else {
    what += "returned an unsupported result type.";
  }
  failure = QueryFailure(frame, std::move(what), std::move(location));
  return false;
}

bool Stepper::QueryOf(const Frame& frame, const jsonata::Expression& expression, const View& view,
                      std::string_view kind, Json& out, Failure& failure) {
  return Query(frame, expression, view, {}, out, failure) &&
         IsKind(frame, expression, view, kind, out, failure);
}

bool Stepper::IsKind(const Frame& frame, const jsonata::Expression& expression, const View& view,
                     std::string_view kind, const Json& out, Failure& failure) const {
  if (kind == KindOf(*out)) return true;
  std::string location = view.Location({});
  std::string what = Told(expression.text(), location) +
                     "returned an unexpected result type. Expected '" + std::string(kind) +
                     "', but was '" + KindOf(*out) + "' for value: " + PrintJson(*out);
  failure = QueryFailure(frame, std::move(what), std::move(location));
  return false;
}

bool Stepper::Evaluate(const Frame& frame, const asl::Template& with, const View& view, Json& out,
                       Failure& failure) {
  if (const auto* query = std::get_if<asl::QueryTemplate>(&with)) {
    return query->Fill(
        [&](const jsonata::Expression& expression, const std::string& inner, Json& value) {
          return Query(frame, expression, view, inner, value, failure);
        },
        out);
  }
  const jsonpath::Scope scope = ScopeOf(view.subject, view.context);
  jsonpath::TemplateError error;
  if (std::get<jsonpath::Template>(with).Evaluate(scope, out, error)) return true;
  const ExpressionProblem problem = Describe(error, scope);
  failure = FailureIn(StateOf(frame), frame, problem.error, problem.what);
  return false;
}

// The number itself where an expression gives it. Null: `failure` says why there is none.
const asl::Number* Stepper::Settled(const Frame& frame, const asl::Number& number,
                                    const View& view, asl::Number& storage, Failure& failure) {
  if (!number.query.has_value()) return &number;
  Json value;
  if (!QueryOf(frame, *number.query, view, "number", value, failure)) return nullptr;
  storage.literal = AsInteger(*value);
  if (storage.literal.has_value()) return &storage;
  failure = QueryFailure(frame,
                         "The " + std::string(view.field) + " field is not a valid integer: " +
                             PrintJson(*value),
                         view.Location({}));
  return nullptr;
}

bool Stepper::Settled(const Frame& frame, const asl::Text& text, const View& view,
                      std::optional<std::string>& out, Failure& failure) {
  Json value;
  out = text.literal;
  if (text.query.has_value()) {
    if (!QueryOf(frame, *text.query, view, "string", value, failure)) return false;
  } else if (text.expression.has_value()) {
    const jsonpath::Scope scope = ScopeOf(view.subject, view.context);
    const auto found = text.expression->Evaluate(scope);
    const std::string field(view.field);
    if (!found) {
      const ExpressionProblem problem = Describe({field, text.expression->text(), found.error()},
                                                 scope);
      failure = FailureIn(StateOf(frame), frame, problem.error, problem.what);
      return false;
    }
    if (!(**found).is_string()) {
      failure = FailureIn(StateOf(frame), frame, kRuntimeError,
                          "The '" + field + "' field must give a string, but '" +
                              text.expression->text() + "' gives: " + PrintJson(**found));
      return false;
    }
    value = *found;
  }
  if (value->is_string()) out = std::string(value->get_string());
  return true;
}

}  // namespace towline::interpreter
