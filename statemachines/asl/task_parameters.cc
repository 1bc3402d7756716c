// What the resources that we run ourselves take in their Parameters.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "statemachines/asl/fields.h"
#include "statemachines/asl/resources.h"

namespace towline::asl {
namespace {

// The Parameters object of one task, read by the names of its members without their ".$".
class Parameters {
 public:
  Parameters(const json::object& object, const Place& place, bool queries, Findings& findings)
      : object_(object), place_(place), queries_(queries), findings_(findings) {}

  // Reports what is not known, in the service's words.
  void Allow(const std::vector<std::string_view>& names) const {
    for (const json::key_value_pair& member : object_) {
      std::string_view name = member.key();
      if (name.size() > 2 && name.substr(name.size() - 2) == ".$") name.remove_suffix(2);
      bool known = false;
      for (const std::string_view allowed : names) known = known || allowed == name;
      if (!known) {
        findings_.Schema(place_, "The field '" + std::string(name) +
                                     "' is not supported here; known are " + Bracketed(names));
      }
    }
  }

  void Require(std::string_view name) const {
    if (object_.contains(name) || object_.contains(std::string(name) + ".$")) return;
    findings_.Schema(place_,
                     "The field '" + std::string(name) + "' is required but was missing");
  }

  // A literal of the right type; else null, reported if it is of another.
  const json::value* Literal(std::string_view name, ValueType type) const {
    const json::value* value = object_.if_contains(name);
    if (value != nullptr && IsExpression(*value)) return nullptr;
    if (value == nullptr || HasType(*value, type)) return value;
    Refuse(name, ExpectedType(type));
    return nullptr;
  }
  std::optional<std::string_view> Text(std::string_view name) const {
    const json::value* value = Literal(name, ValueType::kString);
    if (value == nullptr) return std::nullopt;
    return std::string_view(value->get_string());
  }
  void Refuse(std::string_view name, std::string why) const {
    findings_.Schema(place_.Member(name), std::move(why));
  }
  bool OneOf(std::string_view name, const std::vector<std::string_view>& allowed) const {
    const auto value = Text(name);
    return value && IsOneOf(*value, allowed, place_.Member(name), findings_);
  }
  void InRange(std::string_view name, std::int64_t min, std::int64_t max) const {
    const json::value* value = Literal(name, ValueType::kInteger);
    if (value == nullptr) return;
    if (value->is_int64() && value->get_int64() < min) {
      Refuse(name, "Minimum value is " + std::to_string(min));
    } else if (!value->is_int64() || value->get_int64() > max) {
      Refuse(name, "Maximum value is " + std::to_string(max));
    }
  }
  // Known only when it is evaluated.
  bool IsExpression(const json::value& value) const { return queries_ && IsQuery(value); }
  const Place& place() const { return place_; }
  Findings& findings() const { return findings_; }

 private:
  const json::object& object_;
  const Place& place_;
  const bool queries_;  // texts may be JSONata expressions
  Findings& findings_;
};

void CheckName(const Parameters& parameters, std::string_view field) {
  const auto name = parameters.Text(field);
  if (!name || IsTenantName(*name)) return;
  parameters.Refuse(field, "'" + std::string(*name) +
                               "' is not a valid name: lower-case letters, digits and '-', at "
                               "most 32, not beginning with '-'");
}

void CheckLabels(const Parameters& parameters) {
  const json::value* labels = parameters.Literal("Labels", ValueType::kObject);
  if (labels == nullptr) return;
  const Place place = parameters.place().Member("Labels");
  for (const json::key_value_pair& label : labels->get_object()) {
    std::string_view name = label.key();
    const bool dynamic = name.size() > 2 && name.substr(name.size() - 2) == ".$";
    if (dynamic) name.remove_suffix(2);
    if (!IsJobTypeName(name)) {
      parameters.findings().Schema(place, "'" + std::string(name) +
                                              "' is not a valid label: letters, digits, '-' and "
                                              "'_', at most 80");
    } else if (!dynamic && !label.value().is_string()) {
      parameters.findings().Schema(place.Member(label.key()), ExpectedType(ValueType::kString));
    }
  }
}

void CheckJob(const Parameters& parameters) {
  parameters.Allow({"JobType", "Payload", "Tenant", "Queue", "Labels", "Priority", "OnWorkerLost",
                    "Start"});
  parameters.Require("JobType");
  if (const auto type = parameters.Text("JobType"); type && !IsJobTypeName(*type)) {
    parameters.Refuse("JobType", "'" + std::string(*type) +
                                     "' is not a valid job type: letters, digits, '-' and '_', "
                                     "at most 80");
  }
  CheckName(parameters, "Tenant");
  CheckName(parameters, "Queue");
  CheckLabels(parameters);
  parameters.InRange("Priority", 0, 9);
  const bool start = parameters.OneOf("Start", {"AtLeastOnce", "AtMostOnce"});
  const bool lost = parameters.OneOf("OnWorkerLost", {"wait", "requeue", "fail"});
  if (start && lost && parameters.Text("Start") == "AtMostOnce" &&
      parameters.Text("OnWorkerLost") == "requeue") {
    parameters.Refuse("OnWorkerLost",
                      "A job that starts at most once cannot be requeued; use 'wait' or 'fail'");
  }
}

void CheckPublish(const Parameters& parameters) {
  parameters.Allow({"Topic", "Payload", "Qos", "Retain"});
  parameters.Require("Topic");
  parameters.InRange("Qos", 0, 2);
  parameters.Literal("Retain", ValueType::kBoolean);
  const auto topic = parameters.Text("Topic");
  if (!topic) return;
  if (topic->empty() || topic->size() > 65535) {
    parameters.Refuse("Topic", "A topic has 1 to 65535 bytes");
  } else if (topic->front() == '$' || topic->substr(0, 8) == "towline/" || topic == "towline") {
    parameters.Refuse("Topic", "Topics under 'towline/' and '$' are reserved");
  } else if (topic->find_first_of(std::string_view("+#\0", 3)) != std::string_view::npos) {
    parameters.Refuse("Topic", "A topic to publish on holds no '+', '#' or NUL");
  }
}

void CheckLambda(const Parameters& parameters, bool wait_for_task_token) {
  parameters.Allow({"FunctionName", "Payload", "Qualifier", "InvocationType", "LogType",
                    "ClientContext"});
  parameters.Require("FunctionName");
  const auto invocation = parameters.Text("InvocationType");
  if (invocation && *invocation != "RequestResponse" && !wait_for_task_token) {
    parameters.Refuse("InvocationType",
                      "Only 'RequestResponse' is supported: the state waits for the job's result");
  }
  const auto function = parameters.Text("FunctionName");
  if (!function || IsJobTypeName(FunctionName(*function))) return;
  parameters.Refuse("FunctionName", "The function's name '" + FunctionName(*function) +
                                        "' cannot be a job type: letters, digits, '-' and '_', "
                                        "at most 80");
}

}  // namespace

void CheckTaskParameters(const TaskResource& resource, const json::value* value,
                         const Fields& state, const Place& place, Findings& findings) {
  using Kind = TaskResource::Kind;
  if (resource.kind == Kind::kFunction || resource.kind == Kind::kActivity ||
      resource.kind == Kind::kService) {
    return;
  }
  static const json::object nothing;
  const bool queries = state.language() == QueryLanguage::kJsonata;
  // Without them, a JSONata state's parameters are its input.
  if (queries && (value == nullptr || IsQuery(*value))) return;
  if (value != nullptr && !value->is_object()) {
    findings.Schema(place, ExpectedType(ValueType::kObject));
    return;
  }
  const Parameters parameters(value == nullptr ? nothing : value->get_object(), place, queries,
                              findings);
  switch (resource.kind) {
    case Kind::kJob: return CheckJob(parameters);
    case Kind::kPublish: return CheckPublish(parameters);
    case Kind::kLambda: return CheckLambda(parameters, resource.wait_for_task_token);
    case Kind::kStartExecution: return parameters.Require("StateMachineArn");
    case Kind::kFunction:
    case Kind::kService:
    case Kind::kActivity: return;
  }
}

}  // namespace towline::asl
