#pragma once

// Nested executions: carries out states:startExecution tasks.
//
// An actor like dispatch, sans-io: partitions tell it of open tasks after their commit, it posts
// requests and hears their replies. It keeps nothing that a restart would miss: the open task row
// of the parent is the order. A child is started under a name that is in that row, and knows its
// parent's task, so asking twice starts it once; of a child that runs it asks again how it ended;
// one that is no longer wanted it stops until the child's own commit has said so.
//
// All calls come from one thread, except that replies arrive on partition threads and go to the
// reply port.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "orchestrator/engine/definitions.h"
#include "orchestrator/engine/request.h"
#include "orchestrator/store/store.h"
#include "statemachines/base/time.h"

namespace towline::children {

class Nested {
 public:
  // What a request of ours came to; for OnReply, whoever carries it.
  struct Reply {
    engine::TaskRef task{};
    std::uint64_t number = 0;  // of the request it answers
    std::optional<Result<engine::ExecutionView>> view{};
    std::optional<engine::TaskVerdict> verdict{};
  };
  using ReplyPort = std::function<void(std::unique_ptr<Reply>)>;

  Nested(engine::RequestPort& partitions, int partition_count, engine::TaskSource& tasks,
         store::Catalogue& catalogue, engine::Definitions& definitions,
         const engine::Tokens& tokens);
  ~Nested();

  void SetReplyPort(ReplyPort port);  // called on partition threads; must hand over to OnReply

  void OnNotice(const engine::TaskNotice& notice, Timestamp now);
  void OnReply(std::unique_ptr<Reply> reply, Timestamp now);
  // Returns when it wants to be called again at the latest.
  Timestamp RunOnce(Timestamp now);

 private:
  struct Child;
  struct Outcome;

  void OnOpened(const engine::TaskOpened& opened);
  void OnClosed(const engine::TaskClosed& closed);
  void Reset(int partition);
  void Act(Child& child);  // what its stage asks for
  void Start(Child& child);
  void Wait(Child& child);
  void Report(Child& child);
  void Stop(Child& child);
  void Confirm(Child& child);
  void Enter(Child& child, int stage);
  void Again(Child& child);  // later: something was busy or out of order
  void Refuse(Child& child, std::string error, std::string cause);
  Json InputOf(const Child& child) const;
  bool Load(Child& child);   // false: the task is gone, or cannot be read now
  void Forget(const engine::TaskRef& task);
  void OnStarted(Child& child, const Result<engine::ExecutionView>& view);
  void OnEnded(Child& child, const Result<engine::ExecutionView>& view);
  std::function<void(Result<engine::ExecutionView>)> ViewPort(const Child& child);
  std::function<void(engine::TaskVerdict)> VerdictPort(const Child& child);

  engine::RequestPort& partitions_;
  const int partition_count_;
  engine::TaskSource& tasks_;
  store::Catalogue& catalogue_;
  engine::Definitions& definitions_;
  const engine::Tokens& tokens_;
  std::shared_ptr<ReplyPort> port_ = std::make_shared<ReplyPort>();

  Timestamp now_{};
  std::uint64_t next_number_ = 1;
  std::unordered_map<engine::TaskRef, std::unique_ptr<Child>, engine::TaskRefHash> children_;
  std::multimap<Timestamp, std::pair<engine::TaskRef, std::uint64_t>> due_;
};

}  // namespace towline::children
