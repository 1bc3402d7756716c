#pragma once

// A partition: the only owner of its executions.
//
// Requests come in through a bounded inbox. RunOnce() takes everything waiting, lets the
// interpreter decide, stages rows, commits them in one transaction and only then lets the
// consequences out: replies, notices to dispatch, timers. Nothing leaves before the commit; after
// a crash, reading open tasks and timers is all the recovery there is.
//
// It owns no thread and reads no clock: a driver calls it (partition_thread.h), in the simulation
// the test does. Post() may be called from any thread; all else from the driver's.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "orchestrator/blobs/blob_store.h"
#include "orchestrator/engine/cache.h"
#include "orchestrator/engine/clock.h"
#include "orchestrator/engine/definitions.h"
#include "orchestrator/engine/inbox.h"
#include "orchestrator/engine/request.h"
#include "orchestrator/engine/timers.h"
#include "orchestrator/engine/watch.h"
#include "orchestrator/store/store.h"
#include "statemachines/interpreter/advance.h"

namespace towline::engine {

struct PartitionSettings {
  int number = 0;
  interpreter::Limits limits{};
  std::size_t inbox_max = 16'384;       // requests waiting; beyond it callers are told "busy"
  std::size_t batch_max = 2'048;        // requests in one transaction
  std::size_t batch_bytes_max = 8 << 20;
  std::size_t cache_max = 4'096;        // executions in memory
  std::uint64_t snapshot_events = 1'000;  // events after which a snapshot shortens the replay
  Millis timer_horizon{60'000};
  std::chrono::hours retention{24 * 90};  // closed executions are kept this long; max(): for good
  std::uint64_t seed = 0;               // of everything random that the core is given
  blobs::BlobStore* blobs = nullptr;    // outlives it; none: references are plain values
};

// Since start; the seam for metrics. Written by the partition's thread.
struct PartitionCounters {
  std::uint64_t commits = 0, commands = 0, started = 0, closed = 0, store_errors = 0, replayed = 0;
  Millis timer_lateness_max{};
};

class Partition {
 public:
  // `hub` and `map_runs` may be null: nobody watches, nobody runs Map Runs.
  Partition(PartitionSettings settings, std::unique_ptr<store::Store> store,
            Definitions& definitions, const interpreter::Activities& activities,
            TaskSink& sink, WatchHub* hub,
            MapRunSink* map_runs = nullptr);
  ~Partition();

  // False when the inbox is full or closed; the reply is then not called.
  bool Post(Request request) { return inbox_.Push(std::move(request)); }

  // One round. Returns when it wants to be called again at the latest (a timer, a retry of a
  // broken store); Timestamp::min() when there is more to do at once.
  Timestamp RunOnce(Moment at);

  // Refuses new requests; what is waiting is still worked off by RunOnce.
  void Close() { inbox_.Close(); }
  void Checkpoint();  // at shutdown, after the last RunOnce

  bool available() const { return available_; }
  Inbox<Request>& inbox() { return inbox_; }
  const PartitionCounters& counters() const { return counters_; }

 private:
  struct Waiter {
    std::uint64_t id = 0;  // by which it can be dropped; 0: not at all
    std::function<void(Result<ExecutionView>)> reply;
  };

  // A Map Run that is open.
  struct LiveMapRun {
    interpreter::MapRunState state;
    std::shared_ptr<const store::MapRunOrder> order;
    std::string revision;  // of the parent's definition
    bool open = true;
    bool is_new = false;   // the runner does not know it yet
  };
  struct EndedChild {
    store::MapRunKey run;
    interpreter::ChildEnd end;
  };

  // requests.cc: each decides, stages and arranges its reply.
  void Handle(StartExecution& request);
  void Handle(StopExecution& request);
  void Handle(RedriveExecution& request);
  void Handle(WaitExecution& request);
  void Handle(Unwait& request);
  void Handle(TaskCommand& request);
  void Handle(HeartbeatTask& request);
  void Handle(ConfirmCancel& request);
  void Handle(HoldHeartbeats& request);
  void Handle(AddEvidence& request);
  // map_runs.cc
  void Handle(StartChildren& request);
  void Handle(RedriveChildren& request);
  void Handle(StopChildren& request);
  void Handle(FinishMapRun& request);
  void Handle(UpdateMapRun& request);
  void AnswerExisting(StartExecution& request, store::ExecutionKey key);
  void AddWaiter(store::ExecutionKey key, std::uint64_t waiter,
                 std::function<void(Result<ExecutionView>)> reply);
  void KeepReferences(const std::string& execution_tenant, TaskCommand& request) const;
  bool MayTouch(const std::string& execution_tenant, store::TaskKey task,
                const std::string& tenant);
  TaskVerdict Judge(const interpreter::Command& command, store::TaskKey task,
                    interpreter::Verdict verdict);

  // redrive.cc
  std::shared_ptr<const interpreter::ExecutionState> RemainsOf(const Live& live,
                                                               std::string& why);

  // map_runs.cc
  LiveMapRun* FindMapRun(const store::MapRunKey& key);
  void Touch(const store::MapRunKey& key);
  void StartChild(interpreter::ExecutionInfo info,
                  std::shared_ptr<const asl::Definition> definition, Json input);
  std::vector<store::ExecutionKey> ChildrenFrom(
      const store::MapRunKey& key, std::uint64_t from, std::size_t limit,
      const std::function<bool(store::Status)>& matches, std::uint64_t& next);
  void RedriveChild(Live& live, LiveMapRun& run);
  void FailMapRun(const store::MapRunKey& key, LiveMapRun& run, interpreter::Failure failure);
  bool JudgeTolerance();
  void AnswerWithView(const store::MapRunKey& key, MapRunReply reply);
  void SettleMapRuns();
  void StageMapRuns();
  void ReleaseMapRuns();
  void RecoverMapRuns();

  // staging.cc: what a step leaves behind.
  interpreter::Verdict Run(Live& live, const interpreter::Command& command);
  void Stage(Live& live, interpreter::Step step);
  void Stage(Live& live, interpreter::OpenTask& open);
  void Stage(Live& live, interpreter::UpdateTask& update);
  void Stage(Live& live, interpreter::CloseTask& close);
  void Stage(Live& live, interpreter::SetTimer& timer);
  void Stage(Live& live, interpreter::ClearTimer& timer);
  void Stage(Live& live, interpreter::OpenMapRun& open);
  void Stage(Live& live, interpreter::CloseMapRun& close);
  void Stage(Live& live, interpreter::ReopenMapRun& reopen);
  void Stage(Live& live, interpreter::CloseExecution& close);
  void Stage(Live& live, interpreter::ReopenExecution& reopen);
  void Stage(Live& live, interpreter::PostContinue& go_on);
  void Requeue(Live& live, store::TaskRow row, std::uint32_t attempt);
  std::optional<store::TaskRow> TaskRowOf(store::TaskKey key);  // this batch's first
  struct Holder {  // of a task; incarnation 0: a caller of ours, not a worker
    const std::string& worker;
    std::uint64_t incarnation = 0;
  };
  void ArmHeartbeat(store::TaskKey key, const interpreter::TaskSpec& spec, std::uint32_t attempt,
                    const std::string& execution_tenant, Holder holder);

  // partition.cc
  void Dispatch(Request& request);
  void FireTimers();
  void Fire(const store::TimerRow& timer);
  bool Commit();
  void Release();
  void ForgetBatch();
  void Evict();
  void Purge();
  Live* Load(store::ExecutionKey key);
  Live* LoadByName(const ExecutionName& name);

  // recovery.cc
  bool Recover();           // true when available
  void Break(const std::string& why);
  void RefuseWaiting();     // while broken: doors are told so, results stay unacknowledged
  void Refuse(Request& request, const std::string& why);
  void ReadOpenTask(const store::TaskRow& row, std::vector<TaskNotice>& notices);
  // Whose they are, which the rows do not say; and their heartbeat clocks.
  void CompleteOpenTasks(std::vector<TaskNotice>& notices);
  void RecheckWaiters();

  ExecutionView View(const Live& live) const;
  TaskRef Ref(store::TaskKey key) const { return {settings_.number, key.execution, key.task}; }

  const PartitionSettings settings_;
  const std::unique_ptr<store::Store> store_;
  Definitions& definitions_;
  const interpreter::Activities& activities_;
  TaskSink& sink_;
  WatchHub* const hub_;
  MapRunSink* const map_run_sink_;
  Inbox<Request> inbox_;

  // Everything below belongs to the driver's thread and can be rebuilt from the store.
  Timestamp now_{};
  Timestamp wall_{};
  bool available_ = false;
  bool staging_ = false;  // a step is being staged: memory and batch do not agree just now
  int failures_ = 0;
  std::string why_unavailable_ = "starting";
  Timestamp retry_at_ = Timestamp::min();
  Timestamp purge_at_ = Timestamp::min();
  std::uint64_t seed_ = 0;
  store::ExecutionKey last_key_ = 0;
  Cache cache_;
  TimerQueue timers_;
  Heartbeats heartbeats_;
  std::unordered_map<store::ExecutionKey, std::vector<Waiter>> waiters_;
  std::unordered_map<std::uint64_t, store::ExecutionKey> waiter_ids_;
  PartitionCounters counters_;
  std::map<store::MapRunKey, LiveMapRun> map_runs_;  // the open ones

  // Of the batch under way.
  std::set<store::MapRunKey> touched_runs_;
  std::vector<EndedChild> ended_children_;
  std::vector<std::pair<store::MapRunKey, MapRunReply>> run_replies_;
  store::Batch batch_;
  std::size_t batch_bytes_ = 0;
  std::unordered_map<std::string, store::ExecutionKey> batch_names_;
  std::vector<Live*> dirty_;
  std::vector<std::function<void(bool durable)>> replies_;
  std::vector<TaskNotice> notices_;
  std::vector<std::pair<store::ExecutionKey, ExecutionView>> closed_;
  std::vector<Request> deferred_;  // need to see this batch's rows first
};

}  // namespace towline::engine
