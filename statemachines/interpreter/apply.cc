// Apply: the only code that changes an ExecutionState, while living and while replaying.

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "statemachines/interpreter/advance.h"

namespace towline::interpreter {
namespace {

using FrameMap = std::map<FrameId, Frame>;

class Applier {
 public:
  Applier(const asl::Definition& definition, ExecutionState& state, const EventRecord& record)
      : definition_(definition), state_(state), record_(record) {}

  void operator()(const ExecutionStarted& e) {
    CHECK(record_.seq == 1);
    state_.info = *e.info;
    state_.input = e.input;
    state_.started_at = record_.time;
    Frame root;
    root.scope = e.info->scope;
    root.input = e.input;
    root.activity = Entering{definition_.scopes.at(root.scope).start_at};
    state_.frames.emplace(kRootFrame, std::move(root));
  }

  void operator()(const StateEntered& e) {
    Frame& frame = At(e.frame);
    frame.state = e.state;
    frame.input = e.input;
    frame.entered_id = record_.id;
    frame.entered_after = record_.previous;
    frame.entered_at = record_.time;
    frame.last_id = record_.id;
    frame.retries.clear();
    frame.retry_count = 0;
    frame.attempts = 0;
    frame.checkpoint.reset();
  }

  void operator()(const StateExited& e) {
    Frame& frame = At(e.frame);
    frame.input = e.output;
    frame.last_id = record_.id;
    if (e.next.has_value()) {
      frame.activity = Entering{*e.next};
      if (!e.assigned->is_null()) Assign(frame, e.assigned);
      return;
    }
    if (frame.id == kRootFrame) return;  // ExecutionSucceeded is next
    Frame& parent = At(frame.parent);
    AwaitingChildren& children = std::get<AwaitingChildren>(parent.activity);
    children.outputs.at(frame.index) = e.output;
    if (children.items.has_value()) return;  // IterationSucceeded is next
    CHECK(children.open > 0);
    children.open--;
    parent.last_id = record_.id;
    Erase(state_.frames.find(e.frame));
  }

  // The frame itself goes with its parent's children.
  void operator()(const StateAborted& e) {
    Frame& frame = At(e.frame);
    if (const auto* task = std::get_if<AwaitingTask>(&frame.activity)) {
      state_.open_tasks.erase(task->task);
    }
    frame.activity = Entering{frame.state};
  }

  void operator()(const TaskScheduled& e) {
    Frame& frame = At(e.frame);
    frame.attempts = e.attempt;
    frame.last_id = record_.id;
    AwaitingTask task;
    task.task = record_.seq;
    task.wait_for_task_token = e.spec->wait_for_task_token;
    frame.activity = std::move(task);
    state_.open_tasks.emplace(record_.seq, e.frame);
  }

  void operator()(const TaskStarted& e) {
    auto [frame, task] = TaskAt(e.task);
    task.started = true;
    if (!e.worker.empty()) task.worker = e.worker;
    frame.last_id = record_.id;
  }

  void operator()(const TaskSubmitted& e) {
    auto [frame, task] = TaskAt(e.task);
    task.submitted = true;
    task.worker.clear();
    task.incarnation = 0;
    frame.last_id = record_.id;
  }

  void operator()(const TaskSucceeded& e) { EndTask(e.task); }
  void operator()(const TaskFailed& e) { EndTask(e.task); }
  void operator()(const TaskTimedOut& e) { EndTask(e.task); }

  void operator()(const JobAccepted& e) {
    auto [frame, task] = TaskAt(e.task);
    task.worker = e.worker;
    task.incarnation = e.incarnation;
  }

  void operator()(const JobRequeued& e) {
    auto [frame, task] = TaskAt(e.task);
    frame.attempts = e.attempt;
    task.worker.clear();
    task.incarnation = 0;
  }

  void operator()(const JobCheckpointed& e) { TaskAt(e.task).frame.checkpoint = e.checkpoint; }

  void operator()(const WaitStarted& e) {
    At(e.frame).activity = AwaitingTimer{record_.seq, false, e.due};
  }

  void operator()(const RetryScheduled& e) {
    Frame& frame = At(e.frame);
    // A branch leaves no event of its own behind when it fails: the next attempt follows from
    // the latest event of any branch, which is the one that failed.
    if (OpenChildren(frame) > 0 && IsParallel(frame)) {
      for (const auto& [id, child] : state_.frames) {
        if (child.parent == frame.id) frame.last_id = std::max(frame.last_id, child.last_id);
      }
    }
    EraseChildren(frame);
    if (frame.retries.size() <= e.retrier) frame.retries.resize(e.retrier + 1);
    frame.retries[e.retrier]++;
    frame.retry_count++;
    frame.activity = AwaitingTimer{record_.seq, true, e.due};
  }

  void operator()(const ParallelStarted& e) {
    Frame& frame = At(e.frame);
    const auto& branches =
        std::get<asl::Parallel>(definition_.state(frame.state).kind).branches;
    frame.last_id = record_.id;
    AwaitingChildren children;
    children.outputs.resize(branches.size());
    children.open = static_cast<std::uint32_t>(branches.size());
    frame.activity = std::move(children);
    for (std::uint32_t i = 0; i < branches.size(); i++) {
      AddChild(e.first_child + i, {e.frame, i, branches[i]}, e.input);
    }
  }

  void operator()(const ParallelSucceeded&) {}
  void operator()(const ParallelFailed& e) { EndChildren(e.frame); }

  void operator()(const MapStarted& e) {
    Frame& frame = At(e.frame);
    frame.last_id = record_.id;
    AwaitingChildren children;
    children.items = e.items;
    children.max_concurrency = e.max_concurrency;
    frame.activity = std::move(children);
  }

  void operator()(const DistributedMapStarted& e) { At(e.frame).last_id = record_.id; }

  void operator()(const MapRunStarted& e) {
    Frame& frame = At(e.frame);
    frame.last_id = record_.id;
    frame.activity = AwaitingMapRun{record_.seq};
  }

  // What the state does with the output follows from the run's start, as on the service.
  void operator()(const MapRunSucceeded& e) {
    EndMapRun(e.run, AwaitingMapRun::Stage::kSucceeded);
  }
  void operator()(const MapRunFailed& e) {
    EndMapRun(e.run, AwaitingMapRun::Stage::kFailed).last_id = record_.id;
  }

  void operator()(const MapRunRedriven& e) {
    Frame& frame = At(e.frame);
    frame.last_id = record_.id;
    frame.activity = AwaitingMapRun{e.run, AwaitingMapRun::Stage::kRunning, e.count};
  }

  void operator()(const IterationStarted& e) {
    Frame& frame = At(e.frame);
    AwaitingChildren& children = std::get<AwaitingChildren>(frame.activity);
    children.outputs.resize(e.index + 1);
    children.next_index = e.index + 1;
    children.open++;
    const auto& map = std::get<asl::Map>(definition_.state(frame.state).kind);
    AddChild(e.child, {e.frame, e.index, map.processor}, e.input);
  }

  void operator()(const IterationSucceeded& e) {
    Frame& parent = At(At(e.child).parent);
    AwaitingChildren& children = std::get<AwaitingChildren>(parent.activity);
    CHECK(children.open > 0);
    children.open--;
    parent.last_id = record_.id;
    Erase(state_.frames.find(e.child));
  }

  void operator()(const IterationFailed& e) {
    const Frame& child = At(e.child);
    At(child.parent).last_id = child.last_id;
  }

  void operator()(const IterationAborted&) {}
  void operator()(const MapSucceeded&) {}
  void operator()(const MapFailed& e) { EndChildren(e.frame); }

  void operator()(const ExecutionSucceeded& e) {
    state_.output = e.output;
    Close(ExecutionStatus::kSucceeded, record_.time);
  }
  void operator()(const ExecutionFailed& e) {
    state_.error = e.error;
    state_.cause = e.cause;
    Close(ExecutionStatus::kFailed, record_.time);
  }
  void operator()(const ExecutionAborted& e) {
    state_.error = e.error;
    state_.cause = e.cause;
    Close(ExecutionStatus::kAborted, record_.time);
  }
  void operator()(const ExecutionTimedOut&) {
    const Seconds budget{state_.budget_seconds(definition_).value_or(0)};
    Close(ExecutionStatus::kTimedOut, state_.budget_from() + budget);
  }
  void operator()(const ExecutionRedriven& e) {
    state_.status = ExecutionStatus::kRunning;
    state_.error.reset();
    state_.cause.reset();
    state_.stopped_at = {};
    state_.redrive_count = e.count;
    state_.redriven_at = record_.time;
    state_.redrive_token = e.client_token;
    state_.next_frame = e.next_frame;
    for (const Frame& frame : *e.frames) {
      Frame& placed = state_.frames.emplace(frame.id, frame).first->second;
      // What runs again follows from the redrive.
      if (!std::holds_alternative<AwaitingChildren>(frame.activity)) placed.last_id = record_.id;
      for (const auto& [name, variable] : frame.variables) {
        state_.variables_bytes += variable.bytes;
      }
    }
  }

  void operator()(const EvaluationFailed& e) { At(e.frame).last_id = record_.id; }

 private:
  struct TaskView {
    Frame& frame;
    AwaitingTask& task;
  };
  struct Birth {
    FrameId parent;
    std::uint32_t index;
    asl::ScopeIndex scope;
  };

  Frame& At(FrameId id) {
    const auto found = state_.frames.find(id);
    CHECK(found != state_.frames.end());
    return found->second;
  }

  TaskView TaskAt(TaskId id) {
    const auto open = state_.open_tasks.find(id);
    CHECK(open != state_.open_tasks.end());
    Frame& frame = At(open->second);
    return {frame, std::get<AwaitingTask>(frame.activity)};
  }

  Frame& EndMapRun(TaskId run, AwaitingMapRun::Stage stage) {
    for (auto& [id, frame] : state_.frames) {
      auto* awaiting = std::get_if<AwaitingMapRun>(&frame.activity);
      if (awaiting == nullptr || awaiting->run != run) continue;
      awaiting->stage = stage;
      return frame;
    }
    CHECK(false);
    return state_.frames.begin()->second;
  }

  // The frame keeps its AwaitingTask until its next event: the result is still to be worked on.
  void EndTask(TaskId task) {
    TaskAt(task).frame.last_id = record_.id;
    state_.open_tasks.erase(task);
  }

  void AddChild(FrameId id, const Birth& birth, const Json& input) {
    CHECK(id == state_.next_frame);
    state_.next_frame++;
    Frame child;
    child.id = id;
    child.parent = birth.parent;
    child.index = birth.index;
    child.scope = birth.scope;
    child.input = input;
    child.last_id = record_.id;
    child.activity = Entering{definition_.scopes.at(birth.scope).start_at};
    state_.frames.emplace_hint(state_.frames.end(), id, std::move(child));
  }

  bool IsParallel(const Frame& frame) const {
    return std::holds_alternative<asl::Parallel>(definition_.state(frame.state).kind);
  }

  static std::uint32_t OpenChildren(const Frame& frame) {
    const auto* children = std::get_if<AwaitingChildren>(&frame.activity);
    return children == nullptr ? 0 : children->open;
  }

  void EndChildren(FrameId id) {
    Frame& frame = At(id);
    EraseChildren(frame);
    frame.last_id = record_.id;
    frame.activity = Entering{frame.state};
  }

  // A child's number is greater than its parent's, so that one pass finds all descendants.
  void EraseChildren(const Frame& frame) {
    if (OpenChildren(frame) == 0) return;
    std::vector<FrameId> doomed{frame.id};
    for (auto at = state_.frames.upper_bound(frame.id); at != state_.frames.end();) {
      if (!std::binary_search(doomed.begin(), doomed.end(), at->second.parent)) {
        ++at;
        continue;
      }
      doomed.push_back(at->first);
      if (const auto* task = std::get_if<AwaitingTask>(&at->second.activity)) {
        state_.open_tasks.erase(task->task);
      }
      at = Erase(at);
    }
  }

  // Its variables go with it.
  FrameMap::iterator Erase(FrameMap::iterator frame) {
    for (const auto& [name, variable] : frame->second.variables) {
      state_.variables_bytes -= variable.bytes;
    }
    return state_.frames.erase(frame);
  }

  void Assign(Frame& frame, const Json& assigned) {
    for (const json::key_value_pair& member : assigned->as_object()) {
      Variable& variable = frame.variables[std::string(member.key())];
      state_.variables_bytes -= variable.bytes;
      // A small value on its own does not keep large brothers alive.
      variable.value = member.value().is_primitive() ? Json(member.value())
                                                     : Json::Part(assigned, member.value());
      variable.bytes = JsonSize(member.value());
      state_.variables_bytes += variable.bytes;
    }
  }

  void Close(ExecutionStatus status, Timestamp at) {
    state_.status = status;
    state_.stopped_at = at;
    state_.frames.clear();
    state_.variables_bytes = 0;
    state_.open_tasks.clear();
  }

  const asl::Definition& definition_;
  ExecutionState& state_;
  const EventRecord& record_;
};

}  // namespace

void Apply(const asl::Definition& definition, ExecutionState& state, const EventRecord& record) {
  CHECK(record.seq == state.last_seq + 1);
  CHECK(record.id == 0 || record.id == state.last_id + 1);
  state.last_seq = record.seq;
  if (record.id != 0) state.last_id = record.id;
  state.last_at = record.time;
  std::visit(Applier(definition, state, record), record.event);
}

}  // namespace towline::interpreter
