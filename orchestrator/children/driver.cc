#include "orchestrator/children/driver.h"

#include <algorithm>
#include <iterator>

namespace towline::children {
namespace {

constexpr int kMapThreads = 2;
constexpr Millis kWaitMax{60'000};

bool IsNested(const engine::TaskNotice& notice) {
  constexpr auto kExecution = interpreter::TaskSpec::Kind::kExecution;
  if (const auto* opened = std::get_if<engine::TaskOpened>(&notice)) {
    return opened->open->spec.kind == kExecution;
  }
  const auto* closed = std::get_if<engine::TaskClosed>(&notice);
  return closed != nullptr && closed->kind == kExecution;
}

}  // namespace

void NoticeSplit::Post(std::vector<engine::TaskNotice> notices) {
  std::vector<engine::TaskNotice> nested;
  for (const engine::TaskNotice& notice : notices) {
    if (std::holds_alternative<engine::PartitionReset>(notice)) nested.push_back(notice);
  }
  const auto first = std::stable_partition(
      notices.begin(), notices.end(),
      [](const engine::TaskNotice& notice) { return !IsNested(notice); });
  nested.insert(nested.end(), std::make_move_iterator(first),
                std::make_move_iterator(notices.end()));
  notices.erase(first, notices.end());
  if (!nested.empty()) nested_.Post(std::move(nested));
  if (!notices.empty()) dispatch_.Post(std::move(notices));
}

ChildrenThreads::ChildrenThreads(std::unique_ptr<Nested> nested,
                                 std::unique_ptr<MapRunner> runner, const engine::Clock& clock)
    : nested_(std::move(nested)), runner_(std::move(runner)), clock_(clock) {
  nested_->SetReplyPort([this](std::unique_ptr<Nested::Reply> reply) {
    std::vector<Item> items;
    items.emplace_back(std::move(reply));
    Push(std::move(items));
  });
}

ChildrenThreads::~ChildrenThreads() { Stop(); }

void ChildrenThreads::Start() {
  threads_.emplace_back([this](const std::stop_token& stop) { RunNested(stop); });
  for (int i = 0; i < kMapThreads; i++) {
    threads_.emplace_back([this](const std::stop_token& stop) { RunMaps(stop); });
  }
}

void ChildrenThreads::Stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

void ChildrenThreads::Post(std::vector<engine::TaskNotice> notices) {
  Push({std::make_move_iterator(notices.begin()), std::make_move_iterator(notices.end())});
}

void ChildrenThreads::Push(std::vector<Item> items) {
  {
    const std::lock_guard lock(mutex_);
    std::move(items.begin(), items.end(), std::back_inserter(items_));
  }
  ready_.notify_one();
}

std::vector<ChildrenThreads::Item> ChildrenThreads::Take(const std::stop_token& stop,
                                                         Timestamp until) {
  std::unique_lock lock(mutex_);
  const Millis wait = std::clamp(until - clock_.Now(), Millis(0), kWaitMax);
  ready_.wait_for(lock, stop, wait, [this] { return !items_.empty(); });
  return std::exchange(items_, {});
}

void ChildrenThreads::RunNested(const std::stop_token& stop) {
  Timestamp next = clock_.Now();
  while (!stop.stop_requested()) {
    for (Item& item : Take(stop, next)) {
      if (auto* notice = std::get_if<engine::TaskNotice>(&item)) {
        nested_->OnNotice(*notice, clock_.Now());
      } else {
        nested_->OnReply(std::move(std::get<std::unique_ptr<Nested::Reply>>(item)), clock_.Now());
      }
    }
    next = std::min(nested_->RunOnce(clock_.Now()), clock_.Now() + kWaitMax);
  }
}

void ChildrenThreads::RunMaps(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Timestamp now = clock_.Now();
    const Timestamp next = std::min(runner_->RunOnce(now), now + kWaitMax);
    if (next > now) runner_->Wait(stop, next - now);
  }
}

}  // namespace towline::children
