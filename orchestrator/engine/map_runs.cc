// Map Runs: the part of a partition that starts, counts and ends their children.

#include <algorithm>

#include "orchestrator/engine/partition.h"
#include "orchestrator/store/event_codec.h"

namespace towline::engine {
namespace {

namespace in = interpreter;

// Children looked at for one request: more would hold up everybody else of the partition.
constexpr std::size_t kVisitedMax = 2'000;

constexpr std::string_view kThresholdError = "States.ExceedToleratedFailureThreshold";
constexpr std::string_view kThresholdCause =
    "The specified tolerated failure threshold was exceeded";

Error NotOpen() {
  return Error{Error::Code::kNotFound, "the Map Run is not open any more", "ResourceNotFound"};
}

std::string ChildMachine(const in::ExecutionInfo& parent, const std::string& label) {
  return parent.machine + "/" + label;
}

in::ExecutionInfo ChildInfo(const in::ExecutionInfo& parent, const store::MapRunKey& key,
                            const store::MapRunOrder& order, std::uint64_t index,
                            std::uint32_t items) {
  const std::string prefix = "arn:towline:states:local:" + parent.tenant;
  in::ExecutionInfo info;
  info.tenant = parent.tenant;
  info.machine = ChildMachine(parent, order.spec.label);
  info.name = order.spec.id + "-" + std::to_string(index);
  info.arn = prefix + ":execution:" + info.machine + ":" + info.name;
  info.machine_arn = prefix + ":stateMachine:" + info.machine;
  info.role_arn = parent.role_arn;
  info.revision = parent.revision;
  info.parent_arn = parent.arn;
  info.scope = order.scope;
  info.map_child = in::MapChild{.execution = key.execution,
                                .run = key.run,
                                .index = index,
                                .items = items};
  return info;
}

}  // namespace

Partition::LiveMapRun* Partition::FindMapRun(const store::MapRunKey& key) {
  const auto found = map_runs_.find(key);
  return found == map_runs_.end() ? nullptr : &found->second;
}

void Partition::Touch(const store::MapRunKey& key) { touched_runs_.insert(key); }

void Partition::Stage(Live& live, in::OpenMapRun& open) {
  const store::MapRunKey key{live.key, open.run};
  auto order = std::make_shared<const store::MapRunOrder>(store::MapRunOrder{
      open.frame, open.state, open.scope, std::move(open.spec)});
  LiveMapRun run;
  run.state = in::BeginMapRun(order->spec, now_);
  run.order = order;
  run.revision = live.state.info.revision;
  run.is_new = true;
  batch_.map_runs_started.push_back({.key = key,
                                     .id = order->spec.id,
                                     .spec = store::EncodeMapRunOrder(*order),
                                     .progress = {}});
  batch_bytes_ += batch_.map_runs_started.back().spec.size();
  map_runs_.emplace(key, std::move(run));
  Touch(key);
}

void Partition::Stage(Live& live, in::CloseMapRun& close) {
  const store::MapRunKey key{live.key, close.run};
  LiveMapRun* const run = FindMapRun(key);
  if (run == nullptr || run->state.status != in::MapRunStatus::kRunning) return;
  in::EndMapRun(run->state, in::MapRunStatus::kAborted, now_);
  Touch(key);
}

// The parent is redriven: so is the Map Run that it was waiting for.
void Partition::Stage(Live& live, in::ReopenMapRun& reopen) {
  const store::MapRunKey key{live.key, reopen.run};
  LiveMapRun* run = FindMapRun(key);
  if (run == nullptr) {
    const auto row = store_->MapRun(key);
    CHECK(row.has_value());
    LiveMapRun read;
    read.state = store::DecodeMapRunState(row->progress);
    read.order = std::make_shared<const store::MapRunOrder>(store::DecodeMapRunOrder(row->spec));
    run = &map_runs_.emplace(key, std::move(read)).first->second;
  }
  in::RedriveMapRun(run->state, now_);
  run->revision = live.state.info.revision;
  run->open = true;
  run->is_new = true;  // the runner has perhaps forgotten it
  Touch(key);
}

void Partition::Handle(StartChildren& request) {
  const store::MapRunKey key = request.run.key;
  LiveMapRun* const run = FindMapRun(key);
  if (run == nullptr) return request.reply(NotOpen());
  const bool wanted = run->state.status == in::MapRunStatus::kRunning &&
                      request.from == run->state.next_child && !run->state.exhausted;
  if (wanted) {
    Live* const parent = Load(key.execution);
    CHECK(parent != nullptr);
    const in::ExecutionInfo parent_info = parent->state.info;
    const auto definition = parent->definition;
    for (StartChildren::Child& child : request.children) {
      const std::uint64_t index = run->state.next_child;
      in::ChildStarted(run->state, child.items);
      StartChild(ChildInfo(parent_info, key, *run->order, index, child.items), definition,
                 std::move(child.input));
    }
    run->state.cursor = std::move(request.cursor);
    run->state.exhausted = request.exhausted;
    Touch(key);
  }
  AnswerWithView(key, std::move(request.reply));
}

void Partition::StartChild(in::ExecutionInfo info,
                           std::shared_ptr<const asl::Definition> definition, Json input) {
  auto made = std::make_unique<Live>();
  made->key = ++last_key_;
  made->definition = std::move(definition);
  Live& live = cache_.Insert(std::move(made));
  batch_.started.push_back(
      {.key = live.key,
       .tenant = info.tenant,
       .machine = info.machine,
       .name = info.name,
       .revision = info.revision,
       .started = now_,
       .child_of = store::ChildOf{{info.map_child->execution, info.map_child->run},
                                  info.map_child->index}});
  counters_.started++;
  Run(live, in::Start{std::move(info), std::move(input)});
}

// The children with number >= from that `matches`, at most `limit`, perhaps none; and where to go
// on, `from` at the end.
std::vector<store::ExecutionKey> Partition::ChildrenFrom(
    const store::MapRunKey& key, std::uint64_t from, std::size_t limit,
    const std::function<bool(store::Status)>& matches, std::uint64_t& next) {
  std::vector<store::ExecutionKey> keys;
  next = from;
  std::size_t visited = 0;
  store_->Children(key, from, [&](const store::ExecutionRow& row) {
    if (matches(row.status)) keys.push_back(row.key);
    next = row.child_of->index + 1;
    return keys.size() < limit && ++visited < kVisitedMax;
  });
  return keys;
}

void Partition::Handle(RedriveChildren& request) {
  const store::MapRunKey key = request.run.key;
  LiveMapRun* const run = FindMapRun(key);
  if (run == nullptr) return request.reply(NotOpen(), request.from);
  std::uint64_t next = request.from;
  const std::uint64_t room = std::min<std::uint64_t>(in::Room(run->state), request.limit);
  if (room > 0) {
    const auto keys = ChildrenFrom(key, request.from, room, [](store::Status status) {
      return status != store::Status::kRunning && status != store::Status::kSucceeded;
    }, next);
    for (const store::ExecutionKey child : keys) {
      Live* const live = Load(child);
      CHECK(live != nullptr);
      if (live->dirty || !live->state.closed()) continue;
      RedriveChild(*live, *run);
    }
    Touch(key);
  }
  AnswerWithView(key, [next, reply = std::move(request.reply)](Result<MapRunView> view) {
    reply(std::move(view), next);
  });
}

void Partition::RedriveChild(Live& live, LiveMapRun& run) {
  std::string why;
  in::Redrive command{.remains = RemainsOf(live, why)};
  if (command.remains == nullptr) return;  // its history is full: it counts as what it was
  in::ChildRedriven(run.state, live.state.info.map_child->items);
  Run(live, command);
}

void Partition::Handle(StopChildren& request) {
  const store::MapRunKey key = request.run.key;
  LiveMapRun* const run = FindMapRun(key);
  if (run == nullptr) return request.reply(NotOpen(), request.from);
  std::uint64_t next = request.from;
  if (run->state.status != in::MapRunStatus::kRunning) {
    const auto keys = ChildrenFrom(
        key, request.from, request.limit,
        [](store::Status status) { return status == store::Status::kRunning; }, next);
    for (const store::ExecutionKey child : keys) {
      Live* const live = Load(child);
      CHECK(live != nullptr);
      if (!live->state.closed()) Run(*live, in::Stop{{}, "The Map Run has ended"});
    }
  }
  AnswerWithView(key, [next, reply = std::move(request.reply)](Result<MapRunView> view) {
    reply(std::move(view), next);
  });
}

void Partition::Handle(FinishMapRun& request) {
  const store::MapRunKey key = request.run.key;
  LiveMapRun* const run = FindMapRun(key);
  if (run == nullptr) return request.reply(NotOpen());
  in::MapRunState& state = run->state;
  // A word about what was before a redrive is void.
  if (request.redrive_count != state.redrive_count) {
    return AnswerWithView(key, std::move(request.reply));
  }
  if (state.status == in::MapRunStatus::kRunning && request.failure) {
    FailMapRun(key, *run, *request.failure);
  } else if (state.status == in::MapRunStatus::kRunning && request.output &&
             in::IsDrained(state) && !in::ToleranceExceeded(state)) {
    in::EndMapRun(state, in::MapRunStatus::kSucceeded, now_);
    state.results_written = true;
    run->open = false;
    if (Live* const parent = Load(key.execution)) {
      Run(*parent, in::SucceedMapRun{key.run, *request.output});
    }
  } else if (state.status != in::MapRunStatus::kRunning && !state.stopping) {
    state.results_written = request.output && !(*request.output)->is_null();
    run->open = false;
  }
  Touch(key);
  AnswerWithView(key, std::move(request.reply));
}

void Partition::Handle(UpdateMapRun& request) {
  const store::MapRunKey key = request.run.key;
  LiveMapRun* const run = FindMapRun(key);
  if (run == nullptr || run->state.status != in::MapRunStatus::kRunning) {
    return request.reply(NotOpen());
  }
  if (request.max_concurrency) run->state.max_concurrency = *request.max_concurrency;
  if (request.tolerated_count) run->state.tolerated_count = *request.tolerated_count;
  if (request.tolerated_percentage) {
    run->state.tolerated_percentage = *request.tolerated_percentage;
  }
  Touch(key);
  AnswerWithView(key, std::move(request.reply));
}

void Partition::FailMapRun(const store::MapRunKey& key, LiveMapRun& run, in::Failure failure) {
  in::EndMapRun(run.state, in::MapRunStatus::kFailed, now_);
  Touch(key);
  if (Live* const parent = Load(key.execution)) {
    Run(*parent, in::FailMapRun{key.run, std::move(failure.error), std::move(failure.cause)});
  }
}

// Answers once the batch is durable, with the run as it then is.
void Partition::AnswerWithView(const store::MapRunKey& key, MapRunReply reply) {
  run_replies_.emplace_back(key, std::move(reply));
}

// What the children that have ended in this batch mean for their runs. A run that fails ends its
// parent's wait, which may end other runs: until nothing is left.
void Partition::SettleMapRuns() {
  do {
    for (const EndedChild& child : std::exchange(ended_children_, {})) {
      LiveMapRun* const run = FindMapRun(child.run);
      if (run == nullptr) continue;
      in::ChildEnded(run->state, child.end);
      run->state.stopping = run->state.stopping && run->state.executions.running > 0;
      Touch(child.run);
    }
  } while (JudgeTolerance() || !ended_children_.empty());
}

// Of every run that this batch has changed: a child that failed, the last item that was read and a
// lower tolerance may each be what was missing. True when a run has failed.
bool Partition::JudgeTolerance() {
  for (const store::MapRunKey& key : touched_runs_) {
    LiveMapRun& run = map_runs_.at(key);
    if (run.state.status != in::MapRunStatus::kRunning) continue;
    if (!in::ToleranceExceeded(run.state)) continue;
    FailMapRun(key, run,
               in::Failure{.error = std::string(kThresholdError),
                           .cause = std::string(kThresholdCause)});
    return true;
  }
  return false;
}

// The rows of the runs that this batch has changed.
void Partition::StageMapRuns() {
  for (const store::MapRunKey& key : touched_runs_) {
    const LiveMapRun& run = map_runs_.at(key);
    std::string progress = store::EncodeMapRunState(run.state);
    const auto started =
        std::find_if(batch_.map_runs_started.begin(), batch_.map_runs_started.end(),
                     [&key](const store::MapRunRow& row) { return row.key == key; });
    if (started != batch_.map_runs_started.end()) {
      started->open = run.open;
      started->progress = std::move(progress);
    } else {
      batch_.map_runs_updated.push_back({key, run.open, std::move(progress)});
    }
  }
}

// After the commit.
void Partition::ReleaseMapRuns() {
  std::vector<MapRunNotice> notices;
  for (const store::MapRunKey& key : touched_runs_) {
    LiveMapRun& run = map_runs_.at(key);
    MapRunNotice& notice = notices.emplace_back();
    notice.run = {settings_.number, key};
    notice.revision = run.revision;
    if (std::exchange(run.is_new, false)) notice.order = run.order;
    notice.view = {run.state, run.open};
  }
  if (!notices.empty() && map_run_sink_ != nullptr) {
    map_run_sink_->Post(settings_.number, false, std::move(notices));
  }
  for (auto& [key, reply] : run_replies_) {
    const LiveMapRun* const run = FindMapRun(key);
    CHECK(run != nullptr);
    reply(MapRunView{run->state, run->open});
  }
  for (const store::MapRunKey& key : touched_runs_) {
    if (!map_runs_.at(key).open) map_runs_.erase(key);
  }
}

void Partition::RecoverMapRuns() {
  map_runs_.clear();
  store_->OpenMapRuns([this](const store::MapRunRow& row) {
    LiveMapRun& run = map_runs_[row.key];
    run.state = store::DecodeMapRunState(row.progress);
    run.order = std::make_shared<const store::MapRunOrder>(store::DecodeMapRunOrder(row.spec));
  });
  for (auto& [key, run] : map_runs_) {
    const auto parent = store_->Get(key.execution);
    if (!parent) throw store::StoreError("a Map Run refers to an execution that does not exist");
    run.revision = parent->revision;
  }
  if (map_run_sink_ == nullptr) return;
  std::vector<MapRunNotice> notices;
  for (const auto& [key, run] : map_runs_) {
    MapRunNotice& notice = notices.emplace_back();
    notice.run = {settings_.number, key};
    notice.revision = run.revision;
    notice.order = run.order;
    notice.view = {run.state, run.open};
  }
  map_run_sink_->Post(settings_.number, true, std::move(notices));
}

}  // namespace towline::engine
