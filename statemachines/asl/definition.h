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
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "statemachines/asl/query_template.h"
#include "statemachines/base/json.h"
#include "statemachines/base/time.h"
#include "statemachines/jsonata/jsonata.h"
#include "statemachines/jsonpath/path.h"
#include "statemachines/jsonpath/template.h"

namespace towline::asl {

using StateIndex = std::uint32_t;
using ScopeIndex = std::uint32_t;
inline constexpr ScopeIndex kRootScope = 0;

// A property of each compiled state.
enum class QueryLanguage { kJsonPath, kJsonata };

// A value of a definition with expressions of its state's query language in it.
using Template = std::variant<jsonpath::Template, QueryTemplate>;

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

// A number that stands in the definition, is looked up by a reference path ("…Path" twin), or is
// what a JSONata expression gives.
struct Number {
  std::optional<std::int64_t> literal{};
  std::optional<jsonpath::ReferencePath> path{};
  std::optional<jsonata::Expression> query{};
  bool present() const { return literal.has_value() || path.has_value() || query.has_value(); }
};
// The same for a percentage, which may have a fraction: 0 to 100.
struct Percentage {
  std::optional<double> literal{};
  std::optional<jsonpath::ReferencePath> path{};
  std::optional<jsonata::Expression> query{};
  bool present() const { return literal.has_value() || path.has_value() || query.has_value(); }
};
// A text that stands in the definition or comes from an expression (ErrorPath, CausePath,
// RoleArn.$, or JSONata).
struct Text {
  std::optional<std::string> literal{};
  std::optional<jsonpath::Expression> expression{};
  std::optional<jsonata::Expression> query{};
  bool present() const {
    return literal.has_value() || expression.has_value() || query.has_value();
  }
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
  std::optional<Template> output{};  // JSONata
  std::optional<Template> assign{};  // instead of the state's own
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
    kService,   // any other arn:aws:states:::service:api: a job of type service-api
    kStartExecution,  // arn:aws:states:::states:startExecution (or of partition towline)
  };
  enum class Sync {
    kNone,
    kSync,    // ….sync: the task ends when what it started has ended
    kSync2,   // ….sync:2: likewise; of a started execution, Input and Output are JSON, not text
  };
  Kind kind = Kind::kJob;
  Sync sync = Sync::kNone;
  bool wait_for_task_token = false;  // ….waitForTaskToken
  std::string arn{};                   // as written
  std::string name{};  // kFunction, kService: the job type; kActivity: the activity's name
  // Whoever has the token may end it; the others end by themselves.
  bool takes_token() const { return wait_for_task_token || sync != Sync::kNone; }
  // How the service's history names it: resourceType "lambda", resource "invoke.waitForTaskToken".
  std::string history_type{};
  std::string history_resource{};
};

struct Pass {
  std::optional<Json> result{};
};

struct Task {
  TaskResource resource{};
  Number timeout_seconds{};
  Number heartbeat_seconds{};
  Text credentials_role_arn{};
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
    kQuery, kConstant,  // JSONata: an expression, or true or false itself
  };
  Op op = Op::kAnd;
  std::vector<Condition> operands{};                // kAnd, kOr, kNot
  std::optional<jsonpath::Path> variable{};       // all comparisons
  Json literal{};                                 // the operand, when it is not a path
  std::optional<jsonpath::Path> operand_path{};   // …Path forms
  std::optional<Timestamp> timestamp{};           // literal, parsed, for Timestamp operators
  std::optional<jsonata::Expression> query{};     // kQuery
};

struct ChoiceRule {
  Condition condition{};
  std::optional<Template> output{};  // JSONata; instead of the state's own
  std::optional<Template> assign{};  // instead of the state's own
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
  std::optional<jsonata::Expression> timestamp_query{};
};

struct Succeed {};

struct Fail {
  Text error{};
  Text cause{};
};

struct Parallel {
  std::vector<ScopeIndex> branches{};
};

// Where a Distributed Map's items come from, when not from the state's input.
struct ItemReader {
  enum class Source { kGetObject, kListObjects };  // s3:getObject, s3:listObjectsV2
  enum class Input { kJson, kJsonl, kCsv, kParquet, kManifest };
  enum class Manifest { kInventory, kAthena };
  Source source = Source::kGetObject;
  std::string resource{};                // as written
  std::optional<Template> parameters{};  // Parameters or Arguments: Bucket, Key, Prefix, …
  Input input = Input::kJson;
  Manifest manifest = Manifest::kInventory;
  bool headers_given = false;            // CSVHeaderLocation GIVEN; else the first row
  std::vector<std::string> headers{};
  char delimiter = ',';
  Number max_items{};                    // absent or 0: all
  std::string items_pointer{};           // where in a JSON file the array stands: a JSON pointer
  bool load_and_flatten = false;         // listObjectsV2: the objects' contents, not their names
};

struct ItemBatcher {
  Number max_items{};
  Number max_input_bytes{};
  std::optional<Template> batch_input{};
};

// Where a Distributed Map's results go, when not into the state's result.
struct ResultWriter {
  enum class Transformation { kNone, kCompact, kFlatten };
  std::string resource{};                // as written; empty: only the form is changed
  std::optional<Template> parameters{};  // Parameters or Arguments: Bucket, Prefix
  Transformation transformation = Transformation::kNone;
  bool json_lines = false;               // OutputType JSONL
};

// What only a Map in distributed mode has: its iterations are executions of their own.
struct Distributed {
  bool express = false;
  std::string label{};  // empty: to be made up
  std::optional<ItemReader> item_reader{};
  std::optional<ItemBatcher> item_batcher{};
  std::optional<ResultWriter> result_writer{};
};

struct Map {
  ScopeIndex processor = 0;
  std::optional<jsonpath::ReferencePath> items_path{};
  std::optional<Template> items{};          // JSONata
  std::optional<Template> item_selector{};  // or the legacy Parameters
  Number max_concurrency{};
  Number tolerated_failure_count{};
  Percentage tolerated_failure_percentage{};
  std::optional<Distributed> distributed{};  // absent: inline
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
  std::optional<Template> parameters{};       // Parameters or Arguments; not of a Map
  std::optional<Template> result_selector{};  // Task, Parallel, Map
  std::optional<Template> output{};           // JSONata
  // An object; its members become variables of the state's scope when the state is left.
  std::optional<Template> assign{};
  std::vector<Retrier> retriers{};
  std::vector<Catcher> catchers{};
  StateKind kind{};
  std::set<std::string> variable_references{};  // what the state's own fields mention
};

struct Scope {
  StateIndex start_at = 0;
  std::optional<StateIndex> owner{};  // the Parallel or Map that it is a part of
  bool isolated = false;  // of a Distributed Map: sees no variables of the scopes around it
};

struct Definition {
  std::vector<Scope> scopes{};   // [0] is the machine itself
  std::vector<State> states{};   // document order
  std::optional<std::int64_t> timeout_seconds{};
  // The types of jobs that its tasks ask for, as far as the definition alone tells.
  std::set<std::string> job_types{};
  std::string comment{};
  std::string text{};            // the source, as given

  const State& state(StateIndex index) const {
    CHECK(index < states.size());
    return states[index];
  }
};

}  // namespace towline::asl
