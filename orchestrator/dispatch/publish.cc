// mqtt:publish: out when the link is up, done when the broker has it (PUBACK) and that is
// committed. A crash in between publishes twice; that is documented.

#include "orchestrator/dispatch/impl.h"
#include "orchestrator/dispatch/payload.h"
#include "statemachines/base/log.h"

namespace towline::dispatch {
namespace {

constexpr int kRefusalsMax = 5;
constexpr Seconds kRefusalPause{1};  // doubles

}  // namespace

void Dispatcher::Impl::OpenPublish(Job& job, const engine::TaskOpened& notice) {
  const auto allowed = settings.publish_allow.find(notice.execution_tenant);
  const std::string why =
      WhyNotPublish(notice.open->spec.topic,
                    allowed == settings.publish_allow.end() ? nullptr : &allowed->second);
  if (!why.empty()) return Fail(job, "Towline.PublishRefused", why);
  KeepPayload(job, notice);
  OfferingOf(job);
  SetStage(job, Stage::kPublishing);
  publish_queue.push_back(job.ref);
}

void Dispatcher::Impl::PublishWaiting() {
  while (link_up && now >= send_again && !publish_queue.empty()) {
    Job* const job = jobs.Find(publish_queue.front());
    const bool waits = job != nullptr && job->stage == Stage::kPublishing &&
                       !job->offer->in_flight && !job->offer->submitting;
    if (waits && !PublishOne(*job)) {
      send_again = now + kBusyPause;
      return;
    }
    publish_queue.pop_front();
  }
}

bool Dispatcher::Impl::PublishOne(Job& job) {
  std::shared_ptr<const interpreter::OpenTask> open;
  try {
    open = PayloadOf(job);
  } catch (const store::StoreError& error) {
    Log(LogLevel::kWarning, "payload_not_read", {{"why", error.what()}});
    return false;
  }
  if (open == nullptr) {  // its notice is on the way
    Drop(job);
    return true;
  }
  const interpreter::TaskSpec& spec = open->spec;
  std::string text = Publication(*spec.payload, job.ref.task, tokens.Mint(job.ref));
  // First, for a broker adapter may call back at once.
  job.offer->in_flight = true;
  job.offer->since = now;
  if (!broker.PublishTask(job.ref, spec.topic, std::move(text), spec.qos, spec.retain)) {
    job.offer->in_flight = false;
    return false;
  }
  ReleasePayload(job);
  return true;
}

void Dispatcher::Impl::OnPublished(const engine::TaskRef& task, bool acknowledged) {
  Job* const job = jobs.Find(task);
  if (job == nullptr || job->stage != Stage::kPublishing || job->offer->submitting) return;
  if (acknowledged) {
    job->offer->in_flight = false;
    job->offer->submitting = true;
    return PostOwn(*job);
  }
  if (job->offer->in_flight) PublishAgain(*job);
}

// Not acknowledged: the link broke, or the broker refused it (its access list, a limit). When the
// link has not changed since the last time, it was the broker.
void Dispatcher::Impl::PublishAgain(Job& job) {
  Offering& offer = *job.offer;
  offer.in_flight = false;
  if (offer.refused_epoch != epoch) offer.refusals = 0;
  offer.refused_epoch = epoch;
  offer.refusals++;
  if (offer.refusals >= kRefusalsMax) {
    return Fail(job, "Towline.PublishRefused",
                "The broker has refused the message " + std::to_string(kRefusalsMax) +
                    " times; its log and its access rules for the server's user may say why.");
  }
  SetDeadline(job, now + kRefusalPause * (1 << (offer.refusals - 1)));
}

}  // namespace towline::dispatch
