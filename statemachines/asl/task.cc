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

// In the service's words, its blank at the end included.
std::string_view RefusedInExpress(const TaskResource& resource) {
  if (resource.kind == TaskResource::Kind::kActivity) return "Activity ARN";
  if (resource.wait_for_task_token) return "'.waitForTaskToken' service integration ";
  if (resource.sync != TaskResource::Sync::kNone) return "'.sync' service integration";
  return {};
}

}  // namespace

StateKind Compiler::CompileTask(Work& work) {
  Task task;
  const Fields& fields = work.fields;
  fields.Require({"Resource"});
  if (const auto arn = fields.String("Resource")) CompileResource(work, *arn, task);
  CompileTimes(fields, task);
  CompileCredentials(fields, task);
  CompileRetriers(work);
  CompileCatchers(work);
  return task;
}

void Compiler::CompileResource(Work& work, std::string_view arn, Task& task) {
  const Fields& fields = work.fields;
  const Place place = fields.At("Resource");
  Result<TaskResource> resource = ReadResource(arn);
  if (!resource) return findings_.Error("INVALID_RESOURCE", place, resource.error().message);
  task.resource = *std::move(resource);
  if (work.draft.express) {
    const std::string_view refused = RefusedInExpress(task.resource);
    if (!refused.empty()) {
      findings_.Schema(place, "Express state machine does not support " + std::string(refused));
    }
  }
  const std::string_view name = work.jsonata() ? "Arguments" : "Parameters";
  const json::value* parameters = fields.Find(name);
  CheckTaskParameters(task.resource, parameters, fields, fields.At(name), findings_);
  const std::string type = LiteralJobType(task.resource, parameters);
  if (!type.empty()) definition_.job_types.insert(type);
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
  const bool path = fields.language() == QueryLanguage::kJsonPath;
  const json::value* dynamic = path ? credentials->if_contains("RoleArn.$") : nullptr;
  if (literal == nullptr && dynamic == nullptr) {
    findings_.Schema(place, "The field 'RoleArn' is required but was missing");
    return;
  }
  Text& role = task.credentials_role_arn;
  if (literal != nullptr && !path && IsQuery(*literal)) {
    role.query = CompileQuery(literal->get_string(), place.Member("RoleArn"), Sees::kInput);
  } else if (literal != nullptr && !literal->is_string()) {
    findings_.Schema(place.Member("RoleArn"), ExpectedType(ValueType::kString));
  } else if (literal != nullptr) {
    role.literal = std::string(literal->get_string());
  }
  if (dynamic == nullptr) return;
  if (dynamic->is_string()) {
    auto expression = jsonpath::Expression::Parse(dynamic->get_string());
    if (expression) {
      expression->CollectVariables(references_);
      role.expression = *std::move(expression);
      return;
    }
  }
  findings_.Schema(place, "The value for the field 'RoleArn.$' must be a valid JSONPath or a "
                          "valid intrinsic function call");
}

}  // namespace towline::asl
