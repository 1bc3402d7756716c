// What jobs print, on its way to whoever keeps it: from the worker that has the job or had it last.

#include <algorithm>

#include "orchestrator/dispatch/impl.h"

namespace towline::dispatch {
namespace {

constexpr std::size_t kEndedMax = 8'192;
constexpr std::size_t kTokenBytesMax = 256;
constexpr Millis kAgeMax = std::chrono::hours(24 * 365);

}  // namespace

// Nothing kept: refused, so that the worker does not send it again.
void Dispatcher::Impl::AnswerLog(Worker& worker, std::string token, std::uint32_t attempt,
                                 std::optional<std::uint64_t> kept) {
  if (token.size() > kTokenBytesMax) return;
  worker.control.logs.push_back({.token = std::move(token),
                                 .attempt = attempt,
                                 .offset = static_cast<std::int64_t>(kept.value_or(0)),
                                 .refused = !kept.has_value()});
  MarkDirty(worker);
}

void Dispatcher::Impl::Remember(const engine::TaskRef& ref, std::uint32_t attempt,
                                const Worker& worker) {
  if (logs == nullptr) return;
  if (ended.insert_or_assign(ref, Ended{attempt, &worker}).second) ended_order.push_back(ref);
  if (ended_order.size() <= kEndedMax) return;
  ended.erase(ended_order.front());
  ended_order.pop_front();
}

void Dispatcher::Impl::OnLog(Worker& worker, jobs::WorkerEvent& event) {
  const std::optional<engine::TaskRef> ref = Verify(event.token, worker.name);
  if (!ref || logs == nullptr) {
    return AnswerLog(worker, std::move(event.token), event.attempt, std::nullopt);
  }
  using Sender = logs::LogPiece::Sender;
  Sender sender = Sender::kStranger;
  if (const Job* const job = jobs.Find(*ref); job != nullptr) {
    const Worker* const holder = job->offer == nullptr ? nullptr : job->offer->worker;
    if (job->attempt == event.attempt && holder == &worker) sender = Sender::kHolder;
    // Recovered: who has it will be known soon.
    if (job->attempt == event.attempt && holder == nullptr) sender = Sender::kPerhaps;
    if (sender == Sender::kStranger)
      return AnswerLog(worker, std::move(event.token), event.attempt, std::nullopt);
  } else if (const auto last = ended.find(*ref); last != ended.end()) {
    const bool mine = last->second.attempt == event.attempt && last->second.worker == &worker;
    if (mine) sender = Sender::kHolder;
    if (!mine) return AnswerLog(worker, std::move(event.token), event.attempt, std::nullopt);
  }
  Reply reply{.what = Reply::What::kLog,
              .task = *ref,
              .attempt = event.attempt,
              .worker = &worker,
              .token = std::move(event.token)};
  logs->Take(
      {.task = *ref,
       .attempt = event.attempt,
       .worker = worker.name,
       .sender = sender,
       .stream = std::move(event.stream),
       .offset = static_cast<std::uint64_t>(event.offset),
       .text = std::move(event.text),
       .written = now - std::min(Millis(event.age_ms), kAgeMax),
       .end = event.end,
       .done = [to = port, reply = std::move(reply)](std::optional<std::uint64_t> kept) mutable {
         auto done = std::make_unique<Reply>(std::move(reply));
         done->kept = kept;
         (*to)(std::move(done));
       }});
}

void Dispatcher::Impl::OnLogReply(Reply& reply) {
  AnswerLog(*reply.worker, std::move(reply.token), reply.attempt, reply.kept);
}

}  // namespace towline::dispatch
