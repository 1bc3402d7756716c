#include "orchestrator/api/explain.h"

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "orchestrator/api/convert.h"
#include "orchestrator/api/execution_state.h"
#include "orchestrator/api/executions.h"
#include "orchestrator/api/explain_tasks.h"
#include "orchestrator/store/event_codec.h"
#include "orchestrator/store/map_run_codec.h"

namespace towline::api {
namespace {

namespace in = interpreter;

constexpr int kWaitingMax = 100;

// "Fan[3]/Resize": the states around a frame, and its own.
std::string PathOf(const asl::Definition& definition, const in::ExecutionState& state,
                   const in::Frame& frame) {
  std::string path = definition.state(frame.state).name;
  const in::Frame* inner = &frame;
  while (inner->id != in::kRootFrame) {
    const auto outer = state.frames.find(inner->parent);
    if (outer == state.frames.end()) break;
    path.insert(0, "[" + std::to_string(inner->index) + "]/");
    path.insert(0, definition.state(outer->second.state).name);
    inner = &outer->second;
  }
  return path;
}

// What the last try failed with; it stands right before the RetryScheduled.
std::string LastFailure(store::Queries& reader, store::ExecutionKey key, std::uint64_t retry,
                        v1::Waiting* to) {
  std::string text;
  reader.StepsBackwards(key, retry, [&](const store::StepRow& step) {
    for (const in::EventRecord& record : store::DecodeStep(step.events)) {
      if (record.seq > retry) break;
      SetTime(to->mutable_since(), record.time);
      if (const auto* failed = std::get_if<in::TaskFailed>(&record.event)) {
        text = failed->error.value_or("(no error name)");
        if (failed->cause) text += ": " + failed->cause->substr(0, 200);
      } else if (const auto* late = std::get_if<in::TaskTimedOut>(&record.event)) {
        text = late->heartbeat ? "States.Timeout (no heartbeat)" : "States.Timeout";
      } else if (std::holds_alternative<in::ParallelFailed>(record.event) ||
                 std::holds_alternative<in::MapFailed>(record.event)) {
        text = text.empty() ? "one of its branches failed" : text;
      }
    }
    return false;
  });
  return text;
}

class Explanation {
 public:
  Explanation(Foundation& base, const Located& located, v1::ExplainExecutionResponse* to)
      : base_(base),
        located_(located),
        short_name_(located.row.machine + "/" + located.row.name),
        definition_(base.DefinitionOf(located.row)),
        to_(to) {}

  void Gather() {
    const Readers::Lease reader(base_.readers, located_.partition);
    mask_ = base_.MaskOf(*reader, located_.partition, located_.row);
    const in::ExecutionState state = LoadState(*reader, located_.row.key, *definition_);
    for (store::TaskRow& row : reader->Tasks(located_.row.key)) {
      const std::uint64_t task = row.task;
      rows_.emplace(task, std::move(row));
    }
    for (const auto& [id, frame] : state.frames) AddFrame(*reader, state, frame);
    for (const auto& [task, row] : rows_) {
      if (row.state == store::TaskState::kCancelling && !used_.contains(task)) AddCancel(row);
    }
  }

  // By place in the answer: what dispatch must be asked about.
  const std::vector<std::pair<int, engine::TaskRef>>& tasks() const { return tasks_; }
  const std::string& short_name() const { return short_name_; }
  const SensitiveMask& mask() const { return mask_; }

 private:
  v1::Waiting* Add() {
    if (to_->waiting_size() < kWaitingMax) return to_->add_waiting();
    to_->set_more(to_->more() + 1);
    return nullptr;
  }

  void AddFrame(store::Queries& reader, const in::ExecutionState& state, const in::Frame& frame) {
    if (std::holds_alternative<in::AwaitingChildren>(frame.activity)) return;
    v1::Waiting* waiting = Add();
    if (waiting == nullptr) return;
    waiting->set_state(definition_->state(frame.state).name);
    waiting->set_path(PathOf(*definition_, state, frame));
    waiting->set_retry_count(frame.retry_count);
    SetTime(waiting->mutable_since(), frame.entered_at);
    if (const auto* timer = std::get_if<in::AwaitingTimer>(&frame.activity)) {
      AddTimer(reader, *timer, waiting);
    } else if (const auto* task = std::get_if<in::AwaitingTask>(&frame.activity)) {
      AddTask(*task, frame, waiting);
    } else if (const auto* run = std::get_if<in::AwaitingMapRun>(&frame.activity)) {
      AddMapRun(reader, *run, waiting);
    } else {
      waiting->set_what(v1::Waiting::FOR_RUNNING);
      waiting->set_reason("Nothing: its next step is due at once.");
    }
    BoundByExecution(state, waiting);
  }

  // No wait outlives the execution's own TimeoutSeconds.
  void BoundByExecution(const in::ExecutionState& state, v1::Waiting* waiting) {
    const auto budget = state.budget_seconds(*definition_);
    if (!budget) return;
    google::protobuf::Timestamp end;
    SetTime(&end, state.budget_from() + Seconds{*budget});
    const auto rank = [](const google::protobuf::Timestamp& time) {
      return std::pair(time.seconds(), time.nanos());
    };
    if (!waiting->has_until() || rank(end) < rank(waiting->until())) {
      *waiting->mutable_until() = end;
    }
  }

  void AddTimer(store::Queries& reader, const in::AwaitingTimer& timer, v1::Waiting* waiting) {
    SetTime(waiting->mutable_until(), timer.due);
    waiting->set_what(timer.retry ? v1::Waiting::FOR_RETRY : v1::Waiting::FOR_TIMER);
    if (!timer.retry) {
      waiting->set_reason("The Wait state ends at " + FormatTimestamp(timer.due) + ".");
      return;
    }
    std::string failure =
        mask_.Text(LastFailure(reader, located_.row.key, timer.timer, waiting));
    base_.MaskTokens(located_.partition, located_.row.key, failure);
    waiting->set_reason("The last try failed" + (failure.empty() ? "" : " (" + failure + ")") +
                        "; the next one is due at " + FormatTimestamp(timer.due) + ".");
  }

  void AddTask(const in::AwaitingTask& task, const in::Frame& frame, v1::Waiting* waiting) {
    waiting->set_task(task.task);
    SetTime(waiting->mutable_scheduled(), frame.entered_at);
    const auto row = rows_.find(task.task);
    if (row == rows_.end()) {
      // It ended, or was not open yet, between two looks of ours at the store.
      waiting->set_what(v1::Waiting::FOR_RUNNING);
      waiting->set_reason("Nothing: the task is just changing hands; ask again.");
      return;
    }
    used_.insert(task.task);
    FillTask(OpenTaskFacts{.row = row->second,
                           .open = store::DecodeTask(row->second.spec),
                           .waits = &task,
                           .execution = short_name_},
             waiting);
    AskAbout(task.task);
  }

  void AddMapRun(store::Queries& reader, const in::AwaitingMapRun& awaiting,
                 v1::Waiting* waiting) {
    waiting->set_what(v1::Waiting::FOR_MAP_RUN);
    const auto row = reader.MapRun({located_.row.key, awaiting.run});
    if (!row) {  // begun between two looks of ours at the store
      waiting->set_reason("Its Map Run has just begun; ask again.");
      return;
    }
    const std::string arn = store::DecodeMapRunOrder(row->spec).spec.arn;
    const in::MapRunState run = store::DecodeMapRunState(row->progress);
    waiting->set_map_run(arn);
    const in::MapRunCounts& counts = run.executions;
    std::string text = "Of the children of its Map Run " + std::to_string(counts.running) +
                       " run, " + std::to_string(counts.succeeded) + " have succeeded, " +
                       std::to_string(counts.unsuccessful()) + " have not";
    if (counts.pending_redrive > 0) {
      text += ", " + std::to_string(counts.pending_redrive) + " are to run again";
    }
    waiting->set_reason(text + (run.exhausted ? "." : "; there are more items to come."));
    waiting->set_advice("See its children: towline map-run describe " + arn);
  }

  void AddCancel(const store::TaskRow& row) {
    v1::Waiting* waiting = Add();
    if (waiting == nullptr) return;
    const in::OpenTask open = store::DecodeTask(row.spec);
    waiting->set_state(open.state);
    waiting->set_path(open.state);
    FillTask(OpenTaskFacts{.row = row, .open = open, .waits = nullptr, .execution = short_name_},
             waiting);
    AskAbout(row.task);
  }

  void AskAbout(std::uint64_t task) {
    tasks_.emplace_back(to_->waiting_size() - 1,
                        engine::TaskRef{located_.partition, located_.row.key, task});
  }

  Foundation& base_;
  const Located& located_;
  const std::string short_name_;
  SensitiveMask mask_;
  const std::shared_ptr<const asl::Definition> definition_;
  v1::ExplainExecutionResponse* const to_;
  std::map<std::uint64_t, store::TaskRow> rows_;
  std::set<std::uint64_t> used_;
  std::vector<std::pair<int, engine::TaskRef>> tasks_;
};

std::string Summary(const v1::ExplainExecutionResponse& response) {
  if (response.execution().status() != v1::EXECUTION_STATUS_RUNNING) {
    std::string text = "It has ended: " +
                       v1::ExecutionStatus_Name(response.execution().status())
                           .substr(std::string_view("EXECUTION_STATUS_").size());
    if (response.execution().has_error()) text += ", " + response.execution().error();
    if (response.execution().has_cause()) text += ": " + response.execution().cause();
    const bool pending = response.waiting_size() > 0;
    return text + (pending ? ". Cancelled jobs are not confirmed dead yet." : ".");
  }
  if (response.waiting_size() == 0) return "It is running; nothing holds it up.";
  const v1::Waiting& first = response.waiting(0);
  const auto others = static_cast<std::uint32_t>(response.waiting_size() - 1) + response.more();
  std::string text = "In state " + first.path() + ": " + first.reason();
  if (others > 0) text += " (and " + std::to_string(others) + " more)";
  return text;
}

}  // namespace

void Explain::Execution(const v1::ExplainExecutionRequest& request,
                        const Reply<v1::ExplainExecutionResponse>& reply) {
  const auto located = base_.Locate(reply.asker(), Action::kViewExecutions, request.execution());
  if (!located) return reply.Fail(located.error());
  auto response = std::make_shared<v1::ExplainExecutionResponse>();
  FillExecution(located->row, response->mutable_execution());
  SetTime(response->mutable_now(), base_.parts.clock());
  if (located->row.status != store::Status::kRunning) {
    const Readers::Lease reader(base_.readers, located->partition);
    FillPayloads(base_, *reader, located->partition, located->row, response->mutable_execution());
    response->mutable_execution()->clear_input();
    response->mutable_execution()->clear_output();
  }
  Explanation explanation(base_, *located, response.get());
  explanation.Gather();
  if (explanation.tasks().empty()) {
    response->set_summary(Summary(*response));
    return reply.Send(std::move(*response));
  }
  base_.parts.fleet.Ask([this, reply, response, tasks = explanation.tasks(),
                         name = explanation.short_name(), mask = explanation.mask()](
                            dispatch::Dispatcher& dispatcher, Timestamp now) {
    for (const auto& [place, ref] : tasks) {
      v1::Waiting* const waiting = response->mutable_waiting(place);
      FillReason(dispatcher.Describe(ref, now), name, waiting);
      for (std::string* const text : {waiting->mutable_message(), waiting->mutable_reason()}) {
        *text = mask.Text(std::move(*text));
        base_.MaskTokens(ref.partition, ref.execution, *text);
      }
    }
    response->set_summary(Summary(*response));
    reply.Send(std::move(*response));
  });
}

}  // namespace towline::api
