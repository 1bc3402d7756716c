#include "orchestrator/children/nested.h"

#include <algorithm>

#include "orchestrator/children/child_report.h"
#include "orchestrator/children/machine_name.h"
#include "orchestrator/engine/router.h"
#include "statemachines/base/check.h"
#include "statemachines/base/log.h"

namespace towline::children {
namespace {

constexpr Millis kPause{100};  // after a full inbox or a store that does not answer

enum Stage { kStarting, kReporting, kWaiting, kEnding, kStopping, kConfirming };

}  // namespace

// One open task. Its stage says what it does next; `number` is that of the request under way, so
// that an answer to an earlier one is not taken for its.
struct Nested::Child {
  engine::TaskRef task{};
  std::string parent_arn{};
  std::string tenant{};
  int stage = kStarting;
  std::uint64_t number = 0;
  bool asked = false;     // a request is under way
  bool unwanted = false;  // the task has ended meanwhile: the child is to be stopped
  std::uint64_t waiter = 0;
  std::shared_ptr<const interpreter::OpenTask> open{};  // with its payload while it is needed
  engine::ExecutionName name{};                         // known once loaded
  std::optional<interpreter::Command> report{};         // kReporting, kEnding
};

Nested::Nested(engine::RequestPort& partitions, int partition_count, engine::TaskSource& tasks,
               store::Catalogue& catalogue, engine::Definitions& definitions,
               const engine::Tokens& tokens)
    : partitions_(partitions),
      partition_count_(partition_count),
      tasks_(tasks),
      catalogue_(catalogue),
      definitions_(definitions),
      tokens_(tokens) {}

Nested::~Nested() = default;

void Nested::SetReplyPort(ReplyPort port) { *port_ = std::move(port); }

void Nested::OnNotice(const engine::TaskNotice& notice, Timestamp now) {
  now_ = std::max(now_, now);
  if (const auto* opened = std::get_if<engine::TaskOpened>(&notice)) {
    OnOpened(*opened);
  } else if (const auto* closed = std::get_if<engine::TaskClosed>(&notice)) {
    OnClosed(*closed);
  } else if (const auto* reset = std::get_if<engine::PartitionReset>(&notice)) {
    Reset(reset->partition);
  }
}

void Nested::OnOpened(const engine::TaskOpened& opened) {
  const bool sync = opened.open->spec.child_result != interpreter::TaskSpec::ChildResult::kStarted;
  const bool submitted = opened.state == store::TaskState::kSubmitted;
  if (submitted && !sync) return;  // whoever has its token ends it
  auto child = std::make_unique<Child>();
  child->task = opened.task;
  child->parent_arn = opened.execution_arn;
  child->tenant = opened.execution_tenant;
  if (opened.with_payload) child->open = opened.open;
  Child& added = *(children_[opened.task] = std::move(child));
  const bool cancelling = opened.state == store::TaskState::kCancelling;
  Enter(added, cancelling ? kStopping : submitted ? kWaiting : kStarting);
}

void Nested::OnClosed(const engine::TaskClosed& closed) {
  const auto found = children_.find(closed.task);
  if (!closed.cancel) {
    if (found != children_.end()) Forget(closed.task);
    return;
  }
  if (found == children_.end()) return;
  Child& child = *found->second;
  child.unwanted = true;
  // A start that is under way must be known to have happened before it can be undone.
  if (child.asked && child.stage == kStarting) return;
  if (child.stage != kStopping && child.stage != kConfirming) Enter(child, kStopping);
}

void Nested::Reset(int partition) {
  std::erase_if(children_, [&](const auto& entry) { return entry.first.partition == partition; });
}

void Nested::Enter(Child& child, int stage) {
  if (child.waiter != 0 && stage != kWaiting) {
    const engine::ExecutionName& name = child.name;
    partitions_.Post(engine::PartitionOf(name.tenant, name.machine, name.name, partition_count_),
                     engine::Unwait{child.waiter});
    child.waiter = 0;
  }
  child.stage = stage;
  child.asked = false;
  child.number = next_number_++;
  due_.emplace(now_, std::pair(child.task, child.number));
}

void Nested::Again(Child& child) {
  child.asked = false;
  child.number = next_number_++;
  due_.emplace(now_ + kPause, std::pair(child.task, child.number));
}

Timestamp Nested::RunOnce(Timestamp now) {
  now_ = std::max(now_, now);
  while (!due_.empty() && due_.begin()->first <= now_) {
    const auto [task, number] = due_.begin()->second;
    due_.erase(due_.begin());
    const auto found = children_.find(task);
    if (found != children_.end() && found->second->number == number) Act(*found->second);
  }
  return due_.empty() ? Timestamp::max() : due_.begin()->first;
}

void Nested::Act(Child& child) {
  if (child.unwanted && child.stage == kStarting) child.stage = kStopping;
  const bool needs_name = child.name.name.empty();
  const bool needs_payload = child.stage == kStarting || child.stage == kWaiting;
  if ((needs_name || needs_payload) && child.open == nullptr && !Load(child)) return;
  child.asked = true;
  switch (child.stage) {
    case kStarting: return Start(child);
    case kReporting: return Report(child);
    case kWaiting: return Wait(child);
    case kEnding: return Report(child);
    case kStopping: return Stop(child);
    case kConfirming: return Confirm(child);
    default: break;
  }
  CHECK(false);
}

bool Nested::Load(Child& child) {
  try {
    child.open = tasks_.Load(child.task);
    if (child.open == nullptr) Forget(child.task);
    return child.open != nullptr;
  } catch (const store::StoreError& error) {
    Log(LogLevel::kWarning, "payload_not_read", {{"why", error.what()}});
    Again(child);
    return false;
  }
}

// With the token that the child is to hand to whoever ends the task.
Json Nested::InputOf(const Child& child) const {
  const interpreter::TaskSpec& spec = child.open->spec;
  if (!spec.wait_for_task_token) return spec.payload;
  auto input = ParseJson(
      engine::PutToken(PrintJson(*spec.payload), child.task.task, tokens_.Mint(child.task)));
  CHECK(input.has_value());
  return *std::move(input);
}

void Nested::Start(Child& child) {
  const interpreter::TaskSpec& spec = child.open->spec;
  const auto machine = ParseMachineName(child.tenant, spec.machine);
  if (!machine) {
    return Refuse(child, "StepFunctions.InvalidArnException", machine.error().message);
  }
  child.name = {machine->tenant, machine->name, spec.execution_name};
  engine::StartExecution start;
  try {
    const auto row = catalogue_.Machine(machine->tenant, machine->name);
    if (!row || row->deleting) {
      return Refuse(child, "StepFunctions.StateMachineDoesNotExistException",
                    ServiceCause("State Machine Does Not Exist: '" + spec.machine + "'",
                                 "StateMachineDoesNotExist"));
    }
    start.definition = definitions_.Find(row->revision);
    start.info.revision = row->revision;
  } catch (const store::StoreError& error) {
    Log(LogLevel::kWarning, "machine_not_read", {{"why", error.what()}});
    return Again(child);
  }
  const auto prefix = "arn:towline:states:local:" + machine->tenant;
  start.info.tenant = machine->tenant;
  start.info.machine = machine->name;
  start.info.name = spec.execution_name;
  start.info.arn = prefix + ":execution:" + machine->name + ":" + spec.execution_name;
  start.info.machine_arn = prefix + ":stateMachine:" + machine->name;
  start.info.parent_arn = child.parent_arn;
  start.info.parent_task = child.task.task;
  start.input = InputOf(child);
  start.reply = ViewPort(child);
  const int partition = engine::PartitionOf(child.name.tenant, child.name.machine,
                                            child.name.name, partition_count_);
  if (!partitions_.Post(partition, std::move(start))) Again(child);
}

void Nested::Refuse(Child& child, std::string error, std::string cause) {
  child.report = interpreter::FailTask{.error = std::move(error), .cause = std::move(cause)};
  Enter(child, kEnding);
}

void Nested::Wait(Child& child) {
  if (child.name.name.empty()) {
    const auto machine = ParseMachineName(child.tenant, child.open->spec.machine);
    CHECK(machine.has_value());  // it was started
    child.name = {machine->tenant, machine->name, child.open->spec.execution_name};
  }
  child.waiter = (std::uint64_t{1} << 63U) | child.number;  // apart from those of the doors
  const int partition = engine::PartitionOf(child.name.tenant, child.name.machine,
                                            child.name.name, partition_count_);
  engine::WaitExecution wait{child.name, child.waiter, ViewPort(child)};
  if (!partitions_.Post(partition, std::move(wait))) Again(child);
}

void Nested::Report(Child& child) {
  engine::TaskCommand command{child.task, *child.report, {}, VerdictPort(child)};
  if (!partitions_.Post(child.task.partition, std::move(command))) Again(child);
}

void Nested::Stop(Child& child) {
  if (child.name.name.empty()) {
    const auto machine = ParseMachineName(child.tenant, child.open->spec.machine);
    if (!machine) return Enter(child, kConfirming);  // then it was never started
    child.name = {machine->tenant, machine->name, child.open->spec.execution_name};
  }
  engine::StopExecution stop{.execution = child.name,
                             .cause = "The parent execution has ended: " + child.parent_arn,
                             .reply = ViewPort(child),
                             .parent_arn = child.parent_arn,
                             .parent_task = child.task.task};
  const int partition = engine::PartitionOf(child.name.tenant, child.name.machine,
                                            child.name.name, partition_count_);
  if (!partitions_.Post(partition, std::move(stop))) Again(child);
}

void Nested::Confirm(Child& child) {
  engine::ConfirmCancel confirm{child.task, 0, VerdictPort(child)};
  if (!partitions_.Post(child.task.partition, std::move(confirm))) Again(child);
}

void Nested::OnReply(std::unique_ptr<Reply> reply, Timestamp now) {
  now_ = std::max(now_, now);
  const auto found = children_.find(reply->task);
  if (found == children_.end() || found->second->number != reply->number) return;
  Child& child = *found->second;
  if (reply->view && !reply->view->has_value() &&
      reply->view->error().code == Error::Code::kUnavailable) {
    return Again(child);
  }
  if (reply->verdict == engine::TaskVerdict::kUnavailable) return Again(child);
  switch (child.stage) {
    case kStarting: return OnStarted(child, *reply->view);
    case kWaiting: return OnEnded(child, *reply->view);
    case kReporting:
      if (child.unwanted) return Enter(child, kStopping);
      return child.open->spec.child_result == interpreter::TaskSpec::ChildResult::kStarted
                 ? Forget(child.task)
                 : Enter(child, kWaiting);
    case kStopping: return Enter(child, kConfirming);
    default: return Forget(child.task);
  }
}

void Nested::OnStarted(Child& child, const Result<engine::ExecutionView>& view) {
  if (!view) {
    if (child.unwanted) return Enter(child, kConfirming);
    return Refuse(child, "StepFunctions." + view.error().name + "Exception",
                  ServiceCause(view.error().message, view.error().name));
  }
  if (child.unwanted) return Enter(child, kStopping);
  const interpreter::TaskSpec& spec = child.open->spec;
  const bool ends = spec.child_result == interpreter::TaskSpec::ChildResult::kStarted &&
                    !spec.wait_for_task_token;
  if (ends) {
    child.report = interpreter::SucceedTask{.output = StartedOutput(*view)};
  } else {
    child.report = interpreter::SubmitTask{.output = StartedOutput(*view)};
  }
  Enter(child, kReporting);
}

void Nested::OnEnded(Child& child, const Result<engine::ExecutionView>& view) {
  child.waiter = 0;
  if (!view) return Refuse(child, "States.TaskFailed", view.error().message);
  const bool as_json =
      child.open->spec.child_result == interpreter::TaskSpec::ChildResult::kJson;
  const Json output = ChildOutput(child.name, *view, child.open->spec.payload, as_json);
  if (view->status == interpreter::ExecutionStatus::kSucceeded) {
    child.report = interpreter::SucceedTask{.output = output};
  } else {
    child.report = interpreter::FailTask{.error = "States.TaskFailed", .cause = PrintJson(*output)};
  }
  Enter(child, kEnding);
}

void Nested::Forget(const engine::TaskRef& task) {
  const auto found = children_.find(task);
  if (found == children_.end()) return;
  Child& child = *found->second;
  if (child.waiter != 0) {
    partitions_.Post(engine::PartitionOf(child.name.tenant, child.name.machine, child.name.name,
                                         partition_count_),
                     engine::Unwait{child.waiter});
  }
  children_.erase(found);
}

std::function<void(Result<engine::ExecutionView>)> Nested::ViewPort(const Child& child) {
  return [port = port_, task = child.task,
          number = child.number](Result<engine::ExecutionView> view) {
    auto reply = std::make_unique<Reply>();
    reply->task = task;
    reply->number = number;
    reply->view = std::move(view);
    (*port)(std::move(reply));
  };
}

std::function<void(engine::TaskVerdict)> Nested::VerdictPort(const Child& child) {
  return [port = port_, task = child.task, number = child.number](engine::TaskVerdict verdict) {
    auto reply = std::make_unique<Reply>();
    reply->task = task;
    reply->number = number;
    reply->verdict = verdict;
    (*port)(std::move(reply));
  };
}

}  // namespace towline::children
