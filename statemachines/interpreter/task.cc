#include "statemachines/base/random.h"
#include "statemachines/interpreter/numbers.h"
#include "statemachines/interpreter/stepper.h"
#include "statemachines/interpreter/task_spec.h"

namespace towline::interpreter {

// Also the next try of a retried state: templates are evaluated anew and the token is another.
void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Task& task) {
  Failure failure;
  Json input;
  Json parameters;
  TaskSpec spec;
  if (!EffectiveInput(frame, state, input, failure) ||
      !TaskNumbers(frame, input, spec, failure) ||
      !Parameters(frame, state, parameters, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  if (state.parameters.has_value() && !Fits(parameters, limits_.value_bytes_max)) {
    return Fail(frame.id, ParametersTooLarge(state.name));
  }
  const std::string problem = ResolveSpec(task.resource, parameters, state_.info, spec);
  if (!problem.empty()) {
    return Fail(frame.id, FailureIn(state, frame, kRuntimeError, problem));
  }
  if (spec.kind == TaskSpec::Kind::kActivity && activities_ != nullptr &&
      !activities_->Exists(spec.activity, state_.info.tenant)) {
    return Fail(frame.id, FailureIn(state, frame, kRuntimeError,
                                    "The activity " + spec.activity + " does not exist."));
  }
  const std::size_t payload_bytes_max = limits_.job_payload_bytes_max;
  if (spec.kind == TaskSpec::Kind::kJob &&
      JsonSize(*spec.payload, payload_bytes_max + 1) > payload_bytes_max) {
    return Fail(frame.id, ParametersTooLarge(state.name));
  }
  if (spec.kind == TaskSpec::Kind::kExecution && spec.execution_name.empty()) {
    spec.execution_name = NextUuid(seed_);
  }
  Schedule(frame, std::move(spec), std::move(parameters));
}

bool Stepper::TaskNumbers(const Frame& frame, const Json& input, TaskSpec& spec,
                          Failure& failure) {
  const asl::State& state = StateOf(frame);
  const auto& task = std::get<asl::Task>(state.kind);
  if (!task.timeout_seconds.present() && !task.heartbeat_seconds.present() &&
      !task.credentials_role_arn.present()) {
    return true;
  }
  const FrameContext context = ContextOf(frame);
  const jsonpath::Scope scope = ScopeOf(input, context);
  View view{.context = context, .field = "TimeoutSeconds", .subject = input};
  const auto read = [&](const asl::Number& number, std::optional<std::int64_t>& seconds) {
    asl::Number storage;
    const asl::Number* settled = Settled(frame, number, view, storage, failure);
    if (settled == nullptr) return false;
    const std::string problem = PositiveSeconds(*settled, view.field, scope, seconds);
    if (problem.empty()) return true;
    failure = FailureIn(state, frame, kRuntimeError, problem);
    return false;
  };
  if (!read(task.timeout_seconds, spec.timeout_seconds)) return false;
  view.field = "HeartbeatSeconds";
  if (!read(task.heartbeat_seconds, spec.heartbeat_seconds)) return false;
  const bool path = state.query_language == asl::QueryLanguage::kJsonPath;
  view.field = path ? "RoleArn.$" : "Credentials/RoleArn";
  return Settled(frame, task.credentials_role_arn, view, spec.role_arn, failure);
}

void Stepper::Schedule(const Frame& frame, TaskSpec spec, Json parameters) {
  OpenTask open;
  open.task = NextSeq();
  open.attempt = frame.attempts + 1;
  open.spec = spec;
  open.state = StateOf(frame).name;
  open.checkpoint = frame.checkpoint;
  if (spec.timeout_seconds.has_value()) open.timeout_at = now_ + Seconds(*spec.timeout_seconds);
  const auto timeout_at = open.timeout_at;
  if (!Emit(frame.last_id, TaskScheduled{frame.id, open.attempt, std::move(spec),
                                         std::move(parameters), timeout_at})) {
    return;
  }
  const TaskId id = open.task;
  Want(std::move(open));
  if (timeout_at.has_value()) Want(SetTimer{id, TimerKind::kTaskTimeout, *timeout_at});
}

}  // namespace towline::interpreter
