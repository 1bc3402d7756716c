// The data flow around a state's work (asl.md, section 2), JSONPath form.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {

jsonpath::Scope Stepper::ScopeOf(const Json& input, const FrameContext& context) {
  return jsonpath::Scope{input, context, nullptr, &seed_};
}

// The token names the task that is being made, or the one whose result is worked on.
FrameContext Stepper::ContextOf(const Frame& frame) const {
  FrameContext context(definition_, state_, frame);
  const auto* task = std::get_if<asl::Task>(&StateOf(frame).kind);
  if (task != nullptr && task->resource.wait_for_task_token) {
    const auto* awaiting = std::get_if<AwaitingTask>(&frame.activity);
    context.SetTask(awaiting != nullptr ? awaiting->task : NextSeq());
  }
  return context;
}

bool Stepper::Fits(const Json& value, std::size_t bytes_max) {
  if (!value.SameAs(measured_)) {
    measured_bytes_ = JsonSize(*value);
    measured_ = value;
    bytes_ += measured_bytes_;
  }
  return measured_bytes_ <= bytes_max;
}

std::string Stepper::Shown(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  return PrintJson(value);
}

bool Stepper::EffectiveInput(const Frame& frame, const asl::State& state, Json& out,
                             Failure& failure) {
  if (state.input_path.discards) {
    out = Json::EmptyObject();
    return true;
  }
  if (state.input_path.path.is_root()) {
    out = frame.input;
    return true;
  }
  const FrameContext context = ContextOf(frame);
  const auto found = state.input_path.path.Evaluate(ScopeOf(frame.input, context));
  if (!found) {
    failure = FailureIn(state, frame, kRuntimeError,
                        InvalidPath(state.input_path.path.text(), found.error()));
    return false;
  }
  out = *found;
  return true;
}

bool Stepper::Evaluate(const Frame& frame, const jsonpath::Template& with,
                       const jsonpath::Scope& scope, Json& out, Failure& failure) {
  jsonpath::TemplateError error;
  if (with.Evaluate(scope, out, error)) return true;
  const ExpressionProblem problem = Describe(error, scope);
  failure = FailureIn(StateOf(frame), frame, problem.error, problem.what);
  return false;
}

bool Stepper::SelectResult(const Frame& frame, const std::optional<jsonpath::Template>& selector,
                           Json& result, Failure& failure) {
  if (!selector.has_value()) return true;
  const Json raw = result;
  const FrameContext context = ContextOf(frame);
  return Evaluate(frame, *selector, ScopeOf(raw, context), result, failure);
}

bool Stepper::OutputOf(const Frame& frame, const asl::State& state, const Json& result, Json& out,
                       Failure& failure) {
  const asl::ResultPathField& place = state.result_path;
  Json merged = result;
  if (place.discards) {
    merged = frame.input;
  } else if (place.path.has_value() && !place.path->is_root()) {
    auto inserted = place.path->Insert(frame.input, result);
    if (!inserted) {
      failure = FailureIn(state, frame, kResultPathError, inserted.error().detail);
      return false;
    }
    merged = *inserted;
  }
  return ApplyOutputPath(frame, state, merged, out, failure);
}

bool Stepper::ApplyOutputPath(const Frame& frame, const asl::State& state, const Json& document,
                              Json& out, Failure& failure) {
  if (state.output_path.discards) {
    out = Json::EmptyObject();
    return true;
  }
  out = document;
  if (!state.output_path.path.is_root()) {
    const FrameContext context = ContextOf(frame);
    const auto found = state.output_path.path.Evaluate(ScopeOf(document, context));
    if (!found) {
      failure = FailureIn(state, frame, kRuntimeError,
                          InvalidPath(state.output_path.path.text(), found.error()));
      return false;
    }
    out = *found;
  }
  if (!out.SameAs(frame.input) && !Fits(out, limits_.value_bytes_max)) {
    failure = ResultTooLarge(state.name);
    return false;
  }
  return true;
}

void Stepper::FinishWith(const Frame& frame, const Json& result) {
  const asl::State& state = StateOf(frame);
  Json output;
  Failure failure;
  if (!OutputOf(frame, state, result, output, failure)) return Fail(frame.id, std::move(failure));
  Exit(frame, std::move(output), state.next);
}

Json Stepper::Gather(const AwaitingChildren& children) {
  json::array outputs;
  outputs.reserve(children.outputs.size());
  for (const std::optional<Json>& output : children.outputs) {
    CHECK(output.has_value());
    outputs.push_back(**output);
  }
  return Json(json::value(std::move(outputs)));
}

void Stepper::Exit(const Frame& frame, Json output, std::optional<asl::StateIndex> next) {
  const FrameId id = frame.id;
  if (next.has_value()) {
    if (!Emit(frame.last_id, StateExited{id, std::move(output), next})) return;
    return;
  }
  if (id == kRootFrame) {
    if (!Emit(frame.last_id, StateExited{id, output, next})) return;
    return Close(frame.last_id, ExecutionSucceeded{std::move(output)});
  }
  const FrameId parent = frame.parent;
  if (!Emit(frame.last_id, StateExited{id, std::move(output), next})) return;
  // A branch is gone now; an iteration is still there to say that it has succeeded.
  if (const Frame* child = Find(id)) ChildEnded(*child);
  stack_.push_back(parent);
}

}  // namespace towline::interpreter
