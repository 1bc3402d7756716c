// The data flow around a state's work (asl.md, section 2), JSONPath form.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {
namespace {

bool IsQuery(const asl::State& state) {
  return state.query_language == asl::QueryLanguage::kJsonata;
}

// A test of the state shows the stage where the service does: not of a Parallel, and not of a
// Pass whose Result makes it irrelevant.
bool ShowsInputPath(const asl::State& state) {
  const auto* pass = std::get_if<asl::Pass>(&state.kind);
  return !IsQuery(state) && !std::holds_alternative<asl::Parallel>(state.kind) &&
         (pass == nullptr || !pass->result.has_value());
}

}  // namespace

jsonpath::Scope Stepper::ScopeOf(const Json& input, const FrameContext& context) {
  jsonpath::Scope scope{input, context, &context, &seed_};
  scope.references = references_;
  return scope;
}

// The token names the task that is being made, or the one whose result is worked on.
FrameContext Stepper::ContextOf(const Frame& frame) const {
  FrameContext context(definition_, state_, frame);
  if (probe_ != nullptr) context.SetBase(probe_->context);
  const auto* task = std::get_if<asl::Task>(&StateOf(frame).kind);
  if (task != nullptr && task->resource.takes_token()) {
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
  if (!ApplyInputPath(frame, state, out, failure)) return false;
  if (probe_ != nullptr && ShowsInputPath(state)) probe_->after_input_path = out;
  return true;
}

bool Stepper::ApplyInputPath(const Frame& frame, const asl::State& state, Json& out,
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

bool Stepper::Parameters(const Frame& frame, const asl::State& state, Json& out,
                         Failure& failure) {
  Json input;
  if (!EffectiveInput(frame, state, input, failure)) return false;
  out = input;
  if (state.parameters.has_value()) {
    const FrameContext context = ContextOf(frame);
    const View view{.context = context, .field = "Arguments", .subject = input};
    if (!Evaluate(frame, *state.parameters, view, out, failure)) return false;
  } else if (std::holds_alternative<asl::Parallel>(state.kind)) {
    return true;  // the service shows no stage of it here
  }
  Note(IsQuery(state) ? &Probe::after_arguments : &Probe::after_parameters, out);
  return true;
}

bool Stepper::SelectResult(const Frame& frame, const asl::State& state, Json& result,
                           Failure& failure) {
  if (!state.result_selector.has_value()) return true;
  const Json raw = result;
  const FrameContext context = ContextOf(frame);
  const View view{.context = context, .field = "ResultSelector", .subject = raw};
  return Evaluate(frame, *state.result_selector, view, result, failure);
}

// All of it is evaluated against the values at the state's entry and takes effect at once, after
// everything else that the state evaluates.
bool Stepper::Assign(const Frame& frame, const std::optional<asl::Template>& assign,
                     const View& view, Json& assigned, Failure& failure) {
  if (!assign.has_value()) return true;
  if (!Evaluate(frame, *assign, view, assigned, failure)) return false;
  std::size_t bytes = state_.variables_bytes + JsonSize(*assigned);
  for (const json::key_value_pair& member : assigned->as_object()) {
    const auto old = frame.variables.find(std::string_view(member.key()));
    if (old != frame.variables.end()) bytes -= old->second.bytes;
  }
  if (Fits(assigned, limits_.assign_bytes_max) && bytes <= limits_.variables_bytes_max) return true;
  failure = VariablesTooLarge(StateOf(frame).name);
  return false;
}

bool Stepper::OutputOf(const Frame& frame, const asl::State& state, Json result, Json& out,
                       Failure& failure) {
  if (!SelectResult(frame, state, result, failure)) return false;
  Note(&Probe::after_result_selector, result);
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
  Note(&Probe::after_result_path, merged);
  return ApplyOutputPath(frame, state, merged, out, failure);
}

// JSONata: Output, or what stands in for it.
bool Stepper::QueryOutput(const Frame& frame, const std::optional<asl::Template>& output,
                          const View& view, Json& out, Failure& failure) {
  out = view.subject;
  if (output.has_value() && !Evaluate(frame, *output, view, out, failure)) return false;
  if (out.SameAs(frame.input) || Fits(out, limits_.value_bytes_max)) return true;
  failure = ResultTooLarge(StateOf(frame).name);
  return false;
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

void Stepper::FinishWith(const Frame& frame, Json result) {
  const asl::State& state = StateOf(frame);
  const bool works = !std::holds_alternative<asl::Pass>(state.kind);
  const FrameContext context = ContextOf(frame);
  View view{.context = context, .field = "Assign", .subject = result};
  if (works) view.result = &result;
  Exited exited{.next = state.next};
  Failure failure;
  bool made = Assign(frame, state.assign, view, exited.assigned, failure);
  view.field = "Output";
  if (made && IsQuery(state)) {
    made = QueryOutput(frame, state.output, view, exited.output, failure);
  } else if (made) {
    made = OutputOf(frame, state, result, exited.output, failure);
  }
  if (!made) return Fail(frame.id, std::move(failure));
  Exit(frame, std::move(exited));
}

// For states whose work makes nothing: Wait, Choice, Succeed.
bool Stepper::PassOn(const Frame& frame, const Leaving& leaving, const Json& input,
                     Exited& exited, Failure& failure) {
  const asl::State& state = StateOf(frame);
  const bool query = IsQuery(state);
  const FrameContext context = ContextOf(frame);
  View view{.context = context,
            .field = "Assign",
            .subject = input,
            .list = leaving.list,
            .index = leaving.index};
  if (!Assign(frame, leaving.assign, view, exited.assigned, failure)) return false;
  view.field = "Output";
  return query ? QueryOutput(frame, leaving.output, view, exited.output, failure)
               : ApplyOutputPath(frame, state, input, exited.output, failure);
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

void Stepper::Exit(const Frame& frame, Exited exited) {
  const FrameId id = frame.id;
  const bool last = !exited.next.has_value();
  const HistoryId previous = frame.last_id;
  if (!last || id != kRootFrame) {
    const FrameId parent = frame.parent;
    if (!Emit(previous, StateExited{id, std::move(exited.output), exited.next,
                                    std::move(exited.assigned)}) ||
        !last) {
      return;
    }
    // A branch is gone now; an iteration is still there to say that it has succeeded.
    if (const Frame* child = Find(id)) ChildEnded(*child);
    return stack_.push_back(parent);
  }
  if (!Emit(previous, StateExited{id, exited.output, {}, std::move(exited.assigned)})) return;
  Close(frame.last_id, ExecutionSucceeded{std::move(exited.output)});
}

}  // namespace towline::interpreter
