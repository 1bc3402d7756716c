#include "statemachines/teststate/test_state.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "statemachines/interpreter/state_test.h"
#include "statemachines/teststate/map_stages.h"
#include "statemachines/teststate/mock_result.h"
#include "statemachines/teststate/refusal.h"
#include "statemachines/teststate/subject.h"

namespace towline::teststate {
namespace {

using interpreter::Failure;
using interpreter::StateOutcome;
using interpreter::StateTest;

const char* TypeName(const asl::State& state) {
  constexpr const char* kNames[] = {"Pass", "Task", "Choice",   "Wait",
                                    "Succeed", "Fail", "Parallel", "Map"};
  return kNames[state.kind.index()];
}

bool TakesMock(const asl::State& state) {
  return std::holds_alternative<asl::Task>(state.kind) ||
         std::holds_alternative<asl::Parallel>(state.kind) ||
         std::holds_alternative<asl::Map>(state.kind);
}

// Whether the result is one that the state could get. Its text has parsed.
Status CheckResult(const asl::State& state, const json::value& result, FieldValidation validation) {
  if (const auto* task = std::get_if<asl::Task>(&state.kind)) {
    if (validation == FieldValidation::kNone) return Ok();
    return CheckMockResult(task->resource, result, validation == FieldValidation::kStrict);
  }
  const auto* map = std::get_if<asl::Map>(&state.kind);
  if (map != nullptr && map->distributed && map->distributed->result_writer &&
      !map->distributed->result_writer->resource.empty()) {
    return result.is_object() ? Ok() : Refused("Mocked result must be a JSON object.");
  }
  if (!result.is_array()) return Refused("Mocked result must be an array.");
  const auto* parallel = std::get_if<asl::Parallel>(&state.kind);
  if (parallel != nullptr && result.get_array().size() != parallel->branches.size()) {
    return Refused(
        "Mocked result must contain the same number of items as number of Parallel branches.");
  }
  return Ok();
}

Status CheckUnmocked(const Request& request, const asl::State& state) {
  if (request.context) return Refused("context can only be given together with a mock");
  if (std::holds_alternative<asl::Task>(state.kind)) {
    return Refused("a Task state needs a mock here: the result that its work gives "
                   "(mock.result), or an error (mock.errorOutput)");
  }
  if (!TakesMock(state)) return Ok();
  return BadDefinition("TestState API does not support Map or Parallel states. Supported state "
                       "types include: [Task, Wait, Pass, Succeed, Fail, Choice]");
}

// The mocked result, null when there is none.
Result<Json> CheckMock(const Request& request, const Subject& subject) {
  const asl::State& state = subject.state();
  if (!request.mock) {
    if (Status good = CheckUnmocked(request, state); !good) return good.error();
    return Json();
  }
  const Mock& mock = *request.mock;
  if (!TakesMock(state)) {
    return Refused(std::string("State type '") + TypeName(state) +
                   "' is not supported when a mock is specified");
  }
  if (request.reveal_secrets) {
    return Refused("TestState does not support RevealSecrets when a mock is specified.");
  }
  if (mock.result.has_value() == mock.error_output.has_value()) {
    return Refused(
        "A test mock should have only one of the following fields: [result, errorOutput].");
  }
  const auto& caused_by = request.configuration.error_caused_by_state;
  if (caused_by && !subject.Holds(*caused_by)) {
    return Refused("errorCausedByState names no state inside the tested one: " + *caused_by);
  }
  if (!mock.result) return Json();
  Result<Json> result = ParseJson(*mock.result);
  if (!result) return Refused("Mocked result must be valid JSON");
  const Status good = CheckResult(state, **result, mock.field_validation);
  if (!good) return good.error();
  return result;
}

Result<Json> ReadObject(const std::optional<std::string>& text, const char* name) {
  if (!text) return Json::EmptyObject();
  Result<Json> parsed = ParseJson(*text);
  if (!parsed) return Refused(std::string(name) + " is not JSON: " + parsed.error().message);
  if (!(*parsed)->is_object()) return Refused(std::string(name) + " must be a JSON object");
  return parsed;
}

Result<interpreter::StateQuestion> ReadQuestion(const Request& request, const Subject& subject,
                                                const Circumstances& circumstances) {
  interpreter::StateQuestion question;
  question.state = subject.index;
  Result<Json> input = ParseJson(request.input);
  if (!input) {
    return Error{Error::Code::kInvalidArgument,
                 "Invalid State Machine Execution Input: " + input.error().message,
                 "InvalidExecutionInput"};
  }
  question.input = *input;
  Result<Json> variables = ReadObject(request.variables, "variables");
  if (!variables) return variables.error();
  question.variables = *variables;
  Result<Json> context = ReadObject(request.context, "context");
  if (!context) return context.error();
  if (request.context) question.context = *context;
  question.retry_count = request.configuration.retrier_retry_count.value_or(0);
  question.info = circumstances.info;
  question.info.role_arn = request.role_arn;
  question.now = circumstances.now;
  question.seed = circumstances.seed;
  return question;
}

// A Distributed Map that more iterations have failed of than it tolerates. Seen on the service:
// one that says nothing of tolerance fails with the mocked error instead.
bool ThresholdExceeded(const interpreter::Probe& probe, std::uint64_t failed,
                       std::uint64_t iterations) {
  const double percentage =
      iterations == 0 ? 0 : 100.0 * static_cast<double>(failed) / static_cast<double>(iterations);
  const bool by_count = probe.tolerated_failure_count && failed > *probe.tolerated_failure_count;
  const bool by_share =
      probe.tolerated_failure_percentage && percentage > *probe.tolerated_failure_percentage;
  return by_count || by_share;
}

// What the Map does before its result is due. True: it has failed of itself.
Result<bool> RunMap(StateTest& test, const Subject& subject, const Request& request,
                    const json::value& result, Inspection& inspection) {
  const auto& map = std::get<asl::Map>(subject.state().kind);
  Result<MapStages> stages = RunMapStages(test, map, request);
  if (!stages) return stages.error();
  if (stages->read && subject.state().query_language == asl::QueryLanguage::kJsonPath) {
    const bool pointed = !map.distributed->item_reader->items_pointer.empty();
    (pointed ? inspection.after_items_pointer : inspection.after_items_path) = stages->read;
  }
  inspection.after_item_selector = stages->selected;
  inspection.after_item_batcher = stages->batched;
  if (stages->failure) {
    test.Fail(std::move(*stages->failure));
    return true;
  }
  const std::uint64_t failed = request.configuration.map_iteration_failure_count.value_or(0);
  if (failed > stages->iterations) {
    return Refused("Map iteration failure count must be less than or equal to the number of Map "
                   "iterations.");
  }
  if (map.distributed && ThresholdExceeded(test.probe(), failed, stages->iterations)) {
    test.Fail(Failure{.error = "States.ExceedToleratedFailureThreshold",
                      .cause = "The specified tolerated failure threshold was exceeded"});
    return true;
  }
  if (result.is_array() && result.get_array().size() != stages->iterations - failed) {
    return Refused("Input array does not equal the mocked result array's size.");
  }
  return false;
}

void Copy(const interpreter::Probe& probe, Inspection& inspection) {
  inspection.after_input_path = probe.after_input_path;
  inspection.after_parameters = probe.after_parameters;
  inspection.after_arguments = probe.after_arguments;
  if (probe.after_items_path) inspection.after_items_path = probe.after_items_path;
  inspection.result = probe.result;
  inspection.after_result_selector = probe.after_result_selector;
  inspection.after_result_path = probe.after_result_path;
  inspection.max_concurrency = probe.max_concurrency;
  inspection.tolerated_failure_count = probe.tolerated_failure_count;
  inspection.tolerated_failure_percentage = probe.tolerated_failure_percentage;
  inspection.retry_index = probe.retrier;
  inspection.retry_backoff_interval_seconds = probe.backoff_seconds;
  inspection.catch_index = probe.catcher;
}

TestStatus Told(StateOutcome::Status status) {
  switch (status) {
    case StateOutcome::Status::kSucceeded: return TestStatus::kSucceeded;
    case StateOutcome::Status::kFailed: return TestStatus::kFailed;
    case StateOutcome::Status::kRetriable: return TestStatus::kRetriable;
    case StateOutcome::Status::kCaughtError: break;
  }
  return TestStatus::kCaughtError;
}

Response Tell(const Request& request, const asl::Definition& definition, const StateTest& test,
              Inspection inspection) {
  const StateOutcome outcome = test.Outcome();
  Response response;
  response.status = Told(outcome.status);
  response.output = outcome.output;
  response.error = outcome.error;
  response.cause = outcome.cause;
  if (outcome.next) response.next_state = definition.state(*outcome.next).name;
  if (request.level == InspectionLevel::kInfo) return response;
  Copy(test.probe(), inspection);
  if (!outcome.variables->as_object().empty()) inspection.variables = outcome.variables;
  response.inspection = std::move(inspection);
  return response;
}

}  // namespace

Circumstances CircumstancesOf(const std::string& tenant, Timestamp now,
                              const interpreter::Limits& limits) {
  const std::string name = "test-state";
  const std::string prefix = "arn:towline:states:local:" + tenant + ":";
  Circumstances circumstances;
  circumstances.info.tenant = tenant;
  circumstances.info.machine = name;
  circumstances.info.name = name;
  circumstances.info.arn = prefix + "execution:" + name + ":" + name;
  circumstances.info.machine_arn = prefix + "stateMachine:" + name;
  circumstances.limits = limits;
  circumstances.now = now;
  circumstances.seed = static_cast<std::uint64_t>(now.time_since_epoch().count());
  return circumstances;
}

Result<Response> TestState(const Request& request, const Circumstances& circumstances) {
  const Result<Subject> subject = FindSubject(request);
  if (!subject) return subject.error();
  const Result<Json> result = CheckMock(request, *subject);
  if (!result) return result.error();
  auto question = ReadQuestion(request, *subject, circumstances);
  if (!question) return question.error();

  Inspection inspection{.input = question->input};
  StateTest test(*subject->definition, std::move(*question), circumstances.limits);
  test.Begin();
  const auto* map = std::get_if<asl::Map>(&subject->state().kind);
  if (test.waiting() && map != nullptr) {
    const Result<bool> failed = RunMap(test, *subject, request, **result, inspection);
    if (!failed) return failed.error();
  }
  if (test.waiting()) {
    if (const std::optional<MockedError>& error = request.mock->error_output) {
      test.Fail(Failure{.error = error->error, .cause = error->cause});
    } else {
      test.Succeed(*result);
    }
  }
  return Tell(request, *subject->definition, test, std::move(inspection));
}

}  // namespace towline::teststate
