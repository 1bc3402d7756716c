#include "orchestrator/api/watcher.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "orchestrator/api/convert.h"
#include "orchestrator/api/executions.h"

namespace towline::api {
namespace {

constexpr std::size_t kNewsMax = 100;

}  // namespace

Watcher::Watcher(Foundation& base, Located located, const v1::WatchExecutionRequest& request,
                 std::function<void()> wake)
    : base_(base),
      located_(std::move(located)),
      options_{.size = 100,
               .reverse = false,
               .include_data = !request.exclude_data(),
               .full = false},
      pager_(base, located_.partition, located_.row),
      wake_(std::move(wake)),
      // Whatever is in the store is news to this caller.
      last_seq_(std::numeric_limits<std::uint64_t>::max()) {
  const Readers::Lease reader(base_.readers, located_.partition);
  position_ = pager_.At(*reader, request.from_event_id());
}

Watcher::~Watcher() { Stop(); }

void Watcher::Start() {
  subscription_ = base_.parts.hub.Subscribe(
      engine::WatchHub::Key{located_.partition, located_.row.key},
      [weak = weak_from_this()](const engine::Notice& notice) {
        if (const auto watcher = weak.lock()) watcher->OnNotice(notice);
      });
  TellWhereJobsAre();
  wake_();
}

// An offer leaves within milliseconds of the start: whoever begins to watch then would never hear
// of it, so the stage that each open job is in comes first.
void Watcher::TellWhereJobsAre() {
  std::vector<engine::TaskRef> tasks;
  {
    const Readers::Lease reader(base_.readers, located_.partition);
    for (const store::TaskRow& row : reader->Tasks(located_.row.key)) {
      tasks.push_back({located_.partition, row.execution, row.task});
    }
  }
  if (tasks.empty()) return;
  base_.parts.fleet.Ask([weak = weak_from_this(), tasks = std::move(tasks)](
                            dispatch::Dispatcher& dispatcher, Timestamp now) {
    const auto watcher = weak.lock();
    for (std::size_t i = 0; watcher != nullptr && i < tasks.size(); i++) {
      const auto view = dispatcher.Describe(tasks[i], now);
      if (!view || view->worker.empty()) continue;
      watcher->OnNotice({.kind = engine::Notice::Kind::kJob,
                         .task = tasks[i].task,
                         .what = view->stage,
                         .worker = view->worker,
                         .attempt = view->attempt,
                         .percent = view->percent,
                         .message = view->message});
    }
  });
}

void Watcher::Stop() {
  if (const std::uint64_t subscription = std::exchange(subscription_, 0); subscription != 0) {
    base_.parts.hub.Unsubscribe(subscription);
  }
}

void Watcher::OnNotice(const engine::Notice& notice) {
  {
    const std::lock_guard lock(mutex_);
    if (notice.kind == engine::Notice::Kind::kSteps) {
      last_seq_ = std::max(last_seq_, notice.last_seq);
    } else if (notice.kind == engine::Notice::Kind::kLogs) {
      return;
    } else {
      v1::JobNews news;
      SetTime(news.mutable_timestamp(), base_.parts.clock());
      news.set_task(notice.task);
      news.set_what(notice.what);
      news.set_worker(notice.worker);
      news.set_attempt(notice.attempt);
      if (notice.percent) news.set_percent(*notice.percent);
      news.set_message(notice.message);
      news_.push_back(std::move(news));
      if (news_.size() > kNewsMax) {
        news_.pop_front();
        ++skipped_;
      }
    }
  }
  wake_();
}

bool Watcher::TakeNews(v1::WatchExecutionResponse* message) {
  const std::lock_guard lock(mutex_);
  if (news_.empty()) return false;
  *message->mutable_job() = std::move(news_.front());
  news_.pop_front();
  message->set_skipped(std::exchange(skipped_, 0));
  return true;
}

// Whether there was anything to read.
bool Watcher::ReadPage() {
  {
    const std::lock_guard lock(mutex_);
    if (last_seq_ < position_.seq) return false;
    // Notices that come from now on raise it again; what came before is in the store already.
    last_seq_ = 0;
  }
  const Readers::Lease reader(base_.readers, located_.partition);
  // Looked at before the events are read: if it has ended by now, they are all there.
  const auto row = reader->Get(located_.row.key);
  HistoryPage page = pager_.Read(*reader, position_, options_);
  position_ = std::move(page.next);
  ended_seen_ = !page.more && (!row || row->status != store::Status::kRunning);
  std::move(page.events.begin(), page.events.end(), std::back_inserter(events_));
  if (page.more) {
    const std::lock_guard lock(mutex_);
    last_seq_ = std::max(last_seq_, position_.seq);
  }
  return true;
}

Watcher::Pull Watcher::Next(v1::WatchExecutionResponse* message) {
  message->Clear();
  while (true) {
    if (!events_.empty()) {
      *message->mutable_event() = std::move(events_.front());
      events_.pop_front();
      return Pull::kMessage;
    }
    if (ended_told_) return Pull::kEnd;
    if (!ended_seen_ && ReadPage()) continue;
    if (TakeNews(message)) {
      std::string* const text = message->mutable_job()->mutable_message();
      if (text->empty()) return Pull::kMessage;
      const Readers::Lease reader(base_.readers, located_.partition);
      *text = base_.MaskOf(*reader, located_.partition, located_.row).Text(std::move(*text));
      base_.MaskTokens(located_.partition, located_.row.key, *text);
      return Pull::kMessage;
    }
    if (!ended_seen_) return Pull::kNothingYet;
    const Readers::Lease reader(base_.readers, located_.partition);
    const auto row = reader->Get(located_.row.key);
    if (!row) throw store::StoreError("the execution has been removed while it was watched");
    FillExecution(*row, message->mutable_ended());
    FillPayloads(base_, *reader, located_.partition, *row, message->mutable_ended());
    message->mutable_ended()->clear_input();
    ended_told_ = true;
    return Pull::kMessage;
  }
}

Result<std::shared_ptr<Watcher>> Executions::Watch(const Asker& asker,
                                                   const v1::WatchExecutionRequest& request,
                                                   std::function<void()> wake) {
  auto located = base_.Locate(asker, Action::kViewExecutions, request.execution());
  if (!located) return located.error();
  auto watcher =
      std::make_shared<Watcher>(base_, std::move(*located), request, std::move(wake));
  watcher->Start();
  return watcher;
}

}  // namespace towline::api
