#pragma once

// The threads behind nested executions and Map Runs.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "orchestrator/children/map_runner.h"
#include "orchestrator/children/nested.h"
#include "orchestrator/engine/clock.h"
#include "orchestrator/engine/request.h"

namespace towline::children {

// Hears of every task; keeps what is about nested executions and passes on the rest. So neither
// dispatch nor this need know of the other's tasks.
class NoticeSplit final : public engine::TaskSink {
 public:
  NoticeSplit(engine::TaskSink& nested, engine::TaskSink& dispatch)
      : nested_(nested), dispatch_(dispatch) {}
  void Post(std::vector<engine::TaskNotice> notices) override;

 private:
  engine::TaskSink& nested_;
  engine::TaskSink& dispatch_;
};

// One thread for nested executions, two for Map Runs, whose object store may be slow.
class ChildrenThreads final : public engine::TaskSink {
 public:
  ChildrenThreads(std::unique_ptr<Nested> nested, std::unique_ptr<MapRunner> runner,
                  const engine::Clock& clock);
  ~ChildrenThreads() override;

  void Start();
  void Stop();  // partitions are stopped before

  void Post(std::vector<engine::TaskNotice> notices) override;
  MapRunner& runner() { return *runner_; }

 private:
  using Item = std::variant<engine::TaskNotice, std::unique_ptr<Nested::Reply>>;
  void Push(std::vector<Item> items);
  std::vector<Item> Take(const std::stop_token& stop, Timestamp until);
  void RunNested(const std::stop_token& stop);
  void RunMaps(const std::stop_token& stop);

  const std::unique_ptr<Nested> nested_;
  const std::unique_ptr<MapRunner> runner_;
  const engine::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::vector<Item> items_;  // guarded by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace towline::children
