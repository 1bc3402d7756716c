#pragma once

// The inside of Dispatcher. Methods stand in the file that their comment names; all run on the
// dispatcher's thread.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "orchestrator/dispatch/complaints.h"
#include "orchestrator/dispatch/dispatcher.h"
#include "orchestrator/dispatch/fleet.h"
#include "orchestrator/dispatch/job.h"
#include "orchestrator/dispatch/job_table.h"
#include "orchestrator/dispatch/placement.h"
#include "orchestrator/dispatch/queues.h"

namespace towline::dispatch {

inline constexpr Millis kBusyPause{50};  // after a full inbox or a broker that takes no more

struct Poller {
  Group* group = nullptr;
  std::string worker;
  Timestamp deadline{};
  std::function<void(std::optional<Dispatcher::ActivityTask>)> done;
  std::optional<engine::TaskRef> task{};  // its hand-off is being committed, or is done
  std::uint32_t attempt = 0;
  bool handed = false;
  bool last_call = false;  // its deadline has passed during the commit
};

struct Dispatcher::Impl {
  Impl(Settings s, const engine::Tokens& t, engine::RequestPort& p, engine::TaskSource& ts,
       Broker& b, engine::WatchHub* h, logs::LogSink* l)
      : settings(std::move(s)), tokens(t), partitions(p), source(ts), broker(b), hub(h), logs(l),
        queues(settings.ageing) {}

  // dispatcher.cc: notices and the round
  void OnOpened(engine::TaskOpened& notice);
  void OnAccepted(const engine::TaskAccepted& notice);
  void OnClosed(const engine::TaskClosed& notice);
  void OnReset(int partition);
  void MeetPartition(int partition);
  void Supersede(Job& job);
  void RouteRecovered(Job& job, engine::TaskOpened& notice);
  void RouteHeld(Job& job, Worker& worker, const engine::TaskOpened& notice);
  void Enqueue(Job& job, const engine::TaskOpened& notice);
  void FireDeadlines();
  void FireJobDeadline(Job& job);
  Timestamp NextDeadline() const;
  void Tick(Timestamp at) { now = std::max(now, at); }

  // jobs.cc: from queue to worker and back
  Offering& OfferingOf(Job& job);
  Group& GroupOf(const interpreter::TaskSpec& spec, const std::string& tenant);
  bool SetGroup(Job& job, const interpreter::TaskSpec& spec, const std::string& tenant);
  void SetStage(Job& job, Stage stage);
  void SetDeadline(Job& job, Timestamp at);
  void Detach(Job& job);  // out of queue, worker and deadlines; the stage no longer holds
  void Drop(Job& job);    // gone for good
  void FreeSlot(Job& job);
  void KeepPayload(Job& job, const engine::TaskOpened& notice);
  void ReleasePayload(Job& job);
  std::shared_ptr<const interpreter::OpenTask> PayloadOf(Job& job);
  void Place();
  void PlaceOne(const Placement::Match& match);
  void PutOffer(Job& job);  // into the worker's next batch
  // What a message does not take, or what lies with another tenant, the worker fetches. False: it
  // cannot, and the job is taken care of.
  bool MakeFetchable(Job& job, std::string& input);
  void Reoffer(Job& job);
  void Unsend(Job& job);    // the offer has not left: back to its queue, same attempt
  void Requeue(Job& job, std::string reason);
  void Fail(Job& job, std::string error, std::string cause);
  void Cancel(Job& job, std::string reason);
  void Confirm(Job& job);
  void PostOwn(Job& job);
  bool IsAtMostOnce(const Job& job) const;
  interpreter::TaskSpec::OnWorkerLost PolicyOf(const Job& job) const;

  // presence.cc: who is there, roll call
  void OnPresence(Worker& worker, std::string_view payload, bool retained);
  void OnRollCall(Worker& worker, const std::vector<jobs::Held>& held);
  void OnHeld(Worker& worker, Job& job, const jobs::Held& held);
  void OnAbsent(Worker& worker, Job& job);
  void Adopt(Worker& worker, Job& job, const std::string& token);
  void Probe(Worker& worker, const engine::TaskRef& ref, const jobs::Held& held);
  void Await(Worker& worker);
  void AskRollCall(Worker& worker);
  void MarkOnline(Worker& worker, bool draining);
  void MarkLost(Worker& worker, const std::string& why);
  void SetRevoked(const jobs::Principal& worker, bool revoked);
  void LoseJob(Worker& worker, Job& job, const std::string& why);
  void Heard(Worker& worker, std::uint64_t incarnation);
  void CheckSilence(Worker& worker);
  void SetCheck(Worker& worker, Timestamp at);
  void LinkChanged(bool up);
  void PostHolds();
  void ReleaseParked();
  std::optional<Timestamp> ParkedUntil(const Group& group) const;  // nothing: cannot say yet

  // inbound.cc: messages of workers
  void OnMessage(std::string_view topic, std::string_view payload, bool retained,
                 std::string_view response_topic, std::string_view correlation);
  void OnEvents(Worker& worker, std::string_view payload);
  void OnResults(Worker& worker, std::string_view payload);
  void OnResult(Worker& worker, jobs::JobResult& result);
  void OnCancelledResult(Worker& worker, Job* job, Reply reply, jobs::JobResult& result);
  void OnAcceptedEvent(Worker& worker, const jobs::WorkerEvent& event);
  void Accept(Worker& worker, Job& job, const std::string& token);
  bool PostAccept(Worker& worker, const engine::TaskRef& ref, std::uint32_t attempt,
                  const std::string& token);
  void OnDeclined(Worker& worker, const jobs::WorkerEvent& event);
  void OnHeartbeats(Worker& worker, const jobs::WorkerEvent& event);
  void OnProgress(Worker& worker, const jobs::WorkerEvent& event);
  bool SaveCheckpoint(Worker& worker, const engine::TaskRef& ref, std::uint32_t attempt,
                      std::string_view text);

  // inbound_log.cc: what jobs print
  void OnLog(Worker& worker, jobs::WorkerEvent& event);
  void OnLogReply(Reply& reply);
  void AnswerLog(Worker& worker, std::string token, std::uint32_t attempt,
                 std::optional<std::uint64_t> kept);
  void Remember(const engine::TaskRef& ref, std::uint32_t attempt, const Worker& worker);

  void Beat(Worker& worker, const engine::TaskRef& ref, std::uint32_t attempt,
            const std::string& token);
  void Evidence(Worker& worker, const engine::TaskRef& ref, std::uint32_t attempt,
                std::string what, std::string data);
  static const char* GoneReason();
  std::optional<engine::TaskRef> Verify(std::string_view token, std::string_view sender);
  void RefuseForeign(Worker& worker, const std::string& token, std::uint32_t attempt);
  Job* Find(const engine::TaskRef& ref, std::uint32_t attempt);  // of this very attempt
  void Malformed(std::string_view sender, std::string_view problem);

  // callbacks.cc: the callback topic
  void OnCallback(const jobs::Principal& principal, std::string_view payload,
                  std::string_view response_topic, std::string_view correlation);
  void OnCallbackReply(const Reply& reply);
  void ShowProgress(const engine::TaskRef& ref, const std::string& sender,
                    const std::string& text);
  void Answer(const Reply& reply, jobs::CallbackReply::Verdict verdict, std::string message = {});

  // outbound.cc: requests and their replies, batches
  bool Post(const engine::TaskRef& task, interpreter::Command command, std::string tenant,
            Reply reply);
  bool Post(int partition, engine::Request request);
  std::function<void(engine::TaskVerdict)> ReplyTo(Reply reply);
  void OnReply(Reply& reply);
  void CancelGone(const Reply& reply);
  void OnResultReply(Reply& reply);
  void OnAcceptReply(Reply& reply);
  void Acknowledge(Worker& worker, std::string token, std::uint32_t attempt, bool recorded);
  void MarkDirty(Worker& worker);
  void SendCancel(Worker& worker, std::string token, std::uint32_t attempt, int partition,
                  std::string reason);
  void Flush();
  void FlushOffers(Worker& worker);
  void FlushControl(Worker& worker);
  void SendBatch(Worker& worker, const std::string& topic, jobs::JobBatch& batch,
                 const std::vector<Job*>& in_batch);
  void Watch(const engine::TaskRef& task, const char* what, const std::string& worker,
             std::uint32_t attempt, std::optional<double> percent = {}, std::string message = {});

  // publish.cc: mqtt:publish
  void OpenPublish(Job& job, const engine::TaskOpened& notice);
  void PublishWaiting();
  bool PublishOne(Job& job);  // false: not now
  void OnPublished(const engine::TaskRef& task, bool acknowledged);
  void PublishAgain(Job& job);

  // activities.cc
  void Poll(std::uint64_t poll, std::string_view arn, std::string_view worker, Timestamp deadline,
            std::function<void(std::optional<ActivityTask>)> done);
  void CancelPoll(std::uint64_t poll);
  void ServePollers(Group& group);
  void OnHandOff(const Reply& reply);
  void FirePolls();
  void SetPollDeadline(std::uint64_t poll, Poller& poller, Timestamp at);
  void ErasePoll(std::uint64_t poll);
  void ResetPolls(int partition);

  // view.cc: what people ask
  std::string Why(const Job& job) const;

  // constant after construction
  const Settings settings;
  const engine::Tokens& tokens;
  engine::RequestPort& partitions;
  engine::TaskSource& source;
  Broker& broker;
  engine::WatchHub* const hub;
  logs::LogSink* const logs;
  std::shared_ptr<std::function<void(std::unique_ptr<Reply>)>> port =
      std::make_shared<std::function<void(std::unique_ptr<Reply>)>>();

  Timestamp now{};
  bool link_up = false;
  std::optional<Timestamp> link_up_at{};
  std::uint64_t epoch = 1;  // a roll call answered in an older one says nothing any more
  Timestamp send_again{};   // the broker took no more: not before then
  // Per partition that has spoken: what HoldHeartbeats has said last.
  std::vector<std::optional<engine::HoldHeartbeats>> holds;
  bool holds_changed = false;  // somebody may have come to be awaited, or be it no longer

  JobTable jobs;
  Fleet fleet;
  std::set<std::string, std::less<>> revoked;  // workers, by name
  Queues queues;
  Placement placement;
  Complaints complaints;
  Counters counters;
  std::uint32_t ticket = 0;
  std::size_t payload_bytes = 0;
  std::set<std::pair<Timestamp, Job*>> deadlines;
  std::set<std::pair<Timestamp, Worker*>> checks;
  std::vector<Worker*> dirty;
  std::set<Group*> parked;
  bool parked_changed = false;
  Timestamp parked_check = kNever;

  // Held at a worker's roll call, and unknown here: its partition may still be reading.
  struct Unmatched {
    Worker* worker = nullptr;
    jobs::Held held;
  };
  std::unordered_map<engine::TaskRef, Unmatched, engine::TaskRefHash> unmatched;

  struct Progress {
    Timestamp heard{};
    std::optional<double> percent{};
    std::string message{};
  };
  std::unordered_map<engine::TaskRef, Progress, engine::TaskRefHash> progress;

  // Whose the last jobs were that have ended: the end of a log may come behind the result.
  struct Ended {
    std::uint32_t attempt = 0;
    const Worker* worker = nullptr;
  };
  std::unordered_map<engine::TaskRef, Ended, engine::TaskRefHash> ended;
  std::deque<engine::TaskRef> ended_order;

  std::deque<engine::TaskRef> publish_queue;
  std::unordered_map<std::uint64_t, Poller> polls;
  std::set<std::pair<Timestamp, std::uint64_t>> poll_deadlines;
  std::deque<std::uint64_t> gone_polls;  // cancelled before they came
};

}  // namespace towline::dispatch
