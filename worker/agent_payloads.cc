// What is too large for a message, and travels by reference.

#include <set>
#include <utility>

#include "statemachines/base/json.h"
#include "worker/agent.h"

namespace towline::worker {
namespace {

// After a restart nobody knows how often the server wants to hear of a job.
constexpr Seconds kBeatAnyway{10};

// Every reference of an input, which is JSON.
std::set<Reference> ReferencesOf(const std::string& input) {
  std::set<Reference> references;
  if (!MentionsReference(input)) return references;
  const Result<Json> value = ParseJson(input);
  if (!value) return references;
  ForEachReference(**value, [&](const Reference& each) { references.insert(each); });
  return references;
}

std::uint64_t BytesOf(const std::set<Reference>& references) {
  std::uint64_t bytes = 0;
  for (const Reference& each : references) bytes += each.size;
  return bytes;
}

// Says where the content of each reference is.
void AddPaths(json::value& value, const std::map<std::string, std::string>& paths) {
  if (json::array* const array = value.if_array()) {
    for (json::value& element : *array) AddPaths(element, paths);
  } else if (json::object* const object = value.if_object()) {
    const auto reference = ReferenceOf(value);
    if (!reference) {
      for (auto& member : *object) AddPaths(member.value(), paths);
    } else if (const auto found = paths.find(reference->sha256); found != paths.end()) {
      json::object marked = ReferenceValue(*reference);
      marked[kReferenceKey].get_object()["path"] = found->second;
      value = std::move(marked);
    }
  }
}

Outcome Failure(std::string error, std::string cause) {
  return {.error = std::move(error), .cause = std::move(cause)};
}

std::string Mebi(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

void Agent::SetPayloadBytes(Held& job, std::uint64_t bytes) {
  const bool was_full = IsFull();
  payload_bytes_ -= job.payload_bytes;
  job.payload_bytes = bytes;
  payload_bytes_ += bytes;
  presence_due_ = presence_due_ || was_full != IsFull();
}

std::string Agent::WhyNoRoom(const jobs::Offer& offer) const {
  if (payloads_ == nullptr) return {};
  const std::uint64_t bytes = BytesOf(ReferencesOf(offer.input));
  if (payload_bytes_ + bytes <= settings_.payload_bytes_max) return {};
  return "no room for an input of " + Mebi(bytes) + ": payloads.disk_mb = " +
         std::to_string(settings_.payload_bytes_max >> 20) + ", of which " + Mebi(payload_bytes_) +
         " are taken";
}

// Once, and while its input is fetched the agent speaks for a job that should do so itself.
void Agent::StartTimers(Held& job, Timestamp now) {
  if (job.type->wall_clock && job.due[kWallClock] == Timestamp{}) {
    SetTimer(job, kWallClock, now + *job.type->wall_clock);
  }
  const bool speaks = !job.type->manual_heartbeat || job.move == Move::kFetching;
  if (speaks && job.due[kBeat] == Timestamp{} && job.offer.heartbeat_seconds) {
    SetTimer(job, kBeat, now + Millis(*job.offer.heartbeat_seconds * 1000 / 3));
  }
}

// False: there is nothing to fetch.
bool Agent::FetchFirst(Held& job, Timestamp now) {
  const std::set<Reference> references = ReferencesOf(job.offer.input);
  if (references.empty()) return false;
  if (payloads_ == nullptr) {
    Finish(job,
           Failure("Towline.PayloadUnreachable",
                   "the input is too large for a message, and this worker has no way to the "
                   "server's HTTPS door: let it enrol (towline-worker enrol)"),
           now);
    return true;
  }
  const auto whole = ReferenceOf(**ParseJson(job.offer.input));
  job.move = Move::kFetching;
  SetPayloadBytes(job, BytesOf(references));
  StartTimers(job, now);
  if (job.type->handler->instant()) SetTimer(job, kAccept, now + settings_.accept_after);
  payloads_->Fetch(job.id, {references.begin(), references.end()},
                   whole && whole->size <= kInlineInputBytesMax);
  return true;
}

void Agent::OnFetched(JobId id, Result<Fetched> fetched, Timestamp now) {
  Held* const job = Find(id);
  if (job == nullptr || job->move != Move::kFetching) return;
  job->move = Move::kNone;
  if (job->stop != StopReason::kNone) {
    return Finish(*job, Failure("Towline.Cancelled", "its input was still being fetched"), now);
  }
  if (!fetched) {
    const Error& error = fetched.error();
    const std::string name = error.name.empty() ? "Towline.PayloadUnreachable" : error.name;
    return Finish(*job, Failure(name, "the input cannot be fetched: " + error.message), now);
  }
  if (fetched->paths.empty()) {
    return Finish(*job, Failure("Towline.PayloadUnreachable", "nothing was fetched"), now);
  }
  if (!fetched->content.empty()) {
    if (!ParseJson(fetched->content)) {
      return Finish(*job, Failure("Towline.BadInput", "the input that was fetched is not JSON"),
                    now);
    }
    job->offer.input = std::move(fetched->content);
  } else {
    json::value input = **ParseJson(job->offer.input);
    AddPaths(input, fetched->paths);
    job->offer.input = PrintJson(input);
  }
  Launch(*job, now);
}

// False: it can go as it is, or has become a failure that can.
bool Agent::KeepLarge(Held& job, Outcome& outcome) {
  if (payloads_ == nullptr || !outcome.succeeded) return false;
  const bool is_file = !outcome.output_file.empty();
  const std::uint64_t size = is_file ? outcome.output_file_bytes : outcome.output.size();
  if (!is_file && size <= jobs::kPayloadBytesMax) return false;
  if (payload_bytes_ + size > settings_.payload_bytes_max) {
    if (is_file) payloads_->Drop(outcome.output_file);
    outcome.succeeded = false;
    outcome.output.clear();
    outcome.error = "States.DataLimitExceeded";
    outcome.cause = "the output of " + Mebi(size) + " does not fit: payloads.disk_mb = " +
                    std::to_string(settings_.payload_bytes_max >> 20) + ", of which " +
                    Mebi(payload_bytes_) + " are taken";
    return false;
  }
  SetPayloadBytes(job, job.payload_bytes + size);
  job.move = Move::kKeeping;
  std::string text = std::exchange(outcome.output, {});
  std::string file = std::exchange(outcome.output_file, {});
  job.ended = std::move(outcome);
  payloads_->Keep(job.id, {job.offer.token, job.offer.attempt}, std::move(text), std::move(file));
  return true;
}

void Agent::OnKept(JobId id, Result<Reference> kept, Timestamp now) {
  Held* const job = Find(id);
  if (job == nullptr || job->move != Move::kKeeping) return;
  job->move = Move::kNone;
  Outcome outcome = std::exchange(job->ended, {});
  if (kept) {
    outcome.output = PrintJson(ReferenceValue(*kept));
    job->kept = *std::move(kept);
  } else {
    outcome.succeeded = false;
    outcome.error = kept.error().name;
    outcome.cause = "the output cannot be kept on disk: " + kept.error().message;
  }
  Conclude(*job, std::move(outcome), now);
}

// A job is over: what was fetched for it goes, and what it has left, unless that is its result.
void Agent::SettlePayloads(Held& job, const jobs::JobResult& result) {
  if (payloads_ == nullptr) return;
  payloads_->Discard(job.id);
  if (job.kept && result.outcome != jobs::JobResult::Outcome::kSucceeded) {
    payloads_->Release({job.offer.token, job.offer.attempt});
    job.kept.reset();
  }
  SetPayloadBytes(job, job.kept ? job.kept->size : 0);
}

// Until it is over the server is told that the job is still here.
void Agent::StartUpload(Held& job, Timestamp now) {
  if (job.move == Move::kUploading) return;
  job.move = Move::kUploading;
  const Seconds period{job.offer.heartbeat_seconds.value_or(kBeatAnyway.count())};
  SetTimer(job, kBeat, now + Millis(period) / 3);
  payloads_->Upload(job.id, {job.offer.token, job.offer.attempt}, *job.kept);
}

void Agent::OnUploaded(JobId id, Status uploaded, Timestamp now) {
  Held* const job = Find(id);
  if (job == nullptr || job->move != Move::kUploading) return;
  if (!uploaded) {
    const Error& error = uploaded.error();
    return Withdraw(*job, jobs::JobResult::Outcome::kFailed,
                    error.name.empty() ? "Towline.PayloadRefused" : error.name,
                    "the server does not take the output: " + error.message, now);
  }
  job->move = Move::kNone;
  ClearTimer(*job, kBeat);
  if (up_) PublishResult(*job, now);
}

// The result goes without its output.
void Agent::Withdraw(Held& job, jobs::JobResult::Outcome outcome, std::string error,
                     std::string cause, Timestamp now) {
  auto result = jobs::DecodeEntry(job.result);
  if (!result) return;  // of a journal that we have not written
  result->outcome = outcome;
  result->output.clear();
  result->error = std::move(error);
  result->cause = std::move(cause);
  DropPayloads(job);
  SetResult(job, jobs::EncodeEntry(*result));
  job.synced = false;
  sync_ = sync_ || job.offer.start == jobs::StartMode::kAtMostOnce;
  Note(job);
  if (up_) PublishResult(job, now);
}

// A result of an earlier life. A job may itself have passed a reference on, so what tells is that
// there is a file of its own.
void Agent::TakeOverKept(Held& job, const jobs::JobResult& result) {
  if (payloads_ == nullptr || result.outcome != jobs::JobResult::Outcome::kSucceeded) return;
  const auto bytes = payloads_->KeptBytes({job.offer.token, job.offer.attempt});
  const Result<Json> output = ParseJson(result.output);
  if (!bytes || !output) return;
  job.kept = ReferenceOf(**output);
  if (job.kept) SetPayloadBytes(job, *bytes);
}

void Agent::DropPayloads(Held& job) {
  if (payloads_ == nullptr) return;
  if (job.move != Move::kNone) payloads_->Abort(job.id);
  if (job.kept) payloads_->Release({job.offer.token, job.offer.attempt});
  payloads_->Discard(job.id);
  job.move = Move::kNone;
  job.kept.reset();
  ClearTimer(job, kBeat);
  SetPayloadBytes(job, 0);
}

}  // namespace towline::worker
