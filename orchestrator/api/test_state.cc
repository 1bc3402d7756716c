// TestState: the messages of the API on one side, the room that tests a state on the other.

#include "statemachines/teststate/test_state.h"

#include "orchestrator/api/state_machines.h"

namespace towline::api {
namespace {

using teststate::Inspection;

teststate::InspectionLevel LevelOf(v1::InspectionLevel level) {
  switch (level) {
    case v1::INSPECTION_LEVEL_DEBUG: return teststate::InspectionLevel::kDebug;
    case v1::INSPECTION_LEVEL_TRACE: return teststate::InspectionLevel::kTrace;
    default: return teststate::InspectionLevel::kInfo;
  }
}

teststate::FieldValidation ValidationOf(v1::MockFieldValidation validation) {
  switch (validation) {
    case v1::MOCK_FIELD_VALIDATION_PRESENT: return teststate::FieldValidation::kPresent;
    case v1::MOCK_FIELD_VALIDATION_NONE: return teststate::FieldValidation::kNone;
    default: return teststate::FieldValidation::kStrict;
  }
}

teststate::Mock MockOf(const v1::MockInput& given) {
  teststate::Mock mock;
  mock.field_validation = ValidationOf(given.field_validation_mode());
  if (given.has_result()) mock.result = given.result();
  if (given.has_error_output()) {
    mock.error_output.emplace();
    if (given.error_output().has_error()) mock.error_output->error = given.error_output().error();
    if (given.error_output().has_cause()) mock.error_output->cause = given.error_output().cause();
  }
  return mock;
}

Result<teststate::StateConfiguration> ConfigurationOf(const v1::TestStateConfiguration& given) {
  if (given.retrier_retry_count() < 0 || given.map_iteration_failure_count() < 0) {
    return Error{Error::Code::kInvalidArgument,
                 "retrier_retry_count and map_iteration_failure_count must not be negative",
                 "ValidationException"};
  }
  teststate::StateConfiguration configuration;
  if (given.has_retrier_retry_count()) {
    configuration.retrier_retry_count = static_cast<std::uint32_t>(given.retrier_retry_count());
  }
  if (given.has_map_iteration_failure_count()) {
    configuration.map_iteration_failure_count =
        static_cast<std::uint64_t>(given.map_iteration_failure_count());
  }
  if (given.has_error_caused_by_state()) {
    configuration.error_caused_by_state = given.error_caused_by_state();
  }
  if (given.has_map_item_reader_data()) {
    configuration.map_item_reader_data = given.map_item_reader_data();
  }
  return configuration;
}

Result<teststate::Request> RequestOf(const v1::TestStateRequest& given) {
  teststate::Request request;
  request.definition = given.definition();
  if (!given.state_name().empty()) request.state_name = given.state_name();
  if (!given.input().empty()) request.input = given.input();
  if (given.has_variables()) request.variables = given.variables();
  if (given.has_context()) request.context = given.context();
  if (given.has_mock()) request.mock = MockOf(given.mock());
  auto configuration = ConfigurationOf(given.state_configuration());
  if (!configuration) return configuration.error();
  request.configuration = std::move(*configuration);
  request.level = LevelOf(given.inspection_level());
  return request;
}

void FillInspection(const Inspection& from, v1::InspectionData* to) {
  using Setter = void (v1::InspectionData::*)(std::string&&);
  struct Stage {
    std::optional<Json> Inspection::*value;
    Setter set;
  };
  static constexpr Stage kStages[] = {
      {&Inspection::input, &v1::InspectionData::set_input},
      {&Inspection::after_input_path, &v1::InspectionData::set_after_input_path},
      {&Inspection::after_parameters, &v1::InspectionData::set_after_parameters},
      {&Inspection::after_arguments, &v1::InspectionData::set_after_arguments},
      {&Inspection::after_items_path, &v1::InspectionData::set_after_items_path},
      {&Inspection::after_items_pointer, &v1::InspectionData::set_after_items_pointer},
      {&Inspection::after_item_selector, &v1::InspectionData::set_after_item_selector},
      {&Inspection::after_item_batcher, &v1::InspectionData::set_after_item_batcher},
      {&Inspection::result, &v1::InspectionData::set_result},
      {&Inspection::after_result_selector, &v1::InspectionData::set_after_result_selector},
      {&Inspection::after_result_path, &v1::InspectionData::set_after_result_path},
      {&Inspection::variables, &v1::InspectionData::set_variables}};
  for (const Stage& stage : kStages) {
    if (const auto& value = from.*stage.value) (to->*stage.set)(PrintJson(**value));
  }
  if (from.max_concurrency) to->set_max_concurrency(*from.max_concurrency);
  if (from.tolerated_failure_count) {
    to->set_tolerated_failure_count(static_cast<std::int64_t>(*from.tolerated_failure_count));
  }
  if (from.tolerated_failure_percentage) {
    to->set_tolerated_failure_percentage(*from.tolerated_failure_percentage);
  }
  if (from.retry_index) to->set_retry_index(static_cast<std::int32_t>(*from.retry_index));
  if (from.retry_backoff_interval_seconds) {
    to->set_retry_backoff_interval_seconds(*from.retry_backoff_interval_seconds);
  }
  if (from.catch_index) to->set_catch_index(static_cast<std::int32_t>(*from.catch_index));
}

v1::TestExecutionStatus StatusOf(teststate::TestStatus status) {
  switch (status) {
    case teststate::TestStatus::kSucceeded: return v1::TEST_EXECUTION_STATUS_SUCCEEDED;
    case teststate::TestStatus::kFailed: return v1::TEST_EXECUTION_STATUS_FAILED;
    case teststate::TestStatus::kRetriable: return v1::TEST_EXECUTION_STATUS_RETRIABLE;
    case teststate::TestStatus::kCaughtError: break;
  }
  return v1::TEST_EXECUTION_STATUS_CAUGHT_ERROR;
}

v1::TestStateResponse ResponseOf(const teststate::Response& from) {
  v1::TestStateResponse response;
  response.set_status(StatusOf(from.status));
  if (from.output) response.set_output(PrintJson(**from.output));
  if (from.error) response.set_error(*from.error);
  if (from.cause) response.set_cause(*from.cause);
  if (from.next_state) response.set_next_state(*from.next_state);
  if (from.inspection) FillInspection(*from.inspection, response.mutable_inspection_data());
  return response;
}

}  // namespace

void StateMachines::TestState(const v1::TestStateRequest& given,
                              const Reply<v1::TestStateResponse>& reply) {
  const auto tenant = base_.KnownTenant(reply.asker());
  if (!tenant) return reply.Fail(tenant.error());
  if (given.definition().size() > base_.settings.definition_bytes_max) {
    return reply.Fail(Error{Error::Code::kInvalidArgument,
                            "definition: at most " +
                                std::to_string(base_.settings.definition_bytes_max) +
                                " bytes are allowed",
                            "ValidationException"});
  }
  const auto request = RequestOf(given);
  if (!request) return reply.Fail(request.error());
  interpreter::Limits limits;
  limits.value_bytes_max = base_.settings.value_bytes_max;
  const Timestamp now = base_.parts.clock();
  const auto response =
      teststate::TestState(*request, teststate::CircumstancesOf(*tenant, now, limits));
  if (!response) return reply.Fail(response.error());
  reply.Send(ResponseOf(*response));
}

}  // namespace towline::api
