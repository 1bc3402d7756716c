#include "statemachines/teststate/json_form.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "statemachines/teststate/refusal.h"

namespace towline::teststate {
namespace {

// One object of the request. The first thing that is wrong with it is kept.
class Form {
 public:
  Form(const json::object& form, std::string place) : form_(form), place_(std::move(place)) {}

  // JSON text, or the value itself, which becomes its text.
  void JsonText(const char* name, std::optional<std::string>& out) {
    const json::value* value = Take(name);
    if (value == nullptr) return;
    out = value->is_string() ? std::string(value->get_string()) : PrintJson(*value);
  }
  void Text(const char* name, std::optional<std::string>& out) {
    const json::value* value = Take(name);
    if (value == nullptr) return;
    if (!value->is_string()) return Complain(name, "a string");
    out = std::string(value->get_string());
  }
  template <class T>
  void Count(const char* name, std::optional<T>& out) {
    const json::value* value = Take(name);
    if (value == nullptr) return;
    const auto* number = value->if_int64();
    if (number == nullptr || *number < 0 || *number > std::numeric_limits<std::int32_t>::max()) {
      return Complain(name, "a whole number, not negative");
    }
    out = static_cast<T>(*number);
  }
  void Flag(const char* name, bool& out) {
    const json::value* value = Take(name);
    if (value == nullptr) return;
    if (!value->is_bool()) return Complain(name, "true or false");
    out = value->get_bool();
  }
  template <class E>
  void OneOf(const char* name, std::initializer_list<std::pair<std::string_view, E>> values,
             E& out) {
    const json::value* value = Take(name);
    if (value == nullptr) return;
    std::string all;
    for (const auto& [text, meaning] : values) {
      if (value->is_string() && value->get_string() == text) {
        out = meaning;
        return;
      }
      all += (all.empty() ? "" : ", ") + std::string(text);
    }
    Complain(name, "one of " + all);
  }
  const json::object* Object(const char* name) {
    const json::value* value = Take(name);
    if (value == nullptr) return nullptr;
    if (!value->is_object()) Complain(name, "an object");
    return value->if_object();
  }
  Status End() const {
    if (!problem_.empty()) return Refused(problem_);
    for (const json::key_value_pair& member : form_) {
      if (std::find(known_.begin(), known_.end(), std::string_view(member.key())) == known_.end()) {
        return Refused("there is no parameter " + place_ + std::string(member.key()));
      }
    }
    return Ok();
  }

 private:
  const json::value* Take(const char* name) {
    known_.emplace_back(name);
    const json::value* value = form_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  void Complain(const char* name, const std::string& what) {
    if (problem_.empty()) problem_ = place_ + name + " must be " + what;
  }

  const json::object& form_;
  const std::string place_;
  std::vector<std::string_view> known_;
  std::string problem_;
};

Result<Mock> ReadMock(const json::object& object) {
  Mock mock;
  Form form(object, "mock.");
  form.JsonText("result", mock.result);
  form.OneOf("fieldValidationMode",
             {{"STRICT", FieldValidation::kStrict},
              {"PRESENT", FieldValidation::kPresent},
              {"NONE", FieldValidation::kNone}},
             mock.field_validation);
  if (const json::object* error = form.Object("errorOutput")) {
    Form inner(*error, "mock.errorOutput.");
    mock.error_output.emplace();
    inner.Text("error", mock.error_output->error);
    inner.Text("cause", mock.error_output->cause);
    if (Status good = inner.End(); !good) return good.error();
  }
  if (Status good = form.End(); !good) return good.error();
  return mock;
}

Status ReadConfiguration(const json::object& object, StateConfiguration& configuration) {
  Form form(object, "stateConfiguration.");
  form.Count("retrierRetryCount", configuration.retrier_retry_count);
  form.Text("errorCausedByState", configuration.error_caused_by_state);
  form.Count("mapIterationFailureCount", configuration.map_iteration_failure_count);
  form.JsonText("mapItemReaderData", configuration.map_item_reader_data);
  return form.End();
}

}  // namespace

Result<Request> ReadRequest(const json::object& object) {
  Request request;
  Form form(object, "");
  std::optional<std::string> definition;
  std::optional<std::string> input;
  std::optional<std::string> role_arn;
  form.JsonText("definition", definition);
  form.Text("stateName", request.state_name);
  form.JsonText("input", input);
  form.JsonText("variables", request.variables);
  form.JsonText("context", request.context);
  form.Text("roleArn", role_arn);
  form.Flag("revealSecrets", request.reveal_secrets);
  form.OneOf("inspectionLevel",
             {{"INFO", InspectionLevel::kInfo},
              {"DEBUG", InspectionLevel::kDebug},
              {"TRACE", InspectionLevel::kTrace}},
             request.level);
  const json::object* mock = form.Object("mock");
  const json::object* configuration = form.Object("stateConfiguration");
  if (Status good = form.End(); !good) return good.error();
  if (!definition) return Refused("definition is missing");
  request.definition = std::move(*definition);
  request.input = input.value_or("{}");
  request.role_arn = role_arn.value_or("");
  if (mock != nullptr) {
    Result<Mock> read = ReadMock(*mock);
    if (!read) return read.error();
    request.mock = std::move(*read);
  }
  if (configuration != nullptr) {
    Status good = ReadConfiguration(*configuration, request.configuration);
    if (!good) return good.error();
  }
  return request;
}

const char* NameOf(TestStatus status) {
  switch (status) {
    case TestStatus::kSucceeded: return "SUCCEEDED";
    case TestStatus::kFailed: return "FAILED";
    case TestStatus::kRetriable: return "RETRIABLE";
    case TestStatus::kCaughtError: break;
  }
  return "CAUGHT_ERROR";
}

const std::vector<NamedStage>& Stages() {
  static const std::vector<NamedStage> stages = {
      {"input", &Inspection::input},
      {"afterInputPath", &Inspection::after_input_path},
      {"afterParameters", &Inspection::after_parameters},
      {"afterArguments", &Inspection::after_arguments},
      {"afterItemsPath", &Inspection::after_items_path},
      {"afterItemsPointer", &Inspection::after_items_pointer},
      {"afterItemSelector", &Inspection::after_item_selector},
      {"afterItemBatcher", &Inspection::after_item_batcher},
      {"result", &Inspection::result},
      {"afterResultSelector", &Inspection::after_result_selector},
      {"afterResultPath", &Inspection::after_result_path},
      {"variables", &Inspection::variables}};
  return stages;
}

namespace {

json::object InspectionToJson(const Inspection& inspection) {
  json::object told;
  for (const NamedStage& stage : Stages()) {
    if (const auto& value = inspection.*stage.value) told[stage.name] = PrintJson(**value);
  }
  if (inspection.max_concurrency) told["maxConcurrency"] = *inspection.max_concurrency;
  if (inspection.tolerated_failure_count) {
    told["toleratedFailureCount"] = *inspection.tolerated_failure_count;
  }
  if (inspection.tolerated_failure_percentage) {
    told["toleratedFailurePercentage"] = *inspection.tolerated_failure_percentage;
  }
  json::object error;
  if (inspection.catch_index) error["catchIndex"] = *inspection.catch_index;
  if (inspection.retry_index) error["retryIndex"] = *inspection.retry_index;
  if (inspection.retry_backoff_interval_seconds) {
    error["retryBackoffIntervalSeconds"] = *inspection.retry_backoff_interval_seconds;
  }
  if (!error.empty()) told["errorDetails"] = std::move(error);
  return told;
}

}  // namespace

json::object ToJson(const Response& response) {
  json::object told;
  if (response.output) told["output"] = PrintJson(**response.output);
  if (response.error) told["error"] = *response.error;
  if (response.cause) told["cause"] = *response.cause;
  if (response.inspection) told["inspectionData"] = InspectionToJson(*response.inspection);
  if (response.next_state) told["nextState"] = *response.next_state;
  told["status"] = NameOf(response.status);
  return told;
}

}  // namespace towline::teststate
