#include <boost/json/object.hpp>
#include <utility>

#include "statemachines/asl/compiler.h"
#include "statemachines/asl/resources.h"

namespace towline::asl {
namespace {

constexpr std::int64_t kSecondsMax = 99'999'999;

// A plain publish ends with the broker's acknowledgement; everything else waits for somebody.
bool WaitsForSomebody(const TaskResource& resource) {
  return resource.kind != TaskResource::Kind::kPublish || resource.wait_for_task_token;
}

}  // namespace

StateKind Compiler::CompileTask(Work& work) {
  Task task;
  const Fields& fields = work.fields;
  fields.Require({"Resource"});
  if (const auto arn = fields.String("Resource")) {
    Result<TaskResource> resource = ReadResource(*arn);
    if (!resource) {
      findings_.Error("INVALID_RESOURCE", fields.At("Resource"), resource.error().message);
    } else {
      task.resource = *std::move(resource);
      if (!work.jsonata() && !fields.Has("Arguments")) {
        CheckTaskParameters(task.resource, fields.Find("Parameters"), fields.At("Parameters"),
                            findings_);
      }
    }
  }
  if (!work.jsonata()) {
    task.parameters = CompileTemplate(fields, "Parameters");
    task.result_selector = CompileTemplate(fields, "ResultSelector");
  }
  CompileTimes(fields, task);
  CompileCredentials(fields, task);
  CompileRetriers(work);
  CompileCatchers(work);
  return task;
}

void Compiler::CompileTimes(const Fields& fields, Task& task) {
  fields.OnlyOne({"TimeoutSeconds", "TimeoutSecondsPath"}, false);
  fields.OnlyOne({"HeartbeatSeconds", "HeartbeatSecondsPath"}, false);
  task.timeout_seconds = CompileNumber(fields, "TimeoutSeconds", 1, kSecondsMax, true);
  task.heartbeat_seconds = CompileNumber(fields, "HeartbeatSeconds", 1, kSecondsMax, true);
  const auto& timeout = task.timeout_seconds.literal;
  const auto& heartbeat = task.heartbeat_seconds.literal;
  if (timeout && heartbeat && *heartbeat >= *timeout) {
    findings_.Schema(fields.At("HeartbeatSeconds"),
                     "'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'");
  }
  const bool bounded = fields.Has("TimeoutSeconds") || fields.Has("TimeoutSecondsPath") ||
                       fields.Has("HeartbeatSeconds") || fields.Has("HeartbeatSecondsPath");
  if (!bounded && !task.resource.arn.empty() && WaitsForSomebody(task.resource)) {
    findings_.Warning("NO_TIMEOUT", fields.place(),
                      "Without 'TimeoutSeconds' or 'HeartbeatSeconds' this task waits for ever if "
                      "nobody ends it");
  }
}

void Compiler::CompileCredentials(const Fields& fields, Task& task) {
  const json::object* credentials = fields.Object("Credentials");
  if (credentials == nullptr) return;
  const Place place = fields.At("Credentials");
  if (task.resource.kind == TaskResource::Kind::kActivity) {
    findings_.Schema(place, "The field 'Credentials' is not supported for activities");
    return;
  }
  const json::value* literal = credentials->if_contains("RoleArn");
  const json::value* dynamic = credentials->if_contains("RoleArn.$");
  if (literal == nullptr && dynamic == nullptr) {
    findings_.Schema(place, "The field 'RoleArn' is required but was missing");
    return;
  }
  if (literal != nullptr && !literal->is_string()) {
    findings_.Schema(place.Member("RoleArn"), ExpectedType(ValueType::kString));
  } else if (literal != nullptr) {
    task.credentials_role_arn = std::string(literal->get_string());
  }
  if (dynamic == nullptr) return;
  if (!dynamic->is_string() || !jsonpath::Expression::Parse(dynamic->get_string())) {
    findings_.Schema(place, "The value for the field 'RoleArn.$' must be a valid JSONPath or a "
                            "valid intrinsic function call");
  }
}

}  // namespace towline::asl
