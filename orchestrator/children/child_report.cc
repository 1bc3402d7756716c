#include "orchestrator/children/child_report.h"

#include <boost/json/object.hpp>

namespace towline::children {
namespace {

const char* StatusName(interpreter::ExecutionStatus status) {
  switch (status) {
    case interpreter::ExecutionStatus::kRunning: return "RUNNING";
    case interpreter::ExecutionStatus::kSucceeded: return "SUCCEEDED";
    case interpreter::ExecutionStatus::kFailed: return "FAILED";
    case interpreter::ExecutionStatus::kTimedOut: return "TIMED_OUT";
    case interpreter::ExecutionStatus::kAborted: return "ABORTED";
  }
  return "";
}

std::int64_t Millis1970(Timestamp time) { return time.time_since_epoch().count(); }

json::value Payload(const Json& value, bool as_json) {
  return as_json ? *value : json::value(PrintJson(*value));
}

}  // namespace

Json StartedOutput(const engine::ExecutionView& view) {
  json::object output;
  output["ExecutionArn"] = view.arn;
  output["StartDate"] = FormatTimestamp(view.started);
  return Json(json::value(std::move(output)));
}

Json ChildOutput(const engine::ExecutionName& name, const engine::ExecutionView& view,
                 const Json& input, bool as_json) {
  const bool succeeded = view.status == interpreter::ExecutionStatus::kSucceeded;
  const json::object included{{"Included", true}};
  json::object output;
  if (view.cause) output["Cause"] = *view.cause;
  if (view.error) output["Error"] = *view.error;
  output["ExecutionArn"] = view.arn;
  output["Input"] = Payload(input, as_json);
  output["InputDetails"] = included;
  output["Name"] = name.name;
  if (view.output) {
    output["Output"] = Payload(*view.output, as_json);
    output["OutputDetails"] = included;
  }
  output["RedriveCount"] = view.redrive_count;
  output["RedriveStatus"] = succeeded ? "NOT_REDRIVABLE" : "REDRIVABLE";
  if (succeeded) {
    output["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven";
  }
  output["StartDate"] = Millis1970(view.started);
  output["StateMachineArn"] =
      "arn:towline:states:local:" + name.tenant + ":stateMachine:" + name.machine;
  output["Status"] = StatusName(view.status);
  if (view.stopped) output["StopDate"] = Millis1970(*view.stopped);
  return Json(json::value(std::move(output)));
}

std::string ServiceCause(std::string_view message, std::string_view error_code) {
  return std::string(message) + " (Service: AWSStepFunctions; Status Code: 400; Error Code: " +
         std::string(error_code) + ")";
}

}  // namespace towline::children
