#include "statemachines/interpreter/numbers.h"
#include "statemachines/interpreter/stepper.h"
#include "statemachines/interpreter/task_spec.h"

namespace towline::interpreter {

// Also the next try of a retried state: templates are evaluated anew and the token is another.
void Stepper::Begin(const Frame& frame, const asl::State& state, const asl::Task& task) {
  Failure failure;
  Json input;
  TaskSpec spec;
  if (!EffectiveInput(frame, state, input, failure) ||
      !TaskNumbers(frame, input, spec, failure)) {
    return Fail(frame.id, std::move(failure));
  }
  Json parameters = input;
  if (task.parameters.has_value()) {
    const FrameContext context = ContextOf(frame);
    if (!Evaluate(frame, *task.parameters, ScopeOf(input, context), parameters, failure)) {
      return Fail(frame.id, std::move(failure));
    }
    if (!Fits(parameters, limits_.value_bytes_max)) {
      return Fail(frame.id, ParametersTooLarge(state.name));
    }
  }
  const std::string problem = ResolveSpec(task.resource, parameters, state_.info, spec);
  if (!problem.empty()) {
    return Fail(frame.id, FailureIn(state, frame, kRuntimeError, problem));
  }
  const std::size_t payload_bytes_max = limits_.job_payload_bytes_max;
  if (spec.kind == TaskSpec::Kind::kJob &&
      JsonSize(*spec.payload, payload_bytes_max + 1) > payload_bytes_max) {
    return Fail(frame.id, ParametersTooLarge(state.name));
  }
  Schedule(frame, std::move(spec), std::move(parameters));
}

bool Stepper::TaskNumbers(const Frame& frame, const Json& input, TaskSpec& spec,
                          Failure& failure) {
  const asl::State& state = StateOf(frame);
  const auto& task = std::get<asl::Task>(state.kind);
  const FrameContext context = ContextOf(frame);
  const jsonpath::Scope scope = ScopeOf(input, context);
  std::string problem =
      PositiveSeconds(task.timeout_seconds, "TimeoutSeconds", scope, spec.timeout_seconds);
  if (problem.empty()) {
    problem = PositiveSeconds(task.heartbeat_seconds, "HeartbeatSeconds", scope,
                              spec.heartbeat_seconds);
  }
  if (problem.empty()) return true;
  failure = FailureIn(state, frame, kRuntimeError, problem);
  return false;
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
