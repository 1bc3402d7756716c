#include "orchestrator/api/log_tail.h"

#include <algorithm>
#include <iterator>

#include "orchestrator/api/convert.h"
#include "orchestrator/api/executions.h"
#include "orchestrator/api/history_context.h"
#include "orchestrator/store/event_codec.h"

namespace towline::api {
namespace {

constexpr std::size_t kPageBytes = 256 << 10;
// So long after the end of an execution the end of a log may be on its way.
constexpr Millis kLateLogs{2'000};
constexpr int kSweepAtOnce = 1'000;

// The state that a frame was in, by an event that says it.
std::optional<asl::StateIndex> StateIn(const interpreter::EventRecord& record,
                                       interpreter::FrameId frame) {
  if (const auto* entered = std::get_if<interpreter::StateEntered>(&record.event)) {
    if (entered->frame == frame) return entered->state;
  }
  if (const auto* redriven = std::get_if<interpreter::ExecutionRedriven>(&record.event)) {
    for (const interpreter::Frame& each : *redriven->frames) {
      if (each.id == frame) return each.state;
    }
  }
  return std::nullopt;
}

// Nothing: the history does not know the task.
std::optional<asl::StateIndex> FindState(store::Queries& reader, store::ExecutionKey execution,
                                         std::uint64_t task) {
  HistoryContext::Records scheduled;
  reader.StepsBackwards(execution, task, [&](const store::StepRow& step) {
    for (const interpreter::EventRecord& record : store::DecodeStep(step.events)) {
      if (record.seq == task) scheduled.push_back(record);
    }
    return false;
  });
  const auto* event = scheduled.empty()
                          ? nullptr
                          : std::get_if<interpreter::TaskScheduled>(&scheduled.front().event);
  if (event == nullptr) return std::nullopt;
  HistoryContext context(scheduled);
  context.Find(reader, execution, {});
  std::optional<asl::StateIndex> state;
  for (const auto& [seq, record] : context.found()) {
    if (const auto said = StateIn(record, event->frame)) state = said;
  }
  return state;
}

}  // namespace

LogTail::LogTail(Foundation& base, Located located, const v1::ExecutionLogsRequest& request,
                 std::function<void()> wake)
    : base_(base),
      located_(std::move(located)),
      request_(request),
      owner_{located_.partition, located_.row.key},
      wake_(std::move(wake)),
      cursor_(static_cast<std::int64_t>(request.after())) {}

LogTail::~LogTail() { Stop(); }

void LogTail::Start() {
  if (request_.follow()) {
    subscription_ = base_.parts.hub.Subscribe(
        engine::WatchHub::Key{located_.partition, located_.row.key},
        [weak = weak_from_this()](const engine::Notice& notice) {
          const auto tail = weak.lock();
          if (tail != nullptr && notice.kind != engine::Notice::Kind::kJob) tail->wake_();
        });
  }
  wake_();
}

void LogTail::Stop() {
  if (const std::uint64_t subscription = std::exchange(subscription_, 0); subscription != 0) {
    base_.parts.hub.Unsubscribe(subscription);
  }
}

const std::string& LogTail::StateOf(std::uint64_t task) {
  const auto [found, is_new] = states_.try_emplace(task);
  if (!is_new) return found->second;
  const Readers::Lease reader(base_.readers, located_.partition);
  const auto state = FindState(*reader, located_.row.key, task);
  if (state) found->second = base_.DefinitionOf(located_.row)->states.at(*state).name;
  return found->second;
}

// False: it is none of those that were asked for.
bool LogTail::Fill(logs::LogEntry entry, v1::LogText* to) {
  const auto [next, first] = next_.try_emplace({entry.task, entry.attempt}, 0);
  // Whoever begins in the middle does not know what came before.
  const bool unknown = first && (request_.after() > 0 || request_.has_since());
  const std::uint64_t gap =
      unknown || entry.offset <= next->second ? 0 : entry.offset - next->second;
  next->second = entry.offset + entry.text.size();
  if (request_.task() != 0 && request_.task() != entry.task) return false;
  if (request_.has_since() && entry.written < TimeOf(request_.since())) return false;
  const std::string& state = StateOf(entry.task);
  if (!request_.state().empty() && request_.state() != state) return false;
  SetTime(to->mutable_timestamp(), entry.written);
  to->set_task(entry.task);
  to->set_state(state);
  to->set_attempt(entry.attempt);
  to->set_worker(std::move(entry.worker));
  to->set_stream(std::move(entry.stream));
  const Readers::Lease reader(base_.readers, located_.partition);
  std::string text =
      base_.MaskOf(*reader, located_.partition, located_.row).Text(std::move(entry.text));
  base_.MaskTokens(located_.partition, located_.row.key, text);
  to->set_text(std::move(text));
  to->set_gap_bytes(gap);
  to->set_cursor(static_cast<std::uint64_t>(entry.number));
  return true;
}

bool LogTail::ReadPage() {
  if (base_.parts.logs == nullptr) return false;
  auto page = base_.parts.logs->Read(owner_, cursor_, kPageBytes);
  if (page.empty()) return false;
  cursor_ = page.back().number;
  std::move(page.begin(), page.end(), std::back_inserter(entries_));
  return true;
}

bool LogTail::IsOver(const std::optional<store::ExecutionRow>& row, bool idle) {
  again_in_.reset();
  if (!row) return true;
  if (row->status == store::Status::kRunning) return false;
  if (base_.parts.logs == nullptr || (idle && base_.parts.logs->AllEnded(owner_))) return true;
  const Timestamp until = row->stopped.value_or(Timestamp{}) + kLateLogs;
  if (base_.parts.clock() >= until) return true;
  again_in_ = until - base_.parts.clock();
  return false;
}

LogTail::Pull LogTail::Next(v1::ExecutionLogsResponse* message) {
  while (true) {
    message->Clear();
    while (!entries_.empty()) {
      logs::LogEntry entry = std::move(entries_.front());
      entries_.pop_front();
      if (Fill(std::move(entry), message->mutable_log())) return Pull::kMessage;
      message->Clear();
    }
    if (over_) return Pull::kEnd;
    // Looked at before the log is read: if it is over by now, that reads all of it.
    const bool idle = base_.parts.logs == nullptr || base_.parts.logs->idle();
    std::optional<store::ExecutionRow> row;
    if (request_.follow()) {
      row = Readers::Lease(base_.readers, located_.partition)->Get(owner_.execution);
    }
    const bool over = !request_.follow() || IsOver(row, idle);
    if (ReadPage()) continue;
    if (!over) return Pull::kNothingYet;
    over_ = true;
    if (!request_.follow() || !row) return Pull::kEnd;
    FillExecution(*row, message->mutable_ended());
    return Pull::kMessage;
  }
}

Result<std::shared_ptr<LogTail>> Executions::Logs(const Asker& asker,
                                                  const v1::ExecutionLogsRequest& request,
                                                  std::function<void()> wake) {
  auto located = base_.Locate(asker, Action::kViewExecutions, request.execution());
  if (!located) return located.error();
  auto tail = std::make_shared<LogTail>(base_, std::move(*located), request, std::move(wake));
  tail->Start();
  return tail;
}

void Executions::SweepLogs() {
  if (base_.parts.logs == nullptr) return;
  const auto owners = base_.parts.logs->Owners(swept_, kSweepAtOnce);
  swept_ = owners.empty() ? logs::LogOwner{} : owners.back();
  for (const logs::LogOwner& owner : owners) {
    const bool known = owner.partition >= 0 && owner.partition < base_.readers.partitions();
    const bool there =
        known && Readers::Lease(base_.readers, owner.partition)->Get(owner.execution).has_value();
    if (!there) base_.parts.logs->Forget(owner);
  }
}

}  // namespace towline::api
