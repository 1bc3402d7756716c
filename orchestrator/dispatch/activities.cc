// Activities: a poller is a worker for one task. The hand-off is committed (the history says who
// started it) before the poller sees the task.

#include <algorithm>

#include "orchestrator/dispatch/impl.h"
#include "orchestrator/dispatch/payload.h"
#include "statemachines/base/log.h"

namespace towline::dispatch {
namespace {

constexpr Seconds kHandOffGrace{2};   // for a commit that is under way at a poll's deadline
constexpr std::size_t kGonePolls = 256;
constexpr Seconds kReturnWindow{60};  // CancelPoll may give a task back so long after its hand-off

}  // namespace

void Dispatcher::Impl::Poll(std::uint64_t poll, std::string_view arn, std::string_view worker,
                            Timestamp deadline,
                            std::function<void(std::optional<ActivityTask>)> done) {
  const auto gone = std::find(gone_polls.begin(), gone_polls.end(), poll);
  if (gone != gone_polls.end()) {
    gone_polls.erase(gone);
    return done(std::nullopt);
  }
  interpreter::TaskSpec spec;
  spec.kind = interpreter::TaskSpec::Kind::kActivity;
  spec.activity = arn;
  Group& group = GroupOf(spec, {});
  Poller& poller = polls[poll];
  CHECK(poller.group == nullptr);
  poller.group = &group;
  poller.worker = worker;
  poller.done = std::move(done);
  SetPollDeadline(poll, poller, deadline);
  group.polls.push_back(poll);
  ServePollers(group);
}

void Dispatcher::Impl::SetPollDeadline(std::uint64_t poll, Poller& poller, Timestamp at) {
  poll_deadlines.erase({poller.deadline, poll});
  poller.deadline = at;
  poll_deadlines.insert({at, poll});
}

void Dispatcher::Impl::ServePollers(Group& group) {
  while (!group.polls.empty() && !group.waiting.empty()) {
    Job& job = *group.waiting.front();
    if (job.next_attempt_first && !group.eligible.empty()) {
      // A worker that serves the activity may run it still: it must lose the attempt first.
      return Requeue(job, "the server has restarted and no worker holds it");
    }
    std::shared_ptr<const interpreter::OpenTask> open;
    try {
      open = PayloadOf(job);
    } catch (const store::StoreError& error) {
      Log(LogLevel::kWarning, "payload_not_read", {{"why", error.what()}});
      return;  // the poll's deadline, or the next task, looks again
    }
    if (open == nullptr) {
      Drop(job);
      continue;
    }
    const std::uint64_t poll = group.polls.front();
    group.polls.pop_front();
    Detach(job);
    Poller& poller = polls.at(poll);
    poller.task = job.ref;
    job.offer->poll = poll;
    job.offer->poller = poller.worker;
    SetStage(job, Stage::kHanding);
    PostOwn(job);
  }
}

void Dispatcher::Impl::OnHandOff(const Reply& reply) {
  Job* const job = jobs.Find(reply.task);
  const bool handing =
      job != nullptr && job->stage == Stage::kHanding && job->offer->poll == reply.poll;
  const auto found = polls.find(reply.poll);
  const bool asked = found != polls.end() && found->second.task == reply.task &&
                     !found->second.handed;
  if (reply.verdict == engine::TaskVerdict::kUnavailable) return;  // posted again by its deadline
  if (reply.verdict == engine::TaskVerdict::kRecorded && handing) {
    if (!asked) return Requeue(*job, "the poller had gone before the hand-off was committed");
    Poller& poller = found->second;
    poller.handed = true;
    poller.attempt = job->attempt;
    SetDeadline(*job, kNever);
    SetStage(*job, Stage::kHanded);
    ActivityTask task{job->ref, tokens.Mint(job->ref), {}};
    task.input = JobInput(*job->offer->open->spec.payload, job->ref.task, task.token);
    ReleasePayload(*job);
    SetPollDeadline(reply.poll, poller, now + kReturnWindow);
    return std::exchange(poller.done, nullptr)(std::move(task));
  }
  if (!asked) return;
  // The task has ended meanwhile: the poll is first in line for the next one.
  found->second.task.reset();
  Group& group = *found->second.group;
  group.polls.push_front(reply.poll);
  ServePollers(group);
}

void Dispatcher::Impl::CancelPoll(std::uint64_t poll) {
  const auto found = polls.find(poll);
  if (found == polls.end()) {  // over, or overtaken by its own cancel
    gone_polls.push_back(poll);
    if (gone_polls.size() > kGonePolls) gone_polls.pop_front();
    return;
  }
  const Poller poller = found->second;
  ErasePoll(poll);
  if (!poller.handed) return;  // still in line, or OnHandOff finds nobody
  Job* const job = Find(*poller.task, poller.attempt);
  if (job != nullptr && job->stage == Stage::kHanded) {
    Requeue(*job, "the poller had gone before it could take the task");
  }
}

void Dispatcher::Impl::ErasePoll(std::uint64_t poll) {
  const auto found = polls.find(poll);
  if (!found->second.task) std::erase(found->second.group->polls, poll);
  poll_deadlines.erase({found->second.deadline, poll});
  polls.erase(found);
}

void Dispatcher::Impl::FirePolls() {
  while (!poll_deadlines.empty() && poll_deadlines.begin()->first <= now) {
    const std::uint64_t poll = poll_deadlines.begin()->second;
    Poller& poller = polls.at(poll);
    if (poller.task && !poller.handed && !poller.last_call) {
      poller.last_call = true;
      SetPollDeadline(poll, poller, now + kHandOffGrace);
      continue;
    }
    const auto done = std::move(poller.done);
    ErasePoll(poll);
    if (done) done(std::nullopt);
  }
}

// Tasks of this partition are gone; their polls are not.
void Dispatcher::Impl::ResetPolls(int partition) {
  std::vector<std::uint64_t> over;
  for (auto& [poll, poller] : polls) {
    if (!poller.task || poller.task->partition != partition) continue;
    if (poller.handed) {
      over.push_back(poll);
    } else {
      poller.task.reset();
      poller.group->polls.push_front(poll);
    }
  }
  for (const std::uint64_t poll : over) ErasePoll(poll);
}

}  // namespace towline::dispatch
