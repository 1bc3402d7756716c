#include "statemachines/interpreter/task_spec.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

#include "statemachines/asl/resources.h"
#include "statemachines/interpreter/numbers.h"

namespace towline::interpreter {
namespace {

constexpr std::size_t kTopicBytesMax = 65'535;

// The members of one parameter object, taken one by one; the first thing wrong is kept.
class Parameters {
 public:
  explicit Parameters(const Json& all) : all_(all) {
    if (all->is_object()) {
      object_ = &all->get_object();
    } else {
      problem_ = "The task's parameters must be an object, but are: " + PrintJson(*all) + ".";
    }
  }

  std::string TakeProblem() { return std::move(problem_); }
  void Refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  const json::value* Find(std::string_view field) const {
    return object_ == nullptr ? nullptr : object_->if_contains(field);
  }

  void Text(std::string_view field, bool required, std::string& out) {
    const json::value* value = Find(field);
    if (value == nullptr) {
      if (required) Refuse("The parameter '" + std::string(field) + "' is required.");
    } else if (!value->is_string()) {
      RefuseValue(field, "must be a string", *value);
    } else {
      out = std::string(value->get_string());
    }
  }

  void Payload(Json& out) {
    const json::value* value = Find("Payload");
    out = value == nullptr ? Json::EmptyObject() : Json::Part(all_, *value);
  }

  void Integer(std::string_view field, int max, int& out) {
    const json::value* value = Find(field);
    if (value == nullptr) return;
    const auto whole = AsInteger(*value);
    if (!whole.has_value() || *whole < 0 || *whole > max) {
      RefuseValue(field, "must be an integer from 0 to " + std::to_string(max), *value);
    } else {
      out = static_cast<int>(*whole);
    }
  }

  void Boolean(std::string_view field, bool& out) {
    const json::value* value = Find(field);
    if (value == nullptr) return;
    if (value->is_bool()) {
      out = value->get_bool();
    } else {
      RefuseValue(field, "must be true or false", *value);
    }
  }

  void Labels(std::map<std::string, std::string>& out) {
    const json::value* value = Find("Labels");
    if (value == nullptr) return;
    if (!value->is_object()) return RefuseValue("Labels", "must be an object", *value);
    for (const auto& [name, label] : value->get_object()) {
      if (!label.is_string()) {
        return RefuseValue("Labels." + std::string(name), "must be a string", label);
      }
      out.emplace(std::string(name), std::string(label.get_string()));
    }
  }

  template <std::size_t n>
  void OnlyFields(const std::array<std::string_view, n>& known) {
    if (object_ == nullptr) return;
    for (const auto& member : *object_) {
      const std::string_view key(member.key().data(), member.key().size());
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      return Refuse("The parameter '" + std::string(key) + "' is not known.");
    }
  }

  void RefuseValue(std::string_view field, std::string_view rule, const json::value& value) {
    Refuse("The parameter '" + std::string(field) + "' " + std::string(rule) +
           ", but is: " + PrintJson(value) + ".");
  }

 private:
  const Json& all_;
  const json::object* object_ = nullptr;
  std::string problem_;
};

void CheckJobNames(const TaskSpec& spec, Parameters& parameters) {
  if (!asl::IsJobTypeName(spec.job_type)) {
    parameters.Refuse("The job type '" + spec.job_type +
                      "' must be 1 to 80 letters, digits, '_' or '-', beginning with a letter or "
                      "a digit.");
  }
  const auto check = [&](std::string_view field, const std::string& value) {
    if (asl::IsTenantName(value)) return;
    parameters.Refuse("The parameter '" + std::string(field) + "' is '" + value +
                      "', but must be 1 to 32 lower-case letters, digits or '-', beginning with "
                      "a letter or a digit.");
  };
  check("Tenant", spec.tenant);
  check("Queue", spec.queue);
}

void TakeModes(Parameters& parameters, TaskSpec& spec) {
  using Lost = TaskSpec::OnWorkerLost;
  std::string lost;
  parameters.Text("OnWorkerLost", false, lost);
  if (lost == "wait") {
    spec.on_worker_lost = Lost::kWait;
  } else if (lost == "requeue") {
    spec.on_worker_lost = Lost::kRequeue;
  } else if (lost == "fail") {
    spec.on_worker_lost = Lost::kFail;
  } else if (parameters.Find("OnWorkerLost") != nullptr) {
    parameters.Refuse("The parameter 'OnWorkerLost' must be wait, requeue or fail, but is '" +
                      lost + "'.");
  }
  std::string start;
  parameters.Text("Start", false, start);
  if (start == "AtLeastOnce") {
    spec.start = TaskSpec::Start::kAtLeastOnce;
  } else if (start == "AtMostOnce") {
    spec.start = TaskSpec::Start::kAtMostOnce;
  } else if (parameters.Find("Start") != nullptr) {
    parameters.Refuse("The parameter 'Start' must be AtLeastOnce or AtMostOnce, but is '" + start +
                      "'.");
  }
  if (spec.start == TaskSpec::Start::kAtMostOnce && spec.on_worker_lost == Lost::kRequeue) {
    parameters.Refuse(
        "OnWorkerLost 'requeue' may start a job again, which Start 'AtMostOnce' forbids.");
  }
}

std::string ResolveJob(const Json& all, TaskSpec& spec) {
  static constexpr std::array<std::string_view, 8> kFields = {
      "JobType", "Payload", "Tenant", "Queue", "Labels", "Priority", "OnWorkerLost", "Start"};
  Parameters parameters(all);
  parameters.OnlyFields(kFields);
  parameters.Text("JobType", true, spec.job_type);
  parameters.Payload(spec.payload);
  parameters.Text("Tenant", false, spec.tenant);
  parameters.Text("Queue", false, spec.queue);
  parameters.Labels(spec.labels);
  parameters.Integer("Priority", 9, spec.priority);
  TakeModes(parameters, spec);
  CheckJobNames(spec, parameters);
  return parameters.TakeProblem();
}

// The service's other parameters concern how a function is called, which is not our affair here;
// only one of them would change what the state does.
std::string ResolveLambda(const Json& all, TaskSpec& spec) {
  Parameters parameters(all);
  std::string function;
  parameters.Text("FunctionName", true, function);
  spec.job_type = asl::FunctionName(function);
  parameters.Payload(spec.payload);
  std::string invocation = "RequestResponse";
  parameters.Text("InvocationType", false, invocation);
  if (invocation != "RequestResponse" && !spec.wait_for_task_token) {
    parameters.Refuse("The parameter 'InvocationType' is '" + invocation +
                      "', but the state waits for the job's result.");
  }
  CheckJobNames(spec, parameters);
  return parameters.TakeProblem();
}

std::string ResolvePublish(const asl::TaskResource& resource, const Json& all, TaskSpec& spec) {
  static constexpr std::array<std::string_view, 4> kFields = {"Topic", "Payload", "Qos", "Retain"};
  Parameters parameters(all);
  if (resource.history_type == "mqtt") parameters.OnlyFields(kFields);
  parameters.Text("Topic", true, spec.topic);
  parameters.Payload(spec.payload);
  parameters.Integer("Qos", 2, spec.qos);
  parameters.Boolean("Retain", spec.retain);
  const std::string problem = TopicProblem(spec.topic);
  if (!problem.empty()) parameters.Refuse(problem);
  return parameters.TakeProblem();
}

// Input is any JSON; absent, {} as the service starts executions. A name that is not given is made
// up by whoever schedules.
std::string ResolveStart(const asl::TaskResource& resource, const Json& all, TaskSpec& spec) {
  using Sync = asl::TaskResource::Sync;
  using Result = TaskSpec::ChildResult;
  Parameters parameters(all);
  parameters.Text("StateMachineArn", true, spec.machine);
  parameters.Text("Name", false, spec.execution_name);
  const json::value* input = parameters.Find("Input");
  const bool given = input != nullptr && !input->is_null();
  spec.payload = given ? Json::Part(all, *input) : Json::EmptyObject();
  spec.child_result = resource.sync == Sync::kSync    ? Result::kText
                      : resource.sync == Sync::kSync2 ? Result::kJson
                                                      : Result::kStarted;
  return parameters.TakeProblem();
}

}  // namespace

TaskSpec::Kind TaskKindOf(const asl::TaskResource& resource) {
  switch (resource.kind) {
    case asl::TaskResource::Kind::kPublish: return TaskSpec::Kind::kPublish;
    case asl::TaskResource::Kind::kActivity: return TaskSpec::Kind::kActivity;
    case asl::TaskResource::Kind::kStartExecution: return TaskSpec::Kind::kExecution;
    case asl::TaskResource::Kind::kJob:
    case asl::TaskResource::Kind::kLambda:
    case asl::TaskResource::Kind::kFunction:
    case asl::TaskResource::Kind::kService: break;
  }
  return TaskSpec::Kind::kJob;
}

std::string TopicProblem(std::string_view topic) {
  const auto refuse = [&](std::string_view why) {
    return "The topic '" + std::string(topic) + "' " + std::string(why) + ".";
  };
  if (topic.empty()) return refuse("must not be empty");
  if (topic.size() > kTopicBytesMax) return refuse("is longer than 65,535 bytes");
  if (topic.find_first_of(std::string_view("+#\0", 3)) != std::string_view::npos) {
    return refuse("must not hold '+', '#' or a null character");
  }
  if (topic[0] == '$') return refuse("belongs to the broker: it must not begin with '$'");
  if (topic == "towline" || topic.substr(0, 8) == "towline/") {
    return refuse("belongs to the job protocol: it must not begin with 'towline/'");
  }
  return {};
}

std::string ResolveSpec(const asl::TaskResource& resource, const Json& parameters,
                        const ExecutionInfo& info, TaskSpec& spec) {
  using Kind = asl::TaskResource::Kind;
  spec.wait_for_task_token = resource.wait_for_task_token;
  spec.tenant = info.tenant;
  switch (resource.kind) {
    case Kind::kJob: spec.kind = TaskSpec::Kind::kJob; return ResolveJob(parameters, spec);
    case Kind::kLambda: spec.kind = TaskSpec::Kind::kJob; return ResolveLambda(parameters, spec);
    case Kind::kStartExecution:
      spec.kind = TaskSpec::Kind::kExecution;
      return ResolveStart(resource, parameters, spec);
    case Kind::kService:
    case Kind::kFunction:
      spec.kind = TaskSpec::Kind::kJob;
      spec.job_type = resource.name;
      spec.payload = parameters;
      return {};
    case Kind::kPublish:
      spec.kind = TaskSpec::Kind::kPublish;
      return ResolvePublish(resource, parameters, spec);
    case Kind::kActivity:
      spec.kind = TaskSpec::Kind::kActivity;
      spec.activity = resource.arn;
      spec.job_type = resource.name;  // a worker may serve it under this name
      spec.payload = parameters;
      return {};
  }
  return {};
}

}  // namespace towline::interpreter
