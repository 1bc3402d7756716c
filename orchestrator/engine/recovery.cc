// A partition's start, and its way back after a commit of unknown outcome: the same code.

#include <algorithm>

#include "orchestrator/engine/partition.h"
#include "orchestrator/store/event_codec.h"
#include "statemachines/base/log.h"

namespace towline::engine {
namespace {

constexpr Millis kRetryFirst{100};
constexpr Millis kRetryMax{5'000};

Error Unavailable(const std::string& why) {
  return Error{Error::Code::kUnavailable,
               "The store is not available: " + why + "; the server tries again by itself",
               "ServiceUnavailable"};
}

std::string ArnOf(const store::ExecutionRow& row) {
  return "arn:towline:states:local:" + row.tenant + ":execution:" + row.machine + ":" + row.name;
}

}  // namespace

void Partition::Break(const std::string& why) {
  counters_.store_errors++;
  available_ = false;
  staging_ = false;
  why_unavailable_ = why;
  failures_++;
  const int doublings = std::min(failures_ - 1, 10);
  retry_at_ = now_ + std::min(kRetryMax, kRetryFirst * (1 << doublings));
  Log(LogLevel::kError, "store_failed",
      {{"partition", std::to_string(settings_.number)}, {"why", why}});
  for (const auto& reply : std::exchange(replies_, {})) reply(false);
  for (const auto& [key, reply] : std::exchange(run_replies_, {})) reply(Unavailable(why));
  for (const store::ExecutionRow& row : batch_.started) {  // nobody knows whether they exist
    auto waiting = waiters_.extract(row.key);
    if (waiting.empty()) continue;
    for (const Waiter& waiter : waiting.mapped()) {
      waiter_ids_.erase(waiter.id);
      waiter.reply(Unavailable(why));
    }
  }
  for (Request& request : std::exchange(deferred_, {})) Refuse(request, why);
  ForgetBatch();
  map_runs_.clear();
  cache_.Clear();
  timers_.Reset();
  heartbeats_.Reset();
}

void Partition::RefuseWaiting() {
  for (Request& request : inbox_.Take(settings_.inbox_max)) Refuse(request, why_unavailable_);
}

void Partition::Refuse(Request& request, const std::string& why) {
  std::visit(Overload{
                 [&](StartExecution& r) { r.reply(Unavailable(why)); },
                 [&](StopExecution& r) { r.reply(Unavailable(why)); },
                 [&](RedriveExecution& r) { r.reply(Unavailable(why)); },
                 [&](WaitExecution& r) { r.reply(Unavailable(why)); },
                 [&](Unwait& r) { Handle(r); },
                 [&](TaskCommand& r) { r.reply(TaskVerdict::kUnavailable); },
                 [&](HeartbeatTask& r) { r.reply(TaskVerdict::kUnavailable); },
                 [&](ConfirmCancel& r) { r.reply(TaskVerdict::kUnavailable); },
                 [&](HoldHeartbeats& r) { Handle(r); },
                 [&](AddEvidence&) {},  // evidence is best effort
                 [&](StartChildren& r) { r.reply(Unavailable(why)); },
                 [&](RedriveChildren& r) { r.reply(Unavailable(why), r.from); },
                 [&](StopChildren& r) { r.reply(Unavailable(why), r.from); },
                 [&](FinishMapRun& r) { r.reply(Unavailable(why)); },
                 [&](UpdateMapRun& r) { r.reply(Unavailable(why)); },
             },
             request);
}

bool Partition::Recover() {
  if (now_ < retry_at_) return false;
  try {
    if (failures_ > 0) store_->Recover();
    last_key_ = store_->LastKey();
    std::vector<TaskNotice> notices;
    notices.emplace_back(PartitionReset{settings_.number});
    store_->OpenTasks([&](const store::TaskRow& row) { ReadOpenTask(row, notices); });
    CompleteOpenTasks(notices);
    timers_.Refill(*store_, {now_, wall_});
    RecheckWaiters();
    RecoverMapRuns();
    sink_.Post(std::move(notices));
  } catch (const store::StoreError& error) {
    Break(error.what());
    return false;
  }
  if (failures_ > 0) {
    Log(LogLevel::kInfo, "store_recovered", {{"partition", std::to_string(settings_.number)}});
  }
  failures_ = 0;
  available_ = true;
  return true;
}

void Partition::ReadOpenTask(const store::TaskRow& row, std::vector<TaskNotice>& notices) {
  auto open = std::make_shared<interpreter::OpenTask>(store::DecodeTask(row.spec, false));
  open->attempt = row.attempt;
  notices.emplace_back(TaskOpened{.task = Ref({row.execution, row.task}),
                                  .execution_arn = {},
                                  .execution_tenant = {},
                                  .open = std::move(open),
                                  .with_payload = false,
                                  .attempt = row.attempt,
                                  .state = row.state,
                                  .worker = row.worker,
                                  .incarnation = row.incarnation,
                                  .recovered = true});
}

void Partition::CompleteOpenTasks(std::vector<TaskNotice>& notices) {
  // Rows come in execution order: neighbours share the look-up.
  std::optional<store::ExecutionRow> row;
  for (TaskNotice& notice : notices) {
    auto* const opened = std::get_if<TaskOpened>(&notice);
    if (opened == nullptr) continue;
    if (!row || row->key != opened->task.execution) row = store_->Get(opened->task.execution);
    if (!row) throw store::StoreError("an open task refers to an execution that does not exist");
    opened->execution_arn = ArnOf(*row);
    opened->execution_tenant = row->tenant;
    if (opened->state == store::TaskState::kAccepted ||
        opened->state == store::TaskState::kSubmitted) {
      ArmHeartbeat({opened->task.execution, opened->task.task}, opened->open->spec,
                   opened->attempt, row->tenant, {opened->worker, opened->incarnation});
    }
  }
}

void Partition::RecheckWaiters() {
  std::vector<store::ExecutionKey> keys;
  for (const auto& [key, waiting] : waiters_) keys.push_back(key);
  for (const store::ExecutionKey key : keys) {
    Live* const live = Load(key);
    if (live != nullptr && !live->state.closed()) continue;
    auto waiting = waiters_.extract(key);
    for (const Waiter& waiter : waiting.mapped()) {
      waiter_ids_.erase(waiter.id);
      if (live != nullptr) {
        waiter.reply(View(*live));
      } else {
        waiter.reply(Unavailable("the execution was not started"));
      }
    }
  }
}

}  // namespace towline::engine
