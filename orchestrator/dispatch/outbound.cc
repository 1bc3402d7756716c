// What leaves: requests to partitions and what their answers cause, batches to workers.

#include <algorithm>

#include "orchestrator/dispatch/impl.h"

namespace towline::dispatch {
namespace {

constexpr std::size_t kEnvelopeBytes = 128;  // of a batch, around its entries
constexpr std::size_t kEntryBytes = 96;      // of a control entry, besides its texts
constexpr std::size_t kTokenBytesMax = 256;  // a longer one is rubbish and not worth an answer

}  // namespace

bool Dispatcher::Impl::Post(int partition, engine::Request request) {
  return partitions.Post(partition, std::move(request));
}

bool Dispatcher::Impl::Post(const engine::TaskRef& task, interpreter::Command command,
                            std::string tenant, Reply reply) {
  return partitions.Post(task.partition,
                         engine::TaskCommand{.task = task,
                                             .command = std::move(command),
                                             .tenant = std::move(tenant),
                                             .reply = ReplyTo(std::move(reply))});
}

// Runs on the partition's thread: fills in the verdict and hands over.
std::function<void(engine::TaskVerdict)> Dispatcher::Impl::ReplyTo(Reply reply) {
  if (reply.what == Reply::What::kNothing) return [](engine::TaskVerdict) {};
  return [to = port, reply = std::move(reply)](engine::TaskVerdict verdict) mutable {
    auto done = std::make_unique<Reply>(std::move(reply));
    done->verdict = verdict;
    (*to)(std::move(done));
  };
}

void Dispatcher::Impl::OnReply(Reply& reply) {
  using Verdict = engine::TaskVerdict;
  const bool refused = reply.verdict == Verdict::kStale || reply.verdict == Verdict::kForbidden;
  if (reply.verdict == Verdict::kForbidden) {
    counters.forged++;
    complaints.Add("foreign_token", reply.worker == nullptr ? "callback" : reply.worker->name,
                   "a token of another tenant's task " +
                       engine::Tokens::Fingerprint(reply.token), now);
  }
  switch (reply.what) {
    case Reply::What::kResult:
    case Reply::What::kCancelled:
    case Reply::What::kStopped:
      return OnResultReply(reply);
    case Reply::What::kAccept:
      return OnAcceptReply(reply);
    case Reply::What::kHeartbeat:
      if (refused) CancelGone(reply);
      return;
    case Reply::What::kProbe:
      if (refused) {
        unmatched.erase(reply.task);
        CancelGone(reply);
      } else if (reply.verdict == Verdict::kRecorded) {
        reply.worker->control.keep.push_back({std::move(reply.token), reply.attempt});
        MarkDirty(*reply.worker);
      }
      return;
    case Reply::What::kConfirm: {
      Job* const job = jobs.Find(reply.task);
      const bool waits = job != nullptr && job->stage == Stage::kCancelling;
      if (waits && reply.verdict != Verdict::kUnavailable && job->offer->confirming) Drop(*job);
      return;
    }
    case Reply::What::kHandOff:
      return OnHandOff(reply);
    case Reply::What::kCallback:
      return OnCallbackReply(reply);
    case Reply::What::kLog:
      return OnLogReply(reply);
    case Reply::What::kOwn:
    case Reply::What::kNothing:
      return;
  }
}

void Dispatcher::Impl::CancelGone(const Reply& reply) {
  SendCancel(*reply.worker, reply.token, reply.attempt, reply.task.partition, GoneReason());
}

void Dispatcher::Impl::OnResultReply(Reply& reply) {
  using Verdict = engine::TaskVerdict;
  Worker& worker = *reply.worker;
  Job* const job = Find(reply.task, reply.attempt);
  if (reply.verdict == Verdict::kUnavailable) {  // not acknowledged: the worker says it again
    if (job != nullptr && job->offer != nullptr) job->offer->reported = false;
    return;
  }
  const bool recorded = reply.verdict == Verdict::kRecorded;
  if (!recorded && reply.what == Reply::What::kStopped) {
    // It was being cancelled after all, and we did not know yet.
    const engine::TaskRef ref = reply.task;
    const std::uint32_t attempt = reply.attempt;
    reply.what = Reply::What::kCancelled;
    Post(ref.partition, engine::ConfirmCancel{ref, attempt, ReplyTo(std::move(reply))});
    return;
  }
  if (reply.what == Reply::What::kCancelled && job != nullptr && job->stage == Stage::kCancelling) {
    Drop(*job);
  }
  if (!recorded && reply.what == Reply::What::kResult && reply.verdict == Verdict::kStale) {
    Evidence(worker, reply.task, reply.attempt,
             reply.output ? "result succeeded" : "result failed",
             reply.output ? PrintJson(**reply.output) : std::move(reply.evidence));
  }
  if (recorded) Remember(reply.task, reply.attempt, worker);
  Acknowledge(worker, std::move(reply.token), reply.attempt, recorded);
}

void Dispatcher::Impl::OnAcceptReply(Reply& reply) {
  using Verdict = engine::TaskVerdict;
  Worker& worker = *reply.worker;
  Job* const job = Find(reply.task, reply.attempt);
  const bool mine = job != nullptr && job->offer != nullptr && job->offer->worker == &worker;
  switch (reply.verdict) {
    case Verdict::kRecorded:
      if (mine && job->stage == Stage::kAccepted) job->offer->recorded = true;
      if (!mine || job->offer->at_most_once) {  // now, and only now, may it start
        if (mine && job->stage == Stage::kCancelling) return;
        worker.control.grants.push_back({std::move(reply.token), reply.attempt, true});
        MarkDirty(worker);
      }
      return;
    case Verdict::kUnavailable:
      if (mine && job->stage == Stage::kAccepted && !job->offer->reported) {
        SetStage(*job, Stage::kOffered);  // offered again, it says so again
        SetDeadline(*job, now + settings.offer_timeout);
      }
      return;
    case Verdict::kStale:
    case Verdict::kForbidden:
      worker.control.grants.push_back({std::move(reply.token), reply.attempt, false});
      return MarkDirty(worker);
  }
}

void Dispatcher::Impl::MarkDirty(Worker& worker) {
  if (worker.dirty) return;
  worker.dirty = true;
  dirty.push_back(&worker);
}

void Dispatcher::Impl::Acknowledge(Worker& worker, std::string token, std::uint32_t attempt,
                                   bool recorded) {
  if (token.size() > kTokenBytesMax) return;
  (recorded ? counters.acks_recorded : counters.acks_stale)++;
  worker.control.acks.push_back({std::move(token), attempt, recorded});
  MarkDirty(worker);
}

void Dispatcher::Impl::SendCancel(Worker& worker, std::string token, std::uint32_t attempt,
                                  int partition, std::string reason) {
  if (token.size() > kTokenBytesMax) return;
  worker.control.cancel.push_back(
      {std::move(token), attempt, std::move(reason), settings.grace.count(), partition});
  MarkDirty(worker);
}

void Dispatcher::Impl::Flush() {
  for (Worker* worker : std::exchange(dirty, {})) {
    worker->dirty = false;
    FlushControl(*worker);
    if (!worker->offers.empty()) FlushOffers(*worker);
  }
}

// What cannot be sent now is dropped: workers repeat results and `accepted`, we repeat cancels and
// roll calls.
void Dispatcher::Impl::FlushControl(Worker& worker) {
  if (worker.control.empty()) return;
  jobs::Control all = std::exchange(worker.control, {});
  if (!link_up) return;
  const std::string topic = jobs::ControlTopic(worker.name);
  jobs::Control part{.connection = worker.connection};
  std::size_t bytes = kEnvelopeBytes;
  const auto send = [&] {
    if (!part.empty()) static_cast<void>(broker.Publish(topic, jobs::Encode(part), 0));
    part = {.connection = worker.connection};
    bytes = kEnvelopeBytes;
  };
  const auto add = [&](auto& entries, auto jobs::Control::*to, const auto& text_bytes) {
    for (auto& entry : entries) {
      const std::size_t size = kEntryBytes + text_bytes(entry);
      if (bytes + size > jobs::kMessageBytesMax) send();
      bytes += size;
      (part.*to).push_back(std::move(entry));
    }
  };
  const auto token_bytes = [](const auto& entry) { return entry.token.size(); };
  add(all.acks, &jobs::Control::acks, token_bytes);
  add(all.grants, &jobs::Control::grants, token_bytes);
  add(all.keep, &jobs::Control::keep, token_bytes);
  add(all.logs, &jobs::Control::logs, token_bytes);
  add(all.cancel, &jobs::Control::cancel, [](const jobs::Control::Cancel& entry) {
    return entry.token.size() + 6 * entry.reason.size();  // should every character be escaped
  });
  part.drain = all.drain;
  part.roll_call = all.roll_call;
  send();
}

void Dispatcher::Impl::FlushOffers(Worker& worker) {
  std::vector<Worker::Outgoing> all = std::exchange(worker.offers, {});
  const std::string topic = jobs::JobsTopic(worker.name);
  jobs::JobBatch batch;
  std::vector<Job*> in_batch;
  std::size_t bytes = kEnvelopeBytes;
  const auto send = [&] {
    if (!batch.jobs.empty()) SendBatch(worker, topic, batch, in_batch);
    batch.jobs.clear();
    in_batch.clear();
    bytes = kEnvelopeBytes;
  };
  for (Worker::Outgoing& out : all) {
    const std::size_t size = jobs::EntrySize(out.offer) + 1;
    if (kEnvelopeBytes + size > jobs::kMessageBytesMax) {
      Detach(*out.job);
      Fail(*out.job, "States.DataLimitExceeded",
           "The offer of this job has about " + std::to_string(size) +
               " bytes; a message of the job protocol takes " +
               std::to_string(jobs::kMessageBytesMax) + ". Make its payload smaller.");
      continue;
    }
    if (bytes + size > jobs::kMessageBytesMax) send();
    bytes += size;
    batch.jobs.push_back(std::move(out.offer));
    in_batch.push_back(out.job);
  }
  send();
}

void Dispatcher::Impl::SendBatch(Worker& worker, const std::string& topic, jobs::JobBatch& batch,
                                 const std::vector<Job*>& in_batch) {
  batch.connection = worker.connection;
  batch.seq = worker.seq + 1;
  const auto expiry = static_cast<std::uint32_t>(settings.offer_timeout.count());
  if (!link_up || !broker.Publish(topic, jobs::Encode(batch), expiry)) {
    send_again = now + kBusyPause;
    for (Job* job : in_batch) Unsend(*job);
    return;
  }
  worker.seq = batch.seq;
  if (!worker.offers_since) worker.offers_since = now;
  SetCheck(worker, std::min(worker.check, now + settings.offer_timeout));
  counters.offers += batch.jobs.size();
  for (Job* job : in_batch) {
    Offering& offer = *job->offer;
    offer.seq = batch.seq;
    offer.sent = now;
    offer.connection = worker.connection;
    SetDeadline(*job, std::min(now + settings.offer_timeout,
                               offer.first_offered + settings.liveness_window));
    Watch(job->ref, "offered", worker.name, job->attempt);
  }
}

void Dispatcher::Impl::Watch(const engine::TaskRef& task, const char* what,
                             const std::string& worker, std::uint32_t attempt,
                             std::optional<double> percent, std::string message) {
  if (hub == nullptr || !hub->watched()) return;
  engine::Notice notice;
  notice.kind = engine::Notice::Kind::kJob;
  notice.task = task.task;
  notice.what = what;
  notice.worker = worker;
  notice.attempt = attempt;
  notice.percent = percent;
  notice.message = std::move(message);
  hub->Notify({task.partition, task.execution}, notice);
}

}  // namespace towline::dispatch
