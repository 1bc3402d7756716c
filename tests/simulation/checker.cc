#include "tests/simulation/checker.h"

#include "orchestrator/store/event_codec.h"
#include "orchestrator/store/map_run_codec.h"
#include "proto/jobs/messages.h"
#include "proto/jobs/topics.h"
#include "statemachines/base/check.h"
#include "statemachines/interpreter/advance.h"
#include "statemachines/interpreter/map_run.h"
#include "tests/store/describe.h"

namespace towline::sim {

namespace in = interpreter;

void Checker::AddDefinition(const std::string& revision,
                            std::shared_ptr<const asl::Definition> definition) {
  definitions_[revision] = std::move(definition);
}

void Checker::Violate(const Key& key, const std::string& what) {
  const auto found = executions_.find(key);
  const std::string name = found == executions_.end() ? "?" : found->second.row.name;
  world_.Violate("execution " + name + " (" + std::to_string(key.first) + "/" +
                 std::to_string(key.second) + "): " + what);
}

void Checker::OnCommit(int partition, const store::Batch& batch) {
  for (const store::ExecutionRow& row : batch.started) {
    Execution& execution = executions_[{partition, row.key}];
    execution.row = row;
    execution.definition = definitions_.at(row.revision);
  }
  for (const store::StepRow& step : batch.steps) {
    const Key key{partition, step.execution};
    const auto found = executions_.find(key);
    if (found == executions_.end()) return Violate(key, "has a step but was never started");
    for (const auto& record : store::DecodeStep(step.events)) Replay(key, found->second, record);
  }
  for (const store::TaskRow& row : batch.tasks_opened) {
    executions_[{partition, row.execution}].rows.insert(row.task);
  }
  for (const store::TaskKey& row : batch.tasks_closed) {
    executions_[{partition, row.execution}].rows.erase(row.task);
  }
  for (const store::MapRunRow& row : batch.map_runs_started) {
    open_runs_.insert({partition, row.key});
  }
  for (const store::MapRunUpdate& update : batch.map_runs_updated) {
    if (update.open) {
      open_runs_.insert({partition, update.key});
    } else {
      open_runs_.erase({partition, update.key});
    }
  }
  for (const store::SnapshotRow& snapshot : batch.snapshots) {
    const Key key{partition, snapshot.execution};
    const std::string live = store::Describe(store::DecodeState(snapshot.state));
    const std::string rebuilt = store::Describe(executions_[key].state);
    if (live != rebuilt) {
      Violate(key, "the live state is not what its events give:\n  live    " + live +
                       "\n  rebuilt " + rebuilt);
    }
  }
  for (const store::ExecutionClose& close : batch.closed) {
    const Key key{partition, close.key};
    const in::ExecutionState& state = executions_[key].state;
    if (!state.closed() || static_cast<int>(state.status) != static_cast<int>(close.status)) {
      Violate(key, "its row is closed, but its history says otherwise");
    }
  }
}

void Checker::Replay(const Key& key, Execution& execution, const in::EventRecord& record) {
  events_++;
  in::ExecutionState& state = execution.state;
  const bool redriven = std::holds_alternative<in::ExecutionRedriven>(record.event);
  if (state.closed() && !redriven) Violate(key, "an event after its end");
  if (record.seq != state.last_seq + 1) {
    Violate(key, "event " + std::to_string(record.seq) + " follows " +
                     std::to_string(state.last_seq));
  }
  if (record.id != 0 && (record.id != state.last_id + 1 || record.previous >= record.id)) {
    Violate(key, "history id " + std::to_string(record.id) + " (previous " +
                     std::to_string(record.previous) + ") follows " +
                     std::to_string(state.last_id));
  }
  if (record.time < state.last_at) Violate(key, "its time goes backwards");
  if (const auto* exited = std::get_if<in::StateExited>(&record.event)) {
    const auto frame = state.frames.find(exited->frame);
    if (frame == state.frames.end()) return Violate(key, "a frame ends that does not exist");
    CheckWait(key, execution, frame->second);
  }
  if (!world_.violation().empty()) return;
  in::Apply(*execution.definition, state, record);
  world_.Trace("committed: " + execution.row.name + " (" + std::to_string(key.first) + "/" +
               std::to_string(key.second) + ") event " + std::to_string(record.seq) + " " +
               store::Describe(record.event));
  auto& tasks = execution.tasks;
  std::visit(
      Overload{
          [&](const in::TaskScheduled& e) {
            tasks[record.seq].attempt = e.attempt;
            tasks[record.seq].attempts = {e.attempt};
          },
          [&](const in::JobRequeued& e) {
            Task& task = tasks[e.task];
            if (e.attempt <= task.attempt) Violate(key, "a requeue does not raise the attempt");
            task.attempt = e.attempt;
            task.attempts.insert(e.attempt);
          },
          [&](const in::JobAccepted& e) {
            Task& task = tasks[e.task];
            if (e.attempt != task.attempt) Violate(key, "an older attempt was accepted");
            task.accepted[e.attempt] = e.worker;
          },
          [&](const in::TaskSucceeded& e) {
            Outcome(key, tasks[e.task], e.task, e.worker, &e.output);
          },
          [&](const in::TaskFailed& e) {
            Outcome(key, tasks[e.task], e.task, e.worker, nullptr);
          },
          [&](const in::TaskTimedOut& e) { Outcome(key, tasks[e.task], e.task, "", nullptr); },
          [&](const in::TaskSubmitted& e) {
            if (tasks[e.task].submitted) Violate(key, "a task was submitted twice");
            tasks[e.task].submitted = true;
          },
          [](const auto&) {},
      },
      record.event);
}

// A Wait until a time of day ends when it is that time where the server stands.
void Checker::CheckWait(const Key& key, const Execution& execution, const in::Frame& frame) {
  const auto* timer = std::get_if<in::AwaitingTimer>(&frame.activity);
  if (timer == nullptr || timer->retry) return;
  const asl::State& state = execution.definition->state(frame.state);
  const auto* wait = std::get_if<asl::Wait>(&state.kind);
  if (wait == nullptr || wait->seconds.present() || timer->due <= world_.wall()) return;
  Violate(key, state.name + " ends at " + FormatTimestamp(world_.wall()) + " and not at " +
                   FormatTimestamp(timer->due));
}

// An outcome is applied once, and one that a worker sent is of the attempt that counts.
void Checker::Outcome(const Key& key, Task& task, in::TaskId id, const std::string& worker,
                      const Json* output) {
  const std::string name = "task " + std::to_string(id);
  if (++task.outcomes > 1) Violate(key, name + " has two outcomes");
  if (worker.empty()) return;
  const engine::TaskRef ref{key.first, key.second, id};
  const auto offers = offered_.find({ref, task.attempt});
  if (offers == offered_.end() || offers->second.count(worker) == 0) {
    return Violate(key, name + " ended by " + worker + ", which was never offered attempt " +
                            std::to_string(task.attempt));
  }
  if (output == nullptr) return;
  const auto run = runs_.find({ref, task.attempt});
  if (run == runs_.end() || run->second.worker != worker || !run->second.succeeded) {
    Violate(key, name + " succeeded by " + worker + ", which never ran attempt " +
                     std::to_string(task.attempt) + " to its end");
  } else if (run->second.output != PrintJson(**output)) {
    Violate(key, name + " has the output " + PrintJson(**output) + ", but the job's was " +
                     run->second.output);
  }
}

Checker::Task* Checker::FindTask(const engine::TaskRef& ref) {
  const auto execution = executions_.find({ref.partition, ref.execution});
  if (execution == executions_.end()) return nullptr;
  const auto task = execution->second.tasks.find(ref.task);
  return task == execution->second.tasks.end() ? nullptr : &task->second;
}

bool Checker::IsOpen(const engine::TaskRef& ref) {
  const Task* const task = FindTask(ref);
  const auto execution = executions_.find({ref.partition, ref.execution});
  return task != nullptr && !task->submitted &&
         execution->second.state.open_tasks.count(ref.task) != 0;
}

void Checker::OnServerPublish(const std::string& topic, const std::string& payload) {
  const auto parsed = jobs::ParseTopic(topic);
  if (!parsed) return;
  if (parsed->kind == jobs::TopicKind::kJobs) CheckOffers(parsed->principal, payload);
  if (parsed->kind == jobs::TopicKind::kControl) CheckControl(parsed->principal, payload);
}

// Nothing is offered that is not durable: the task, and this attempt of it.
void Checker::CheckOffers(const std::string& principal, const std::string& payload) {
  const auto batch = jobs::DecodeJobBatch(payload);
  if (!batch) return world_.Violate("the server sends jobs that do not parse");
  for (const jobs::Offer& offer : batch->jobs) {
    const auto ref = tokens_.Verify(offer.token);
    if (!ref) {
      world_.Violate("an offer's token is not ours");
      continue;
    }
    const Key key{ref->partition, ref->execution};
    const Task* const task = FindTask(*ref);
    if (task == nullptr || task->attempts.count(offer.attempt) == 0) {
      Violate(key, "task " + std::to_string(ref->task) + " attempt " +
                       std::to_string(offer.attempt) + " is offered, but was never committed");
    }
    offered_[{*ref, offer.attempt}].insert(principal);
    if (offer.start == jobs::StartMode::kAtMostOnce) {
      offered_at_most_once_.insert({*ref, offer.attempt});
    }
  }
}

void Checker::CheckControl(const std::string& principal, const std::string& payload) {
  const auto control = jobs::DecodeControl(payload);
  if (!control) return world_.Violate("the server sends a control message that does not parse");
  for (const jobs::Control::Ack& ack : control->acks) {
    const auto ref = tokens_.Verify(ack.token);
    if (!ref || !ack.recorded) continue;
    if (IsOpen(*ref)) {
      Violate({ref->partition, ref->execution},
              "task " + std::to_string(ref->task) +
                  " is acknowledged as recorded, but no outcome was committed");
    }
  }
  for (const jobs::Control::Grant& grant : control->grants) {
    const auto ref = tokens_.Verify(grant.token);
    if (!ref || !grant.start) continue;
    const Task* const task = FindTask(*ref);
    const bool granted = task != nullptr && task->accepted.count(grant.attempt) != 0 &&
                         task->accepted.at(grant.attempt) == principal;
    if (!granted) {
      Violate({ref->partition, ref->execution},
              "task " + std::to_string(ref->task) + " attempt " + std::to_string(grant.attempt) +
                  " is granted to " + principal + ", but that was never committed");
    }
  }
}

void Checker::OnStarted(int partition, store::ExecutionKey key) {
  if (executions_.count({partition, key}) == 0) {
    Violate({partition, key}, "a door was told that it has started, but it was never committed");
  }
}

void Checker::OnJobStart(const std::string& worker, const std::string& token,
                         std::uint32_t attempt) {
  const auto ref = tokens_.Verify(token);
  if (!ref) return world_.Violate("a job was started with a token that is not ours");
  const Key key{ref->partition, ref->execution};
  const std::string name =
      "task " + std::to_string(ref->task) + " attempt " + std::to_string(attempt);
  const auto [run, fresh] = runs_.try_emplace({*ref, attempt}, Run{.worker = worker, .output = {}});
  if (!fresh) Violate(key, name + " runs twice: at " + run->second.worker + " and " + worker);
  const bool at_most_once = offered_at_most_once_.count({*ref, attempt}) != 0;
  if (!started_.insert(*ref).second && at_most_once) {
    Violate(key, name + " is AtMostOnce and had been started before");
  }
}

void Checker::OnCheckpoint(const std::string& token, const std::string& checkpoint) {
  const auto ref = tokens_.Verify(token);
  if (ref) saved_.insert({{ref->partition, ref->execution}, checkpoint});
}

void Checker::OnJobGiven(const std::string& token, const std::string& checkpoint) {
  const auto ref = tokens_.Verify(token);
  if (!ref) return;
  const Key key{ref->partition, ref->execution};
  if (saved_.count({key, checkpoint}) != 0) return;
  Violate(key, "a job was given the checkpoint " + checkpoint + ", which none has saved");
}

void Checker::OnJobSuccess(const std::string& token, std::uint32_t attempt,
                           const std::string& output) {
  const auto ref = tokens_.Verify(token);
  if (!ref) return;
  Run& run = runs_[{*ref, attempt}];
  run.succeeded = true;
  run.output = output;
}

const in::ExecutionState* Checker::Find(const std::string& machine,
                                        const std::string& name) const {
  for (const auto& [key, execution] : executions_) {
    if (execution.row.machine == machine && execution.row.name == name) return &execution.state;
  }
  return nullptr;
}

std::string Checker::Unfinished() const {
  std::string text;
  int more = 0;
  for (const auto& [key, execution] : executions_) {
    if (execution.state.closed() && execution.rows.empty()) continue;
    if (text.size() > 1'000) {
      more++;
      continue;
    }
    text += "\n  " + execution.row.name + (execution.state.closed() ? " closed" : " running");
    for (const std::uint64_t row : execution.rows) text += ", task row " + std::to_string(row);
    for (const auto& [id, frame] : execution.state.frames) {
      text += ", frame " + std::to_string(id) + " " + store::Describe(frame.activity);
    }
  }
  for (const auto& [partition, run] : open_runs_) {
    text += "\n  Map Run " + std::to_string(run.run) + " of execution " +
            std::to_string(partition) + "/" + std::to_string(run.execution) + " is open";
  }
  if (more > 0) text += "\n  and " + std::to_string(more) + " more";
  return text;
}

// Its counters are the sum of its children, which are numbered without a gap.
void Checker::CheckMapRun(const Key& key, const store::MapRunRow& row, store::Store& store) {
  const std::string name = "Map Run " + std::to_string(row.key.run);
  const in::MapRunState run = store::DecodeMapRunState(row.progress);
  if (row.open || run.stopping || run.status == in::MapRunStatus::kRunning) {
    Violate(key, name + " never ended");
  }
  in::MapRunState sum;
  std::uint64_t next = 0;
  store.Children(row.key, 0, [&](const store::ExecutionRow& child) {
    if (child.child_of->index != next++) Violate(key, name + " has lost or doubled a child");
    const auto& info = executions_.at({key.first, child.key}).state.info;
    in::ChildStarted(sum, info.map_child->items);
    if (child.status == store::Status::kRunning) return true;
    in::ChildEnded(sum, {static_cast<in::ExecutionStatus>(child.status), info.map_child->items});
    return true;
  });
  const auto text = [](const in::MapRunCounts& counts) {
    return std::to_string(counts.succeeded) + " succeeded, " +
           std::to_string(counts.unsuccessful() + counts.pending_redrive) + " not, " +
           std::to_string(counts.running) + " run";
  };
  for (const auto& [counted, summed] :
       {std::pair(&run.executions, &sum.executions), std::pair(&run.items, &sum.items)}) {
    if (text(*counted) != text(*summed)) {
      Violate(key, name + " counts " + text(*counted) + "; its children: " + text(*summed));
    }
  }
  if (run.next_child != next) Violate(key, name + " has another number of children than it says");
  const bool succeeded = run.status == in::MapRunStatus::kSucceeded;
  if (succeeded && (!in::IsDrained(run) || in::ToleranceExceeded(run))) {
    Violate(key, name + " has succeeded and should not");
  }
}

void Checker::AtEnd(int partition, store::Store& store) {
  for (const auto& [key, execution] : executions_) {
    if (key.first != partition) continue;
    in::ExecutionState rebuilt;
    store.Steps(key.second, 0, [&](const store::StepRow& step) {
      for (const auto& record : store::DecodeStep(step.events)) {
        in::Apply(*execution.definition, rebuilt, record);
      }
      return true;
    });
    if (store::Describe(rebuilt) != store::Describe(execution.state)) {
      Violate(key, "the stored events give another state than was seen");
    }
    if (!rebuilt.closed()) Violate(key, "never ended");
    for (const store::MapRunRow& row : store.MapRuns(key.second)) CheckMapRun(key, row, store);
  }
  store.OpenTasks([&](const store::TaskRow& row) {
    Violate({partition, row.execution}, "task row " + std::to_string(row.task) + " is left over");
  });
  for (const store::TimerRow& timer : store.TimersDue(Timestamp::max(), 10)) {
    Violate({partition, timer.execution}, "timer " + std::to_string(timer.seq) + " of kind " +
                                              std::to_string(timer.kind) + " is left over");
  }
}

}  // namespace towline::sim
