#pragma once

// A compiled Amazon States Language definition: paths parsed, templates compiled, transition
// targets resolved. Immutable once made and shared by every execution of its revision.
//
// Nesting is flattened. Every `States` object (the machine's own, each Parallel branch, each Map
// processor) is a Scope; all states stand in one vector in document order (depth first: a state
// comes before the states nested in it), so that a state is named by its index for good: stored
// events rely on it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "statemachines/base/json.h"
#include "statemachines/base/time.h"
#include "statemachines/jsonpath/path.h"
#include "statemachines/jsonpath/template.h"

namespace towline::asl {

using StateIndex = std::uint32_t;
using ScopeIndex = std::uint32_t;
inline constexpr ScopeIndex kRootScope = 0;

// A property of each compiled state; JSONata states are refused at creation until they exist.
enum class QueryLanguage { kJsonPath, kJsonata };

// InputPath, OutputPath: absent means "$"; an explicit null means {} instead of the document.
struct PathField {
  jsonpath::Path path = jsonpath::Path::Root();
  bool discards = false;  // the definition says null
};
// ResultPath: absent means "$"; an explicit null keeps the input and drops the result.
struct ResultPathField {
  std::optional<jsonpath::ReferencePath> path{};  // absent: "$"
  bool discards = false;
};

// A number that stands in the definition or is looked up by a reference path ("…Path" twin).
struct Number {
  std::optional<std::int64_t> literal{};
  std::optional<jsonpath::ReferencePath> path{};
  bool present() const { return literal.has_value() || path.has_value(); }
};
// The same for a percentage, which may have a fraction: 0 to 100.
struct Percentage {
  std::optional<double> literal{};
  std::optional<jsonpath::ReferencePath> path{};
  bool present() const { return literal.has_value() || path.has_value(); }
};
// A text that stands in the definition or comes from an expression (ErrorPath, CausePath).
struct Text {
  std::optional<std::string> literal{};
  std::optional<jsonpath::Expression> expression{};
  bool present() const { return literal.has_value() || expression.has_value(); }
};

struct Retrier {
  std::vector<std::string> error_equals{};
  std::int64_t interval_seconds = 1;
  std::int64_t max_attempts = 3;
  double backoff_rate = 2.0;
  std::optional<std::int64_t> max_delay_seconds{};
  bool full_jitter = false;
};

struct Catcher {
  std::vector<std::string> error_equals{};
  ResultPathField result_path{};
  StateIndex next = 0;
};

// What a Task's Resource asks for. The suffixes and the two name forms are resolved here, so that
// the interpreter never looks at an ARN.
struct TaskResource {
  enum class Kind {
    kJob,       // arn:towline:states:::job:run
    kPublish,   // arn:towline:states:::mqtt:publish, arn:aws:states:::aws-sdk:iotdataplane:publish
    kLambda,    // arn:aws:states:::lambda:invoke: a job whose type is the function's name
    kFunction,  // a bare function ARN: the same, without the wrapping of the result
    kActivity,  // an activity ARN: pollers take it
  };
  Kind kind = Kind::kJob;
  bool wait_for_task_token = false;  // ….waitForTaskToken
  std::string arn{};                   // as written
  std::string name{};                  // kFunction: the job type; kActivity: the activity's name
  // How the service's history names it: resourceType "lambda", resource "invoke.waitForTaskToken".
  std::string history_type{};
  std::string history_resource{};
};

struct Pass {
  std::optional<Json> result{};
  std::optional<jsonpath::Template> parameters{};
};

struct Task {
  TaskResource resource{};
  std::optional<jsonpath::Template> parameters{};
  std::optional<jsonpath::Template> result_selector{};
  Number timeout_seconds{};
  Number heartbeat_seconds{};
  std::optional<std::string> credentials_role_arn{};
};

// One comparison or combination of a Choice rule.
struct Condition {
  enum class Op {
    kAnd, kOr, kNot,
    kStringEquals, kStringLessThan, kStringGreaterThan, kStringLessThanEquals,
    kStringGreaterThanEquals, kStringMatches,
    kNumericEquals, kNumericLessThan, kNumericGreaterThan, kNumericLessThanEquals,
    kNumericGreaterThanEquals,
    kBooleanEquals,
    kTimestampEquals, kTimestampLessThan, kTimestampGreaterThan, kTimestampLessThanEquals,
    kTimestampGreaterThanEquals,
    kIsNull, kIsPresent, kIsNumeric, kIsString, kIsBoolean, kIsTimestamp,
  };
  Op op = Op::kAnd;
  std::vector<Condition> operands{};                // kAnd, kOr, kNot
  std::optional<jsonpath::Path> variable{};       // all comparisons
  Json literal{};                                 // the operand, when it is not a path
  std::optional<jsonpath::Path> operand_path{};   // …Path forms
  std::optional<Timestamp> timestamp{};           // literal, parsed, for Timestamp operators
};

struct ChoiceRule {
  Condition condition{};
  StateIndex next = 0;
};

struct Choice {
  std::vector<ChoiceRule> rules{};
  std::optional<StateIndex> otherwise{};  // Default
};

struct Wait {
  Number seconds{};
  std::optional<Timestamp> timestamp{};
  std::optional<jsonpath::ReferencePath> timestamp_path{};
};

struct Succeed {};

struct Fail {
  Text error{};
  Text cause{};
};

struct Parallel {
  std::vector<ScopeIndex> branches{};
  std::optional<jsonpath::Template> parameters{};
  std::optional<jsonpath::Template> result_selector{};
};

struct Map {
  ScopeIndex processor = 0;
  std::optional<jsonpath::ReferencePath> items_path{};
  std::optional<jsonpath::Template> item_selector{};  // or the legacy Parameters
  std::optional<jsonpath::Template> result_selector{};
  Number max_concurrency{};
  Number tolerated_failure_count{};
  Percentage tolerated_failure_percentage{};
};

// The eight state types: a closed set, visited exhaustively.
using StateKind = std::variant<Pass, Task, Choice, Wait, Succeed, Fail, Parallel, Map>;

struct State {
  std::string name{};
  QueryLanguage query_language = QueryLanguage::kJsonPath;
  ScopeIndex scope = kRootScope;          // the States object it stands in
  std::optional<StateIndex> next{};       // absent: End, or a kind without Next
  PathField input_path{};
  PathField output_path{};
  ResultPathField result_path{};
  std::vector<Retrier> retriers{};
  std::vector<Catcher> catchers{};
  StateKind kind{};
};

struct Scope {
  StateIndex start_at = 0;
};

struct Definition {
  std::vector<Scope> scopes{};   // [0] is the machine itself
  std::vector<State> states{};   // document order
  std::optional<std::int64_t> timeout_seconds{};
  std::string comment{};
  std::string text{};            // the source, as given

  const State& state(StateIndex index) const {
    CHECK(index < states.size());
    return states[index];
  }
};

}  // namespace towline::asl
