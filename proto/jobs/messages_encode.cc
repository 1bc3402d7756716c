#include "proto/jobs/json_text.h"
#include "proto/jobs/messages.h"
#include "proto/jobs/names.h"

namespace towline::jobs {
namespace {

// Keys, punctuation and numbers of one entry, at most; its strings and payloads come on top.
constexpr std::size_t kOfferFrameBytes = 400;
constexpr std::size_t kResultFrameBytes = 320;
constexpr std::size_t kEventFrameBytes = 240;
constexpr std::size_t kBeatFrameBytes = 48;
constexpr std::size_t kHeldFrameBytes = 64;

void Member(JsonWriter& out, std::string_view key, std::string_view text) {
  out.Key(key);
  out.String(text);
}

void MemberIfAny(JsonWriter& out, std::string_view key, std::string_view text) {
  if (!text.empty()) Member(out, key, text);
}

void Member(JsonWriter& out, std::string_view key, std::uint64_t number) {
  out.Key(key);
  out.Unsigned(number);
}

void Member(JsonWriter& out, std::string_view key, const std::optional<std::int64_t>& number) {
  if (!number) return;
  out.Key(key);
  out.Integer(*number);
}

void Member(JsonWriter& out, std::string_view key, int number) {
  out.Key(key);
  out.Integer(number);
}

void RawMember(JsonWriter& out, std::string_view key, std::string_view json_text) {
  out.Key(key);
  out.Raw(json_text);
}

void RawMember(JsonWriter& out, std::string_view key, const std::optional<std::string>& json_text) {
  if (json_text) RawMember(out, key, std::string_view(*json_text));
}

JsonWriter Begin(std::size_t size_hint) {
  JsonWriter out(size_hint);
  out.BeginObject();
  out.Key("v");
  out.Integer(1);
  return out;
}

std::string Finish(JsonWriter& out) {
  out.EndObject();
  return out.Take();
}

template <class T, class F>
void Array(JsonWriter& out, std::string_view key, const std::vector<T>& items, F each) {
  out.Key(key);
  out.BeginArray();
  for (const T& item : items) each(out, item);
  out.EndArray();
}

template <class T, class F>
void ArrayIfAny(JsonWriter& out, std::string_view key, const std::vector<T>& items, F each) {
  if (!items.empty()) Array(out, key, items, each);
}

void StringMap(JsonWriter& out, std::string_view key,
               const std::map<std::string, std::string>& map) {
  out.Key(key);
  out.BeginObject();
  for (const auto& [name, value] : map) {
    out.Name(name);
    out.String(value);
  }
  out.EndObject();
}

void WriteOffer(JsonWriter& out, const Offer& offer) {
  out.BeginObject();
  Member(out, "token", offer.token);
  Member(out, "attempt", std::uint64_t{offer.attempt});
  Member(out, "partition", offer.partition);
  Member(out, "type", offer.type);
  Member(out, "queue", offer.queue);
  RawMember(out, "input", std::string_view(offer.input));
  Member(out, "execution", offer.execution);
  Member(out, "state", offer.state);
  Member(out, "start", NameOf(kStartModes, offer.start));
  Member(out, "timeoutSeconds", offer.timeout_seconds);
  Member(out, "heartbeatSeconds", offer.heartbeat_seconds);
  Member(out, "graceSeconds", std::optional(offer.grace_seconds));
  RawMember(out, "checkpoint", offer.checkpoint);
  MemberIfAny(out, "traceparent", offer.traceparent);
  out.EndObject();
}

void WriteTypeInfo(JsonWriter& out, const TypeInfo& type) {
  out.BeginObject();
  Member(out, "name", type.name);
  Member(out, "slots", type.slots);
  if (type.start) Member(out, "start", NameOf(kStartModes, *type.start));
  MemberIfAny(out, "onWorkerLost", type.on_worker_lost);
  out.EndObject();
}

void WriteHeld(JsonWriter& out, const Held& held) {
  out.BeginObject();
  Member(out, "token", held.token);
  Member(out, "attempt", std::uint64_t{held.attempt});
  Member(out, "state", held.state);
  out.EndObject();
}

void WriteBeats(JsonWriter& out, const WorkerEvent& event) {
  Array(out, "jobs", event.beats, [](JsonWriter& each, const auto& beat) {
    each.BeginObject();
    Member(each, "token", beat.first);
    Member(each, "attempt", std::uint64_t{beat.second});
    each.EndObject();
  });
}

void WriteEvent(JsonWriter& out, const WorkerEvent& event) {
  out.BeginObject();
  Member(out, "kind", NameOf(kEventKinds, event.kind));
  if (event.kind == WorkerEvent::Kind::kHeartbeat) {
    WriteBeats(out, event);
    out.EndObject();
    return;
  }
  Member(out, "token", event.token);
  Member(out, "attempt", std::uint64_t{event.attempt});
  MemberIfAny(out, "reason", event.reason);
  if (event.percent) {
    out.Key("percent");
    out.Number(*event.percent);
  }
  MemberIfAny(out, "message", event.message);
  RawMember(out, "data", event.data);
  RawMember(out, "checkpoint", event.checkpoint);
  if (event.kind == WorkerEvent::Kind::kLog) {
    Member(out, "stream", event.stream);
    Member(out, "offset", std::optional(event.offset));
    Member(out, "text", event.text);
    if (event.age_ms > 0) Member(out, "ageMs", std::optional(event.age_ms));
    if (event.end) {
      out.Key("end");
      out.Bool(true);
    }
  }
  out.EndObject();
}

void WriteUsage(JsonWriter& out, const JobResult& result) {
  if (!result.cpu_seconds && !result.memory_bytes_max) return;
  out.Key("usage");
  out.BeginObject();
  if (result.cpu_seconds) {
    out.Key("cpuSeconds");
    out.Number(*result.cpu_seconds);
  }
  Member(out, "memoryBytesMax", result.memory_bytes_max);
  out.EndObject();
}

void WriteResult(JsonWriter& out, const JobResult& result) {
  out.BeginObject();
  Member(out, "token", result.token);
  Member(out, "attempt", std::uint64_t{result.attempt});
  Member(out, "status", NameOf(kOutcomes, result.outcome));
  if (result.outcome == JobResult::Outcome::kSucceeded) {
    RawMember(out, "output", std::string_view(result.output));
  } else {
    Member(out, "error", result.error);
    MemberIfAny(out, "cause", result.cause);
    RawMember(out, "checkpoint", result.checkpoint);
  }
  Member(out, "startedAt", FormatTimestamp(result.started));
  Member(out, "finishedAt", FormatTimestamp(result.finished));
  WriteUsage(out, result);
  out.EndObject();
}

template <class T>
std::size_t SumOfSizes(const std::vector<T>& items) {
  std::size_t sum = kEnvelopeBytesMax;
  for (const T& item : items) sum += EntrySize(item);
  return sum;
}

// Token and attempt: how every entry of Control begins.
template <class T>
void WriteNamed(JsonWriter& out, const T& entry) {
  out.BeginObject();
  Member(out, "token", entry.token);
  Member(out, "attempt", std::uint64_t{entry.attempt});
}

}  // namespace

std::size_t EntrySize(const Offer& offer) {
  return kOfferFrameBytes + JsonStringSize(offer.token) + offer.type.size() + offer.queue.size() +
         offer.input.size() + JsonStringSize(offer.execution) + JsonStringSize(offer.state) +
         (offer.checkpoint ? offer.checkpoint->size() : 0) + JsonStringSize(offer.traceparent);
}

std::size_t EntrySize(const JobResult& result) {
  return kResultFrameBytes + JsonStringSize(result.token) + result.output.size() +
         JsonStringSize(result.error) + JsonStringSize(result.cause) +
         (result.checkpoint ? result.checkpoint->size() : 0);
}

std::size_t EntrySize(const WorkerEvent& event) {
  std::size_t size = kEventFrameBytes + JsonStringSize(event.token) + JsonStringSize(event.reason) +
                     JsonStringSize(event.message) + (event.data ? event.data->size() : 0) +
                     (event.checkpoint ? event.checkpoint->size() : 0) +
                     JsonStringSize(event.stream) + JsonStringSize(event.text);
  for (const auto& beat : event.beats) size += kBeatFrameBytes + JsonStringSize(beat.first);
  return size;
}

std::size_t EntrySize(const Held& held) {
  return kHeldFrameBytes + JsonStringSize(held.token) + held.state.size();
}

std::string Encode(const JobBatch& message) {
  JsonWriter out = Begin(SumOfSizes(message.jobs));
  Member(out, "connection", message.connection);
  Member(out, "seq", message.seq);
  Array(out, "jobs", message.jobs, WriteOffer);
  return Finish(out);
}

std::string Encode(const Control& message) {
  JsonWriter out = Begin(kEnvelopeBytesMax + 96 * (message.acks.size() + message.grants.size()));
  Member(out, "connection", message.connection);
  ArrayIfAny(out, "acks", message.acks, [](JsonWriter& each, const Control::Ack& ack) {
    WriteNamed(each, ack);
    Member(each, "status", std::string_view(ack.recorded ? "recorded" : "stale"));
    each.EndObject();
  });
  ArrayIfAny(out, "grants", message.grants, [](JsonWriter& each, const Control::Grant& grant) {
    WriteNamed(each, grant);
    Member(each, "verdict", std::string_view(grant.start ? "start" : "forget"));
    each.EndObject();
  });
  ArrayIfAny(out, "cancel", message.cancel, [](JsonWriter& each, const Control::Cancel& cancel) {
    WriteNamed(each, cancel);
    Member(each, "reason", cancel.reason);
    Member(each, "graceSeconds", std::optional(cancel.grace_seconds));
    Member(each, "partition", cancel.partition);
    each.EndObject();
  });
  ArrayIfAny(out, "keep", message.keep, [](JsonWriter& each, const Control::Keep& keep) {
    WriteNamed(each, keep);
    each.EndObject();
  });
  ArrayIfAny(out, "logs", message.logs, [](JsonWriter& each, const Control::LogAck& ack) {
    WriteNamed(each, ack);
    if (ack.refused) {
      each.Key("refused");
      each.Bool(true);
    } else {
      Member(each, "offset", std::optional(ack.offset));
    }
    each.EndObject();
  });
  if (message.drain) {
    out.Key("drain");
    out.Bool(*message.drain);
  }
  if (message.roll_call) {
    out.Key("rollCall");
    out.Bool(true);
  }
  return Finish(out);
}

std::string Encode(const Presence& message) {
  JsonWriter out = Begin(512 + 96 * message.held.size());
  Member(out, "state", NameOf(kWorkerStates, message.state));
  Member(out, "incarnation", message.incarnation);
  Member(out, "connection", message.connection);
  Member(out, "seen", message.seen);
  Member(out, "slots", message.slots);
  Array(out, "types", message.types, WriteTypeInfo);
  Array(out, "queues", message.queues,
        [](JsonWriter& each, const std::string& queue) { each.String(queue); });
  StringMap(out, "labels", message.labels);
  Member(out, "version", message.version);
  StringMap(out, "host", message.host);
  if (message.payloads) {
    out.Key("payloads");
    out.Bool(true);
  }
  Array(out, "held", message.held, WriteHeld);
  Member(out, "part", message.part);
  Member(out, "parts", message.parts);
  return Finish(out);
}

std::string Encode(const EventBatch& message) {
  JsonWriter out = Begin(SumOfSizes(message.events));
  Member(out, "incarnation", message.incarnation);
  Array(out, "events", message.events, WriteEvent);
  return Finish(out);
}

std::string Encode(const ResultBatch& message) {
  JsonWriter out = Begin(SumOfSizes(message.results));
  Member(out, "incarnation", message.incarnation);
  Array(out, "results", message.results, WriteResult);
  return Finish(out);
}

std::string Encode(const Callback& message) {
  JsonWriter out = Begin(kEnvelopeBytesMax + (message.output ? message.output->size() : 0));
  Member(out, "taskToken", message.task_token);
  RawMember(out, "output", message.output);
  if (message.error) Member(out, "error", *message.error);
  if (message.cause) Member(out, "cause", *message.cause);
  if (message.heartbeat) {
    out.Key("heartbeat");
    out.Bool(true);
  }
  RawMember(out, "progress", message.progress);
  MemberIfAny(out, "replyTo", message.reply_to);
  return Finish(out);
}

std::string Encode(const CallbackReply& message) {
  JsonWriter out = Begin(kEnvelopeBytesMax);
  Member(out, "status", NameOf(kVerdicts, message.verdict));
  MemberIfAny(out, "message", message.message);
  MemberIfAny(out, "taskToken", message.task_token);
  return Finish(out);
}

std::string EncodeResults(std::uint64_t incarnation, const std::vector<std::string_view>& entries) {
  std::size_t size = kEnvelopeBytesMax;
  for (const std::string_view entry : entries) size += entry.size() + 1;
  JsonWriter out = Begin(size);
  Member(out, "incarnation", incarnation);
  Array(out, "results", entries, [](JsonWriter& each, std::string_view entry) { each.Raw(entry); });
  return Finish(out);
}

std::string EncodeEntry(const JobResult& result) {
  JsonWriter out(EntrySize(result));
  WriteResult(out, result);
  return out.Take();
}

}  // namespace towline::jobs
