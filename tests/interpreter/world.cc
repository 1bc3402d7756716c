#include "tests/interpreter/world.h"

#include <algorithm>

#include "statemachines/interpreter/redrive.h"

namespace towline::interpreter {
namespace {

constexpr std::size_t kRebuildEventsMax = 2'000;  // beyond it, each rebuild takes too long

ExecutionInfo SomeExecution() {
  const std::string states = "arn:aws:states:us-east-1:111111111111:";
  ExecutionInfo info;
  info.tenant = "default";
  info.machine = "machine";
  info.name = "run";
  info.arn = states + "execution:machine:run";
  info.machine_arn = states + "stateMachine:machine";
  info.role_arn = "snf_role_arn";
  info.revision = "r1";
  return info;
}

}  // namespace

World::World(std::shared_ptr<const asl::Definition> definition, const Limits& limits,
             std::uint64_t seed)
    : definition_(std::move(definition)),
      limits_(limits),
      seed_(seed),
      now_(std::chrono::sys_days(std::chrono::year{2024} / 3 / 1)) {}

Step World::Begin(const Json& input) { return Do(Start{SomeExecution(), input}); }

Step World::BeginOnce(const Json& input) { return DoOnce(Start{SomeExecution(), input}); }

Step World::Do(const Command& command) {
  Step step = DoOnce(command);
  while (wants_continue_) DoOnce(Continue{});
  return step;
}

Step World::DoOnce(const Command& command) {
  if (const auto* fire = std::get_if<FireTimer>(&command)) timers_.erase({fire->seq, fire->kind});
  if (std::holds_alternative<Continue>(command)) wants_continue_ = false;
  const Turn turn{.now = now_,
                  .wall = now_ + wall_off_,
                  .seed = seed_++,
                  .activities = activities_,
                  .references = references_};
  Step step = Advance(*definition_, state_, command, turn, limits_);
  CheckStep(step);
  if (step.verdict == Verdict::kApplied) {
    if (const auto* done = std::get_if<SucceedMapRun>(&command)) map_runs_.erase(done->run);
    if (const auto* failed = std::get_if<FailMapRun>(&command)) map_runs_.erase(failed->run);
  }
  for (const EventRecord& record : step.events) {
    Apply(*definition_, shadow_, record);
    events_.push_back(record);
  }
  for (const Effect& effect : step.effects) Grant(effect);
  CheckRest();
  CheckRebuilt();
  return step;
}

std::optional<Redrive> World::PrepareRedrive() const {
  const EventSeq until = RedrivePoint(events_.back());
  if (until == 0) return std::nullopt;
  auto remains = std::make_shared<ExecutionState>();
  for (const EventRecord& record : events_) {
    if (record.seq <= until) Apply(*definition_, *remains, record);
  }
  return Redrive{.remains = std::move(remains)};
}

void World::HaveNoActivities() {
  class None final : public Activities {
    bool Exists(const std::string&, const std::string&) const override { return false; }
  };
  static const None none;
  activities_ = &none;
}

bool World::FireNext() {
  if (timers_.empty()) return false;
  const auto next = std::min_element(timers_.begin(), timers_.end(), [](auto& a, auto& b) {
    return a.second != b.second ? a.second < b.second : a.first < b.first;
  });
  now_ = std::max(now_, next->second);
  Do(FireTimer{next->first.first, next->first.second});
  return true;
}

void World::RunTimers(int steps) {
  while (steps-- > 0 && FireNext()) {
  }
}

void World::Grant(const Effect& effect) {
  Expect(!closed_ || std::holds_alternative<ReopenExecution>(effect),
         "an effect after CloseExecution");
  std::visit(
      Overload{
          [this](const OpenTask& e) {
            Expect(tasks_.emplace(e.task, Task{e, e.attempt}).second, "a task opened twice");
            new_tasks_.push_back(e.task);
          },
          [this](const UpdateTask& e) {
            const auto found = tasks_.find(e.task);
            Expect(found != tasks_.end(), "an update of a task that is not open");
            if (found != tasks_.end()) found->second.attempt = e.attempt;
          },
          [this](const CloseTask& e) {
            Expect(tasks_.erase(e.task) == 1, "a task closed that is not open");
            closed_tasks_.emplace(e.task, e);
          },
          [this](const SetTimer& e) {
            Expect(e.kind != TimerKind::kTaskHeartbeat, "a heartbeat timer is the shell's");
            const Timestamp due = e.wall ? e.due - wall_off_ : e.due;
            Expect(timers_.emplace(TimerId{e.seq, e.kind}, due).second, "a timer set twice");
          },
          [this](const ClearTimer& e) {
            Expect(timers_.erase({e.seq, e.kind}) == 1,
                   "a timer cleared that is not set: " + std::to_string(e.seq));
          },
          [this](const CloseExecution&) {
            closed_ = true;
            wants_continue_ = false;  // it may be under way still, and will find nothing
          },
          [this](const OpenMapRun& e) {
            Expect(map_runs_.emplace(e.run, e).second, "a Map Run opened twice");
          },
          [this](const CloseMapRun& e) {
            Expect(map_runs_.erase(e.run) == 1, "a Map Run closed that is not open");
          },
          [this](const ReopenMapRun& e) { map_runs_[e.run].run = e.run; },
          [this](const ReopenExecution&) { closed_ = false; },
          [this](const PostContinue&) { wants_continue_ = true; },
      },
      effect);
}

void World::CheckStep(const Step& step) {
  const bool applied = step.verdict == Verdict::kApplied;
  Expect(applied == !step.events.empty(), "events exactly when applied");
  Expect(applied || step.effects.empty(), "effects only when applied");
  EventSeq seq = events_.empty() ? 0 : events_.back().seq;
  for (const EventRecord& record : step.events) {
    Expect(record.seq == ++seq, "sequence numbers without gaps");
    Expect(record.time == step.events.front().time, "one time per step");
    Expect(record.id == 0 || record.previous < record.id, "an event follows from an earlier one");
  }
}

// What the shell relies on between two steps.
void World::CheckRest() {
  Expect(closed_ == state_.closed(), "CloseExecution exactly at the end");
  if (closed_) {
    Expect(timers_.empty(), "no timer outlives its execution");
    Expect(tasks_.empty(), "no task outlives its execution");
    Expect(map_runs_.empty(), "no Map Run outlives its execution");
    return;
  }
  Expect(wants_continue_ == NeedsContinue(state_), "Continue exactly when something can move");
  Expect(tasks_.size() == state_.open_tasks.size(), "as many tasks as the state knows");
  for (const auto& [id, frame] : state_.frames) {
    const auto* timer = std::get_if<AwaitingTimer>(&frame.activity);
    if (timer == nullptr) continue;
    const auto kind = timer->retry ? TimerKind::kRetry : TimerKind::kWait;
    Expect(timers_.count({timer->timer, kind}) == 1, "a frame waits for a timer that is not set");
  }
}

void World::CheckRebuilt() {
  Expect(Equal(state_, shadow_), "the events rebuild the state");
  if (!restart_ || events_.size() > kRebuildEventsMax) return;
  ExecutionState rebuilt;
  for (const EventRecord& record : events_) Apply(*definition_, rebuilt, record);
  Expect(Equal(state_, rebuilt), "the events rebuild the state from nothing");
  state_ = std::move(rebuilt);
}

void World::Expect(bool holds, const std::string& what) {
  if (holds) return;
  const EventSeq seq = state_.last_seq;
  problems_.push_back("broken at seq " + std::to_string(seq) + ": " + what);
}

}  // namespace towline::interpreter
