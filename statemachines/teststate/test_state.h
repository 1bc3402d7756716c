#pragma once

// TestState: one state of a definition, tried with an input, without a state machine, a worker or
// a server. The interpreter does the same steps as in an execution (interpreter/state_test.h);
// this room says what may be asked, plays what the outside would have answered (a mock), and tells
// the result as AWS Step Functions tells it. Pure.

#include <cstdint>
#include <optional>
#include <string>

#include "statemachines/interpreter/advance.h"

namespace towline::teststate {

// kInfo: what comes out. kDebug, kTrace: also what the data is at each stage.
enum class InspectionLevel { kInfo, kDebug, kTrace };
// How a mocked result is checked against what the service's API answers. kStrict: required fields
// must be there; kPresent: only those that are there are checked; kNone: nothing is.
enum class FieldValidation { kStrict, kPresent, kNone };

struct MockedError {
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
};
// What the state's work comes to: one of the two.
struct Mock {
  std::optional<std::string> result{};  // JSON text
  std::optional<MockedError> error_output{};
  FieldValidation field_validation = FieldValidation::kStrict;
};
struct StateConfiguration {
  std::optional<std::uint32_t> retrier_retry_count{};  // retries that there have been already
  std::optional<std::string> error_caused_by_state{};  // inside the Map or Parallel
  std::optional<std::uint64_t> map_iteration_failure_count{};
  std::optional<std::string> map_item_reader_data{};  // what the ItemReader's file holds
};

struct Request {
  std::string definition;                   // of a state, or of a machine with `state_name`
  std::optional<std::string> state_name{};  // also of a nested state
  std::string input = "{}";                 // JSON text, like the two below
  std::optional<std::string> variables{};   // an object: variables by name
  std::optional<std::string> context{};     // stands in for the context object; only with a mock
  std::optional<Mock> mock{};
  StateConfiguration configuration{};
  InspectionLevel level = InspectionLevel::kInfo;
  std::string role_arn{};  // shows up in the context object only
  bool reveal_secrets = false;
};

// Who the test is, in the context object, and when it takes place.
struct Circumstances {
  interpreter::ExecutionInfo info{};
  interpreter::Limits limits{};
  Timestamp now{};
  std::uint64_t seed = 0;
};

// Of a test that a tenant makes: its machine and its execution are called "test-state".
Circumstances CircumstancesOf(const std::string& tenant, Timestamp now,
                              const interpreter::Limits& limits);

enum class TestStatus {
  kSucceeded,
  kFailed,
  kRetriable,    // failed, and a Retrier would try it again
  kCaughtError,  // failed, and a Catcher has taken it
};

// What the data is at each stage; absent: the state has no such stage, or did not reach it.
struct Inspection {
  std::optional<Json> input{};
  std::optional<Json> after_input_path{};
  std::optional<Json> after_parameters{};
  std::optional<Json> after_arguments{};
  std::optional<Json> after_items_path{};
  std::optional<Json> after_items_pointer{};
  std::optional<Json> after_item_selector{};  // of all items, in order
  std::optional<Json> after_item_batcher{};   // all batches, in order
  std::optional<Json> result{};
  std::optional<Json> after_result_selector{};
  std::optional<Json> after_result_path{};
  std::optional<Json> variables{};  // those given and those assigned
  std::optional<std::int64_t> max_concurrency{};
  std::optional<std::uint64_t> tolerated_failure_count{};
  std::optional<double> tolerated_failure_percentage{};
  std::optional<std::size_t> retry_index{};
  std::optional<double> retry_backoff_interval_seconds{};
  std::optional<std::size_t> catch_index{};
};

struct Response {
  TestStatus status = TestStatus::kSucceeded;
  std::optional<Json> output{};
  std::optional<std::string> error{};
  std::optional<std::string> cause{};
  std::optional<std::string> next_state{};
  std::optional<Inspection> inspection{};  // absent at kInfo
};

// Errors (Error::name): InvalidDefinition, InvalidExecutionInput, ValidationException.
Result<Response> TestState(const Request& request, const Circumstances& circumstances);

}  // namespace towline::teststate
