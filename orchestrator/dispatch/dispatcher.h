#pragma once

// Placement and the server side of the job protocol: one actor per node, sans-io.
//
// It holds the fleet (presence) and, per tenant, queue, type and labels, the keys of waiting jobs
// by priority and age; payloads stay in the store beyond a small budget. Partitions tell it of
// tasks after their commit; it picks a worker that is online, able and free, and publishes. All
// of its memory can be rebuilt from the open task rows and a roll call.
//
// It owns no thread and reads no clock: a driver calls it, in the simulation the test does. All
// calls come from one thread; what they cause leaves through the ports given to the constructor.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/blobs/blob_store.h"
#include "orchestrator/engine/request.h"
#include "orchestrator/engine/tokens.h"
#include "orchestrator/engine/watch.h"
#include "orchestrator/logs/log_sink.h"
#include "proto/jobs/messages.h"
#include "proto/jobs/topics.h"
#include "statemachines/base/time.h"

namespace towline::dispatch {

struct Settings {
  Seconds offer_timeout{10};      // an unanswered offer is repeated, same attempt
  Seconds liveness_window{45};    // silence after an offer or roll call: the worker is lost
  Seconds grace{10};              // of cancels, when the job says nothing
  Seconds settle{1};              // after a roll call: time for results that are on their way
  Seconds ageing{300};            // so much waiting counts as one step of priority
  std::size_t payload_budget_bytes = 16 << 20;  // payloads of waiting jobs kept at hand
  // Which tenants' workers an execution of another tenant may use: {execution's, workers'}.
  std::vector<std::pair<std::string, std::string>> grants;
  // Topics a tenant may publish to with mqtt:publish; MQTT filters. No entry: any but towline/, $.
  std::map<std::string, std::vector<std::string>> publish_allow;
  blobs::BlobStore* blobs = nullptr;  // for inputs that no message takes; none: they are refused
};

// The broker, as dispatch sees it. Publish never blocks.
class Broker {
 public:
  virtual ~Broker() = default;
  // False: not now (no link, or too much waiting). expiry in seconds, 0 none.
  virtual bool Publish(std::string topic, std::string payload, std::uint32_t expiry_seconds) = 0;
  // mqtt:publish of a task: `task` comes back in OnPublished. False: not now.
  virtual bool PublishTask(const engine::TaskRef& task, std::string topic, std::string payload,
                           int qos, bool retain) = 0;
  // Answers a callback that named a response topic.
  virtual void Respond(std::string topic, std::string correlation, std::string payload) = 0;
};

// What people see of a worker.
struct WorkerView {
  std::string tenant, worker;
  std::string state;  // "online", "draining", "offline", "unknown", "revoked"
  std::uint64_t incarnation = 0;
  int slots = 0, used = 0;
  std::vector<jobs::TypeInfo> types;
  std::vector<std::string> queues;
  std::map<std::string, std::string> labels;
  std::string version;
  std::map<std::string, std::string> host;
  std::optional<Timestamp> last_seen{};
  bool drain_requested = false;
  std::vector<engine::TaskRef> holding;
};

// Where one task stands, for `towline why`.
struct TaskView {
  engine::TaskRef task;
  std::uint32_t attempt = 1;
  // "waiting", "offered", "accepted", "cancelling", "publishing", "submitted", "roll call"
  std::string stage;
  std::string worker;                    // "{tenant}_{worker}" of the offer or holder, or a poller
  std::optional<Timestamp> since{};      // of this stage
  std::optional<Timestamp> last_heard{}; // heartbeat or progress of the job
  std::optional<double> percent{};
  std::string message;
  std::string reason;                    // why it waits, one sentence that says what to do
  std::size_t ahead = 0;                 // jobs that come before it
};

struct Counters {  // since start; the seam for metrics
  std::uint64_t offers = 0, results = 0, acks_recorded = 0, acks_stale = 0, requeues = 0,
                declined = 0, lost_workers = 0, cancels = 0, malformed = 0, forged = 0,
                callbacks = 0, revoked = 0;
};

class Dispatcher {
 public:
  Dispatcher(Settings settings, const engine::Tokens& tokens, engine::RequestPort& partitions,
             engine::TaskSource& tasks, Broker& broker, engine::WatchHub* hub,
             logs::LogSink* logs = nullptr);  // none: what jobs print is refused
  ~Dispatcher();

  // Inputs. `now` never goes backwards.
  void OnNotice(engine::TaskNotice notice, Timestamp now);
  void OnMessage(std::string_view topic, std::string_view payload, bool retained,
                 std::string_view response_topic, std::string_view correlation, Timestamp now);
  void OnLink(bool up, Timestamp now);
  void OnPublished(const engine::TaskRef& task, bool acknowledged, Timestamp now);
  // What a Request of ours came to; `what` is opaque to the driver (see Reply).
  struct Reply;
  void OnReply(std::unique_ptr<Reply> reply, Timestamp now);
  // Where replies go: called on partition threads, must hand over to OnReply.
  void SetReplyPort(std::function<void(std::unique_ptr<Reply>)> port);

  // Places what can be placed, sends the batches that have gathered, looks at timeouts. Returns
  // when it wants to be called again at the latest.
  Timestamp RunOnce(Timestamp now);

  // Activities: a poller is a worker for one task. `done` is called with a hand-off that is
  // committed, or with nothing at `deadline`. A poll whose caller has gone is cancelled; had its
  // hand-off been committed meanwhile, CancelPoll gives the task back to the queue.
  struct ActivityTask {
    engine::TaskRef task;
    std::string token;
    std::string input;  // JSON text
  };
  void Poll(std::uint64_t poll, std::string_view activity_arn, std::string_view worker_name,
            Timestamp deadline, std::function<void(std::optional<ActivityTask>)> done,
            Timestamp now);
  void CancelPoll(std::uint64_t poll, Timestamp now);

  // Requests of people.
  Status SetDrain(std::string_view tenant, std::string_view worker, bool drain, Timestamp now);
  // A revoked worker is not heard and gets nothing; what it holds goes elsewhere or fails, for it
  // can never report. Idempotent.
  void SetRevoked(const jobs::Principal& worker, bool revoked, Timestamp now);
  // An operator has given up on a cancelled task and its row is gone: frees its slot.
  void Forget(const engine::TaskRef& task, Timestamp now);
  std::vector<WorkerView> Workers(std::string_view tenant) const;  // empty tenant: all
  std::optional<TaskView> Describe(const engine::TaskRef& task, Timestamp now) const;
  // Has any worker of the tenant ever announced this type?
  bool TypeAnnounced(std::string_view tenant, std::string_view type) const;
  const Counters& counters() const;
  bool linked() const;  // to the broker

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace towline::dispatch

#include "orchestrator/dispatch/reply.h"  // whoever carries replies must be able to destroy them
