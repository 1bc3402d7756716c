#include "statemachines/interpreter/history.h"

#include "statemachines/interpreter/state.h"

namespace towline::interpreter {
namespace {

// Everything runs where the orchestrator does.
constexpr std::string_view kRegion = "local";

const char* KindName(const asl::State& state) {
  return std::visit(Overload{[](const asl::Pass&) { return "Pass"; },
                             [](const asl::Task&) { return "Task"; },
                             [](const asl::Choice&) { return "Choice"; },
                             [](const asl::Wait&) { return "Wait"; },
                             [](const asl::Succeed&) { return "Succeed"; },
                             [](const asl::Fail&) { return "Fail"; },
                             [](const asl::Parallel&) { return "Parallel"; },
                             [](const asl::Map&) { return "Map"; }},
                    state.kind);
}

// Which of the service's three families of task events a resource belongs to.
enum class Family { kTask, kLambdaFunction, kActivity };

Family FamilyOf(const asl::TaskResource& resource) {
  switch (resource.kind) {
    case asl::TaskResource::Kind::kFunction: return Family::kLambdaFunction;
    case asl::TaskResource::Kind::kActivity: return Family::kActivity;
    default: return Family::kTask;
  }
}

std::string TypeOf(Family family, std::string_view what) {
  const char* prefix = family == Family::kTask             ? "Task"
                       : family == Family::kLambdaFunction ? "LambdaFunction"
                                                           : "Activity";
  return prefix + std::string(what);
}

}  // namespace

// Writes one record's event; the record tells which by its type.
class HistoryWriter {
 public:
  HistoryWriter(const HistoryProjection& known, bool include_data, HistoryEvent& out)
      : known_(known), include_data_(include_data), out_(out) {}

  void operator()(const ExecutionStarted& e) {
    out_.type = "ExecutionStarted";
    Data("input", e.input);
    out_.details["roleArn"] = e.info->role_arn;
  }
  void operator()(const StateEntered& e) {
    const asl::State& state = known_.definition_.state(e.state);
    out_.type = KindName(state) + std::string("StateEntered");
    out_.details["name"] = state.name;
    Data("input", e.input);
  }
  void operator()(const StateExited& e) {
    const asl::State& state = known_.StateIn(e.frame);
    out_.type = KindName(state) + std::string("StateExited");
    out_.details["name"] = state.name;
    Data("output", e.output);
    if (!e.assigned->is_null()) Assigned(e.assigned);
  }
  void operator()(const StateAborted& e) {
    out_.type = KindName(known_.StateIn(e.frame)) + std::string("StateAborted");
  }

  void operator()(const TaskScheduled& e) {
    const auto& task = std::get<asl::Task>(known_.StateIn(e.frame).kind);
    const Family family = FamilyOf(task.resource);
    out_.type = TypeOf(family, "Scheduled");
    if (family == Family::kTask) {
      Resource(task.resource);
      out_.details["region"] = kRegion;
      Data("parameters", e.parameters);
    } else {
      out_.details["resource"] = task.resource.arn;
      Data("input", e.parameters);
    }
    if (e.spec->timeout_seconds.has_value()) {
      out_.details["timeoutInSeconds"] = *e.spec->timeout_seconds;
    }
    if (e.spec->heartbeat_seconds.has_value() && family != Family::kLambdaFunction) {
      out_.details["heartbeatInSeconds"] = *e.spec->heartbeat_seconds;
    }
    // Older events lack it: what was literal in the definition is known all the same.
    const auto& role = e.spec->role_arn.has_value() ? e.spec->role_arn
                                                   : task.credentials_role_arn.literal;
    if (role.has_value()) out_.details["taskCredentials"] = json::object{{"roleArn", *role}};
  }
  void operator()(const TaskStarted& e) {
    const Family family = TaskEvent(e.task, "Started");
    if (family == Family::kActivity && !e.worker.empty()) out_.details["workerName"] = e.worker;
  }
  void operator()(const TaskSubmitted& e) {
    TaskEvent(e.task, "Submitted");
    Data("output", e.output);
  }
  void operator()(const TaskSucceeded& e) {
    TaskEvent(e.task, "Succeeded");
    Data("output", e.output);
  }
  void operator()(const TaskFailed& e) {
    TaskEvent(e.task, "Failed");
    Reason(e.error, e.cause);
  }
  // A missed heartbeat looks the same on the service.
  void operator()(const TaskTimedOut& e) {
    TaskEvent(e.task, "TimedOut");
    out_.details["error"] = "States.Timeout";
  }

  void operator()(const ParallelStarted&) { out_.type = "ParallelStateStarted"; }
  void operator()(const ParallelSucceeded&) { out_.type = "ParallelStateSucceeded"; }
  void operator()(const ParallelFailed&) { out_.type = "ParallelStateFailed"; }
  void operator()(const MapStarted& e) {
    out_.type = "MapStateStarted";
    out_.details["length"] = e.items->as_array().size();
  }
  void operator()(const DistributedMapStarted& e) {
    out_.type = "MapStateStarted";
    out_.details["length"] = e.length;
  }
  void operator()(const MapRunStarted& e) {
    out_.type = "MapRunStarted";
    out_.details["mapRunArn"] = e.spec->arn;
  }
  void operator()(const MapRunSucceeded&) { out_.type = "MapRunSucceeded"; }
  void operator()(const MapRunFailed& e) {
    out_.type = "MapRunFailed";
    Reason(e.error, e.cause);
  }
  void operator()(const MapRunRedriven& e) {
    out_.type = "MapRunRedriven";
    out_.details["mapRunArn"] = known_.map_runs_.at(e.run);
    out_.details["redriveCount"] = e.count;
  }
  void operator()(const IterationStarted& e) { IterationEvent(e.child, "MapIterationStarted"); }
  void operator()(const IterationSucceeded& e) { IterationEvent(e.child, "MapIterationSucceeded"); }
  void operator()(const IterationFailed& e) { IterationEvent(e.child, "MapIterationFailed"); }
  void operator()(const IterationAborted& e) { IterationEvent(e.child, "MapIterationAborted"); }
  void operator()(const MapSucceeded&) { out_.type = "MapStateSucceeded"; }
  void operator()(const MapFailed&) { out_.type = "MapStateFailed"; }

  void operator()(const ExecutionSucceeded& e) {
    out_.type = "ExecutionSucceeded";
    Data("output", e.output);
  }
  void operator()(const ExecutionFailed& e) {
    out_.type = "ExecutionFailed";
    Reason(e.error, e.cause);
  }
  void operator()(const ExecutionAborted& e) {
    out_.type = "ExecutionAborted";
    Reason(e.error, e.cause);
  }
  void operator()(const ExecutionTimedOut&) {
    out_.type = "ExecutionTimedOut";
    out_.details["error"] = "States.Timeout";
  }
  void operator()(const ExecutionRedriven& e) {
    out_.type = "ExecutionRedriven";
    out_.details["redriveCount"] = e.count;
  }

  void operator()(const EvaluationFailed& e) {
    out_.type = "EvaluationFailed";
    out_.details["error"] = e.error;
    out_.details["cause"] = e.cause;
    out_.details["location"] = e.location;
    out_.details["state"] = known_.StateIn(e.frame).name;
  }

  // Ours alone: they have no history id and do not come here.
  void operator()(const JobAccepted&) {}
  void operator()(const JobRequeued&) {}
  void operator()(const JobCheckpointed&) {}
  void operator()(const WaitStarted&) {}
  void operator()(const RetryScheduled&) {}

 private:
  void Data(std::string_view key, const Json& value) {
    if (include_data_) out_.details[key] = PrintJson(*value);
  }
  void Assigned(const Json& assigned) {
    if (!include_data_) return;
    json::object variables;
    for (const json::key_value_pair& member : assigned->as_object()) {
      variables[member.key()] = PrintJson(member.value());
    }
    out_.details["assignedVariables"] = std::move(variables);
    out_.details["assignedVariablesDetails"] = json::object{{"truncated", false}};
  }
  void Reason(const std::optional<std::string>& error, const std::optional<std::string>& cause) {
    if (error.has_value()) out_.details["error"] = *error;
    if (cause.has_value()) out_.details["cause"] = *cause;
  }
  void Resource(const asl::TaskResource& resource) {
    out_.details["resourceType"] = resource.history_type;
    out_.details["resource"] = resource.history_resource;
  }
  Family TaskEvent(TaskId task, std::string_view what) {
    const auto& kind = std::get<asl::Task>(known_.StateOfTask(task).kind);
    const Family family = FamilyOf(kind.resource);
    out_.type = TypeOf(family, what);
    if (family == Family::kTask) Resource(kind.resource);
    return family;
  }
  void IterationEvent(FrameId child, const char* type) {
    out_.type = type;
    const auto& iteration = known_.iterations_.at(child);
    out_.details["name"] = known_.StateIn(iteration.map_frame).name;
    out_.details["index"] = iteration.index;
  }

  const HistoryProjection& known_;
  const bool include_data_;
  HistoryEvent& out_;
};

const asl::State& HistoryProjection::StateIn(FrameId frame) const {
  const auto found = frames_.find(frame);
  CHECK(found != frames_.end());
  return definition_.state(found->second);
}

const asl::State& HistoryProjection::StateOfTask(TaskId task) const {
  const auto found = tasks_.find(task);
  CHECK(found != tasks_.end());
  return definition_.state(found->second);
}

// Of a tree whose frames are all known.
bool HistoryProjection::IsIteration(const Frame& frame) const {
  return frame.id != kRootFrame &&
         std::holds_alternative<asl::Map>(StateIn(frame.parent).kind);
}

void HistoryProjection::Observe(const EventRecord& record) {
  Remember(record);
  Forget(record);
}

void HistoryProjection::Remember(const EventRecord& record) {
  if (const auto* entered = std::get_if<StateEntered>(&record.event)) {
    frames_[entered->frame] = entered->state;
  } else if (const auto* scheduled = std::get_if<TaskScheduled>(&record.event)) {
    tasks_[record.seq] = frames_.at(scheduled->frame);
  } else if (const auto* started = std::get_if<IterationStarted>(&record.event)) {
    iterations_[started->child] = {started->frame, started->index};
  } else if (const auto* run = std::get_if<MapRunStarted>(&record.event)) {
    map_runs_[record.seq] = run->spec->arn;
  } else if (const auto* redriven = std::get_if<ExecutionRedriven>(&record.event)) {
    for (const Frame& frame : *redriven->frames) {
      frames_[frame.id] = frame.state;
      if (IsIteration(frame)) iterations_[frame.id] = {frame.parent, frame.index};
    }
  }
}

void HistoryProjection::Project(const EventRecord& record, bool include_data,
                                std::vector<HistoryEvent>& out) {
  Remember(record);
  if (record.id != 0) {
    HistoryEvent& event = out.emplace_back();
    event.id = record.id;
    event.previous_id = record.previous;
    event.time = record.time;
    std::visit(HistoryWriter(*this, include_data, event), record.event);
  }
  Forget(record);
}

// Nothing later refers to what has ended.
void HistoryProjection::Forget(const EventRecord& record) {
  std::visit(Overload{[this](const TaskSucceeded& e) { tasks_.erase(e.task); },
                      [this](const TaskFailed& e) { tasks_.erase(e.task); },
                      [this](const TaskTimedOut& e) { tasks_.erase(e.task); },
                      [this](const IterationSucceeded& e) {
                        iterations_.erase(e.child);
                        frames_.erase(e.child);
                      },
                      [this](const IterationAborted& e) {
                        iterations_.erase(e.child);
                        frames_.erase(e.child);
                      },
                      [](const auto&) {}},
             record.event);
}

}  // namespace towline::interpreter
