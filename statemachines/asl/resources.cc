#include "statemachines/asl/resources.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace towline::asl {
namespace {

constexpr std::string_view kSupported =
    "Supported are arn:towline:states:::job:run, arn:towline:states:::mqtt:publish, any "
    "arn:aws:states:::service:api (a job of type service-api), each also with .waitForTaskToken, "
    ".sync or .sync:2 as the service has them, the ARN of a function and the ARN of an activity.";
constexpr std::string_view kCallback = ".waitForTaskToken";
constexpr std::string_view kSync = ".sync";
constexpr std::string_view kSync2 = ".sync:2";

// arn:partition:service:region:account:resource, where the resource may hold more colons.
struct Arn {
  std::string_view partition, service, region, account, resource;
};

std::optional<Arn> SplitArn(std::string_view text) {
  std::array<std::string_view, 5> parts;
  for (std::string_view& part : parts) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || text.empty()) return std::nullopt;
  return Arn{parts[1], parts[2], parts[3], parts[4], text};
}

bool IsAws(std::string_view partition) {
  return partition == "aws" || partition == "aws-cn" || partition == "aws-us-gov";
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool TakeSuffix(std::string_view& text, std::string_view suffix) {
  if (text.size() < suffix.size() || text.substr(text.size() - suffix.size()) != suffix) {
    return false;
  }
  text.remove_suffix(suffix.size());
  return true;
}

bool AllOf(std::string_view text, std::string_view more, bool upper) {
  return std::all_of(text.begin(), text.end(), [more, upper](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (upper && c >= 'A' && c <= 'Z') || more.find(c) != std::string_view::npos;
  });
}

// The service integrations that are ours to run; any other is a job.
struct Integration {
  bool aws = false;   // of the aws partitions
  bool ours = false;  // of partition towline
  std::string_view name;
  TaskResource::Kind kind;
  std::string_view history_type, history_resource;
  bool sync = false;  // knows .sync and .sync:2
};
constexpr Integration kIntegrations[] = {
    {false, true, "job:run", TaskResource::Kind::kJob, "job", "run"},
    {false, true, "mqtt:publish", TaskResource::Kind::kPublish, "mqtt", "publish"},
    {true, false, "lambda:invoke", TaskResource::Kind::kLambda, "lambda", "invoke"},
    {true, false, "aws-sdk:iotdataplane:publish", TaskResource::Kind::kPublish,
     "aws-sdk:iotdataplane", "publish"},
    {true, true, "states:startExecution", TaskResource::Kind::kStartExecution, "states",
     "startExecution", true},
};

// "sns:publish" as the history names it, and as a job type: "sns-publish".
bool ReadService(std::string_view name, TaskResource& resource) {
  const std::size_t last = name.rfind(':');
  if (last == std::string_view::npos) return false;
  resource.kind = TaskResource::Kind::kService;
  resource.history_type = name.substr(0, last);
  resource.history_resource = name.substr(last + 1);
  resource.name = name;
  std::replace(resource.name.begin(), resource.name.end(), ':', '-');
  return IsJobTypeName(resource.name) && !resource.history_resource.empty();
}

bool ReadIntegration(const Arn& arn, TaskResource& resource) {
  const std::string_view all = arn.resource;
  std::string_view name = all;
  resource.wait_for_task_token = TakeSuffix(name, kCallback);
  if (!resource.wait_for_task_token) {
    if (TakeSuffix(name, kSync2)) {
      resource.sync = TaskResource::Sync::kSync2;
    } else if (TakeSuffix(name, kSync)) {
      resource.sync = TaskResource::Sync::kSync;
    }
  }
  const std::string_view suffix = all.substr(name.size());
  const auto known =
      std::find_if(std::begin(kIntegrations), std::end(kIntegrations),
                   [&](const Integration& candidate) { return candidate.name == name; });
  if (known != std::end(kIntegrations)) {
    // Another partition's is a slip, not a service that happens to be called alike.
    if (IsAws(arn.partition) ? !known->aws : !known->ours) return false;
    if (resource.sync != TaskResource::Sync::kNone && !known->sync) return false;
    resource.kind = known->kind;
    resource.history_type = known->history_type;
    resource.history_resource = known->history_resource;
  } else if (!IsAws(arn.partition) || !ReadService(name, resource)) {
    return false;
  }
  resource.history_resource += suffix;
  return true;
}

}  // namespace

std::string LiteralJobType(const TaskResource& resource, const json::value* parameters) {
  using Kind = TaskResource::Kind;
  if (resource.kind == Kind::kFunction || resource.kind == Kind::kService) return resource.name;
  const bool job = resource.kind == Kind::kJob;
  if (!job && resource.kind != Kind::kLambda) return {};
  const json::object* object = parameters == nullptr ? nullptr : parameters->if_object();
  const json::value* name =
      object == nullptr ? nullptr : object->if_contains(job ? "JobType" : "FunctionName");
  if (name == nullptr || !name->is_string()) return {};
  const std::string type =
      job ? std::string(name->get_string()) : FunctionName(name->get_string());
  return IsJobTypeName(type) ? type : std::string();
}

bool IsJobTypeName(std::string_view name) {
  return !name.empty() && name.size() <= 80 && AllOf(name, "_-", true) && name[0] != '_' &&
         name[0] != '-';
}

bool IsTenantName(std::string_view name) {
  return !name.empty() && name.size() <= 32 && AllOf(name, "-", false) && name[0] != '-';
}

std::string FunctionName(std::string_view text) {
  // name[:alias] | account:function:name[:alias] | arn:…:function:name[:alias]
  const std::size_t function = text.find("function:");
  if (function != std::string_view::npos && (function == 0 || text[function - 1] == ':')) {
    text.remove_prefix(function + std::string_view("function:").size());
  }
  return std::string(text.substr(0, text.find(':')));
}

Result<TaskResource> ReadResource(std::string_view text) {
  const auto refuse = [](std::string why) {
    return Error{.code = Error::Code::kInvalidArgument,
                 .message = std::move(why) + " " + std::string(kSupported)};
  };
  const std::optional<Arn> arn = SplitArn(text);
  if (!arn) return refuse("Value is not a valid resource ARN.");
  TaskResource resource{.arn = std::string(text)};
  std::string_view rest = arn->resource;
  if (arn->service == "lambda" && IsAws(arn->partition) && TakePrefix(rest, "function:")) {
    resource.kind = TaskResource::Kind::kFunction;
    resource.name = FunctionName(rest);
    resource.history_resource = text;
    if (IsJobTypeName(resource.name)) return resource;
    return refuse("The function's name '" + resource.name +
                  "' cannot be a job type: letters, digits, '-' and '_', at most 80.");
  }
  const bool ours = arn->partition == "towline";
  if (arn->service == "states" && (ours || IsAws(arn->partition))) {
    if (TakePrefix(rest, "activity:")) {
      resource.kind = TaskResource::Kind::kActivity;
      resource.name = rest;
      resource.history_resource = text;
      if (IsJobTypeName(resource.name)) return resource;
      return refuse("The activity's name '" + resource.name +
                    "' is not valid: letters, digits, '-' and '_', at most 80.");
    }
    if (ReadIntegration(*arn, resource)) return resource;
  }
  return refuse("The resource provided " + std::string(text) + " is not recognized.");
}

}  // namespace towline::asl
