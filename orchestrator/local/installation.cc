#include "orchestrator/local/installation.h"

#include <algorithm>
#include <utility>

#include "orchestrator/store/event_codec.h"
#include "statemachines/base/check.h"

namespace towline::local {
namespace {

namespace in = interpreter;

// What is due later than this never comes: the bound of a clock, not of a workflow.
constexpr std::chrono::hours kNever{24 * 366 * 9'000};
constexpr std::size_t kRequestsMax = 1 << 20;

class AnyActivity final : public in::Activities {
 public:
  bool Exists(const std::string&, const std::string&) const override { return true; }
};
const AnyActivity kAnyActivity;

engine::PartitionSettings PartitionSettingsOf(const Settings& settings) {
  engine::PartitionSettings out;
  out.limits = settings.limits;
  out.inbox_max = kRequestsMax;
  out.timer_horizon = 2 * kNever;
  out.retention = std::chrono::hours::max();
  out.seed = settings.seed;
  if (settings.forgetful) out.cache_max = 0;
  return out;
}

children::MapRunnerSettings RunnerSettingsOf(const Settings& settings) {
  children::MapRunnerSettings out;
  out.limits = settings.limits;
  out.seed = settings.seed;
  return out;
}

// "arn:towline:states:local:acme:execution:orders/label:run" → "orders".
std::string MachineOf(const std::string& execution_arn) {
  constexpr std::string_view kKind = ":execution:";
  const std::size_t kind = execution_arn.find(kKind);
  if (kind == std::string::npos) return "";
  const std::string rest = execution_arn.substr(kind + kKind.size());
  return rest.substr(0, rest.find_first_of("/:"));
}

void SetTask(in::Command& command, in::TaskId task, std::uint32_t attempt) {
  std::visit(
      [&](auto& what) {
        if constexpr (requires { what.task; }) what.task = task;
        // 0 is an answer by token, from whoever has it.
        if constexpr (requires { what.attempt; }) {
          if (what.attempt != 0) what.attempt = attempt;
        }
      },
      command);
}

}  // namespace

Installation::Installation(Settings settings, Outside& outside)
    : settings_(std::move(settings)),
      outside_(outside),
      backend_(store::OpenMemoryBackend(1)),
      tokens_(backend_->catalogue().MacKeys()),
      definitions_(backend_->catalogue()),
      tasks_(*backend_),
      nested_(*this, 1, tasks_, backend_->catalogue(), definitions_, tokens_),
      runner_(RunnerSettingsOf(settings_), *this, *backend_, definitions_, settings_.objects),
      partition_(std::make_unique<engine::Partition>(
          PartitionSettingsOf(settings_), backend_->OpenPartition(0), definitions_,
          settings_.activities != nullptr ? *settings_.activities : kAnyActivity,
          static_cast<engine::TaskSink&>(*this), nullptr, &runner_)),
      now_(settings_.start) {
  nested_.SetReplyPort([this](std::unique_ptr<children::Nested::Reply> reply) {
    replies_.push_back(std::move(reply));
  });
}

Installation::~Installation() = default;

void Installation::PutMachine(const std::string& name, std::string_view definition) {
  const std::string revision = engine::RevisionHash(definition);
  backend_->catalogue().PutRevision(revision, definition);
  backend_->catalogue().PutMachine({.tenant = settings_.tenant,
                                    .name = name,
                                    .revision = revision,
                                    .created = now_,
                                    .updated = now_});
}

Result<std::optional<engine::ExecutionView>> Installation::Run(const std::string& machine,
                                                               const std::string& name,
                                                               const Json& input) {
  const auto row = backend_->catalogue().Machine(settings_.tenant, machine);
  CHECK(row.has_value());
  const std::string arn = "arn:towline:states:local:" + settings_.tenant + ":";
  engine::StartExecution start;
  start.info.tenant = settings_.tenant;
  start.info.machine = machine;
  start.info.name = name;
  start.info.arn = arn + "execution:" + machine + ":" + name;
  start.info.machine_arn = arn + "stateMachine:" + machine;
  start.info.role_arn = settings_.role_arn;
  start.info.revision = row->revision;
  start.definition = definitions_.Find(row->revision);
  CHECK(start.definition != nullptr);
  start.input = input;
  start.wait = true;
  std::optional<Result<engine::ExecutionView>> ended;
  start.reply = [&ended](Result<engine::ExecutionView> view) { ended = std::move(view); };
  CHECK(partition_->Post(std::move(start)));

  const Timestamp end_of_time = settings_.start + kNever;
  while (true) {
    const Timestamp next = Round();
    if (problem_) return *std::exchange(problem_, std::nullopt);
    if (ended && !*ended) return ended->error();
    if (ended) return std::optional(**ended);
    if (next >= end_of_time) return std::optional<engine::ExecutionView>();
    now_ = std::max(now_, next);
  }
}

// Everybody works off what there is. Returns when there is something to do again.
Timestamp Installation::Round() {
  for (const engine::TaskNotice& notice : std::exchange(notices_, {})) Hear(notice);
  for (auto& reply : std::exchange(replies_, {})) nested_.OnReply(std::move(reply), now_);
  while (!due_.empty() && due_.begin()->first <= now_) {
    CHECK(partition_->Post(std::move(due_.begin()->second)));
    due_.erase(due_.begin());
  }
  Timestamp next = partition_->RunOnce(now_);
  next = std::min(next, nested_.RunOnce(now_));
  next = std::min(next, runner_.RunOnce(now_));
  if (!notices_.empty() || !replies_.empty() || partition_->inbox().size() != 0) return now_;
  if (!due_.empty()) next = std::min(next, due_.begin()->first);
  return next;
}

void Installation::Hear(const engine::TaskNotice& notice) {
  if (const auto* opened = std::get_if<engine::TaskOpened>(&notice)) {
    Open(*opened);
  } else if (const auto* closed = std::get_if<engine::TaskClosed>(&notice)) {
    Close(*closed);
  } else {
    nested_.OnNotice(notice, now_);
  }
}

void Installation::Open(const engine::TaskOpened& opened) {
  const Task task{opened.task, MachineOf(opened.execution_arn), opened.execution_arn, opened.open};
  auto acts = outside_.OnTask(task);
  if (!acts) {
    problem_ = acts.error();
    return;
  }
  if (!acts->has_value()) return nested_.OnNotice(opened, now_);
  open_[opened.task] = opened.open->state;
  for (Act& act : **acts) {
    SetTask(act.command, opened.task.task, opened.attempt);
    due_.emplace(now_ + act.after,
                 engine::TaskCommand{opened.task, std::move(act.command), {}, [](auto) {}});
  }
}

void Installation::Close(const engine::TaskClosed& closed) {
  if (open_.erase(closed.task) == 0) return nested_.OnNotice(closed, now_);
  std::erase_if(due_, [&](const auto& entry) { return entry.second.task == closed.task; });
  if (!closed.cancel) return;
  partition_->Post(engine::ConfirmCancel{closed.task, 0, [](auto) {}});
}

std::vector<in::HistoryEvent> Installation::History(const std::string& machine,
                                                    const std::string& name) {
  std::vector<in::HistoryEvent> history;
  const auto reader = backend_->OpenReader(0);
  const auto row = reader->Find(settings_.tenant, machine, name);
  CHECK(row.has_value());
  const auto definition = definitions_.Find(row->revision);
  CHECK(definition != nullptr);
  in::HistoryProjection projection(*definition);
  reader->Steps(row->key, 1, [&](const store::StepRow& step) {
    for (const in::EventRecord& record : store::DecodeStep(step.events)) {
      projection.Project(record, true, history);
    }
    return true;
  });
  return history;
}

std::set<std::string> Installation::OpenStates() const {
  std::set<std::string> states;
  for (const auto& [task, state] : open_) states.insert(state);
  return states;
}

bool Installation::Post(int, engine::Request request) {
  return partition_->Post(std::move(request));
}

void Installation::Post(std::vector<engine::TaskNotice> notices) {
  std::move(notices.begin(), notices.end(), std::back_inserter(notices_));
}

}  // namespace towline::local
