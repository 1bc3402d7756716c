#include "tests/dispatch/world.h"

#include <gtest/gtest.h>

namespace towline::dispatch {
namespace {

Json MustParse(const std::string& text) {
  auto parsed = ParseJson(text);
  CHECK(parsed.has_value());
  return *std::move(parsed);
}

}  // namespace

World::World(Settings settings)
    : dispatcher(std::move(settings), tokens, *this, *this, *this, &hub, &logs) {
  dispatcher.SetReplyPort([this](std::unique_ptr<Dispatcher::Reply> reply) {
    replies_.push_back(std::move(reply));
  });
}

engine::TaskRef World::AddRow(const TaskOptions& options, store::TaskState state,
                              std::string worker, std::uint64_t incarnation) {
  using Kind = interpreter::TaskSpec::Kind;
  const engine::TaskRef ref{0, static_cast<store::ExecutionKey>(next_task_), 4};
  next_task_++;
  auto open = std::make_shared<interpreter::OpenTask>();
  open->task = ref.task;
  open->state = "Compute";
  interpreter::TaskSpec& spec = open->spec;
  if (!options.topic.empty()) spec.kind = Kind::kPublish;
  if (!options.activity.empty()) spec.kind = Kind::kActivity;
  spec.job_type = options.type;
  spec.tenant = options.workers_of.empty() ? options.tenant : options.workers_of;
  spec.queue = options.queue;
  spec.labels = options.labels;
  spec.priority = options.priority;
  spec.on_worker_lost = options.on_worker_lost;
  if (options.at_most_once) spec.start = interpreter::TaskSpec::Start::kAtMostOnce;
  spec.topic = options.topic;
  spec.activity = options.activity;
  spec.payload = MustParse(options.payload);
  rows[ref] = {.open = std::move(open),
               .tenant = options.tenant,
               .state = state,
               .worker = std::move(worker),
               .incarnation = incarnation};
  return ref;
}

engine::TaskOpened World::OpenedNotice(const engine::TaskRef& task, const Row& row) const {
  engine::TaskOpened notice;
  notice.task = task;
  notice.execution_arn = "arn:" + std::to_string(task.execution);
  notice.execution_tenant = row.tenant;
  notice.open = row.open;
  notice.attempt = row.attempt;
  notice.state = row.state;
  notice.worker = row.worker;
  notice.incarnation = row.incarnation;
  return notice;
}

engine::TaskRef World::Open(const TaskOptions& options) {
  const engine::TaskRef ref = AddRow(options);
  dispatcher.OnNotice(OpenedNotice(ref, rows.at(ref)), now);
  return ref;
}

void World::Recover() {
  dispatcher.OnNotice(engine::PartitionReset{0}, now);
  const auto open_rows = rows;  // some are closed by what dispatch does about them
  for (const auto& [ref, row] : open_rows) {
    engine::TaskOpened notice = OpenedNotice(ref, row);
    auto bare = std::make_shared<interpreter::OpenTask>(*row.open);
    bare->spec.payload = Json();
    notice.open = std::move(bare);
    notice.with_payload = false;
    notice.recovered = true;
    dispatcher.OnNotice(std::move(notice), now);
  }
}

void World::Close(const engine::TaskRef& task, const std::string& reason) {
  Row& row = rows.at(task);
  outcomes[task] = "closed " + reason;
  row.state = store::TaskState::kCancelling;
  dispatcher.OnNotice(engine::TaskClosed{task, true, reason}, now);
}

bool World::Post(int partition, engine::Request request) {
  if (inbox_full || partition != 0) return false;
  std::visit(
      Overload{
          [&](engine::TaskCommand& r) {
            Verdict verdict = Verdict::kUnavailable;
            if (!store_broken) {
              const auto row = rows.find(r.task);
              const bool foreign = row != rows.end() && !r.tenant.empty() &&
                                   r.tenant != row->second.tenant &&
                                   r.tenant != row->second.open->spec.tenant;
              verdict = foreign ? Verdict::kForbidden : Apply(r.task, r.command);
            }
            answers_.emplace_back(std::move(r.reply), verdict);
          },
          [&](engine::HeartbeatTask& r) {
            const auto row = rows.find(r.task);
            if (row != rows.end() && r.tenant != row->second.tenant &&
                r.tenant != row->second.open->spec.tenant) {
              answers_.emplace_back(std::move(r.reply), Verdict::kForbidden);
              return;
            }
            const bool wanted = row != rows.end() &&
                                row->second.state != store::TaskState::kCancelling &&
                                (r.attempt == 0 || r.attempt == row->second.attempt);
            answers_.emplace_back(std::move(r.reply),
                                  wanted ? Verdict::kRecorded : Verdict::kStale);
          },
          [&](engine::ConfirmCancel& r) {
            const auto row = rows.find(r.task);
            const bool waits = row != rows.end() &&
                               row->second.state == store::TaskState::kCancelling &&
                               (r.attempt == 0 || r.attempt == row->second.attempt);
            if (waits) rows.erase(row);
            answers_.emplace_back(std::move(r.reply), waits ? Verdict::kRecorded : Verdict::kStale);
          },
          [&](engine::HoldHeartbeats& r) {
            std::string names = r.all ? "all" : "";
            for (const std::string& name : r.workers) names += (names.empty() ? "" : " ") + name;
            holds.push_back(names);
          },
          [&](engine::AddEvidence& r) { evidence.push_back(r.row); },
          [](auto&) { CHECK(false); },
      },
      request);
  return true;
}

World::Verdict World::End(const engine::TaskRef& task, std::uint32_t attempt,
                          std::string outcome) {
  const auto found = rows.find(task);
  const bool open = found != rows.end() && found->second.state != store::TaskState::kCancelling &&
                    (attempt == 0 || attempt == found->second.attempt);
  if (!open) {
    const auto stored = outcomes.find(task);
    const bool same = stored != outcomes.end() && stored->second == outcome;
    return same ? Verdict::kRecorded : Verdict::kStale;
  }
  EXPECT_EQ(outcomes.count(task), 0U) << "an outcome was applied twice";
  outcomes[task] = std::move(outcome);
  Row& row = found->second;
  const bool cancel = attempt == 0 && row.state != store::TaskState::kSubmitted;
  if (cancel) {
    row.state = store::TaskState::kCancelling;
  } else {
    rows.erase(found);
  }
  notices_.emplace_back(engine::TaskClosed{task, cancel, "ended by its token"});
  return Verdict::kRecorded;
}

World::Verdict World::Apply(const engine::TaskRef& task, const interpreter::Command& command) {
  if (const auto* done = std::get_if<interpreter::SucceedTask>(&command)) {
    return End(task, done->attempt, "succeeded " + PrintJson(*done->output));
  }
  if (const auto* failed = std::get_if<interpreter::FailTask>(&command)) {
    return End(task, failed->attempt,
               "failed " + failed->error.value_or("") + ": " + failed->cause.value_or(""));
  }
  const auto found = rows.find(task);
  if (found == rows.end() || found->second.state == store::TaskState::kCancelling) {
    return Verdict::kStale;
  }
  Row& row = found->second;
  if (const auto* accept = std::get_if<interpreter::AcceptJob>(&command)) {
    if (accept->attempt != row.attempt) return Verdict::kStale;
    row.state = store::TaskState::kAccepted;
    row.worker = accept->worker;
    row.incarnation = accept->incarnation;
    notices_.emplace_back(engine::TaskAccepted{task, row.attempt, row.worker});
    return Verdict::kRecorded;
  }
  if (const auto* requeue = std::get_if<interpreter::RequeueJob>(&command)) {
    if (requeue->attempt != row.attempt) return Verdict::kStale;
    row.attempt++;
    row.open = std::make_shared<interpreter::OpenTask>(*row.open);
    row.open->attempt = row.attempt;
    row.state = store::TaskState::kWaiting;
    row.worker.clear();
    row.incarnation = 0;
    engine::TaskOpened notice = OpenedNotice(task, row);
    notice.requeued = true;
    notices_.emplace_back(std::move(notice));
    return Verdict::kRecorded;
  }
  if (const auto* checkpoint = std::get_if<interpreter::CheckpointJob>(&command)) {
    if (checkpoint->attempt != row.attempt) return Verdict::kStale;
    row.open = std::make_shared<interpreter::OpenTask>(*row.open);
    row.open->checkpoint = checkpoint->checkpoint;
    saved[task] = PrintJson(*checkpoint->checkpoint);
    return Verdict::kRecorded;
  }
  if (std::holds_alternative<interpreter::SubmitTask>(command)) {
    row.state = store::TaskState::kSubmitted;
    notices_.emplace_back(engine::TaskSubmittedNotice{task});
    return Verdict::kRecorded;
  }
  CHECK(std::holds_alternative<interpreter::StartTask>(command));
  return Verdict::kRecorded;
}

void World::Commit() {
  for (engine::TaskNotice& notice : std::exchange(notices_, {})) {
    dispatcher.OnNotice(std::move(notice), now);
  }
  for (auto& [reply, verdict] : std::exchange(answers_, {})) reply(verdict);
  for (; !replies_.empty(); replies_.pop_front()) {
    dispatcher.OnReply(std::move(replies_.front()), now);
  }
}

void World::Run() {
  for (int i = 0; i < 100; i++) {
    next_run_ = dispatcher.RunOnce(now);
    if (notices_.empty() && answers_.empty() && replies_.empty()) return;
    Commit();
  }
  FAIL() << "the dispatcher never comes to rest";
}

void World::Pass(Millis time) {
  const Timestamp end = now + time;
  Run();
  for (int i = 0; next_run_ <= end; i++) {
    ASSERT_LT(i, 100'000) << "the dispatcher asks to be called without end";
    now = std::max(next_run_, now + Millis{1});
    if (now > end) break;
    Run();
  }
  now = end;
  Run();
}

std::shared_ptr<const interpreter::OpenTask> World::Load(const engine::TaskRef& task) {
  loads++;
  const auto row = rows.find(task);
  return row == rows.end() ? nullptr : row->second.open;
}

std::string World::ExecutionArn(const engine::TaskRef& task) {
  return "arn:" + std::to_string(task.execution);
}

}  // namespace towline::dispatch
