// What a step leaves behind: rows for the batch, notices and timers for after the commit.

#include "orchestrator/engine/partition.h"
#include "orchestrator/store/event_codec.h"

namespace towline::engine {
namespace {

store::TaskUpdate UpdateOf(store::TaskRow row) {
  return {.key = {row.execution, row.task},
          .state = row.state,
          .attempt = row.attempt,
          .worker = std::move(row.worker),
          .incarnation = row.incarnation};
}

// The history id that the next history event from this step on has.
interpreter::HistoryId FirstId(const interpreter::Step& step, interpreter::HistoryId last_id) {
  for (const auto& record : step.events) {
    if (record.id != 0) return record.id;
  }
  return last_id + 1;
}

std::uint64_t NextRandom(std::uint64_t& state) {  // splitmix64
  std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace

interpreter::Verdict Partition::Run(Live& live, const interpreter::Command& command) {
  counters_.commands++;
  std::optional<blobs::TenantReferences> references;
  if (settings_.blobs != nullptr) {
    references.emplace(*settings_.blobs, live.state.info.tenant,
                       settings_.limits.value_bytes_max);
  }
  const interpreter::Turn turn{.now = now_,
                               .wall = wall_,
                               .seed = NextRandom(seed_),
                               .partition = settings_.number,
                               .activities = &activities_,
                               .references = references ? &*references : nullptr};
  interpreter::Step step =
      interpreter::Advance(*live.definition, live.state, command, turn, settings_.limits);
  const interpreter::Verdict verdict = step.verdict;
  if (!step.events.empty()) Stage(live, std::move(step));
  return verdict;
}

void Partition::Stage(Live& live, interpreter::Step step) {
  staging_ = true;
  store::StepRow row{.execution = live.key,
                     .first_seq = step.events.front().seq,
                     .first_id = FirstId(step, live.state.last_id),
                     .events = store::EncodeStep(step.events)};
  batch_bytes_ += row.events.size();
  blobs::ForEachMention(row.events, [&](std::string_view sha256) {
    batch_.payload_uses.push_back({live.key, std::string(sha256)});
  });
  batch_.steps.push_back(std::move(row));
  if (!live.dirty) {
    live.dirty = true;
    dirty_.push_back(&live);
  }
  for (interpreter::Effect& effect : step.effects) {
    std::visit([&](auto& wish) { Stage(live, wish); }, effect);
  }
  staging_ = false;
}

void Partition::Stage(Live& live, interpreter::OpenTask& open) {
  store::TaskRow row{.execution = live.key,
                     .task = open.task,
                     .attempt = open.attempt,
                     .worker = {},
                     .spec = store::EncodeTask(open)};
  batch_bytes_ += row.spec.size();
  notices_.emplace_back(TaskOpened{
      .task = Ref({live.key, open.task}),
      .execution_arn = live.state.info.arn,
      .execution_tenant = live.state.info.tenant,
      .open = std::make_shared<const interpreter::OpenTask>(std::move(open)),
      .attempt = row.attempt,
      .worker = {}});
  batch_.tasks_opened.push_back(std::move(row));
}

std::optional<store::TaskRow> Partition::TaskRowOf(store::TaskKey key) {
  for (const store::TaskKey& closed : batch_.tasks_closed) {
    if (closed == key) return std::nullopt;
  }
  std::optional<store::TaskRow> row;
  for (const store::TaskRow& opened : batch_.tasks_opened) {
    if (opened.execution == key.execution && opened.task == key.task) row = opened;
  }
  if (!row) row = store_->Task(key);
  if (!row) return row;
  for (const store::TaskUpdate& update : batch_.tasks_updated) {
    if (update.key != key) continue;
    row->state = update.state;
    row->attempt = update.attempt;
    row->worker = update.worker;
    row->incarnation = update.incarnation;
    if (update.spec) row->spec = *update.spec;
  }
  return row;
}

void Partition::ArmHeartbeat(store::TaskKey key, const interpreter::TaskSpec& spec,
                             std::uint32_t attempt, const std::string& execution_tenant,
                             Holder holder) {
  if (!spec.heartbeat_seconds) return;
  const std::string worker = holder.incarnation == 0 ? std::string() : holder.worker;
  heartbeats_.Arm(key,
                  {.attempt = attempt,
                   .period = Seconds{*spec.heartbeat_seconds},
                   .owner = {execution_tenant, spec.tenant, worker}},
                  now_);
}

void Partition::Stage(Live& live, interpreter::UpdateTask& update) {
  using What = interpreter::UpdateTask::What;
  const store::TaskKey key{live.key, update.task};
  std::optional<store::TaskRow> row = TaskRowOf(key);
  CHECK(row.has_value());
  if (update.what == What::kRequeued) return Requeue(live, std::move(*row), update.attempt);
  if (update.what == What::kCheckpointed) {
    interpreter::OpenTask open = store::DecodeTask(row->spec);
    open.checkpoint = update.checkpoint;
    store::TaskUpdate changed = UpdateOf(std::move(*row));
    changed.spec = store::EncodeTask(open);
    batch_.tasks_updated.push_back(std::move(changed));
    return;
  }
  const interpreter::TaskSpec spec = store::DecodeTask(row->spec, false).spec;
  row->worker = update.worker;
  row->incarnation = update.incarnation;
  row->attempt = update.attempt;
  row->state = update.what == What::kSubmitted ? store::TaskState::kSubmitted
                                               : store::TaskState::kAccepted;
  ArmHeartbeat(key, spec, row->attempt, live.state.info.tenant, {row->worker, row->incarnation});
  if (update.what == What::kSubmitted) {
    notices_.emplace_back(TaskSubmittedNotice{Ref(key)});
  } else if (update.what == What::kAccepted) {
    notices_.emplace_back(TaskAccepted{Ref(key), update.attempt, update.worker});
  }
  batch_.tasks_updated.push_back(UpdateOf(std::move(*row)));
}

void Partition::Requeue(Live& live, store::TaskRow row, std::uint32_t attempt) {
  const store::TaskKey key{row.execution, row.task};
  heartbeats_.Disarm(key);
  auto open = std::make_shared<interpreter::OpenTask>(store::DecodeTask(row.spec));
  open->attempt = attempt;
  row.state = store::TaskState::kWaiting;
  row.attempt = attempt;
  row.worker.clear();
  row.incarnation = 0;
  batch_.tasks_updated.push_back(UpdateOf(std::move(row)));
  notices_.emplace_back(TaskOpened{.task = Ref(key),
                                   .execution_arn = live.state.info.arn,
                                   .execution_tenant = live.state.info.tenant,
                                   .open = std::move(open),
                                   .attempt = attempt,
                                   .worker = {},
                                   .requeued = true});
}

void Partition::Stage(Live& live, interpreter::CloseTask& close) {
  const store::TaskKey key{live.key, close.task};
  heartbeats_.Disarm(key);
  bool cancel = close.cancel;
  if (cancel) {
    std::optional<store::TaskRow> row = TaskRowOf(key);
    CHECK(row.has_value());
    // Only what a worker may still be running, activities included, has somebody to be told, and
    // an execution that was started for its end.
    const interpreter::TaskSpec spec = store::DecodeTask(row->spec, false).spec;
    cancel = spec.kind == interpreter::TaskSpec::Kind::kExecution
                 ? spec.child_result != interpreter::TaskSpec::ChildResult::kStarted
                 : spec.kind != interpreter::TaskSpec::Kind::kPublish &&
                       row->state != store::TaskState::kSubmitted;
    if (cancel) {
      row->state = store::TaskState::kCancelling;
      batch_.tasks_updated.push_back(UpdateOf(std::move(*row)));
    }
  }
  if (!cancel) batch_.tasks_closed.push_back(key);
  notices_.emplace_back(TaskClosed{Ref(key), cancel, std::move(close.reason), close.kind});
}

void Partition::Stage(Live& live, interpreter::SetTimer& timer) {
  const std::uint8_t kind = timer.wall ? kWallTimer : static_cast<std::uint8_t>(timer.kind);
  const store::TimerRow row{live.key, timer.seq, kind, timer.due};
  batch_.timers_set.push_back(row);
  timers_.Set(row);  // should the commit fail, all of this memory goes
}

void Partition::Stage(Live& live, interpreter::ClearTimer& timer) {
  store::TimerRow row{live.key, timer.seq, static_cast<std::uint8_t>(timer.kind), {}};
  batch_.timers_cleared.push_back(row);
  timers_.Clear(row);
  if (timer.kind != interpreter::TimerKind::kWait) return;
  row.kind = kWallTimer;  // whichever clock it follows
  batch_.timers_cleared.push_back(row);
  timers_.Clear(row);
}

void Partition::Stage(Live& live, interpreter::CloseExecution& close) {
  batch_.closed.push_back({live.key, static_cast<store::Status>(live.state.status),
                           live.state.stopped_at});
  closed_.emplace_back(live.key, View(live));
  if (const auto& child = live.state.info.map_child) {
    ended_children_.push_back({{child->execution, child->run},
                               {live.state.status, child->items, close.redrivable}});
  }
  counters_.closed++;
}

void Partition::Stage(Live& live, interpreter::ReopenExecution&) {
  batch_.reopened.push_back({live.key, live.state.redrive_count, live.state.redriven_at});
}

void Partition::Stage(Live& live, interpreter::PostContinue&) {
  const store::TimerRow row{live.key, live.state.last_seq, kContinueTimer, now_};
  batch_.timers_set.push_back(row);
  timers_.Set(row);
}

}  // namespace towline::engine
