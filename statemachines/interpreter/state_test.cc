#include "statemachines/interpreter/state_test.h"

#include <boost/json/object.hpp>

#include "statemachines/base/random.h"
#include "statemachines/interpreter/stepper.h"

namespace towline::interpreter {
namespace {

// What $$.Task.Token says where nobody could use it.
constexpr std::string_view kToken = "the-task-token-of-a-test";

bool CountsRetries(const asl::State& state) {
  return std::holds_alternative<asl::Task>(state.kind) ||
         std::holds_alternative<asl::Parallel>(state.kind) ||
         std::holds_alternative<asl::Map>(state.kind);
}

}  // namespace

StateTest::StateTest(const asl::Definition& definition, StateQuestion question,
                     const Limits& limits)
    : definition_(definition),
      question_(std::move(question)),
      limits_(limits),
      seed_(question_.seed) {
  limits_.history_events_max = 0;
  Enter(question_.state);
}

// As if an execution of the States object that it stands in had just come to it.
void StateTest::Enter(asl::StateIndex index) {
  const asl::State& state = definition_.state(index);
  state_ = ExecutionState{};
  ExecutionInfo info = question_.info;
  info.scope = state.scope;
  const Timestamp now = question_.now;
  Apply(definition_, state_, {1, 1, 0, now, ExecutionStarted{std::move(info), question_.input}});
  Apply(definition_, state_, {2, 2, 0, now, StateEntered{kRootFrame, index, question_.input}});
  Frame& frame = state_.frames.at(kRootFrame);
  frame.retries.assign(state.retriers.size(), question_.retry_count);
  frame.retry_count = question_.retry_count;
  frame.activity = Redoing{};
  for (const json::key_value_pair& member : question_.variables->as_object()) {
    const std::size_t bytes = JsonSize(member.value());
    frame.variables[std::string(member.key())] = {Json(member.value()), bytes};
    state_.variables_bytes += bytes;
  }
  probe_.context = question_.context.has_value() ? *question_.context : MakeContext(index);
}

// The service's own has no RedriveCount here.
Json StateTest::MakeContext(asl::StateIndex index) const {
  const asl::State& state = definition_.state(index);
  const std::string now = FormatTimestamp(question_.now);
  json::object context;
  context["Execution"] = {{"Id", question_.info.arn},
                          {"Input", *question_.input},
                          {"Name", question_.info.name},
                          {"RoleArn", question_.info.role_arn},
                          {"StartTime", now}};
  context["StateMachine"] = {{"Id", question_.info.machine_arn}, {"Name", question_.info.machine}};
  json::object here{{"Name", state.name}, {"EnteredTime", now}};
  if (CountsRetries(state)) here["RetryCount"] = question_.retry_count;
  context["State"] = std::move(here);
  const auto* task = std::get_if<asl::Task>(&state.kind);
  if (task != nullptr && task->resource.takes_token()) context["Task"] = {{"Token", kToken}};
  // Inside a Map it is the first item.
  for (auto scope = state.scope; definition_.scopes[scope].owner.has_value();) {
    const asl::State& owner = definition_.state(*definition_.scopes[scope].owner);
    if (std::holds_alternative<asl::Map>(owner.kind)) {
      context["Map"] = {{"Item", {{"Index", 0}, {"Value", *question_.input}}}};
      break;
    }
    scope = owner.scope;
  }
  return Json(json::value(std::move(context)));
}

template <class Act>
void StateTest::Step(const Act& act) {
  const Turn turn{.now = question_.now, .seed = NextRandom(seed_)};
  Stepper stepper(definition_, state_, turn, limits_);
  stepper.probe_ = &probe_;
  act(stepper);
  for (EventRecord& record : stepper.step_.events) {
    if (auto* exited = std::get_if<StateExited>(&record.event)) exited_ = std::move(*exited);
  }
  for (Effect& effect : stepper.step_.effects) {
    if (auto* run = std::get_if<OpenMapRun>(&effect)) map_run_ = std::move(run->spec);
  }
}

void StateTest::Begin() {
  Step([&](Stepper& stepper) { stepper.Work(stepper.At(kRootFrame)); });
  if (state_.closed()) return Rise();
  const Frame& frame = state_.frames.at(kRootFrame);
  const auto* timer = std::get_if<AwaitingTimer>(&frame.activity);
  if (timer != nullptr && !timer->retry) {
    Step([&](Stepper& stepper) { stepper.EndWait(stepper.At(kRootFrame)); });
    if (state_.closed()) return Rise();
  }
  const auto* children = std::get_if<AwaitingChildren>(&frame.activity);
  items_ = children != nullptr && children->items.has_value() ? *children->items : map_run_.items;
}

bool StateTest::waiting() const {
  const auto frame = state_.frames.find(kRootFrame);
  if (frame == state_.frames.end()) return false;
  const Activity& activity = frame->second.activity;
  return std::holds_alternative<AwaitingTask>(activity) ||
         std::holds_alternative<AwaitingChildren>(activity) ||
         std::holds_alternative<AwaitingMapRun>(activity);
}

void StateTest::Succeed(const Json& result) {
  CHECK(waiting());
  const bool task = std::holds_alternative<asl::Task>(definition_.state(question_.state).kind);
  if (task) probe_.result = result;
  Step([&](Stepper& stepper) { stepper.FinishWith(stepper.At(kRootFrame), result); });
  if (state_.closed()) Rise();
}

void StateTest::Fail(Failure failure) {
  CHECK(waiting());
  Step([&](Stepper& stepper) { stepper.Fail(kRootFrame, std::move(failure)); });
  if (state_.closed()) Rise();
}

// The children of a Distributed Map are executions of their own: their failures end there.
void StateTest::Rise() {
  asl::ScopeIndex scope = definition_.state(question_.state).scope;
  while (state_.status == ExecutionStatus::kFailed && definition_.scopes[scope].owner.has_value() &&
         !definition_.scopes[scope].isolated) {
    const asl::StateIndex owner = *definition_.scopes[scope].owner;
    const asl::State& around = definition_.state(owner);
    Failure failure{.error = state_.error,
                    .cause = state_.cause,
                    .branch = std::holds_alternative<asl::Parallel>(around.kind)};
    scope = around.scope;
    Enter(owner);
    Step([&](Stepper& stepper) { stepper.Fail(kRootFrame, std::move(failure)); });
  }
}

bool StateTest::Select(const MapItem& item, Json& out, Failure& failure) {
  bool made = false;
  Step([&](Stepper& stepper) {
    made = stepper.SelectItem(stepper.At(kRootFrame), item, out, failure);
  });
  return made;
}

StateOutcome StateTest::Outcome() const {
  CHECK(!waiting());
  StateOutcome outcome;
  json::object variables = question_.variables->as_object();
  if (exited_.has_value()) {
    outcome.output = exited_->output;
    outcome.next = exited_->next;
    if (const auto* assigned = exited_->assigned->if_object()) {
      for (const json::key_value_pair& member : *assigned) {
        variables[member.key()] = member.value();
      }
    }
  }
  outcome.variables = Json(json::value(std::move(variables)));
  if (state_.status == ExecutionStatus::kFailed) {
    outcome.status = StateOutcome::Status::kFailed;
    outcome.error = state_.error;
    outcome.cause = state_.cause;
  } else if (probe_.failure.has_value()) {
    outcome.status = exited_.has_value() ? StateOutcome::Status::kCaughtError
                                         : StateOutcome::Status::kRetriable;
    outcome.error = probe_.failure->error;
    outcome.cause = probe_.failure->cause;
  }
  return outcome;
}

}  // namespace towline::interpreter
