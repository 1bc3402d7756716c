#include "orchestrator/engine/partition.h"

#include <algorithm>

#include "orchestrator/store/event_codec.h"
#include "statemachines/base/log.h"

namespace towline::engine {
namespace {

constexpr std::size_t kTimersPerRound = 2'048;
constexpr int kPurgePerRound = 200;
constexpr std::uint64_t kEvictReplayMax = 200;  // events: beyond, eviction leaves a snapshot
constexpr Millis kPurgeEvery{60'000};

}  // namespace

Partition::Partition(PartitionSettings settings, std::unique_ptr<store::Store> store,
                     Definitions& definitions, const interpreter::Activities& activities,
                     TaskSink& sink, WatchHub* hub, MapRunSink* map_runs)
    : settings_(settings),
      store_(std::move(store)),
      definitions_(definitions),
      activities_(activities),
      sink_(sink),
      hub_(hub),
      map_run_sink_(map_runs),
      inbox_(settings_.inbox_max),
      seed_(settings_.seed),
      cache_(settings_.cache_max),
      timers_(settings_.timer_horizon) {}

Partition::~Partition() = default;

Timestamp Partition::RunOnce(Moment at) {
  now_ = std::max(now_, at.now);
  wall_ = at.wall;
  if (!available_ && !Recover()) {
    RefuseWaiting();
    return retry_at_;
  }
  std::vector<Request> again = std::exchange(deferred_, {});
  try {
    for (Request& request : again) Dispatch(request);
    std::deque<Request> taken = inbox_.Take(settings_.batch_max);
    for (auto request = taken.begin(); request != taken.end(); ++request) {
      Dispatch(*request);
      if (batch_bytes_ > settings_.batch_bytes_max) {
        inbox_.PutBack(taken, request + 1);
        break;
      }
    }
    FireTimers();
    timers_.Refill(*store_, {now_, wall_});
    SettleMapRuns();
    if (now_ >= purge_at_) Purge();
  } catch (const store::StoreError& error) {
    Break(error.what());
    return retry_at_;
  }
  if (!Commit()) return retry_at_;
  Release();
  Evict();
  if (!deferred_.empty() || inbox_.size() != 0) return Timestamp::min();
  return std::min({timers_.Next({now_, wall_}), heartbeats_.Next(), purge_at_});
}

void Partition::Dispatch(Request& request) {
  try {
    std::visit([this](auto& what) { Handle(what); }, request);
  } catch (const store::StoreError& error) {
    // Nothing staged yet: one unreadable execution must not take the others down.
    if (staging_) throw;
    Log(LogLevel::kError, "request_failed", {{"why", error.what()}});
    Refuse(request, error.what());
  }
}

Live* Partition::Load(store::ExecutionKey key) {
  if (Live* const cached = cache_.Find(key)) return cached;
  const auto row = store_->Get(key);
  if (!row) return nullptr;
  auto live = std::make_unique<Live>();
  live->key = key;
  live->definition = definitions_.Find(row->revision);
  if (live->definition == nullptr) {
    throw store::StoreError("execution " + row->name + " refers to definition " + row->revision +
                            ", which the catalogue does not hold");
  }
  if (const auto snapshot = store_->Snapshot(key)) {
    live->state = store::DecodeState(snapshot->state);
    live->snapshot_seq = snapshot->last_seq;
  }
  store_->Steps(key, live->state.last_seq + 1, [&](const store::StepRow& step) {
    for (const auto& record : store::DecodeStep(step.events)) {
      interpreter::Apply(*live->definition, live->state, record);
      counters_.replayed++;
    }
    return true;
  });
  return &cache_.Insert(std::move(live));
}

Live* Partition::LoadByName(const ExecutionName& name) {
  const auto fresh = batch_names_.find(name.tenant + "/" + name.machine + "/" + name.name);
  if (fresh != batch_names_.end()) return Load(fresh->second);
  const auto row = store_->Find(name.tenant, name.machine, name.name);
  return row ? Load(row->key) : nullptr;
}

ExecutionView Partition::View(const Live& live) const {
  const interpreter::ExecutionState& state = live.state;
  ExecutionView view{.key = live.key,
                     .arn = state.info.arn,
                     .status = state.status,
                     .started = state.started_at,
                     .output = state.output,
                     .error = state.error,
                     .cause = state.cause};
  if (state.closed()) view.stopped = state.stopped_at;
  view.redrive_count = state.redrive_count;
  if (state.redrive_count > 0) view.redriven = state.redriven_at;
  return view;
}

void Partition::FireTimers() {
  // Taken first and run then: what they set is due in the next round at the earliest, behind what
  // already waits, so that no execution can keep the partition to itself.
  std::vector<store::TimerRow> due;
  const Moment at{now_, wall_};
  for (auto timer = timers_.TakeDue(at); timer; timer = timers_.TakeDue(at)) {
    due.push_back(*timer);
    if (due.size() == kTimersPerRound) break;
  }
  for (const store::TimerRow& timer : due) Fire(timer);
  while (const auto missed = heartbeats_.TakeMissed(now_)) {
    if (Live* const live = Load(missed->execution)) {
      Run(*live, interpreter::FireTimer{missed->task, interpreter::TimerKind::kTaskHeartbeat});
    }
  }
}

void Partition::Fire(const store::TimerRow& timer) {
  Live* live = nullptr;
  try {
    live = Load(timer.execution);
  } catch (const store::StoreError& error) {
    // Its row stays and comes up again with a later refill.
    Log(LogLevel::kError, "timer_failed", {{"why", error.what()}});
    return;
  }
  batch_.timers_cleared.push_back(timer);
  if (live == nullptr) return;
  if (timer.kind == kContinueTimer) {
    Run(*live, interpreter::Continue{});
    return;
  }
  const bool wall = timer.kind == kWallTimer;
  const Millis late = (wall ? wall_ : now_) - timer.due;
  counters_.timer_lateness_max = std::max(counters_.timer_lateness_max, late);
  const auto kind = wall ? interpreter::TimerKind::kWait
                         : static_cast<interpreter::TimerKind>(timer.kind);
  Run(*live, interpreter::FireTimer{timer.seq, kind});
}

bool Partition::Commit() {
  for (Live* const live : dirty_) {
    const bool due = live->state.last_seq - live->snapshot_seq >= settings_.snapshot_events;
    if (!due || live->state.closed()) continue;
    batch_.snapshots.push_back(
        {live->key, live->state.last_seq, store::EncodeState(live->state)});
    live->snapshot_seq = live->state.last_seq;
  }
  StageMapRuns();
  if (batch_.empty()) return true;
  try {
    store_->Commit(batch_);
  } catch (const store::StoreError& error) {
    Break(error.what());
    return false;
  }
  counters_.commits++;
  return true;
}

void Partition::Release() {
  if (!notices_.empty()) sink_.Post(std::exchange(notices_, {}));
  ReleaseMapRuns();
  for (const auto& reply : replies_) reply(true);
  for (const auto& [key, view] : closed_) {
    auto waiting = waiters_.extract(key);
    if (waiting.empty()) continue;
    for (const Waiter& waiter : waiting.mapped()) {
      waiter_ids_.erase(waiter.id);
      waiter.reply(view);
    }
  }
  for (Live* const live : dirty_) {
    live->dirty = false;
    if (hub_ != nullptr && hub_->watched()) {
      hub_->Notify({settings_.number, live->key}, Notice{.kind = Notice::Kind::kSteps,
                                                         .last_seq = live->state.last_seq,
                                                         .closed = live->state.closed()});
    }
  }
  for (const auto& [key, view] : closed_) cache_.Erase(key);
  ForgetBatch();
}

void Partition::ForgetBatch() {
  batch_.Clear();
  batch_bytes_ = 0;
  batch_names_.clear();
  touched_runs_.clear();
  ended_children_.clear();
  run_replies_.clear();
  dirty_.clear();
  replies_.clear();
  notices_.clear();
  closed_.clear();
}

void Partition::Evict() {
  while (Live* const live = cache_.Oldest()) {
    if (live->state.last_seq - live->snapshot_seq > kEvictReplayMax) {
      batch_.snapshots.push_back(
          {live->key, live->state.last_seq, store::EncodeState(live->state)});
    }
    cache_.Erase(live->key);
  }
}

void Partition::Purge() {
  if (settings_.retention == std::chrono::hours::max()) {
    purge_at_ = Timestamp::max();
    return;
  }
  std::vector<store::ExecutionKey> old =
      store_->ClosedBefore(now_ - settings_.retention, kPurgePerRound);
  // A full round means that there is more: go on at once, behind what waits.
  purge_at_ = old.size() < kPurgePerRound ? now_ + kPurgeEvery : now_;
  for (const store::ExecutionKey key : old) cache_.Erase(key);
  batch_.deleted = std::move(old);
}

void Partition::Checkpoint() {
  if (available_) store_->Checkpoint();
}

}  // namespace towline::engine
